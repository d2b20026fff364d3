"""Ways to multiply matrices: every path a user's model could take, on random normal data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from benchbench.ceilings.search import Candidate, Prepared
from benchbench.precision import set_float32_math, torch_dtype
from benchbench.record import Precision

_CPU_SIZES = (512, 1024, 2048, 4096, 8192)
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
    """PyTorch's matmul and linear layer, prepacked weights, a convolution, NumPy's BLAS."""
    dtype = torch_dtype(precision, "cpu")
    paths = {"torch.matmul": matmul, "torch.nn.functional.linear": linear}
    paths |= {"oneDNN prepacked linear": onednn_prepacked}
    if dtype == torch.float32:
        paths |= {"MKL prepacked linear": mkl_prepacked}
    if dtype in (torch.float32, torch.float64):
        paths |= {"numpy.matmul": numpy_matmul}
    shapes = [(size, size, size) for size in _CPU_SIZES]
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
    return lambda: _tensor(run(operands.a, packed, None, "none", [], ""))


def mkl_prepacked(operands: Operands) -> Callable[[], torch.Tensor]:
    """What `torch.compile` with freezing makes of a linear layer in fp32."""
    rows = operands.a.shape[0]
    weight = operands.b.T.contiguous()
    packed = torch.ops.mkl._mkl_reorder_linear_weight(weight, rows)  # noqa: SLF001 - the compiler's own name for it
    run = torch.ops.mkl._mkl_linear  # noqa: SLF001 - the same
    return lambda: _tensor(run(operands.a, packed, weight, None, rows))


def numpy_matmul(operands: Operands) -> Callable[[], torch.Tensor]:
    """NumPy's own BLAS, often another library than PyTorch's."""
    a, b = operands.a.numpy(), operands.b.numpy()
    out = np.empty((a.shape[0], b.shape[1]), dtype=a.dtype)
    return lambda: torch.from_numpy(np.matmul(a, b, out=out))


def _tensor(value: object) -> torch.Tensor:
    if not isinstance(value, torch.Tensor):
        message = f"a linear operator returned {type(value).__name__}"
        raise RuntimeError(message)  # noqa: TRY004 - "this path does not work here", as torch says it
    return value


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
        multiply = path(operands)
        return Prepared(multiply, lambda: agrees(multiply(), operands))

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
        corner = torch.einsum(
            "ncij,ocij->no", images[..., -kernel:, -kernel:].double(), weight.double()
        )

        def convolve() -> torch.Tensor:
            return torch.conv2d(images, weight)

        return Prepared(convolve, lambda: _close(convolve()[..., -1, -1], corner, dtype))

    return Candidate(
        path="torch.conv2d",
        shape=f"{batch}x{channels}x{side}x{side} by {channels}x{channels}x{kernel}x{kernel}",
        amount=2.0 * batch * channels * output**2 * channels * kernel**2,
        prepare=prepare,
    )


_LAST = torch.channels_last
