"""Throughput and price → replicas, dollars and seconds, for all offers at once."""

from dataclasses import dataclass

import numpy as np

from benchbench.catalog.interruption import HOURS_PER_MONTH
from benchbench.recommend.goal import Goal
from benchbench.recommend.ranges import Floats, Indices, Range
from benchbench.recommend.team import Team

_SECONDS_PER_HOUR = 3600.0
_ROUNDING = 1e-9
"""10 / (1 x 1.0) must not need 11 replicas because of a last bit."""


@dataclass(frozen=True)
class Beside:
    """What is billed beside the instances; NaN where its price is not known."""

    moved_usd: Floats | float = 0.0
    """Egress of the job, or of a month at a rate."""
    kept_usd_per_month: Floats | float = 0.0

    def of_job(self, time_s: Range) -> Range:
        """For as long as the job takes."""
        hourly = self.kept_usd_per_month / HOURS_PER_MONTH
        return time_s.map(lambda end: self.moved_usd + hourly * end / _SECONDS_PER_HOUR)

    @property
    def per_month(self) -> Floats | float:
        """At a rate."""
        return self.moved_usd + self.kept_usd_per_month


@dataclass(frozen=True)
class Priced:
    """What the goal takes of each offer."""

    throughput: Range
    replicas: Floats
    """NaN where no number of them can be relied on."""
    usd_per_hour: Floats
    usd_per_unit: Range
    time_s: Range | None
    cost_usd: Range | None
    beside_usd: Floats
    """In `cost_usd`; per month at a rate."""

    def at(self, keep: Indices) -> "Priced":
        """Of some offers."""
        return Priced(
            self.throughput.at(keep),
            self.replicas[keep],
            self.usd_per_hour[keep],
            self.usd_per_unit.at(keep),
            None if self.time_s is None else self.time_s.at(keep),
            None if self.cost_usd is None else self.cost_usd.at(keep),
            self.beside_usd[keep],
        )


def priced(
    throughput: Range,
    price: Floats,
    goal: Goal,
    team: Team | None = None,
    beside: Beside | None = None,
) -> Priced:
    """`price` is USD per hour of one instance, `throughput` units per second of one."""
    team, beside = team or Team.independent(len(price)), beside or Beside()
    working = replicas_working(throughput.cautious, goal, team)
    replicas = working + goal.spare_replicas
    usd_per_hour = replicas * price
    fleet = team.delivers(throughput, working)
    full_load = fleet.over(usd_per_hour / _SECONDS_PER_HOUR)
    extra = np.zeros_like(price) + (0.0 if goal.units else beside.per_month)
    per_unit, time_s, cost = full_load, None, None
    if (amount := goal.units) is not None:
        time_s = fleet.over(amount)
        besides = beside.of_job(time_s)
        cost = full_load.map(lambda end: end * amount).plus(besides)
        per_unit, extra = cost.map(lambda end: end / amount), extra + besides.value
    if goal.rate_per_s is not None:
        monthly = 0.0 if goal.units else extra / HOURS_PER_MONTH
        per_unit = _served(throughput, price, monthly, goal.rate_per_s, goal, team)
    return Priced(throughput, replicas, usd_per_hour, per_unit, time_s, cost, extra)


def replicas_working(cautious: Floats, goal: Goal, team: Team) -> Floats:
    """⌈rate ÷ (throughput · headroom)⌉, or as many as finish the units within the deadline."""
    needed = 0.0
    if goal.rate_per_s is not None:
        needed = goal.rate_per_s / goal.headroom
    if goal.units is not None and goal.deadline_s is not None:
        needed = max(needed, goal.units / goal.deadline_s)
    return team.fewest(cautious, needed * (1 - _ROUNDING))


def _served(
    throughput: Range,
    price: Floats,
    beside_per_hour: Floats | float,
    rate_per_s: float,
    goal: Goal,
    team: Team,
) -> Range:
    """With a rate, what is paid over what is asked: at the fast end fewer instances would do."""
    served = rate_per_s * _SECONDS_PER_HOUR

    def paid(rate: Floats) -> Floats:
        replicas = replicas_working(rate, goal, team) + goal.spare_replicas
        return np.asarray((replicas * price + beside_per_hour) / served)

    value = paid(throughput.cautious)
    return Range(paid(throughput.high), value, value)
