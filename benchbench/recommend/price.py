"""Throughput and price → replicas, dollars and seconds, for all offers at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchbench.recommend.answer import Goal

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]
_SECONDS_PER_HOUR = 3600.0
_ROUNDING = 1e-9
"""10 / (1 x 1.0) must not need 11 replicas because of a last bit."""


@dataclass(frozen=True)
class Range:
    """A figure of every offer with its interval; NaN ends where there is none."""

    low: Floats
    value: Floats
    high: Floats

    def over(self, numerator: Floats | float) -> "Range":
        """`numerator / self`, the interval turned round; an end at 0 gives none."""
        low = np.where(self.low > 0, self.low, np.nan)
        high = np.where(np.isnan(low), np.nan, self.high)
        return Range(numerator / high, numerator / self.value, numerator / low)

    def at(self, keep: Indices) -> "Range":
        """Of some offers."""
        return Range(self.low[keep], self.value[keep], self.high[keep])

    @property
    def cautious(self) -> Floats:
        """What can be relied on: the low end, NaN when that is 0; the value where none is known."""
        known = np.where(np.isnan(self.low), self.value, self.low)
        return np.where(known > 0, known, np.nan)


@dataclass(frozen=True)
class Priced:
    """What the goal takes of each offer."""

    throughput: Range
    replicas: Floats
    """NaN where the throughput cannot be relied on at all."""
    usd_per_hour: Floats
    usd_per_unit: Range
    time_s: Range | None
    cost_usd: Range | None

    def at(self, keep: Indices) -> "Priced":
        """Of some offers."""
        return Priced(
            self.throughput.at(keep),
            self.replicas[keep],
            self.usd_per_hour[keep],
            self.usd_per_unit.at(keep),
            None if self.time_s is None else self.time_s.at(keep),
            None if self.cost_usd is None else self.cost_usd.at(keep),
        )


def priced(throughput: Range, price: Floats, goal: Goal) -> Priced:
    """`price` is USD per hour of one instance, `throughput` units per second of one."""
    working = replicas_working(throughput.cautious, goal)
    replicas = working + goal.spare_replicas
    usd_per_hour = replicas * price
    fleet = Range(*(end * working for end in _ends(throughput)))
    time_s = None if goal.units is None else fleet.over(goal.units)
    per_unit = _per_unit(throughput, price, usd_per_hour, fleet, goal)
    cost = None
    if goal.units is not None:
        full_load = fleet.over(usd_per_hour / _SECONDS_PER_HOUR)
        cost = Range(*(end * goal.units for end in _ends(full_load)))
    return Priced(throughput, replicas, usd_per_hour, per_unit, time_s, cost)


def replicas_working(cautious: Floats, goal: Goal) -> Floats:
    """⌈rate ÷ (throughput · headroom)⌉, or as many as finish the units within the deadline."""
    needed = np.ones_like(cautious)
    if goal.rate_per_s is not None:
        by_rate = goal.rate_per_s / (cautious * goal.headroom)
        needed = np.maximum(needed, np.ceil(by_rate - _ROUNDING))
    if goal.units is not None and goal.deadline_s is not None:
        by_deadline = goal.units / (cautious * goal.deadline_s)
        needed = np.maximum(needed, np.ceil(by_deadline - _ROUNDING))
    return needed


def _per_unit(
    throughput: Range, price: Floats, usd_per_hour: Floats, fleet: Range, goal: Goal
) -> Range:
    """At full load price ÷ (3600 · throughput); with a rate, what is paid over what is asked."""
    if goal.rate_per_s is None:
        return fleet.over(usd_per_hour / _SECONDS_PER_HOUR)
    served = goal.rate_per_s * _SECONDS_PER_HOUR
    fewest = replicas_working(throughput.high, goal) + goal.spare_replicas
    return Range(fewest * price / served, usd_per_hour / served, usd_per_hour / served)


def _ends(figure: Range) -> tuple[Floats, Floats, Floats]:
    return figure.low, figure.value, figure.high
