"""DLRM training: rows gathered from embedding tables too large for any cache, and small MLPs.

The recommendation model of Naumov et al. 2019: every sample looks 40 rows up in each of 26 tables,
their sums meet in pairs, and two perceptrons of Criteo's widths surround them. The tables hold
1.66 GB by default, four times a last-level cache of 384 MB; a processor with more, and a device
whose memory is to be filled, take `--set rows=...`.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from benchbench.record import Precision, Scalar, Scenario, Work
from benchbench.workload import EAGER, Job, Setting, parameters, refuse

if TYPE_CHECKING:
    import torch

name = "dlrm-train"
scenario: Scenario = "train"
unit = "sample"
precisions: tuple[Precision, ...] = ("fp32", "tf32", "bf16")
batch_size = 1024
batch_size_accelerator = 8192
backends = (EAGER,)
stresses = ("memory bandwidth", "memory size")

DEFAULTS: dict[str, Scalar] = {"tables": 26, "rows": 250_000, "width": 64, "lookups": 40}
DENSE = 13  # numbers in a sample of Criteo's, beside its 26 categories
BOTTOM, TOP = (512, 256), (512, 256)  # hidden widths of Naumov et al. 2019 for Criteo
RATE = 0.1
_INDEX_BYTES = 8


class Shape(NamedTuple):
    """The numbers of a DLRM."""

    tables: int
    rows: int
    """Of one table."""
    width: int
    lookups: int
    """Rows of one table that one sample adds up."""

    @property
    def pairs(self) -> int:
        """Dot products between the tables' sums and the dense features."""
        return self.tables * (self.tables + 1) // 2

    @property
    def bottom(self) -> tuple[int, ...]:
        """Widths from the dense features to a vector as wide as a row."""
        return DENSE, *BOTTOM, self.width

    @property
    def top(self) -> tuple[int, ...]:
        """Widths from that vector and the dot products to the one score."""
        return self.width + self.pairs, *TOP, 1

    @property
    def gathered(self) -> int:
        """Elements of the rows that one sample looks up."""
        return self.tables * self.lookups * self.width


def shape_of(setting: Setting) -> Shape:
    """As the setting's parameters say."""
    return Shape(**parameters(setting, **DEFAULTS))


def products(widths: tuple[int, ...]) -> int:
    """Multiply-adds of a perceptron for one sample."""
    return sum(here * there for here, there in pairwise(widths))


def mlp_weights(shape: Shape) -> int:
    """Of both perceptrons, biases included."""
    widths = (shape.bottom, shape.top)
    return sum(products(each) + sum(each[1:]) for each in widths)


def training_flops(shape: Shape) -> int:
    """3 x forward: both perceptrons and all dot products; the dense features need no gradient.

    A table's rows are added, not multiplied: its work is `other_flops` and bytes. Every vector
    meets every vector, itself included, as one batched matrix product computes them.
    """
    interaction = (shape.tables + 1) ** 2 * shape.width
    forward = products(shape.bottom) + interaction + products(shape.top)
    return 2 * (3 * forward - DENSE * BOTTOM[0])


def other_flops(shape: Shape, batch: int) -> float:
    """Everything that is no multiply-add of a matrix, unfused, per sample of a training step.

    Each element looked up: added going forward; scaled and subtracted by SGD. Per output of a
    layer: bias 1 + 1, ReLU 1 + 1. Sigmoid and cross entropy 8 + 2. SGD on the perceptrons: 2 per
    weight, shared by the batch.
    """
    outputs = sum(shape.bottom[1:]) + sum(shape.top[1:])
    return 3 * shape.gathered + 4 * outputs + 10 + 2 * mlp_weights(shape) / batch


def least_bytes(shape: Shape, batch: int, precision: Precision) -> float:
    """Least memory traffic per sample of a training step.

    Every row looked up is read and, updated, written, both in fp32 (an update that finds it in a
    cache needs no second read); its index is read. The layers' outputs are written going forward
    and read going back. The perceptrons' weights and gradients, in fp32, are read and written once
    per step.
    """
    width = 2 if precision == "bf16" else 4
    rows = 2 * 4 * shape.gathered + _INDEX_BYTES * shape.tables * shape.lookups
    outputs = sum(shape.bottom) + shape.tables * shape.width + sum(shape.top)
    return rows + 2 * width * outputs + 2 * 2 * 4 * mlp_weights(shape) / batch


def memory_bytes(setting: Setting) -> float:
    """The tables, the perceptrons with their gradients, and a batch: indices and sums of rows."""
    shape = shape_of(setting)
    tables = 4 * shape.tables * shape.rows * shape.width
    indices = _INDEX_BYTES * shape.tables * shape.lookups
    sums = 4 * shape.tables * shape.width
    return tables + 2 * 4 * mlp_weights(shape) + setting.batch_size * (indices + sums)


