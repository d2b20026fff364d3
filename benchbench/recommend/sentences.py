"""A recommendation in words: the same on a terminal and on a page."""

from collections.abc import Iterator

from benchbench import units
from benchbench.recommend.answer import Candidate, Fleet, Recommendation, Room, Spot
from benchbench.recommend.goal import Goal
from benchbench.stats import Estimate

_ROOMY = 0.5
"""Below half used, a smaller size may do."""


def runner_up(answer: Recommendation) -> str:
    """How far the second is behind, and whether the intervals tell them apart; empty alone."""
    if len(answer.candidates) < 2:  # noqa: PLR2004 - alone there is no runner-up
        return ""
    first, second = answer.candidates[:2]
    dearer = units.percent(second.usd_per_unit.value / first.usd_per_unit.value - 1)
    tied = " and within the interval: a tie" if second.tied_with_best else ""
    return f"Next for {answer.goal.workload}: {second.offer.instance}, {dearer} dearer{tied}."


def notes(one: Candidate, goal: Goal, unit: str) -> tuple[str, ...]:
    """What a row of the ranking has no room for."""
    said = (
        _job(one),
        _floor(one, unit),
        *map(_room, one.rooms),
        _latency(one, goal),
        _scaling(one),
        _lost(one),
        _beside(one, goal),
        _spot(one.spot),
        *_shares(one),
    )
    return tuple(sentence for sentence in said if sentence)


def _job(one: Candidate) -> str:
    if one.cost_usd is None or one.time_s is None:
        return ""
    cost, time = _usd(one.cost_usd), _within(units.duration(one.time_s.value), one.time_s)
    return f"The whole of it: {cost} in {time} on {units.times(one.replicas, one.offer.instance)}."


def _floor(one: Candidate, unit: str) -> str:
    if one.floor_usd_per_unit is None:
        return ""
    factor, name = units.bulk(one.usd_per_unit.value, unit)
    floor, paid = (
        units.usd(value * factor) for value in (one.floor_usd_per_unit, one.usd_per_unit.value)
    )
    return f"At 100 % of the datasheet's peak it would be {floor} per {name}; this pays {paid}."


def _room(room: Room) -> str:
    """Right-sizing: what was asked for against what is used."""
    where = "Each accelerator" if room.where == "accelerator" else "The instance"
    used = room.used_fraction
    if used is None:
        return f"{where} must have {units.size(room.needed_bytes)} of memory; how much is unknown."
    share = f"{units.size(room.needed_bytes)} of {units.size(room.offered_bytes)} used"
    hint = ": a smaller one would hold it, where it is sold" if used < _ROOMY else ""
    return f"{where}'s memory: {share} ({units.percent(used)}){hint}."


def _latency(one: Candidate, goal: Goal) -> str:
    if one.latency_s is None or goal.latency_s is None:
        return ""
    known = "measured" if one.basis == "measured" else "expected at the cautious end"
    bound = units.duration(goal.latency_s)
    at = units.trimmed(units.number(goal.latency_percent))
    return f"p{at} of {units.duration(one.latency_s)} {known}; the bound is {bound}."


def _scaling(one: Candidate) -> str:
    if one.scaling_fraction is None:
        return ""
    share = units.percent(one.scaling_fraction)
    return f"{units.count(one.replicas)} instances are assumed to reach {share} of perfect scaling."


def _lost(one: Candidate) -> str:
    if not one.lost_fraction:
        return ""
    return f"Checkpoints and interruptions add {units.percent(one.lost_fraction)} to the time."


def _beside(one: Candidate, goal: Goal) -> str:
    if not one.beside_usd:
        return ""
    per = "" if goal.units is not None else " per month"
    return f"Storage and egress: {units.usd(one.beside_usd)}{per}, included."


def _spot(spot: Spot | None) -> str:
    """A range, never a point: nobody knows how often it will be interrupted."""
    if spot is None:
        return ""
    hours, paid = spot.hours_between_interruptions, spot.usd_per_useful_hour
    between = f"{units.number(hours.low, 2)} to {units.number(hours.high, 2)} h"
    costs = f"{units.usd(paid.low)} to {units.usd(paid.high)}"
    on_demand = units.usd(spot.on_demand_usd_per_hour)
    return (
        f"Interrupted every {between} (assumed), a useful hour costs {costs}; "
        f"on demand {on_demand}."
    )


def _shares(one: Candidate) -> Iterator[str]:
    for share in one.shares:
        busy = units.percent(share.busy_fraction)
        yield f"{share.workload}: {busy} of its time, {share.basis}."


def fleet(found: Fleet) -> str:
    """What to rent together."""
    parts = [units.times(one.replicas, one.offer.instance) for one in found.members]
    best = "" if found.optimal else f"; at least {units.usd(found.at_least_usd_per_hour)} needed"
    hourly = units.usd(found.usd_per_hour)
    return f"a mixed fleet: {' + '.join(parts)}, {hourly} per hour{best}: {found.because}."


def _usd(cost: Estimate) -> str:
    return _within(units.usd(cost.value), cost)


def _within(text: str, estimate: Estimate) -> str:
    spread = units.spread(estimate.value, estimate.low, estimate.high)
    return f"{text} ({spread})" if spread else text
