"""From the field to the ranking: order, one row per instance, and each row in full."""

from dataclasses import dataclass

import numpy as np

from benchbench import units
from benchbench.predict import Step
from benchbench.recommend.answer import Candidate, Share, Spot
from benchbench.recommend.field import Field
from benchbench.recommend.fit import Delivery
from benchbench.recommend.goal import Goal
from benchbench.recommend.ranges import Floats, Indices, Range
from benchbench.recommend.rank import order, pareto, speaker, tied
from benchbench.recommend.team import Team
from benchbench.stats import Basis, Estimate

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Ranking:
    """The ranked field, and which of its rows become candidates."""

    field: Field
    rows: Indices
    front: Indices
    ties: Indices


def ranking(field: Field, most: int) -> Ranking:
    """Rank; what a cheaper region or a better rank hides is struck out with that reason.

    The best `most` are shown, whatever else is on the Pareto front, and the best offer of the
    silicon measured at any rank: it says what staying there costs.
    """
    cost, hourly = field.terms.usd_per_unit.value, field.terms.usd_per_hour
    ranked = field.only(order(field.ledger.offers, field.at, cost, hourly))
    ranked = _fold_regions(ranked)
    front = pareto(*_cost_and_time(ranked))
    rows = np.arange(len(ranked.at))
    shown = (rows < most) | front
    shown[_first_as_measured(ranked)] = True
    _strike_ranked_lower(ranked, rows[~shown])
    ties = np.flatnonzero(tied(ranked.terms.usd_per_unit))
    return Ranking(ranked, rows[shown], np.flatnonzero(front), ties)


def _first_as_measured(field: Field) -> Indices:
    """The best ranked row that is measured, else of the chip measured; none when there is none."""
    steps = field.verdicts.farthest_step()[field.verdicts.shape[field.at]]
    if not len(steps) or steps.min() > 1:
        return np.array([], np.intp)
    return np.array([steps.argmin()], np.intp)


def _cost_and_time(field: Field) -> tuple[Floats, Floats]:
    """What the front trades: the job's cost and time, else cost per unit and one unit's time."""
    terms = field.terms
    if terms.cost_usd is not None and terms.time_s is not None:
        return terms.cost_usd.value, terms.time_s.value
    return terms.usd_per_unit.value, 1 / terms.throughput.value


def _fold_regions(field: Field) -> Field:
    """One row per instance and kind of price: its cheapest region."""
    first = speaker(field.ledger.offers, field.at)
    rows = np.arange(len(first))
    region = field.ledger.offers.text("region")
    row_at = _row_at(field)

    def say(position: int) -> str:
        spoken_by = first[row_at[position]]
        price = units.usd(float(field.price[spoken_by]))
        return f"the same instance costs no more in {region.at(int(field.at[spoken_by]))}: {price}"

    field.ledger.reject(field.at[first != rows], "same_instance", say)
    return field.only(np.flatnonzero(first == rows))


def _row_at(field: Field) -> Indices:
    """The row of each position of the ledger."""
    row_at = np.full(len(field.ledger.offers), -1, np.intp)
    row_at[field.at] = np.arange(len(field.at))
    return row_at


def _strike_ranked_lower(field: Field, rows: Indices) -> None:
    costs, row_at = field.terms.usd_per_unit.value, _row_at(field)

    def say(position: int) -> str:
        row = row_at[position]
        dearer = units.number(float(costs[row] / costs[0]))
        return f"does the job at rank {units.count(row + 1)}, {dearer} times the best's cost"

    field.ledger.reject(field.at[rows], "ranked_lower", say)


def candidates(ranked: Ranking, goal: Goal) -> tuple[Candidate, ...]:
    """The rows shown, in full."""
    front, ties = set(ranked.front.tolist()), set(ranked.ties.tolist())
    return tuple(
        _candidate(ranked.field, row, goal).model_copy(
            update={"pareto": row in front, "tied_with_best": row in ties}
        )
        for row in ranked.rows.tolist()
    )


