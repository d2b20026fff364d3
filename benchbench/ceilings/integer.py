"""Integer matrix products on the processor: 8-bit operands, 32-bit sums.

Activations have seven bits: processors without VNNI add two products in 16 bits, which eight would
overflow. PyTorch's own quantiser keeps to that range for the same reason (`reduce_range`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from benchbench.ceilings.search import Candidate, Prepared, kept
from benchbench.ceilings.varied import as_tensor, require_varied

_ACTIVATIONS, _WEIGHTS = (0, 128), (-128, 128)
_CHECKED = 16
_ROUNDING = 1e-6
"""Results that come as fp32: their 24 bits hold sums of up to 2^24 exactly."""


@dataclass(frozen=True)
class Operands:
    """`a @ b`; a: (m, k) of uint8 from 0 to 127, b: (k, n) of int8."""

    a: torch.Tensor
    b: torch.Tensor


Path = Callable[[Operands], Callable[[], torch.Tensor]]


def candidates(shapes: list[tuple[int, int, int]]) -> list[Candidate]:
    """The quantised linear layer of oneDNN, and PyTorch's integer product."""
    paths: dict[str, Path] = {"oneDNN qlinear": qlinear, "torch._int_mm": int_mm}
    return [
        Candidate(
            path=name,
            shape=f"{m}x{n}x{k}",
            amount=2.0 * m * n * k,
            prepare=_preparation(path, (m, n, k)),
        )
        for name, path in paths.items()
        for m, n, k in shapes
    ]


def qlinear(operands: Operands) -> Callable[[], torch.Tensor]:
    """What `torch.compile` makes of a quantised linear layer; all scales one, no zero points."""
    columns = operands.b.shape[1]
    onednn = torch.ops.onednn
    packed = onednn.qlinear_prepack(operands.b.T.contiguous(), list(operands.a.shape))
    scales, zeros = torch.ones(columns), torch.zeros(columns, dtype=torch.int32)
    run = onednn.qlinear_pointwise
    weight = (packed, scales, zeros, None)
    result = (1.0, 0, torch.float32, "none", (), "")
    return lambda: as_tensor(run(operands.a, 1.0, 0, *weight, *result))


def int_mm(operands: Operands) -> Callable[[], torch.Tensor]:
    """Both operands signed, the result in 32-bit integers."""
    a = operands.a.to(torch.int8)
    return lambda: torch._int_mm(a, operands.b)  # noqa: SLF001 - the only name it has


def _preparation(path: Path, shape: tuple[int, int, int]) -> Callable[[], Prepared]:
    def prepare() -> Prepared:
        m, n, k = shape
        operands = Operands(
            torch.randint(*_ACTIVATIONS, (m, k), dtype=torch.uint8),
            torch.randint(*_WEIGHTS, (k, n), dtype=torch.int8),
        )
        require_varied(operands.a, operands.b)
        multiply, product = kept(path(operands))
        return Prepared(multiply, lambda: agrees(product(), operands))

    return prepare


def agrees(result: torch.Tensor, operands: Operands) -> bool:
    """Whether the last rows and columns are the product of the integers."""
    exact = operands.a[-_CHECKED:].long() @ operands.b[:, -_CHECKED:].long()
    error = (result[-_CHECKED:, -_CHECKED:].double() - exact).abs().max()
    return bool(error <= _ROUNDING * exact.abs().max())
