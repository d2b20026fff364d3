"""Figures of many offers at once, each with its interval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchbench.stats import Basis, Estimate

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Range:
    """A figure of every offer with its interval; NaN ends where there is none."""

    low: Floats
    value: Floats
    high: Floats

    @classmethod
    def exactly(cls, value: Floats) -> "Range":
        """Without doubt."""
        return cls(value, value, value)

    def map(self, rising: Callable[[Floats], Floats]) -> "Range":
        """A rising function of it."""
        return Range(rising(self.low), rising(self.value), rising(self.high))

    def plus(self, other: "Range") -> "Range":
        """The sum of two that rise together."""
        return Range(self.low + other.low, self.value + other.value, self.high + other.high)

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

    def estimate(self, row: int, basis: Basis, n: int = 0) -> Estimate:
        """Of one offer, as a value."""
        low, high = float(self.low[row]), float(self.high[row])
        known = np.isfinite(low) and np.isfinite(high)
        return Estimate(
            value=float(self.value[row]),
            low=low if known else None,
            high=high if known else None,
            n=n,
            basis=basis,
        )
