"""How fast each level of the memory hierarchy is read, and how long one load from it takes.

Bandwidth: a sum over an array that fits the level and not the one above. Latency: pointers that
lead through all lines of such an array in random order, so that nothing can be fetched ahead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchbench.ceilings import ir, pages
from benchbench.ceilings.isa import Isa
from benchbench.ceilings.jit import Library
from benchbench.ceilings.search import settle
from benchbench.ceilings.team import Team
from benchbench.errors import InvalidMeasurementError
from benchbench.record import Ceiling, CeilingKind
from benchbench.stats import median, median_interval
from benchbench.system.topology import Topology

MEMORY = "memory"
_OWN, _SHARED = 2, 8
"""An array takes half of a core's own cache, an eighth of one that neighbours fill as well: on a
rented machine they may be somebody else's."""
_CLEAR_OF_LEVEL_ABOVE = 4
_CALL_S = 2e-3


@dataclass(frozen=True)
class Level:
    """Where an array lies; `bytes_each` is the part of one thread, a power of two."""

    name: str
    bytes_each: int


def levels(topology: Topology, cpus: Sequence[int], memory_bytes: int | None) -> tuple[Level, ...]:
    """From the first cache to the memory, whose array of `memory_bytes` all threads share.

    Without `memory_bytes` the memory is left out.

    Threads on one cache share it. A level whose part is not clearly larger than the level above
    cannot be told from it and is left out.
    """
    found: list[Level] = []
    above = 0
    for level in (1, 2, 3):
        sizes = [_bytes_each(topology, cpu, cpus, level) for cpu in cpus]
        known = [size for size in sizes if size is not None]
        if len(known) < len(cpus):
            continue
        parts = [_power_of_two(min(known) // share) for share in _shares(topology, level)]
        clear = [part for part in parts if part >= _CLEAR_OF_LEVEL_ABOVE * above]
        if clear:
            found.append(Level(f"L{level}", clear[0]))
        above = max(above, *known)
    if memory_bytes is None:
        return tuple(found)
    return (*found, Level(MEMORY, _power_of_two(memory_bytes // len(cpus), up=True)))


def _bytes_each(topology: Topology, cpu: int, cpus: Sequence[int], level: int) -> int | None:
    """What `cpu` gets of its cache when all of `cpus` use theirs; None where it has none."""
    mine = (one for one in topology.caches if one.level == level and cpu in one.cpus)
    return next((one.size_bytes // len(one.cpus & set(cpus)) for one in mine), None)


def _shares(topology: Topology, level: int) -> tuple[int, ...]:
    """Half of a core's own cache; an eighth, or else half, of one that others may be using."""
    widths = [topology.cores_touched(one.cpus) for one in topology.caches if one.level == level]
    shared = any(width is not None and width > 1 for width in widths)
    return (_SHARED, _OWN) if shared else (_OWN,)


def _power_of_two(size: int, *, up: bool = False) -> int:
    """The next one at or below `size`, or with `up` at or above."""
    return 1 << ((size - 1).bit_length() if up else size.bit_length() - 1)


def read(team: Team, isa: Isa, level: Level, seconds: float) -> Ceiling:
    """Bytes a second all members read together. Raises InvalidMeasurementError on a wrong sum."""
    function = ir.read(isa)
    kernel = Library([function], isa)[function]
    arrays = team.each(lambda member: _Summed(level.bytes_each, function, member))
    rounds = level.bytes_each // function.per_round

    def call(passes: int) -> float:
        for one in arrays:
            one.sums[:] = 0
        elapsed = team.run(kernel, [[passes * rounds, *one.addresses] for one in arrays])
        if not all(team.each(lambda member: arrays[member].is_sum(passes))):
            raise InvalidMeasurementError(_WRONG.format(level.name))
        return elapsed

    passes = _enough(call)
    moved = float(passes * level.bytes_each * len(team))
    rates = tuple(moved / one for one in settle(lambda: call(passes), seconds))
    kind: CeilingKind = "memory_read" if level.name == MEMORY else "cache_read"
    return _ceiling(kind, "byte/s", rates, level, len(team), f"sum of integers, {isa.name}")


def latency(team: Team, isa: Isa, level: Level, seconds: float) -> Ceiling:
    """Seconds of one load that waits for the one before, on the team's only member.

    Raises InvalidMeasurementError if the pointers led elsewhere.
    """
    function = ir.chase()
    kernel = Library([function], isa)[function]
    (chain,) = team.each(lambda _member: _Cycle(level.bytes_each))

    def call(rounds: int) -> float:
        elapsed = team.run(kernel, [[rounds, *chain.addresses]])
        if not chain.advanced(rounds * function.per_round):
            raise InvalidMeasurementError(_WRONG.format(level.name))
        return elapsed

    call(max(1, chain.length // function.per_round))
    rounds = _enough(call)
    loads = rounds * function.per_round
    times = tuple(one / loads for one in settle(lambda: call(rounds), seconds))
    return _ceiling("load_latency", "s", times, level, 1, "pointer chase")


_WRONG = (
    "reading {} gave a wrong result; check this machine's memory before believing any figure of it"
)


class _Summed:
    """One member's array of random integers, and the vectors its sums go to."""

    def __init__(self, size_bytes: int, function: ir.Function, seed: int) -> None:
        lanes = function.per_round // 8
        self._array = pages.allocate(size_bytes).view(np.int64).reshape(-1, lanes)
        few = np.random.default_rng(seed).integers(0, 2**62, min(size_bytes // 8, 2**16))
        for start in range(0, self._array.size, few.size):
            self._array.reshape(-1)[start : start + few.size] = few + start
        self.sums = pages.allocate(function.per_round).view(np.int64)
        self._once = self._array.sum(axis=0)

    @property
    def addresses(self) -> tuple[int, int, int]:
        """Of the array, the mask of its rounds, and the sums."""
        return self._array.ctypes.data, len(self._array) - 1, self.sums.ctypes.data

    def is_sum(self, passes: int) -> bool:
        """Whether each lane holds its sum of so many passes, wrapped round."""
        with np.errstate(over="ignore"):
            return bool(np.array_equal(self.sums, self._once * np.int64(passes)))


class _Cycle:
    """Pointers through all cache lines of an array, in one random circle."""

    def __init__(self, size_bytes: int) -> None:
        self.length = size_bytes // ir.LINE_BYTES
        lines = pages.allocate(size_bytes).view(np.int64).reshape(self.length, -1)
        self._order = np.random.default_rng(0).permutation(self.length)
        self._base = lines.ctypes.data
        lines[self._order, 0] = self._base + ir.LINE_BYTES * np.roll(self._order, -1)
        self._lines = lines
        self._last = np.zeros(1, np.int64)
        self._place = 0

    @property
    def addresses(self) -> tuple[int, int]:
        """Of the pointer to go on from, and of where the last one is put."""
        return self._address(self._place), self._last.ctypes.data

    def advanced(self, loads: int) -> bool:
        """Whether the last pointer is so many further round; the next call goes on there."""
        self._place = (self._place + loads) % self.length
        return int(self._last[0]) == self._address(self._place)

    def _address(self, place: int) -> int:
        return self._base + ir.LINE_BYTES * int(self._order[place])


def _enough(call: Callable[[int], float]) -> int:
    """The amount, doubled from 1, that takes long enough to be timed."""
    amount = 1
    while call(amount) < _CALL_S:
        amount *= 2
    return amount


def _ceiling(
    kind: CeilingKind,
    unit: Literal["byte/s", "s"],
    samples: tuple[float, ...],
    level: Level,
    threads: int,
    path: str,
) -> Ceiling:
    low, high = median_interval(samples)
    return Ceiling(
        kind=kind,
        threads=threads,
        device="cpu",
        value=median(samples),
        unit=unit,
        path=path,
        low=low,
        high=high,
        samples=samples,
        setting={"level": level.name, "bytes": level.bytes_each * threads},
    )