def work(setting: Setting) -> Work:
    """What one sample of one training step costs."""
    shape = shape_of(setting)
    return Work(
        unit=unit,
        flops_per_unit=training_flops(shape),
        other_flops_per_unit=other_flops(shape, setting.batch_size),
        bytes_per_unit=least_bytes(shape, setting.batch_size, setting.precision),
        convention="mm2-dense-v1",
    )


def load(setting: Setting) -> Job:
    """Tables and perceptrons on the device, plain SGD, and samples with a rule to be learnt."""
    import torch

    from benchbench.precision import autocast, set_float32_math

    refuse(setting, "data", "weights")
    shape = shape_of(setting)
    set_float32_math(setting.precision)
    torch.manual_seed(setting.seed)
    model = build(shape).to(setting.device)
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE)
    entropy = torch.nn.BCEWithLogitsLoss()

    def step(batch: tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]) -> "torch.Tensor":
        dense, rows, clicked = batch  # (batch, 13), (batch, tables, lookups), (batch,)
        optimiser.zero_grad(set_to_none=True)
        sums = model.gather(rows)
        with autocast(setting.precision, setting.device):
            loss: torch.Tensor = entropy(model(dense, sums), clicked)
        loss.backward()  # type: ignore[no-untyped-call] # torch's
        optimiser.step()
        model.update(rows, sums.grad)
        return loss.detach()

    return Job(
        batches=samples(setting, shape),
        step=step,
        units_per_step=setting.batch_size,
        from_memory=True,
        parameters={**shape._asdict(), "data": "synthetic"},
    )


def build(shape: Shape) -> Any:  # noqa: ANN401 - a module with two more methods
    """(dense features, sums of rows) → a score a sample; `gather` and `update` are the tables'."""
    import torch

    class Dlrm(torch.nn.Module):
        """All tables lie in one, each after the other: one gather, whatever their number.

        They never have a gradient of their own: each row looked up is updated where it lies, as
        fused optimisers do it (Kalamkar et al. 2020), and not copied, sorted and summed first. On a
        CPU PyTorch updates one row after the other, far below the memory's bandwidth.
        """

        tables: torch.Tensor
        pairs: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            table = torch.empty(shape.tables * shape.rows, shape.width)
            self.register_buffer("tables", table.normal_(std=shape.rows**-0.5))
            self.bottom = perceptron(shape.bottom)
            self.top = perceptron(shape.top)
            vectors = shape.tables + 1
            self.register_buffer("pairs", torch.tril_indices(vectors, vectors, offset=-1))

        def gather(self, rows: torch.Tensor) -> torch.Tensor:
            """(batch, tables, lookups) → (batch, tables, width)."""
            bags = rows.flatten(0, 1)
            sums = torch.nn.functional.embedding_bag(bags, self.tables, mode="sum")
            return sums.view(*rows.shape[:2], -1).requires_grad_()

        def update(self, rows: torch.Tensor, gradient: torch.Tensor) -> None:
            """A sum's gradient is that of each of its rows."""
            flat = gradient.flatten(0, 1)
            for lookup in rows.flatten(0, 1).unbind(1):
                self.tables.index_add_(0, lookup, flat, alpha=-RATE)

        def forward(self, dense: torch.Tensor, sums: torch.Tensor) -> torch.Tensor:
            own = torch.relu(self.bottom(dense))  # (batch, width)
            vectors = torch.cat([own[:, None], sums.to(own.dtype)], dim=1)  # (batch, 27, width)
            met = vectors @ vectors.transpose(1, 2)
            first, second = self.pairs.unbind()
            score: torch.Tensor = self.top(torch.cat([own, met[:, first, second]], dim=1))
            return score[:, 0]

    def perceptron(widths: tuple[int, ...]) -> torch.nn.Module:
        """ReLU between the layers, none after the last."""
        layers: list[torch.nn.Module] = []
        for here, there in pairwise(widths):
            layers += [torch.nn.Linear(here, there), torch.nn.ReLU()]
        return torch.nn.Sequential(*layers[:-1])

    return Dlrm()


def samples(setting: Setting, shape: Shape) -> Iterator[Any]:
    """Dense normal features, uniform rows, and a click where most of the features are positive.

    Windows into a pool made before the clock starts; neighbours share no sample.
    """
    import torch

    from benchbench.synthetic import windows

    count, batch = 3 * setting.batch_size, setting.batch_size
    random = torch.Generator().manual_seed(setting.seed)
    dense = torch.randn(count, DENSE, generator=random)
    rows = torch.randint(shape.rows, (count, shape.tables, shape.lookups), generator=random)
    rows += shape.rows * torch.arange(shape.tables)[:, None]
    clicked = (dense.sum(dim=1) > 0).float()
    pool = (part.to(setting.device) for part in (dense, rows, clicked))
    return zip(*(windows(part, batch) for part in pool), strict=True)
