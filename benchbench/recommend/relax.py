"""With nothing left: the smallest change of each limit that admits an offer."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchbench import units
from benchbench.recommend.answer import Relaxation
from benchbench.recommend.field import Field, Judged, Question, judged
from benchbench.recommend.goal import Goal
from benchbench.recommend.ledger import Ledger
from benchbench.recommend.limits import Limit, broken, most_replicas
from benchbench.recommend.screen import FILTERS

_ANY_LATENCY_S = 1e9
_MANY = 100_000


def relaxations(question: Question, nothing: Judged) -> tuple[Relaxation, ...]:
    """One per limit that alone is in the way, the smallest change of a number first."""
    found = [*_of_limits(nothing), *_of_filters(question, nothing.goal)]
    found += [*_of_latency(question, nothing.goal), *_of_replicas(question, nothing)]
    return tuple(sorted(found, key=_size))


def _size(one: Relaxation) -> float:
    return np.inf if one.change_fraction is None else round(one.change_fraction, 6)


def binding(nothing: Judged, found: Sequence[Relaxation]) -> str:
    """What is in the way, in one sentence: the smallest change, or what excludes most."""
    if found:
        return found[0].sentence
    held = nothing.held
    if not len(held.at):
        return _commonest(held.ledger)
    worst = np.array([limit.excess for limit in nothing.found]).max(axis=0)
    if not np.isfinite(worst.min()):
        return _commonest(held.ledger)
    row = int(worst.argmin())
    changes = [_change(limit, row) for limit in nothing.found if limit.excess[row] > 1]
    return f"{_capital(' and '.join(changes))} would admit {_called(held, row)}."


def _of_limits(nothing: Judged) -> Iterator[Relaxation]:
    """Those that some offer breaks and no other."""
    if not len(nothing.held.at):
        return
    excess = np.array([limit.excess for limit in nothing.found])
    over = broken(nothing.found)
    alone = over.sum(axis=0) == 1
    for limit, out, times in zip(nothing.found, over, excess, strict=True):
        needed = np.where(alone & out, times, np.inf)
        row = int(needed.argmin())
        if np.isfinite(needed[row]):
            yield _relaxed(limit, nothing.held, row)


def _relaxed(limit: Limit, held: Field, row: int) -> Relaxation:
    admits = _called(held, row)
    return Relaxation(
        limit=limit.field,
        allowed=limit.text(limit.allowed),
        needed=limit.text(float(limit.needed[row])),
        change_fraction=float(limit.excess[row]) - 1,
        admits=admits,
        sentence=f"{_capital(_change(limit, row))} would admit {admits}.",
    )


def _change(limit: Limit, row: int) -> str:
    """`a deadline of 9.30 h instead of 8.00 h (+16 %)`."""
    more = units.percent(float(limit.excess[row]) - 1)
    article = "a" if limit.name[0] not in "aeiou" else "an"
    needed, allowed = limit.text(float(limit.needed[row])), limit.text(limit.allowed)
    return f"{article} {limit.name} of {needed} instead of {allowed} (+{more})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _called(held: Field, row: int) -> str:
    offers, at = held.ledger.offers, int(held.at[row])
    return f"{offers.text('instance').at(at)} ({offers.place(at)})"


def _of_filters(question: Question, goal: Goal) -> Iterator[Relaxation]:
    for field, wider in _wider(goal):
        admitted = judged(question, goal.model_copy(update={field: wider})).inside
        if len(admitted.at):
            yield _opened(field, goal, wider, admitted)


def _wider(goal: Goal) -> Iterator[tuple[str, Any]]:
    """Each filter that is set, and its next wider setting."""
    for field in ("providers", "regions"):
        if getattr(goal, field):
            yield field, ()
    for field in ("min_memory_bytes", "min_accelerator_memory_bytes"):
        if getattr(goal, field) is not None:
            yield field, None
    if goal.max_interruption_fraction_per_month is not None:
        yield "max_interruption_fraction_per_month", None
    if "spot" not in goal.price_kinds:
        yield "price_kinds", (*goal.price_kinds, "spot")
    if goal.least_confidence != "low":
        yield "confidence", "low"


def _opened(field: str, goal: Goal, wider: Any, admitted: Field) -> Relaxation:  # noqa: ANN401  any field's value
    row = int(np.nanargmin(admitted.terms.usd_per_unit.value))
    allowed, needed = _told(getattr(goal, field)), _told(wider)
    admits = _called(admitted, row)
    name = field.removesuffix("_bytes").removesuffix("_fraction_per_month").replace("_", " ")
    return Relaxation(
        limit=field,
        allowed=allowed,
        needed=needed,
        admits=admits,
        sentence=f"{_capital(name)}: {needed} instead of {allowed} would admit {admits}.",
    )


def _told(value: Any) -> str:  # noqa: ANN401  any field's value
    if value is None or value == ():
        return "any"
    if isinstance(value, tuple):
        return ", ".join(str(one).replace("_", " ") for one in value)
    return value if isinstance(value, str) else units.number(value)


def _of_latency(question: Question, goal: Goal) -> Iterator[Relaxation]:
    """The least latency that anything within the other limits keeps."""
    if goal.latency_s is None or goal.mix:
        return
    slow = goal.model_copy(update={"latency_s": _ANY_LATENCY_S})
    admitted = judged(question, slow).inside
    seconds = [admitted.deliveries(row)[0].latency_s or np.inf for row in range(len(admitted.at))]
    if not seconds or not np.isfinite(min(seconds)):
        return
    row = int(np.argmin(seconds))
    allowed, needed = units.duration(goal.latency_s), units.duration(seconds[row])
    change, admits = seconds[row] / goal.latency_s - 1, _called(admitted, row)
    yield Relaxation(
        limit="latency_s",
        allowed=allowed,
        needed=needed,
        change_fraction=change,
        admits=admits,
        sentence=f"A latency of {needed} instead of {allowed} (+{units.percent(change)}) "
        f"would admit {admits}.",
    )


def _of_replicas(question: Question, nothing: Judged) -> Iterator[Relaxation]:
    """Where a deadline is in the way: how many instances would keep it."""
    goal = nothing.goal
    if not any(limit.field == "deadline_s" for limit in nothing.found):
        return
    admitted = judged(question, goal.model_copy(update={"max_replicas": _MANY})).inside
    if not len(admitted.at):
        return
    row = int(admitted.terms.replicas.argmin())
    needed, allowed = float(admitted.terms.replicas[row]), float(most_replicas(goal))
    admits, change = _called(admitted, row), needed / allowed - 1
    yield Relaxation(
        limit="max_replicas",
        allowed=units.count(allowed),
        needed=units.count(needed),
        change_fraction=change,
        admits=admits,
        sentence=f"A limit of {units.count(needed)} instances instead of {units.count(allowed)} "
        f"(+{units.percent(change)}) would admit {admits}.",
    )


def _commonest(ledger: Ledger) -> str:
    """The reason that excludes most of what passed the filters; of all, when nothing did."""
    reasons = ledger.reasons()
    if not reasons:
        return "The catalogue holds no offer; see: benchbench catalog show."
    most = next((one for one in reasons if one.code not in FILTERS), reasons[0])
    of_all = f"{units.count(most.offers)} of {units.counted(len(ledger.offers), 'offer')}"
    return f"{most.code.replace('_', ' ')} excludes {of_all}, for example: {most.because}."
