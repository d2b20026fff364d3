"""DLRM training: its count against PyTorch's, its model against a plain one, and what it learns."""

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchbench.errors import UsageError
from benchbench.workload import Setting
from benchbench.workload.file import find, load_file

dlrm: Any = load_file(find("dlrm-train"))
TINY = {"tables": 3, "rows": 50, "width": 4, "lookups": 2}
SMALL = Setting(batch_size=8, parameters=TINY)
MIB = 2**20


@pytest.mark.parametrize("parameters", [TINY, {"rows": 100}])
def test_pytorchs_counter_agrees(parameters: dict[str, Any]) -> None:
    """An independent count of a real step, backward included, at full widths too."""
    from torch.utils.flop_counter import FlopCounterMode

    setting = replace(SMALL, parameters=parameters)
    job = dlrm.load(setting)
    with FlopCounterMode(display=False) as counter:
        job.step(next(job.batches))
    assert counter.get_total_flops() == 8 * dlrm.work(setting).flops_per_unit


def test_flops_by_hand() -> None:
    """Widths 13-512-256-4 and 10-512-256-1, four vectors met in pairs: 3 x forward less one."""
    bottom = 13 * 512 + 512 * 256 + 256 * 4
    top = (4 + 6) * 512 + 512 * 256 + 256
    forward = bottom + top + 4 * 4 * 4
    assert dlrm.work(SMALL).flops_per_unit == 2 * (3 * forward - 13 * 512)


def test_the_tables_do_not_fit_a_cache() -> None:
    """By default they hold more than four times a last-level cache of 384 MiB."""
    assert dlrm.memory_bytes(Setting()) > 4 * 384 * MIB
    assert dlrm.memory_bytes(Setting()) < 2 * 2**30, "and less than a small machine's memory"


def test_it_is_bound_by_memory() -> None:
    """Fewer FLOPs per byte than any accelerator of the catalogue does meanwhile, at its best."""
    from benchbench.catalog import silicon

    work = dlrm.work(replace(Setting(), batch_size=dlrm.batch_size_accelerator))
    balance = [
        max(chip.peaks.get(each, 0.0) for each in dlrm.precisions) / chip.bandwidth_bytes_per_s
        for chip in silicon.load().chips.values()
        if "bf16" in chip.peaks and chip.bandwidth_bytes_per_s
    ]
    assert len(balance) > 20
    assert work.flops_per_unit / work.bytes_per_unit < min(balance)


def test_least_bytes_by_hand() -> None:
    """Six rows of 4 read and written, their indices, layers' outputs, weights shared by a batch."""
    shape = dlrm.Shape(**TINY)
    weights = sum(each.numel() for each in dlrm.build(shape).parameters())
    assert weights == dlrm.mlp_weights(shape)
    rows = 2 * 4 * 6 * 4 + 8 * 6
    outputs = (13 + 512 + 256 + 4) + 3 * 4 + (10 + 512 + 256 + 1)
    assert dlrm.least_bytes(shape, 8, "fp32") == rows + 2 * 4 * outputs + 16 * weights / 8
    assert dlrm.least_bytes(shape, 8, "bf16") == rows + 2 * 2 * outputs + 16 * weights / 8


def test_other_operations_are_counted_apart() -> None:
    """Rows are added, not multiplied: beside the products, not within them."""
    work = dlrm.work(Setting(batch_size=1024))
    assert work.other_flops_per_unit > 3 * 26 * 40 * 64


def test_the_model_is_what_the_paper_says() -> None:
    """Rows summed per table, dot products of all pairs, both perceptrons: in NumPy, by loops."""
    shape = dlrm.Shape(**TINY)
    torch.manual_seed(1)
    model: Any = dlrm.build(shape)
    torch.nn.init.normal_(model.tables)
    dense, rows, _ = next(dlrm.samples(SMALL, shape))
    table = model.tables.numpy()

    def perceptron(layers: Any, values: np.ndarray) -> np.ndarray:
        linear = [each for each in layers if isinstance(each, torch.nn.Linear)]
        for index, one in enumerate(linear):
            values = one.weight.detach().numpy() @ values + one.bias.detach().numpy()
            values = np.maximum(values, 0) if index < len(linear) - 1 else values
        return values

    with torch.inference_mode():
        scores = model(dense, model.gather(rows))
    for sample in range(len(dense)):
        own = np.maximum(perceptron(model.bottom, dense[sample].numpy()), 0)
        vectors = [own] + [table[each.numpy()].sum(axis=0) for each in rows[sample]]
        met = [vectors[i] @ vectors[j] for i in range(4) for j in range(i)]
        expected = perceptron(model.top, np.concatenate([own, met]))
        assert float(scores[sample]) == pytest.approx(float(expected[0]), rel=1e-3, abs=1e-4)


def test_the_update_is_what_autograd_says() -> None:
    """Tables after a step are as by PyTorch's own gradient, rows met twice included; no others."""
    shape = dlrm.Shape(**TINY)
    model: Any = dlrm.build(shape)
    dense, rows, _ = next(dlrm.samples(replace(SMALL, batch_size=64), shape))
    before = model.tables.clone()
    table = before.clone().requires_grad_()
    by_hand = torch.nn.functional.embedding_bag(rows.flatten(0, 1), table, mode="sum")
    model(dense, by_hand.view(64, 3, 4)).sum().backward()
    sums = model.gather(rows)
    model(dense, sums).sum().backward()
    model.update(rows, sums.grad)
    assert table.grad is not None
    torch.testing.assert_close(model.tables, before - dlrm.RATE * table.grad)
    changed = (model.tables != before).any(dim=1).nonzero().flatten().tolist()
    assert set(changed) <= set(rows.flatten().tolist())
    assert len(changed) > 50


def test_it_learns_the_rule() -> None:
    """On samples it never saw the loss falls well below a coin's, ln 2."""
    job = dlrm.load(replace(SMALL, batch_size=128))
    losses = [float(job.step(each)) for each in islice(job.batches, 120)]
    assert losses[0] == pytest.approx(np.log(2), abs=0.05)
    assert np.mean(losses[-10:]) < 0.3


def test_samples_never_repeat_and_stay_in_their_table() -> None:
    """Ten batches, all different; column t holds rows of table t alone."""
    batches = list(islice(dlrm.samples(SMALL, dlrm.Shape(**TINY)), 10))
    assert len({tuple(rows.flatten().tolist()) for _, rows, _ in batches}) == 10
    for _, rows, clicked in batches:
        for table in range(3):
            of_table = rows[:, table]
            assert int(of_table.min()) >= 50 * table
            assert int(of_table.max()) < 50 * (table + 1)
        assert set(clicked.tolist()) <= {0.0, 1.0}


def test_mixed_precision_learns_too() -> None:
    """In bf16 the perceptrons' products are, and the loss is finite."""
    job = dlrm.load(replace(SMALL, precision="bf16"))
    assert np.isfinite([float(job.step(each)) for each in islice(job.batches, 3)]).all()


def test_what_it_cannot_use_is_refused() -> None:
    """Neither data nor weights are ignored."""
    for setting in (replace(SMALL, data=Path("x")), replace(SMALL, weights=Path("x"))):
        with pytest.raises(UsageError, match="takes no --"):
            dlrm.load(setting)
