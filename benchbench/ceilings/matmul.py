"""Ways to multiply matrices: every path a user's model could take, on random normal data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from benchbench.ceilings import integer
from benchbench.ceilings.search import Candidate, Prepared, kept
from benchbench.ceilings.varied import as_tensor, require_varied
from benchbench.precision import set_float32_math, torch_dtype
from benchbench.record import Precision

_CPU_SIZES = (384, 768, 1536, 3072, 4608, 9216)
"""Multiples of 384: a BLAS works in blocks of 96 to 768, and a rest costs it time. Beside those,
multiples of 320 cost OpenBLAS 2 % on a Zen core."""
_CONV_CHANNELS, _CONV_INPUT, _CONV_KERNEL = 256, 30, 3
_CONV_BATCHES = (4, 16, 64)
_CHECKED = 16
"""Rows and columns of the result that are recomputed in fp64."""
_TOLERANCE = {
    torch.float64: 1e-12,
    torch.float32: 2e-3,  # wide enough for TF32's 10 bits of mantissa
    torch.bfloat16: 2e-2,
    torch.float16: 5e-3,
    torch.float8_e4m3fn: 2e-2,  # of the fp8 operands as they are; the result is bf16
    torch.int8: 0.0,
}


@dataclass(frozen=True)
class Operands:
    """`a @ b` in one precision on one device; a: (m, k), b: (k, n), standard normal."""

    a: torch.Tensor
    b: torch.Tensor


Path = Callable[[Operands], Callable[[], torch.Tensor]]


def cpu(precision: Precision) -> list[Candidate]:
    """PyTorch's matmul and linear layer, prepacked weights, a convolution, NumPy's BLAS.

    A type narrower than fp32 may also be widened first, which is the faster way on a processor
    without units for it.
    """
    shapes = [(size, size, size) for size in _CPU_SIZES]
    if precision == "int8":
        return integer.candidates(shapes)
    dtype = torch_dtype(precision, "cpu")
    paths: dict[str, Path] = {"oneDNN prepacked linear": onednn_prepacked}
    paths |= {"torch.matmul": matmul, "torch.nn.functional.linear": linear}
    if dtype == torch.float32:
        paths |= {"MKL prepacked linear": mkl_prepacked}
    if dtype in (torch.float32, torch.float64):
        paths |= {"numpy.matmul": numpy_matmul}
    else:
        paths |= {"widened to fp32, torch.matmul": widened(matmul)}
        paths |= {"widened to fp32, numpy.matmul": widened(numpy_matmul)}
    return [
        *_candidates(paths, shapes, precision, "cpu"),
        *(_convolution(batch, dtype) for batch in _CONV_BATCHES),
    ]


def matmul(operands: Operands) -> Callable[[], torch.Tensor]:
    """What a user writes as `a @ b`, into memory that exists."""
    out = torch.empty(
        operands.a.shape[0], operands.b.shape[1], dtype=operands.a.dtype, device=operands.a.device
    )
    return lambda: torch.matmul(operands.a, operands.b, out=out)


def linear(operands: Operands) -> Callable[[], torch.Tensor]:
    """What `nn.Linear` does, its weight stored as (n, k)."""
    weight = operands.b.T.contiguous()
    return lambda: torch.nn.functional.linear(operands.a, weight)


def onednn_prepacked(operands: Operands) -> Callable[[], torch.Tensor]:
    """What `torch.compile` with freezing makes of a linear layer in bf16 and fp16."""
    weight = operands.b.T.contiguous()
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, operands.a.shape[0])  # noqa: SLF001 - the compiler's own name for it
    run = torch.ops.mkldnn._linear_pointwise  # noqa: SLF001 - the same
    return lambda: as_tensor(run(operands.a, packed, None, "none", [], ""))


def mkl_prepacked(operands: Operands) -> Callable[[], torch.Tensor]:
    """What `torch.compile` with freezing makes of a linear layer in fp32."""
    rows = operands.a.shape[0]
    weight = operands.b.T.contiguous()
    packed = torch.ops.mkl._mkl_reorder_linear_weight(weight, rows)  # noqa: SLF001 - the compiler's own name for it
    run = torch.ops.mkl._mkl_linear  # noqa: SLF001 - the same
    return lambda: as_tensor(run(operands.a, packed, weight, None, rows))


def numpy_matmul(operands: Operands) -> Callable[[], torch.Tensor]:
    """NumPy's own BLAS, often another library than PyTorch's."""
    a, b = operands.a.numpy(), operands.b.numpy()
    out = np.empty((a.shape[0], b.shape[1]), dtype=a.dtype)
    return lambda: torch.from_numpy(np.matmul(a, b, out=out))


def widened(multiply: Path) -> Path:
    """Both operands become fp32, are multiplied by that path, and the product is narrowed again.

    All of it is done in every call; nothing is kept from one to the next.
    """

    def path(operands: Operands) -> Callable[[], torch.Tensor]:
        wide = Operands(operands.a.float(), operands.b.float())
        run = multiply(wide)
        out = torch.empty(wide.a.shape[0], wide.b.shape[1], dtype=operands.a.dtype)

        def call() -> torch.Tensor:
            wide.a.copy_(operands.a)
            wide.b.copy_(operands.b)
            return out.copy_(run())

        return call

    return path


def _candidates(
    paths: Mapping[str, Path],
    shapes: list[tuple[int, int, int]],
    precision: Precision,
    device: str,
) -> list[Candidate]:
    return [
        Candidate(
            path=name,
            shape=f"{m}x{n}x{k}",
            amount=2.0 * m * n * k,
            prepare=_preparation(path, (m, n, k), precision, device),
        )
        for name, path in paths.items()
        for m, n, k in shapes
    ]


def _preparation(
    path: Path, shape: tuple[int, int, int], precision: Precision, device: str
) -> Callable[[], Prepared]:
    def prepare() -> Prepared:
        set_float32_math(precision)
        m, n, k = shape
        dtype = torch_dtype(precision, device)
        operands = Operands(
            torch.randn(m, k, device=device, dtype=dtype),
            torch.randn(k, n, device=device, dtype=dtype),
        )
        require_varied(operands.a, operands.b)
        multiply, product = kept(path(operands))
        return Prepared(multiply, lambda: agrees(product(), operands))

    return prepare


def agrees(result: torch.Tensor, operands: Operands) -> bool:
    """Whether the last rows and columns equal their fp64 product within the type's rounding."""
    a, b = operands.a[-_CHECKED:].double(), operands.b[:, -_CHECKED:].double()
    return _close(result[-_CHECKED:, -_CHECKED:], a @ b, operands.a.dtype)


