"""How much work there is: levels and the share of hours at each, month by month."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from benchbench.tco.money import HOURS_PER_MONTH, MONTHS_PER_YEAR, Array, Value

_DAYS_PER_YEAR = 365
_HOURS_PER_WEEK = 168
_ROUNDING = 1e-9
"""10.0 machines must not become 11 because 1000/100 came out as 10.000000000000002."""


@dataclass(frozen=True, eq=False)
class Demand:
    """A duration curve that grows: `levels` (L,) in the demand's unit, `weights` (…, L) sum to 1.

    Compared by identity, so that what takes long to work out (8,760 levels in every month) is
    remembered while other inputs are drawn.

    `batch` work may run at any hour, so that half a machine's work costs half its hours;
    otherwise machines come whole.
    """

    levels: Array
    weights: Array
    months: int
    growth_per_year: float = 0.0
    batch: bool = False
    hours: int | None = None
    """Observed ones the curve rests on; None: it is a shape somebody stated."""

    def by_month(self) -> Array:
        """Levels in months 1 … `months`: (months, L)."""
        years = np.arange(self.months) / MONTHS_PER_YEAR
        return np.asarray(np.outer((1.0 + self.growth_per_year) ** years, self.levels))

    def mean(self) -> Array:
        """Mean level of each month: (…, months)."""
        return self.mean_over_hours(self.by_month())

    def peak(self) -> Array:
        """Highest level of each month that any hour reaches: (months,)."""
        needed = self.weights.reshape(-1, self.levels.size).max(axis=0) > 0
        levels = np.where(needed, self.by_month(), 0.0)
        return np.asarray(levels.max(axis=1, initial=0.0))

    def machine_hours(self, capacity: float, beyond: Array | float = 0.0) -> Array:
        """Hours of machines of `capacity` that carry what exceeds `beyond` (months,)."""
        base = np.broadcast_to(np.asarray(beyond, dtype=np.float64), (self.months,))
        return _machine_hours(self, capacity, base.tobytes())

    def served(self, capacity: Array) -> Array:
        """Mean level of each month that machines of `capacity` (months,) in all can carry."""
        return _served(self, np.asarray(capacity, dtype=np.float64).tobytes())

    def share_needing(self, count: int, capacity: float) -> float:
        """P(demand ≥ k): the share of hours with work for the k-th machine, over all months."""
        machines = self.machines(self.by_month(), capacity)
        used = np.clip(machines - (count - 1), 0.0, 1.0)
        return float(self.mean_over_hours(used).mean())

    def machines_at_peak(self, capacity: float) -> Array:
        """Whole machines that carry each month's peak: (months,)."""
        return np.ceil(self.peak() / capacity - _ROUNDING)

    def machines(self, levels: Array, capacity: float) -> Array:
        """How many machines of `capacity` carry each of `levels`."""
        machines = levels / capacity
        return machines if self.batch else np.ceil(machines - _ROUNDING)

    def mean_over_hours(self, by_level: Array) -> Array:
        """(months, L) → (…, months)."""
        return np.asarray(self.weights @ by_level.T)


@lru_cache(maxsize=64)
def _machine_hours(demand: Demand, capacity: float, beyond: bytes) -> Array:
    rest = np.maximum(demand.by_month() - np.frombuffer(beyond)[:, None], 0.0)
    return _constant(HOURS_PER_MONTH * demand.mean_over_hours(demand.machines(rest, capacity)))


@lru_cache(maxsize=64)
def _served(demand: Demand, capacity: bytes) -> Array:
    carried = np.minimum(demand.by_month(), np.frombuffer(capacity)[:, None])
    return _constant(demand.mean_over_hours(carried))


def _constant(values: Array) -> Array:
    """What is remembered must not be written to."""
    values.setflags(write=False)
    return values


def two_levels(high: float, low: float, share_high: Value) -> tuple[Array, Array]:
    """`high` in a share of the hours, `low` in the others: levels (2,), weights (…, 2)."""
    share = np.atleast_1d(np.asarray(share_high, dtype=np.float64))
    weights = np.stack([share[..., 0], 1.0 - share[..., 0]], axis=-1)
    return np.array([high, low]), weights


def business_hours_share(hours_per_day: float, days_per_week: float) -> float:
    """The share of a week's hours that are working hours."""
    return hours_per_day * days_per_week / _HOURS_PER_WEEK


def peak_days_share(days_per_year: float) -> float:
    """The share of a year's hours that are on peak days."""
    return days_per_year / _DAYS_PER_YEAR
