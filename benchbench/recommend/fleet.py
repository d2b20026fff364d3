"""Several kinds of instances together: the cheapest fleet, by mixed-integer programming (HiGHS).

    minimise  sum p_j (n_j + s y_j)
    so that   sum_j q_ij x_ij >= r_i      each workload's rate is carried
              sum_i x_ij <= n_j           by instances that share their time between workloads
              sum of sizes <= quota, for every quota and for the limit on instances

n_j instances of kind j work, x_ij of them on workload i, y_j says whether a kind is used at all,
s spares stand by for each kind used. q_ij is the cautious end of what one delivers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchbench import units
from benchbench.recommend.answer import Fleet, Member
from benchbench.recommend.beside import interruptions
from benchbench.recommend.columns import Offers, first_of_each
from benchbench.recommend.field import Judged, Question
from benchbench.recommend.goal import Goal
from benchbench.recommend.limits import matches, most_replicas, size
from benchbench.recommend.ranges import Floats, Indices

_PER_WORKLOAD = 30
"""Kinds kept per workload: so many of the cheapest per unit, and as many of the cheapest."""
_NODES = 20_000
"""Of the search tree: a bound that is the same on every machine, as a time limit is not."""
_GAP = 1e-6
_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Kinds:
    """What a fleet may be made of. J kinds, P workloads, Q quotas."""

    price: Floats
    """(J,) USD per hour."""
    rate: Floats
    """(P, J) units per second of one; 0 where it does not do the work."""
    sizes: Floats
    """(Q, J) what one counts against each quota."""
    quota: Floats
    """(Q,)"""


@dataclass(frozen=True)
class Mixture:
    """The cheapest mixture found. `work` is (P, J): instances of each kind per workload."""

    count: Indices
    """(J,), spares included."""
    work: Floats
    usd_per_hour: float
    at_least_usd_per_hour: float
    optimal: bool


def fleet(question: Question, answer: Judged) -> Fleet | None:
    """Where a quota or a mix demands it or no one kind does the job, and it pays; else None."""
    goal = answer.goal
    needed = _needed(goal)
    one_kind = _one_kind(answer)
    demanded = bool(goal.quotas or goal.mix) or one_kind is None
    trains = any(one.scenario == "train" for one in question.known)
    if not (needed and demanded) or trains or not len(answer.passed):
        return None
    at, kinds = _kinds(question.offers, answer)
    if not len(at):
        return None
    found = cheapest(kinds, _rates(goal, needed), goal.spare_replicas)
    if found is None or (one_kind is not None and found.usd_per_hour >= one_kind * (1 - _GAP)):
        return None
    if goal.budget_usd_per_hour is not None and found.usd_per_hour > goal.budget_usd_per_hour:
        return None
    return _fleet(answer, at, kinds, found, one_kind)


def _needed(goal: Goal) -> float | None:
    """Units per second, headroom included, as for a fleet of one kind."""
    by_rate = None if goal.rate_per_s is None else goal.rate_per_s / goal.headroom
    timed = goal.units is not None and goal.deadline_s is not None
    by_deadline = (goal.units or 0.0) / (goal.deadline_s or 1.0) if timed else None
    return max((one for one in (by_rate, by_deadline) if one is not None), default=None)


def _rates(goal: Goal, needed: float) -> Floats:
    return needed * np.array(goal.shares)


def _one_kind(answer: Judged) -> float | None:
    hourly = answer.inside.terms.usd_per_hour
    return float(hourly.min()) if len(hourly) else None


def _kinds(offers: Offers, answer: Judged) -> tuple[Indices, Kinds]:
    """One offer per shape and set of quotas it counts against: the cheapest; of those the best."""
    goal, at = answer.goal, answer.passed
    matched = np.array([matches(quota, offers)[at] for quota in goal.quotas]).reshape(-1, len(at))
    sizes = np.array([size(quota, offers)[at] for quota in goal.quotas]).reshape(-1, len(at))
    sizes = np.where(matched, sizes, 0.0)
    price = offers.hourly_usd()[at]
    price = np.where(np.isnan(sizes).any(axis=0), np.inf, price)
    shape = answer.held.verdicts.shape[at]
    kept = _cheapest_of_each(offers, at, price, [shape, *matched.astype(np.int64)])
    rate = _rate_of_one(offers, answer, at[kept])
    price = price[kept]
    best = _best(price, rate)
    kept = kept[best]
    whole = np.vstack([sizes[:, kept], np.ones(len(kept))])
    quota = np.array([*(one.most for one in goal.quotas), most_replicas(goal)], float)
    return at[kept], Kinds(price[best], rate[:, best], whole, quota)


def _cheapest_of_each(
    offers: Offers, at: Indices, price: Floats, columns: Sequence[Indices]
) -> Indices:
    by_price = np.argsort(price, kind="stable")
    groups = offers.groups((), at, *columns)[by_price]
    return by_price[first_of_each(groups)]


def _rate_of_one(offers: Offers, answer: Judged, at: Indices) -> Floats:
    """(P, J) the cautious rate of one instance, interruptions taken off; 0 where it is unfit."""
    verdicts = answer.held.verdicts
    rates = [verdicts.of_one(part, at).cautious for part in range(len(verdicts.of_part))]
    lost = interruptions(offers, at, answer.goal, None).lost(1.0).high
    return np.nan_to_num(np.array(rates) / (1 + lost))


def _best(price: Floats, rate: Floats) -> Indices:
    """Of each workload the cheapest per unit and the cheapest: what an optimum is made of."""
    kept: set[int] = set()
    for of_part in rate:
        able = np.flatnonzero((of_part > 0) & np.isfinite(price))
        for key in (price[able] / of_part[able], price[able]):
            kept.update(able[np.argsort(key, kind="stable")[:_PER_WORKLOAD]].tolist())
    return np.array(sorted(kept), np.intp)


def cheapest(kinds: Kinds, needed: Floats, spares: int = 0) -> Mixture | None:
    """The cheapest mixture that carries `needed` (P,) units per second; None: none does."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415  half a second

    parts, count = kinds.rate.shape
    rows, low, high = _constraints(kinds, needed, spares)
    found = milp(
        np.concatenate([kinds.price, spares * kinds.price, np.zeros(parts * count)]),
        integrality=np.concatenate([np.ones(2 * count), np.zeros(parts * count)]),
        bounds=Bounds(0, _upper(kinds, needed)),
        constraints=LinearConstraint(rows, low, high),
        options={"node_limit": _NODES, "mip_rel_gap": _GAP},
    )
    if found.x is None:
        return None
    working, used = np.round(found.x[:count]), np.round(found.x[count : 2 * count])
    counted = working + spares * used
    cost = float(counted @ kinds.price)
    least = min(cost, float(found.mip_dual_bound or 0.0))
    work = found.x[2 * count :].reshape(parts, count)
    optimal = cost - least <= 10 * _GAP * cost
    return Mixture(counted.astype(np.intp), work, cost, least, optimal)