def _close(result: torch.Tensor, expected: torch.Tensor, dtype: torch.dtype) -> bool:
    error = torch.linalg.vector_norm(result.double() - expected)
    return bool(error <= _TOLERANCE[dtype] * torch.linalg.vector_norm(expected))


def _convolution(batch: int, dtype: torch.dtype) -> Candidate:
    """3x3, without padding: a count that includes a border nobody multiplies would flatter.

    PyTorch asks oneDNN for the direct algorithm, so no Winograd skips FLOPs here.
    """
    channels, kernel, side = _CONV_CHANNELS, _CONV_KERNEL, _CONV_INPUT
    output = side - kernel + 1

    def prepare() -> Prepared:
        images = torch.randn(batch, channels, side, side).to(dtype, memory_format=_LAST)
        weight = torch.randn(channels, channels, kernel, kernel).to(dtype, memory_format=_LAST)
        require_varied(images, weight)
        corner = torch.einsum(
            "ncij,ocij->no", images[..., -kernel:, -kernel:].double(), weight.double()
        )

        convolve, features = kept(lambda: torch.conv2d(images, weight))
        return Prepared(convolve, lambda: _close(features()[..., -1, -1], corner, dtype))

    return Candidate(
        path="torch.conv2d",
        shape=f"{batch}x{channels}x{side}x{side} by {channels}x{channels}x{kernel}x{kernel}",
        amount=2.0 * batch * channels * output**2 * channels * kernel**2,
        prepare=prepare,
    )


_LAST = torch.channels_last
