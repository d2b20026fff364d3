"""The best of several ways to do one thing: survey them all, then measure the finalists anew.

They are measured again from scratch because the best of many noisy trials flatters itself.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Literal

from benchbench.ceilings.gauge import Gauge, Watch
from benchbench.ceilings.stopwatch import Stopwatch, nothing
from benchbench.errors import InvalidMeasurementError
from benchbench.record import Ceiling, CeilingKind, Precision, Scalar
from benchbench.stats import median, median_interval

TRIALS = 3
FINALISTS = 3
FEWEST_REPETITIONS = 5
MOST_REPETITIONS = 1000
"""Every repetition is kept in the record; a thousand say enough."""
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


@dataclass(frozen=True)
class Kernel:
    """What to find the ceiling of. `candidates`: grouped by path, each from small to large."""

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
    """The winner's median rate, after about `seconds` of survey and `seconds` of repetitions.

    None when no path works here. Raises InvalidMeasurementError if a finalist's result is wrong.
    """
    surveyed = _survey(kernel, seconds)
    rates = {candidate: rate for candidate, rate in surveyed.items() if rate is not None}
    if not rates:
        return None
    finalists = sorted(rates, key=rates.__getitem__)[-FINALISTS:]
    finals = {each: _watched(each, kernel, seconds / FINALISTS) for each in finalists}
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


def _watched(
    candidate: Candidate, kernel: Kernel, seconds: float
) -> tuple[tuple[float, ...], dict[str, Scalar]]:
    """Its rates, and what the device's counters showed meanwhile."""
    if kernel.gauge is None:
        return repeat(candidate, kernel.stopwatch, seconds), {}
    with Watch(kernel.gauge) as watch:
        rates = repeat(candidate, kernel.stopwatch, seconds)
    return rates, watch.seen()


def _survey(kernel: Kernel, seconds: float) -> dict[Candidate, float | None]:
    """The trial rate of every candidate worth trying; None for one that does not work here."""
    by_path = [list(group) for _, group in groupby(kernel.candidates, key=attrgetter("path"))]
    surveyed: dict[Candidate, float | None] = {}
    for candidates in by_path:
        best_elsewhere = max((rate for rate in surveyed.values() if rate), default=0.0)
        surveyed |= _climb(candidates, kernel.stopwatch, seconds / len(by_path), best_elsewhere)
    return surveyed


def _climb(
    candidates: Iterable[Candidate], stopwatch: Stopwatch, seconds: float, best_elsewhere: float
) -> dict[Candidate, float | None]:
    """One path's shapes upwards until the time is spent or the path cannot win any more."""
    found: dict[Candidate, float | None] = {}
    best, spent = 0.0, 0.0
    for candidate in candidates:
        expected = (TRIALS + 1) * candidate.amount / best if best else 0.0
        if spent + expected > seconds or (best and best * _HOPELESS < best_elsewhere):
            break
        rate = _try(candidate, stopwatch)
        found[candidate] = rate
        if rate is not None:
            best = max(best, rate)
            spent += (TRIALS + 1) * candidate.amount / rate
    return found


def _try(candidate: Candidate, stopwatch: Stopwatch) -> float | None:
    """Median rate of a few calls; None if the path is missing or its result is wrong."""
    try:
        prepared = candidate.prepare()
        stopwatch.time(prepared.call)
        durations = [stopwatch.time(prepared.call) for _ in range(TRIALS)]
    except (RuntimeError, AttributeError):
        return None
    return candidate.amount / median(durations) if prepared.correct() else None


def repeat(
    candidate: Candidate,
    stopwatch: Stopwatch,
    seconds: float,
    ready: Callable[[], object] = nothing,
) -> tuple[float, ...]:
    """Rates of single calls on fresh operands, the first one dropped; `ready` is called between."""
    prepared = candidate.prepare()
    stopwatch.time(prepared.call)
    ready()
    durations: list[float] = []
    while len(durations) < FEWEST_REPETITIONS or math.fsum(durations) < seconds:
        durations.append(stopwatch.time(prepared.call))
        if len(durations) == MOST_REPETITIONS:
            break
    if not prepared.correct():
        message = (
            f"{candidate.path} at {candidate.shape} gave a wrong result; "
            "check this machine's memory and its BLAS before believing any figure of it"
        )
        raise InvalidMeasurementError(message)
    return tuple(candidate.amount / duration for duration in durations)


def _best_per_path(surveyed: dict[Candidate, float | None]) -> dict[str, Scalar]:
    """Trial rate of each path at its best shape, None where it does not work: kept as evidence."""
    best: dict[str, Scalar] = {}
    for path, group in groupby(surveyed, key=attrgetter("path")):
        rates = [surveyed[candidate] for candidate in group]
        best[path] = max((rate for rate in rates if rate is not None), default=None)
    return best
