"""What a reader must know before acting on a recommendation."""

from collections.abc import Sequence
from datetime import date

from benchbench import units
from benchbench.catalog.offer import STALE_AFTER_DAYS
from benchbench.predict import Reference
from benchbench.recommend.answer import Candidate, Configuration, Spot
from benchbench.recommend.evidence import Evidence
from benchbench.recommend.goal import Goal
from benchbench.record import Caveat

_FEW_REPEATS = 3
"""Variance between processes exceeds variance within one."""


def doubts(
    candidates: Sequence[Candidate], known: Sequence[Evidence], goal: Goal, today: date
) -> tuple[Caveat, ...]:
    """Caveats on the ranked offers and on the records behind them."""
    found = (
        _quick(candidates, known),
        _predicted(candidates),
        _stale(candidates, today),
        _repeats(known),
        _warned(candidates, known),
        _multi_node(candidates, goal),
        _spot(candidates),
        _low_confidence(candidates),
        *(_other_work(one) for one in known),
    )
    return tuple(caveat for caveat in found if caveat is not None)


def _references(known: Sequence[Evidence]) -> list[Reference]:
    return [one for each in known for one in each.references]


def _settings(candidate: Candidate) -> list[Configuration]:
    """Of every workload."""
    return [one.configuration for one in candidate.shares] or [candidate.configuration]


def is_indicative(candidates: Sequence[Candidate], known: Sequence[Evidence]) -> bool:
    """A quick measurement is behind a candidate; behind all that is known when there is none."""
    settings = {setting for one in candidates for setting in _settings(one)}
    return any(
        not candidates or any(_stands_behind(one, each) for each in settings)
        for one in _references(known)
        if one.effort == "quick"
    )


def _stands_behind(one: Reference, setting: Configuration) -> bool:
    """A configuration without a batch may rest on any."""
    figures = one.figures
    same = (one.name, figures.backend) == (setting.device, setting.backend)
    return same and setting.batch_size in (None, figures.batch_size)


def _quick(candidates: Sequence[Candidate], known: Sequence[Evidence]) -> Caveat | None:
    if not is_indicative(candidates, known):
        return None
    return Caveat(
        code="quick",
        severity="warning",
        message="quick measurements are behind this: indicative only",
        remedy="measure again with: benchbench run --standard",
    )


def _predicted(candidates: Sequence[Candidate]) -> Caveat | None:
    predicted = [one for one in candidates if one.basis == "predicted"]
    if not predicted:
        return None
    said = f"{len(predicted)} of {units.counted(len(candidates), 'candidate')}"
    first = candidates[0]
    tied = [one for one in predicted if one.tied_with_best] or predicted[:1]
    cheapest = min(tied, key=lambda one: one.offer.price_usd_per_hour or 0.0)
    return Caveat(
        code="predicted",
        severity="warning" if first.basis == "predicted" else "note",
        message=f"{said} predicted, not measured; {_support(predicted)}",
        remedy=f"rent {cheapest.offer.instance} ({cheapest.offer.provider}) for an hour and run "
        "the workload there",
    )


def _support(predicted: Sequence[Candidate]) -> str:
    """What their intervals rest on."""
    assumed = sum(one.step == "other_kind" for one in predicted)
    basis = "on an assumed share of the peak, not validated"
    if assumed == len(predicted):
        return f"their intervals rest {basis}"
    if assumed:
        return f"the intervals of {units.count(assumed)} rest {basis}; the others' hold 80 %"
    return "the intervals hold 80 %"


def _multi_node(candidates: Sequence[Candidate], goal: Goal) -> Caveat | None:
    several = [one for one in candidates if one.scaling_fraction is not None]
    if not several:
        return None
    worst = min(one.scaling_fraction or 1.0 for one in several)
    batch = "; the global batch grows with them, and so may the epochs to a target"
    return Caveat(
        code="multi_node",
        severity="warning",
        message=f"{units.counted(len(several), 'candidate')} of several instances: training is "
        f"assumed to scale to {units.percent(worst)} of perfect or better, by a ring all-reduce "
        f"over the offered network that nobody measured{batch if goal.units else ''}",
        remedy="take one larger instance, or measure the training on two before renting more",
    )


def _stale(candidates: Sequence[Candidate], today: date) -> Caveat | None:
    ages = [one.offer.age_days(today) for one in candidates]
    old = [age for age in ages if age > STALE_AFTER_DAYS]
    if not old:
        return None
    said = f"{len(old)} of {units.counted(len(ages), 'price')}"
    return Caveat(
        code="stale_price",
        severity="warning",
        message=f"{said} older than {STALE_AFTER_DAYS} days, the oldest {max(old)} days",
        remedy="check the provider's price of today before you decide",
    )


def _repeats(known: Sequence[Evidence]) -> Caveat | None:
    processes = [
        max((one.figures.processes for one in each.references), default=_FEW_REPEATS)
        for each in known
    ]
    most = min(processes)
    if most >= _FEW_REPEATS:
        return None
    return Caveat(
        code="few_repeats",
        severity="note",
        message=f"no configuration was measured in more than {units.counted(most, 'process')}; "
        "separate processes vary more than one does",
        remedy="measure again with: benchbench run --standard, which runs three",
    )


def _warned(candidates: Sequence[Candidate], known: Sequence[Evidence]) -> Caveat | None:
    warned = [one for one in _references(known) if one.figures.validity != "valid"]
    if not warned:
        return None
    codes = sorted({c.code for one in warned for c in one.figures.caveats if c.severity != "note"})
    marked = sum(
        any(setting.validity != "valid" for setting in _settings(one)) for one in candidates
    )
    behind = f", behind {units.counted(marked, 'candidate')} (marked !)" if marked else ""
    return Caveat(
        code="measured_with_warnings",
        severity="warning",
        message=f"{units.counted(len(warned), 'configuration')} measured with warnings{behind}: "
        f"{', '.join(codes)}",
        remedy="see them with: benchbench results show",
    )


def _spot(candidates: Sequence[Candidate]) -> Caveat | None:
    spot = [one for one in candidates if one.spot is not None]
    if not spot:
        return None
    unsure = [one.offer.instance for one in spot if one.spot is not None and _may_lose(one.spot)]
    risk = f"; at worst {unsure[0]} costs more than on demand" if unsure else ""
    return Caveat(
        code="spot",
        severity="warning",
        message=f"{units.counted(len(spot), 'candidate')} at spot prices: the work lost to "
        f"interruptions rests on assumed times between them{risk}",
        remedy="save checkpoints, or ask for on-demand prices only",
    )


def _may_lose(spot: Spot) -> bool:
    paid, other = spot.usd_per_useful_hour, spot.on_demand_usd_per_hour
    return other is not None and (paid.high or paid.value) > other


def _low_confidence(candidates: Sequence[Candidate]) -> Caveat | None:
    doubtful = [one for one in candidates if one.offer.confidence == "low"]
    if not doubtful:
        return None
    first = doubtful[0]
    return Caveat(
        code="low_confidence_price",
        severity="warning",
        message=f"{units.counted(len(doubtful), 'price')} of low confidence, the best ranked "
        f"{first.offer.instance} ({first.offer.provider}, rank {units.count(first.rank)})",
        remedy="check the provider's own price before you decide",
    )


def _other_work(known: Evidence) -> Caveat | None:
    if not known.other_work:
        return None
    return Caveat(
        code="other_work",
        severity="note",
        message=f"{units.counted(known.other_work, 'configuration')} left out: a {known.unit} "
        "costs another number of FLOPs there",
        remedy="compare records of the same parameters only",
    )
