"""Ways to move memory. Bytes are those the algorithm reads and writes; write-allocate is not."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from benchbench.ceilings.search import Candidate, Prepared

_TIMES_CACHE = 4
"""Arrays this many times the last-level cache: McCalpin's rule for STREAM."""
_SMALLEST_ARRAY_BYTES = 256 * 2**20
_FP32_BYTES = 4
_ROW = 2**16
"""fp32 elements of one block: 256 KiB, inside a core's own cache."""
_SCALE = 3.0
_HALF = 2
_ROWS_CHECKED = 64
_ROUNDING = 1e-6


def array_bytes(last_level_cache_bytes: int | None, available_bytes: int, arrays: int) -> int:
    """Size of one of `arrays`: 256 MiB or 4 x the cache, all within half the available memory."""
    wanted = max(_TIMES_CACHE * (last_level_cache_bytes or 0), _SMALLEST_ARRAY_BYTES)
    block = _ROW * _FP32_BYTES
    return max(block, min(wanted, available_bytes // _HALF // arrays) // block * block)


def leaves_cache(size_bytes: int, last_level_cache_bytes: int) -> bool:
    """Whether an array is so large that the cache cannot flatter the memory."""
    block = _ROW * _FP32_BYTES  # what `array_bytes` rounds to
    return size_bytes + block > _TIMES_CACHE * last_level_cache_bytes


class Arrays(NamedTuple):
    """Blocks of random fp32: `target` is written, `left` and `right` are read; (blocks, 65536)."""

    target: torch.Tensor
    left: torch.Tensor
    right: torch.Tensor


Path = Callable[[Arrays], Callable[[], object]]


class Operands:
    """The arrays of one device, made when first needed and shared by all of its kernels."""

    def __init__(self, size_bytes: int, device: str) -> None:
        self.size_bytes = size_bytes
        self.device = device
        self._arrays: Arrays | None = None

    def fresh(self) -> Arrays:
        """The arrays, their target cleared of what the last path wrote."""
        if self._arrays is None:
            left, right = (_random(self.size_bytes, self.device) for _ in range(2))
            self._arrays = Arrays(torch.empty_like(left), left, right)
        self._arrays.target.zero_()
        return self._arrays


def copies(operands: Operands, threads: int) -> list[Candidate]:
    """`target = left` on the host: two arrays."""
    paths: dict[str, Path] = {"torch.Tensor.copy_": _torch_copy}
    paths["numpy.copyto, one slice a thread"] = _sliced(np_copy, threads)
    return [_candidate(name, path, operands, 2, is_copy) for name, path in paths.items()]


def triads(operands: Operands, threads: int) -> list[Candidate]:
    """`target = left + 3 * right` on the host: three arrays."""
    paths: dict[str, Path] = {"torch.add": _torch_triad}
    paths["numpy in blocks, one slice a thread"] = _sliced(np_triad, threads)
    return [_candidate(name, path, operands, 3, is_triad) for name, path in paths.items()]


def is_copy(arrays: Arrays) -> bool:
    """Whether every element arrived."""
    return torch.equal(arrays.target, arrays.left)


def is_triad(arrays: Arrays) -> bool:
    """Whether every element is the sum, fused or not; block by block, to need no fourth array."""
    parts = (torch.split(array, _ROWS_CHECKED) for array in arrays)
    return all(
        (torch.add(left, right, alpha=_SCALE) - target).abs().max()
        <= _ROUNDING * target.abs().max()
        for target, left, right in zip(*parts, strict=True)
    )


def np_copy(target: np.ndarray, left: np.ndarray, _right: np.ndarray) -> None:
    """One slice of the copy."""
    np.copyto(target, left)


def np_triad(target: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """One slice of the triad; its second operation finds the block still in the core's cache."""
    for row in range(len(target)):
        np.multiply(right[row], np.float32(_SCALE), out=target[row])
        np.add(target[row], left[row], out=target[row])


def _torch_copy(arrays: Arrays) -> Callable[[], object]:
    return lambda: arrays.target.copy_(arrays.left)


def _torch_triad(arrays: Arrays) -> Callable[[], object]:
    return lambda: torch.add(arrays.left, arrays.right, alpha=_SCALE, out=arrays.target)


def _sliced(work: Callable[[np.ndarray, np.ndarray, np.ndarray], None], threads: int) -> Path:
    """NumPy releases the interpreter's lock inside an operation, so slices run side by side."""

    def path(arrays: Arrays) -> Callable[[], object]:
        pool = ThreadPoolExecutor(threads)
        whole = (arrays.target.numpy(), arrays.left.numpy(), arrays.right.numpy())
        parts = list(zip(*(np.array_split(array, threads) for array in whole), strict=True))
        return lambda: list(pool.map(lambda part: work(*part), parts))

    return path


def _candidate(
    name: str, path: Path, operands: Operands, touched: int, correct: Callable[[Arrays], bool]
) -> Candidate:
    def prepare() -> Prepared:
        arrays = operands.fresh()
        return Prepared(path(arrays), lambda: correct(arrays))

    return Candidate(
        path=name,
        shape=f"{touched} x {operands.size_bytes} B",
        amount=float(touched * operands.size_bytes),
        prepare=prepare,
    )


def _random(size_bytes: int, device: str) -> torch.Tensor:
    """Touched first by PyTorch's threads side by side, so that each NUMA node holds its share."""
    block = torch.randn(_ROW, device=device)
    blocks = torch.empty(size_bytes // (_ROW * _FP32_BYTES), _ROW, device=device).zero_()
    shift = torch.arange(len(blocks), device=device, dtype=torch.float32)
    return torch.add(block, shift.unsqueeze(1), out=blocks)
