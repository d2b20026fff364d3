"""Which of two is faster, and how sure is that: FASTER, SLOWER, SAME or AMBIGUOUS. Pure."""

import math
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from benchbench import stats, units
from benchbench.derive import comparable
from benchbench.derive.comparable import Difference
from benchbench.derive.compute import figures
from benchbench.derive.figures import Figures
from benchbench.record import Caveat, Measurement, Model, Record
from benchbench.stats import Estimate

Verdict = Literal["faster", "slower", "same", "ambiguous", "not_comparable"]

SAME_FRACTION = 0.02
"""Two results this close are the same for any decision (design: within 2 %)."""
_MACHINE = "system."
_EXAMPLES = 3


class Side(Model):
    """One of the two: what it is called, its documents and what it delivered."""

    label: str
    names: tuple[str, ...] = ()
    figures: Figures


class Comparison(Model):
    """B against A: `ratio` is B's throughput over A's with its 95 % interval.

    `ratio` is None when a side has no valid measurement or the two are different work.
    """

    workload: str
    a: Side
    b: Side
    verdict: Verdict
    because: str
    ratio: Estimate | None = None
    interleaved: bool = False
    """Whether the processes took turns, so that a drift of the machine met both."""
    minimum_detectable_effect: float | None = None
    """The smallest relative difference that this spread and these repeats would find."""
    differences: tuple[Difference, ...] = ()
    caveats: tuple[Caveat, ...] = ()