def _candidate(field: Field, row: int, goal: Goal) -> Candidate:
    at, terms = int(field.at[row]), field.terms
    parts = field.deliveries(row)
    first, basis = parts[0], _weakest([one.basis for one in parts])
    price, n = float(field.price[row]), first.throughput.n
    team, replicas = field.team.at(np.array([row])), int(terms.replicas[row])
    working = float(replicas - goal.spare_replicas)
    return Candidate(
        rank=row + 1,
        offer=field.ledger.offers.offer(at),
        basis=basis,
        configuration=first.configuration,
        throughput=terms.throughput.estimate(row, basis, n),
        replicas=replicas,
        usd_per_hour=float(terms.usd_per_hour[row]),
        usd_per_unit=terms.usd_per_unit.estimate(row, basis, n),
        cost_usd=_optional(terms.cost_usd, row, basis, n),
        time_s=_optional(terms.time_s, row, basis, n),
        floor_usd_per_unit=_floor(price, parts, goal),
        step=_farthest(parts),
        because="; ".join(dict.fromkeys(one.because for one in parts)),
        shares=_shares(field, row, parts, goal) if goal.mix else (),
        rooms=first.rooms if not goal.mix else (),
        latency_s=first.latency_s,
        lost_fraction=float(team.lost(working).value[0]) or None,
        scaling_fraction=_scaling(team, working),
        beside_usd=float(terms.beside_usd[row]) or None,
        spot=_spot(field, row, working),
    )


def _scaling(team: Team, working: float) -> float | None:
    alone = working <= 1 or not team.together
    return None if alone else float(team.efficiency(working).value[0])


def _optional(figure: Range | None, row: int, basis: Basis, n: int) -> Estimate | None:
    return None if figure is None else figure.estimate(row, basis, n)


def _weakest(found: list[Basis]) -> Basis:
    order_: tuple[Basis, ...] = ("measured", "predicted", "assumed")
    return max(found, key=order_.index)


_STEPS: tuple[Step, ...] = ("same_chip", "same_architecture", "other_architecture", "other_kind")


def _farthest(parts: tuple[Delivery, ...]) -> Step | None:
    steps = [one.step for one in parts if one.step is not None]
    return max(steps, key=_STEPS.index, default=None)


def _floor(price: float, parts: tuple[Delivery, ...], goal: Goal) -> float | None:
    """At 100 % of the datasheet's peak, one workload after the other."""
    seconds = 0.0
    for part, share in zip(parts, goal.shares, strict=True):
        if part.floor_rate is None:
            return None
        seconds += share / part.floor_rate
    return price / _SECONDS_PER_HOUR * seconds


def _shares(field: Field, row: int, parts: tuple[Delivery, ...], goal: Goal) -> tuple[Share, ...]:
    whole = float(field.terms.throughput.value[row])
    return tuple(
        Share(
            workload=part.workload,
            throughput=done.throughput,
            busy_fraction=share * whole / done.throughput.value,
            basis=done.basis,
            configuration=done.configuration,
            because=done.because,
        )
        for part, share, done in zip(goal.parts, goal.shares, parts, strict=True)
    )


def _spot(field: Field, row: int, working: float) -> Spot | None:
    at, offers = int(field.at[row]), field.ledger.offers
    if offers.text("price_kind").at(at) != "spot":
        return None
    team = field.team.at(np.array([row]))
    paid = team.lost(working).map(lambda lost: (1 + lost) * field.price[row])
    on_demand = float(offers.on_demand_usd()[at])
    return Spot(
        hours_between_interruptions=team.interruptions.hours.estimate(0, "assumed"),
        usd_per_useful_hour=paid.estimate(0, "assumed"),
        on_demand_usd_per_hour=None if np.isnan(on_demand) else on_demand,
    )
