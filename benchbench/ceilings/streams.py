"""The host's memory: copy, scale, add and triad with stores that bypass the caches, and reading.

A store through the caches first reads what it overwrites; that traffic is not counted, so stores
that bypass them come out ahead on most machines. PyTorch's and NumPy's own loops compete too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from benchbench.ceilings import ir, memory, pages
from benchbench.ceilings.isa import Isa
from benchbench.ceilings.jit import Library
from benchbench.ceilings.memory import Arrays
from benchbench.ceilings.search import Candidate, Kernel, Prepared
from benchbench.ceilings.stopwatch import HostStopwatch, SelfTimed, Stopwatch
from benchbench.ceilings.team import Team
from benchbench.ceilings.varied import require_varied
from benchbench.record import CeilingKind

_ROW = 2**16
"""fp32 elements of one block: 256 KiB, inside a core's own cache."""
_ROW_BYTES = 4 * _ROW
_ROUNDING = 1e-6
_ARRAYS: dict[ir.Stream, int] = {"copy": 2, "scale": 2, "add": 3, "triad": 3}
_KINDS: dict[ir.Stream, CeilingKind] = {
    "copy": "memory_copy",
    "scale": "memory_scale",
    "add": "memory_add",
    "triad": "memory_triad",
}


class Operands(memory.Operands):
    """Three arrays whose blocks lie where the member that works on them runs."""

    def __init__(self, size_bytes: int, team: Team) -> None:
        super().__init__(size_bytes, "cpu")
        self.team = team
        self.parts = parts(size_bytes // _ROW_BYTES, len(team))

    def fresh(self) -> Arrays:
        """The arrays, their target cleared of what the last path wrote."""
        if self._arrays is None:
            self._arrays = Arrays(*(torch.from_numpy(self._made(index)) for index in range(3)))
            require_varied(self._arrays.left, self._arrays.right)
        arrays = self._arrays
        self.team.each(lambda member: arrays.target.numpy()[self.parts[member]].fill(0))
        return arrays

    def _made(self, index: int) -> NDArray[np.float32]:
        """Random, no two blocks alike; touched first by the thread that will use it."""
        blocks = pages.allocate(self.size_bytes).view(np.float32).reshape(-1, _ROW)
        block = np.random.default_rng(index).standard_normal(_ROW, np.float32)

        def touch(member: int) -> None:
            for row in range(*self.parts[member].indices(len(blocks))):
                np.add(block, np.float32(row), out=blocks[row])

        self.team.each(touch)
        return blocks


def parts(blocks: int, members: int) -> list[slice]:
    """Each member's consecutive blocks, as even as they can be."""
    edges = [blocks * member // members for member in range(members + 1)]
    return [slice(start, end) for start, end in pairwise(edges)]


def kernels(operands: Operands, isa: Isa) -> Iterator[Kernel]:
    """Copy, scale, add and triad on the operands' team."""
    functions = {
        (kind, bypass): ir.stream(isa, kind, bypass=bypass)
        for kind in _ARRAYS
        for bypass in (True, False)
    }
    library = Library(functions.values(), isa)
    for kind in _ARRAYS:
        compiled = [
            _Compiled(operands, library, functions[kind, bypass], kind, path)
            for bypass, path in ((True, "non-temporal stores"), (False, "ordinary stores"))
        ]
        candidates = [one.candidate() for one in compiled] + _torch(operands, kind)
        threads = len(operands.team)
        yield Kernel(_KINDS[kind], "byte/s", "cpu", HostStopwatch(), candidates, threads=threads)


@dataclass(frozen=True)
class _Compiled:
    """One of our own loops over the operands."""

    operands: Operands
    library: Library
    function: ir.Function
    kind: ir.Stream
    path: str

    def candidate(self) -> Candidate:
        return _candidate(self.operands, self.kind, self.path, self._call, SelfTimed())

    def _call(self, arrays: Arrays) -> Callable[[], float]:
        """Arrays → what runs the loop on every member's blocks and returns its seconds."""
        starts = [array.data_ptr() for array in arrays]
        rounds = _ROW_BYTES // self.function.per_round
        jobs = [
            [
                (part.stop - part.start) * rounds,
                *(start + part.start * _ROW_BYTES for start in starts),
            ]
            for part in self.operands.parts
        ]
        kernel = self.library[self.function]
        return lambda: self.operands.team.run(kernel, jobs)


def _torch(operands: Operands, kind: ir.Stream) -> list[Candidate]:
    threads = len(operands.team)
    match kind:
        case "copy":
            return memory.copies(operands, threads)
        case "triad":
            return memory.triads(operands, threads)
        case "scale":
            path, call = "torch.mul", _torch_scale
        case "add":
            path, call = "torch.add", _torch_add
    return [_candidate(operands, kind, path, call, HostStopwatch())]


def _torch_scale(arrays: Arrays) -> Callable[[], object]:
    return lambda: torch.mul(arrays.left, ir.FACTOR, out=arrays.target)


def _torch_add(arrays: Arrays) -> Callable[[], object]:
    return lambda: torch.add(arrays.left, arrays.right, out=arrays.target)


def _candidate(
    operands: Operands,
    kind: ir.Stream,
    path: str,
    call: Callable[[Arrays], Callable[[], object]],
    stopwatch: Stopwatch,
) -> Candidate:
    size = _ARRAYS[kind] * operands.size_bytes

    def prepare() -> Prepared:
        arrays = operands.fresh()
        return Prepared(call(arrays), lambda: is_right(kind, arrays, operands))

    return Candidate(
        path=path,
        shape=f"{_ARRAYS[kind]} x {operands.size_bytes} B",
        amount=float(size),
        prepare=prepare,
        stopwatch=stopwatch,
    )


def is_right(kind: ir.Stream, arrays: Arrays, operands: Operands) -> bool:
    """Whether every element is what NumPy makes of it; each member looks at its own."""
    target, left, right = (array.numpy() for array in arrays)

    def look(member: int) -> bool:
        scratch = np.empty(_ROW, np.float32)
        rows = range(*operands.parts[member].indices(len(target)))
        return all(_agrees(kind, target[row], left[row], right[row], scratch) for row in rows)

    return all(operands.team.each(look))


def _agrees(kind: ir.Stream, *arrays: NDArray[np.float32]) -> bool:
    """Whether a block is right; the last array is scratch, overwritten with the error."""
    target, left, right, error = arrays
    match kind:
        case "copy":
            return np.array_equal(target, left)
        case "scale":
            np.multiply(left, np.float32(ir.FACTOR), out=error)
        case "add":
            np.add(left, right, out=error)
        case "triad":
            np.multiply(right, np.float32(ir.FACTOR), out=error)
            np.add(left, error, out=error)
    largest = float(np.abs(error).max())
    np.subtract(error, target, out=error)
    return bool(np.abs(error, out=error).max() <= _ROUNDING * largest)