class ComparisonList(Model):
    """The document `compare` prints."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    comparisons: tuple[Comparison, ...]


def compare(a: Sequence[Record], b: Sequence[Record], *, labels: tuple[str, str]) -> Comparison:
    """The repeats of one configuration against those of another. Raises ValueError on no records.

    Repeats that took turns are compared pair by pair; others as two independent samples
    (Welch 1947); one process against one by the spread of their steps.
    """
    sides = [
        Side(label=label, figures=figures(of)) for label, of in zip(labels, (a, b), strict=True)
    ]
    ratio, because = None, comparable.unlike(a[0], b[0])
    if because is None:
        because = _withheld(sides)
    verdict: Verdict = "not_comparable"
    if because is None:
        ratio = ratio_of(a, b)
        verdict, because = judge(ratio)
    differing = comparable.differences(a[0], b[0])
    return Comparison(
        workload=a[0].workload,
        a=sides[0],
        b=sides[1],
        verdict=verdict,
        because=because,
        ratio=ratio,
        interleaved=pairs(a, b) is not None,
        minimum_detectable_effect=stats.minimum_detectable_effect(ratio) if ratio else None,
        differences=differing,
        caveats=tuple(_doubts(a, b, differing)) if ratio else (),
    )


def judge(ratio: Estimate) -> tuple[Verdict, str]:
    """The verdict on a ratio and its 95 % interval, and why.

    SAME when the interval lies within 2 % of 1 (two one-sided tests, Schuirmann 1987), FASTER and
    SLOWER when it lies on one side of 1 and its middle is beyond 2 %; anything else is AMBIGUOUS.
    """
    if ratio.low is None or ratio.high is None:
        return "ambiguous", "one step each gives no interval"
    beyond = abs(ratio.value - 1) > SAME_FRACTION
    if ratio.low >= 1 - SAME_FRACTION and ratio.high <= 1 + SAME_FRACTION:
        return "same", f"the whole interval lies within {units.percent(SAME_FRACTION)}"
    if ratio.low > 1 and beyond:
        return "faster", "the whole interval lies above 1"
    if ratio.high < 1 and beyond:
        return "slower", "the whole interval lies below 1"
    if ratio.low > 1 or ratio.high < 1:
        return "ambiguous", f"they differ, but maybe by less than {units.percent(SAME_FRACTION)}"
    return "ambiguous", "the interval holds both no difference and one that matters"


def pairs(a: Sequence[Record], b: Sequence[Record]) -> list[tuple[Record, Record]] | None:
    """The repeats side by side, if they took turns in one run (A B, B A …); else None."""
    if len(a) != len(b) or len({record.provenance.session for record in (*a, *b)}) != 1:
        return None
    ours = {id(record) for record in a}
    ordered = sorted((*a, *b), key=lambda record: record.provenance.time_utc)
    turns = [(ordered[i], ordered[i + 1]) for i in range(0, len(ordered), 2)]
    if any((id(first) in ours) == (id(second) in ours) for first, second in turns):
        return None
    return [(one, two) if id(one) in ours else (two, one) for one, two in turns]


def _withheld(sides: Sequence[Side]) -> str | None:
    empty = [side.label for side in sides if side.figures.throughput is None]
    return f"no valid measurement of {' and '.join(empty)}" if empty else None


def ratio_of(a: Sequence[Record], b: Sequence[Record]) -> Estimate:
    """Throughput of B over A with its 95 % interval. Raises ValueError on a failure.

    From logarithms, because a ratio and its inverse deserve the same interval.
    """
    turns = pairs(a, b)
    left, right = ([_log_rate(record) for record in of] for of in (a, b))
    if turns is not None and len(turns) > 1:
        steps = [_log_rate(two) - _log_rate(one) for one, two in turns]
        return _exponential(sum(steps) / len(steps), stats.student_interval(steps), len(steps))
    middle = sum(right) / len(right) - sum(left) / len(left)
    if min(len(a), len(b)) > 1:
        half = stats.welch_half_width(left, right)
    else:
        half = _within_one_process(a, b)
    ends = None if half is None else (middle - half, middle + half)
    return _exponential(middle, ends, min(len(a), len(b)))


def _exponential(middle: float, ends: tuple[float, float] | None, n: int) -> Estimate:
    return Estimate(
        value=math.exp(middle),
        low=None if ends is None else math.exp(ends[0]),
        high=None if ends is None else math.exp(ends[1]),
        n=n,
        basis="measured",
    )


def _log_rate(record: Record) -> float:
    seen = _seen(record)
    return math.log(seen.units_completed / seen.elapsed_s)


def _seen(record: Record) -> Measurement:
    if record.measurement is None:
        raise ValueError("a failure has no rate")
    return record.measurement


def _within_one_process(a: Sequence[Record], b: Sequence[Record]) -> float | None:
    """Half-widths of the two mean steps, added in quadrature: no process saw another start."""
    widths = []
    for record in (a[0], b[0]):
        steps = _seen(record).step_s
        ends = stats.mean_step_interval(_seen(record))
        if ends is None:
            return None
        widths.append((ends[1] - ends[0]) / 2 / (sum(steps) / len(steps)))
    return math.hypot(*widths)


def _doubts(
    a: Sequence[Record], b: Sequence[Record], differing: Sequence[Difference]
) -> Iterator[Caveat]:
    if pairs(a, b) is None:
        yield _warning(
            "not_interleaved",
            "the two were not measured in turns: a drift of the machine may be in it",
            "measure both now: benchbench compare WORKLOAD:batch=1 WORKLOAD:batch=8",
        )
    if min(len(a), len(b)) == 1:
        yield _warning(
            "one_process",
            "one process of a side: how much processes vary is unknown",
            "compare more repeats (--pairs 5, or run --standard)",
        )
    machine = [
        one.name.removeprefix(_MACHINE) for one in differing if one.name.startswith(_MACHINE)
    ]
    if machine and len(machine) < len(differing):
        more = len(machine) - _EXAMPLES
        yield _warning(
            "confounded",
            "the setting and the machine or its software both differ: "
            f"{', '.join(machine[:_EXAMPLES])}{f' and {more} more' if more > 0 else ''}",
            "change one thing at a time",
        )


def _warning(code: str, message: str, remedy: str) -> Caveat:
    return Caveat(code=code, severity="warning", message=message, remedy=remedy)
