"""The best of several ways to do one thing: survey them all, then measure the finalists anew.

They are measured again from scratch because the best of many noisy trials flatters itself.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeVar

from benchbench.ceilings.gauge import Gauge, Watch
from benchbench.ceilings.stopwatch import Stopwatch, nothing
from benchbench.errors import InvalidMeasurementError
from benchbench.record import Ceiling, CeilingKind, Precision, Scalar
from benchbench.stats import median, median_interval

Result = TypeVar("Result")

TRIALS = 3
_TRIAL_S = 0.25
"""A call this long tells enough by itself."""
FINALISTS = 3
_IN_REACH = 0.98
"""Of the best that was measured anew: what a trial must have shown to be worth it as well."""
FEWEST_REPETITIONS = 6
"""Fewer would leave no interval but their range."""
MOST_REPETITIONS = 1000
"""Every repetition is kept in the record; a thousand say enough."""
_KNOWN_FRACTION = 0.01
_LEAST_SHARE = 0.25
_LOOK_AGAIN = 1.5
"""The interval costs more than a call; it is looked at ever more seldom."""
_HOPELESS = 4
"""A path this many times slower than the best is not tried on larger shapes."""


@dataclass(frozen=True)
class Prepared:
    """Operands in memory; `correct` tells whether what `call` produces is right."""

    call: Callable[[], object]
    correct: Callable[[], bool]


@dataclass(frozen=True)
class Candidate:
    """One path at one shape; `amount` is the FLOPs or bytes one call is counted as."""

    path: str
    shape: str
    amount: float
    prepare: Callable[[], Prepared]
    """Raises RuntimeError (torch's own, out of memory included) or AttributeError where the
    installed software has no such path."""
    stopwatch: Stopwatch | None = None
    """Its own, where the kernel's does not fit."""


@dataclass(frozen=True)
class Kernel:
    """What to find the ceiling of, and every way there is to reach it."""

    kind: CeilingKind
    unit: Literal["FLOP/s", "byte/s", "op/s", "image/s"]
    device: str
    stopwatch: Stopwatch
    candidates: Sequence[Candidate]
    dtype: Precision | None = None
    threads: int | None = None
    gauge: Gauge | None = None
    """Of the device's clock and power; None where the device has none to ask."""
    scope: Callable[[], AbstractContextManager[object]] = nullcontext
    """What must be entered to work on the device, in the thread that does."""


def ceiling(kernel: Kernel, seconds: float) -> Ceiling | None:
    """The winner's median rate, after at most `seconds` of survey and `seconds` of repetitions.

    None when no path works here. Raises InvalidMeasurementError if a finalist's result is wrong.
    """
    surveyed = _survey(kernel, seconds)
    rates = {candidate: rate for candidate, rate in surveyed.items() if rate is not None}
    if not rates:
        return None
    finals: dict[Candidate, _Watched] = {}
    best = 0.0
    for each in sorted(rates, key=rates.__getitem__, reverse=True)[:FINALISTS]:
        if rates[each] >= _IN_REACH * best:
            finals[each] = _watched(each, kernel, seconds / FINALISTS)
            best = max(best, median(finals[each][0]))
    winner, (samples, seen) = max(finals.items(), key=lambda final: median(final[1][0]))
    evidence = {"shape": winner.shape, **seen, **_best_per_path(surveyed)}
    return ceiling_of(kernel, winner, samples, evidence)


def ceiling_of(
    kernel: Kernel, winner: Candidate, samples: tuple[float, ...], setting: dict[str, Scalar]
) -> Ceiling:
    """The median of the winner's rates, and its interval."""
    low, high = median_interval(samples)
    return Ceiling(
        kind=kernel.kind,
        dtype=kernel.dtype,
        threads=kernel.threads,
        device=kernel.device,
        value=median(samples),
        unit=kernel.unit,
        path=winner.path,
        low=low,
        high=high,
        samples=samples,
        setting=setting,
    )


_Watched = tuple[tuple[float, ...], dict[str, Scalar]]


def _watched(candidate: Candidate, kernel: Kernel, seconds: float) -> _Watched:
    """Its rates, and what the device's counters showed meanwhile."""
    if kernel.gauge is None:
        return repeat(candidate, kernel.stopwatch, seconds), {}
    with Watch(kernel.gauge) as watch:
        rates = repeat(candidate, kernel.stopwatch, seconds)
    return rates, watch.seen()


def kept(call: Callable[[], Result]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    """The call, and what its latest result was: a check looks at what was timed."""
    latest: list[Result] = []

    def keeping() -> Result:
        latest[:] = [call()]
        return latest[0]

    return keeping, lambda: latest[0] if latest else keeping()


def _survey(kernel: Kernel, seconds: float) -> dict[Candidate, float | None]:
    """The trial rate of every candidate worth trying; None for one that does not work here.

    From the cheapest to the dearest, so that every path gets its chance on small shapes; of those
    alike in cost the path first that did best so far, as the time may not do for all of them.
    """
    surveyed: dict[Candidate, float | None] = {}
    best: dict[str, float] = {}
    for _, alike in groupby(sorted(kernel.candidates, key=_level), key=_level):
        for candidate in sorted(alike, key=lambda one: -best.get(one.path, math.inf)):
            known = best.get(candidate.path)
            if known is not None and (
                _cost(candidate, known) > seconds or known * _HOPELESS < max(best.values())
            ):
                continue
            surveyed[candidate] = rate = _try(candidate, kernel.stopwatch)
            if rate is not None:
                best[candidate.path] = max(rate, known or 0.0)
                seconds -= _cost(candidate, rate)
    return surveyed


def _level(candidate: Candidate) -> int:
    """Its cost, to a factor of two."""
    return math.floor(math.log2(candidate.amount))


def _cost(candidate: Candidate, rate: float) -> float:
    """Seconds a trial takes: the call that is dropped, and those that count."""
    one = candidate.amount / rate
    return one + max(one, min(TRIALS * one, _TRIAL_S))


def _try(candidate: Candidate, stopwatch: Stopwatch) -> float | None:
    """Median rate of a few calls; None if the path is missing or its result is wrong."""
    stopwatch = candidate.stopwatch or stopwatch
    try:
        prepared = candidate.prepare()
        stopwatch.time(prepared.call)
        durations = [stopwatch.time(prepared.call)]
        while len(durations) < TRIALS and math.fsum(durations) < _TRIAL_S:
            durations.append(stopwatch.time(prepared.call))
    except (RuntimeError, AttributeError):
        return None
    return candidate.amount / median(durations) if prepared.correct() else None


def repeat(
    candidate: Candidate,
    stopwatch: Stopwatch,
    seconds: float,
    ready: Callable[[], object] = nothing,
    *,
    whole_time: bool = False,
) -> tuple[float, ...]:
    """Rates of single calls on fresh operands, the first one dropped; `ready` is called between.

    `whole_time`: the time is filled even when the rate is known earlier.
    """
    prepared, stopwatch = candidate.prepare(), candidate.stopwatch or stopwatch
    stopwatch.time(prepared.call)
    ready()
    durations = settle(lambda: stopwatch.time(prepared.call), seconds, whole_time=whole_time)
    if not prepared.correct():
        message = (
            f"{candidate.path} at {candidate.shape} gave a wrong result; "
            "check this machine's memory and its BLAS before believing any figure of it"
        )
        raise InvalidMeasurementError(message)
    return tuple(candidate.amount / duration for duration in durations)


def settle(
    once: Callable[[], float], seconds: float, *, whole_time: bool = False
) -> tuple[float, ...]:
    """The seconds of one call after the other, until their median is known or time is up.

    Known: after a quarter of the time, its 95 % interval lies within 1 % of it.
    """
    durations: list[float] = []
    spent, look_at = 0.0, FEWEST_REPETITIONS
    while len(durations) < MOST_REPETITIONS:
        durations.append(once())
        spent += durations[-1]
        if len(durations) < FEWEST_REPETITIONS:
            continue
        if spent >= seconds:
            break
        if len(durations) >= look_at and spent >= seconds * _LEAST_SHARE and not whole_time:
            if _is_known(durations):
                break
            look_at = math.ceil(len(durations) * _LOOK_AGAIN)
    return tuple(durations)


def _is_known(durations: Sequence[float]) -> bool:
    low, high = median_interval(durations)
    return high - low <= 2 * _KNOWN_FRACTION * median(durations)


def _best_per_path(surveyed: dict[Candidate, float | None]) -> dict[str, Scalar]:
    """Trial rate of each path at its best shape, None where it does not work: kept as evidence."""
    best: dict[str, float | None] = {}
    for candidate, rate in surveyed.items():
        known = best.get(candidate.path)
        best[candidate.path] = known if rate is None else max(rate, known or 0.0)
    return dict(best)
