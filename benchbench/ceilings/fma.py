"""The processor's own peak: fused multiply-adds between registers, and the clock they ran at.

Clocks change with load, temperature and vector width, so a datasheet's clock says little about the
moment of a measurement. A chain of operations that take one cycle each shows the clock while FMAs
run beside it; peak and clock together show how many FMAs start in one cycle.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchbench.ceilings import ir, pages
from benchbench.ceilings.isa import Element, Isa
from benchbench.ceilings.jit import Library
from benchbench.ceilings.search import settle
from benchbench.ceilings.team import Team
from benchbench.errors import InvalidMeasurementError
from benchbench.record import Ceiling
from benchbench.stats import median, median_interval

ROUNDS = 2**16
"""Of one timed call: about two milliseconds."""
_CLOCK_ROUNDS = 2**15
_EVERY = 2
"""Steps of the clock's chain for each FMA beside it: light enough not to hold the chain up."""
_WARM_CALLS = 50
_TOLERANCE = 0.1
"""Rounding moves an fp32 accumulator by up to 0.06 in one call; half the turns would by 0.5."""
_FLOP_PER_FMA = 2
_DTYPES: dict[Element, Any] = {"fp32": np.float32, "fp64": np.float64}
_CHAIN = (5, 2, 1)
"""Value, even addend, and a mask of the lowest bit: an even number of turns leaves it as it was."""
_WRONG = (
    "a loop of multiply-adds gave a wrong result; "
    "check this machine's memory and cooling before believing any figure of it"
)


class Loop:
    """The FMA loop and its clock on every member of a team."""

    def __init__(self, team: Team, isa: Isa, element: Element) -> None:
        self.team, self.isa, self.element = team, isa, element
        self._fma, self._clock = ir.fma(isa, element), ir.clock(isa, element, _EVERY)
        self._library = Library([self._fma, self._clock], isa)
        self._operands = [_Operands(isa, element, seed) for seed in range(len(team))]

    def time(self) -> float:
        """Seconds of one call on all members. Raises InvalidMeasurementError on a wrong result."""
        for one in self._operands:
            one.reset()
        kernel = self._library[self._fma]
        seconds = self.team.run(kernel, [[ROUNDS, *one.addresses[:2]] for one in self._operands])
        turns = ROUNDS * self._fma.per_round // self.isa.chains
        if not all(one.moved(turns) for one in self._operands):
            raise InvalidMeasurementError(_WRONG)
        return seconds

    def clock_hz(self) -> float:
        """Of the slowest member. Raises InvalidMeasurementError on a wrong result."""
        for one in self._operands:
            one.reset()
        jobs = [[_CLOCK_ROUNDS, *one.addresses] for one in self._operands]
        seconds = self.team.run(self._library[self._clock], jobs)
        steps = _CLOCK_ROUNDS * self._clock.per_round
        if not all(one.counted(steps) for one in self._operands):
            raise InvalidMeasurementError(_WRONG)
        return steps / seconds

    @property
    def flop(self) -> float:
        """Of one call on all members, two for each multiply-add."""
        per_member = ROUNDS * self._fma.per_round * self.isa.lanes(self.element) * _FLOP_PER_FMA
        return float(per_member * len(self.team))


class _Operands:
    """What one member computes with: random, and known in closed form afterwards."""

    def __init__(self, isa: Isa, element: Element, seed: int) -> None:
        lanes, dtype = isa.lanes(element), np.dtype(_DTYPES[element])
        random = np.random.default_rng(seed)
        size = 4 * lanes + isa.chains * lanes
        values = pages.allocate(size * dtype.itemsize).view(dtype)
        self._factors = values[: 4 * lanes].reshape(4, lanes)
        self._sums = values[4 * lanes :].reshape(isa.chains, lanes)
        self._chain = np.array(_CHAIN, np.int64)
        self._start = random.uniform(0.25, 0.5, self._sums.shape).astype(dtype)
        self._factors[:] = _factors(random, lanes)

    @property
    def addresses(self) -> tuple[int, int, int]:
        """Of factors, accumulators and the chain."""
        return self._factors.ctypes.data, self._sums.ctypes.data, self._chain.ctypes.data

    def reset(self) -> None:
        self._sums[:] = self._start
        self._chain[:] = _CHAIN

    def moved(self, turns: int) -> bool:
        """Whether every accumulator moved as far as so many turns move it, rounding apart."""
        x, y, u, v = self._factors.astype(np.float64)
        error = self._sums - (self._start + (x * y - u * v) * (turns // 2))
        return bool(np.abs(error).max() < _TOLERANCE)

    def counted(self, steps: int) -> bool:
        """Whether the chain took that many steps, half of them additions."""
        value, addend, _ = _CHAIN
        return int(self._chain[0]) == value + addend * (steps // 2)


def _factors(random: np.random.Generator, lanes: int) -> NDArray[np.float64]:
    """x, y, u, v with random mantissas; `x y - u v` moves an accumulator by one in one call."""
    x, y, v = random.uniform(0.5, 0.7, (3, lanes))
    return np.stack((x, y, (x * y - 1 / (ROUNDS * ir.PAIRS)) / v, v))


def ports(flops: float, clock_hz: float, lanes: int, threads: int) -> float:
    """FMAs of `lanes` elements that start in one cycle of one core."""
    return flops / (clock_hz * lanes * _FLOP_PER_FMA * threads)


def measure(team: Team, isa: Isa, element: Element, seconds: float) -> Ceiling:
    """The peak of the team's cores together, at the clock of the moment."""
    loop = Loop(team, isa, element)
    for _ in range(_WARM_CALLS):
        loop.time()
    clocks: list[float] = []

    def once() -> float:
        clocks.append(loop.clock_hz())
        return loop.time()

    rates = tuple(loop.flop / one for one in settle(once, seconds))
    value, clock_hz, lanes = median(rates), median(clocks), isa.lanes(element)
    low, high = median_interval(rates)
    return Ceiling(
        kind="fma",
        dtype=element,
        threads=len(team),
        device="cpu",
        value=value,
        unit="FLOP/s",
        path=f"registers only, {isa.name}",
        low=low,
        high=high,
        samples=rates,
        setting={
            "clock_hz": clock_hz,
            "fma_ports": ports(value, clock_hz, lanes, len(team)),
            "lanes": lanes,
            "isa": isa.name,
        },
    )