def _upper(kinds: Kinds, needed: Floats) -> Floats:
    """No kind need be taken more often than it would take alone."""
    with np.errstate(divide="ignore"):
        alone = np.where(kinds.rate > 0, needed[:, None] / kinds.rate, 0.0)
    most = np.ceil(alone.sum(axis=0))
    return np.concatenate([most, np.ones(len(most)), np.tile(most, len(needed))])


def _constraints(
    kinds: Kinds, needed: Floats, spares: int
) -> tuple[NDArray[np.float64], Floats, Floats]:
    """Rows over (n, y, x): demand, time, use, quotas; with their bounds."""
    parts, count = kinds.rate.shape
    one, none = np.eye(count), np.zeros((count, count))
    demand = np.zeros((parts, (2 + parts) * count))
    for part in range(parts):
        start = (2 + part) * count
        demand[part, start : start + count] = kinds.rate[part] / needed[part]
    time = np.hstack([one, none, *[-one] * parts])
    most = _upper(kinds, needed)[:count]
    use = np.hstack([one, -np.diag(most), *[none] * parts])
    nothing = np.zeros((len(kinds.quota), parts * count))
    quota = np.hstack([kinds.sizes, spares * kinds.sizes, nothing])
    low = np.concatenate([np.ones(parts), np.zeros(count), np.full(count + len(quota), -np.inf)])
    free = np.full(parts + count, np.inf)
    high = np.concatenate([free, np.zeros(count), kinds.quota])
    return np.vstack([demand, time, use, quota]), low, high


def _fleet(
    answer: Judged, at: Indices, kinds: Kinds, found: Mixture, one_kind: float | None
) -> Fleet:
    goal = answer.goal
    served = goal.rate_per_s or (goal.units or 0.0) / (goal.deadline_s or 1.0)
    carried = kinds.rate * found.work
    carried *= (served * np.array(goal.shares) / carried.sum(axis=1))[:, None]
    members = [
        _member(answer, int(at[kind]), kinds, found, carried, kind)
        for kind in np.flatnonzero(found.count).tolist()
    ]
    return Fleet(
        members=tuple(sorted(members, key=lambda one: -one.usd_per_hour)),
        usd_per_hour=found.usd_per_hour,
        usd_per_unit=found.usd_per_hour / _SECONDS_PER_HOUR / served,
        optimal=found.optimal,
        at_least_usd_per_hour=found.at_least_usd_per_hour,
        one_kind_usd_per_hour=one_kind,
        because=_because(found, one_kind),
    )


def _because(found: Mixture, one_kind: float | None) -> str:
    if one_kind is None:
        return "no one kind of instance does the job within the limits"
    saved = units.percent(1 - found.usd_per_hour / one_kind)
    return f"{saved} less than the best fleet of one kind, {units.usd(one_kind)} per hour"


def _member(
    answer: Judged, at: int, kinds: Kinds, found: Mixture, carried: Floats, kind: int
) -> Member:
    goal, verdicts = answer.goal, answer.held.verdicts
    done = verdicts.deliveries(at)
    return Member(
        offer=answer.held.ledger.offers.offer(at),
        replicas=int(found.count[kind]),
        usd_per_hour=float(found.count[kind] * kinds.price[kind]),
        units_per_s={
            part.workload: float(rate)
            for part, rate in zip(goal.parts, carried[:, kind], strict=True)
            if rate > _GAP * carried.max()
        },
        basis="predicted" if any(one.basis != "measured" for one in done) else "measured",
    )
