"""The highest rate that holds: by bracketing and bisection, whatever holding means. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

_FIRST_TRY = 0.7
"""Of the ceiling: a queue at this load is short, and a bound it breaks is a tight one."""


@dataclass(frozen=True)
class Limits:
    """Where to look, and how closely."""

    ceiling_per_s: float
    """No rate above it can hold for long; it is not tried."""
    resolution_fraction: float
    """Stop when the lowest rate that failed is no further above the highest that held."""
    floor_fraction: float = 0.05
    """Of the ceiling: a query hardly ever meets another there, and a lower rate changes nothing."""


@dataclass(frozen=True)
class Found:
    """The highest rate that held, None if none did, and whether the search got to its end."""

    rate_per_s: float | None
    settled: bool


def search(holds: Callable[[float], bool], limits: Limits, *, goes_on: Callable[[], bool]) -> Found:
    """Try rates until the resolution is reached or `goes_on` says that the time is up.

    At least one rate is tried. Bisection is by ratio: a resolution is a fraction.
    """
    low: float | None = None
    high, rate = limits.ceiling_per_s, _FIRST_TRY * limits.ceiling_per_s
    floor = limits.floor_fraction * limits.ceiling_per_s
    while True:
        low, high = (rate, high) if holds(rate) else (low, rate)
        if low is None and rate <= floor:
            return Found(None, settled=True)
        if low is not None and high <= low * (1 + limits.resolution_fraction):
            return Found(low, settled=True)
        if not goes_on():
            return Found(low, settled=False)
        rate = max(floor, high / 2) if low is None else math.sqrt(low * high)
