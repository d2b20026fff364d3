"""How much work there is: levels and the share of hours at each, month by month."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from benchbench.tco.money import HOURS_PER_MONTH, MONTHS_PER_YEAR, Array, Value

_DAYS_PER_YEAR = 365
_HOURS_PER_WEEK = 168
_HOURS_PER_DAY = 24
_ROUNDING = 1e-9
"""10.0 machines must not become 11 because 1000/100 came out as 10.000000000000002."""

Whole = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Demand:
    """A duration curve that grows: `levels` in the demand's unit, `weights` (…, L) sum to 1.

    `levels` is (L,), or (months, L) where the curve changes its shape on the way.
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

    @property
    def flat(self) -> bool:
        """Every month like the first."""
        return self.levels.ndim == 1 and self.growth_per_year == 0

    def by_month(self) -> Array:
        """Levels in months 1 … `months`: (months, L)."""
        years = np.arange(self.months) / MONTHS_PER_YEAR
        if self.flat:
            return np.broadcast_to(self.levels, (self.months, self.levels.size))
        return np.asarray(((1.0 + self.growth_per_year) ** years)[:, None] * self.levels)

    def mean(self) -> Array:
        """Mean level of each month: (…, months)."""
        return self.mean_over_hours(self.by_month())

    def peak(self) -> Array:
        """Highest level of each month that any hour reaches: (months,)."""
        needed = self.weights.reshape(-1, self.levels.shape[-1]).max(axis=0) > 0
        levels = np.where(needed, self.by_month(), 0.0)
        return np.asarray(levels.max(axis=1, initial=0.0))

    def alike(self, beyond: Array) -> tuple[Array, Array, Whole]:
        """Months that differ: their levels (D, L), their `beyond` (D,), and which each month is.

        A year of hours is worked out once, not once a month, where nothing grows.
        """
        if not self.flat:
            return self.by_month(), beyond, np.arange(self.months)
        bases, which = np.unique(beyond, return_inverse=True)
        return np.broadcast_to(self.levels, (bases.size, self.levels.size)), bases, which

    def machine_hours(self, capacity: float, beyond: Array | float = 0.0) -> Array:
        """Hours of machines of `capacity` that carry what exceeds `beyond` (months,)."""
        base = np.broadcast_to(np.asarray(beyond, dtype=np.float64), (self.months,))
        return _machine_hours(self, capacity, base.tobytes())

    def served(self, capacity: Array) -> Array:
        """Mean level of each month that machines of `capacity` (months,) in all can carry."""
        return _served(self, np.asarray(capacity, dtype=np.float64).tobytes())

    def share_needing(self, count: int, capacity: float) -> float:
        """P(demand ≥ k): the share of hours with work for the k-th machine, over all months."""
        return _share_needing(self, count, capacity)

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
    levels, base, which = demand.alike(np.frombuffer(beyond))
    machines = demand.machines(np.maximum(levels - base[:, None], 0.0), capacity)
    return _constant(HOURS_PER_MONTH * demand.mean_over_hours(machines)[..., which])


@lru_cache(maxsize=64)
def _served(demand: Demand, capacity: bytes) -> Array:
    levels, most, which = demand.alike(np.frombuffer(capacity))
    return _constant(demand.mean_over_hours(np.minimum(levels, most[:, None]))[..., which])


@lru_cache(maxsize=256)
def _share_needing(demand: Demand, count: int, capacity: float) -> float:
    levels, _, which = demand.alike(np.zeros(demand.months))
    used = np.clip(demand.machines(levels, capacity) - (count - 1), 0.0, 1.0)
    return float(demand.mean_over_hours(used)[..., which].mean())


def _constant(values: Array) -> Array:
    """What is remembered must not be written to."""
    values.setflags(write=False)
    return values


def two_levels(high: float, low: float, share_high: Value) -> tuple[Array, Array]:
    """`high` in a share of the hours, `low` in the others: levels (2,), weights (…, 2)."""
    share = np.atleast_1d(np.asarray(share_high, dtype=np.float64))
    weights = np.stack([share[..., 0], 1.0 - share[..., 0]], axis=-1)
    return np.array([high, low]), weights


def daily_cycle(peak: float, trough: float) -> tuple[Array, Array]:
    """A cosine from `peak` to `trough` and back within a day: levels (24,), weights (24,)."""
    hour = (np.arange(_HOURS_PER_DAY) + 0.5) / _HOURS_PER_DAY
    levels = trough + (peak - trough) * (1.0 + np.cos(2.0 * np.pi * hour)) / 2.0
    return levels, np.full(_HOURS_PER_DAY, 1.0 / _HOURS_PER_DAY)


def then_steady(levels: Array, production: float, after: int, months: int) -> Array:
    """`levels` (L,) in the first months, `production` in every hour after: (months, L)."""
    started = np.arange(months)[:, None] >= after
    return np.where(started, production, levels)


def business_hours_share(hours_per_day: float, days_per_week: float) -> float:
    """The share of a week's hours that are working hours."""
    return hours_per_day * days_per_week / _HOURS_PER_WEEK


def peak_days_share(days_per_year: float) -> float:
    """The share of a year's hours that are on peak days."""
    return days_per_year / _DAYS_PER_YEAR
