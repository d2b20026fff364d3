"""Money over time: discounting, annuities and break-even. Pure closed forms, monthly steps.

Every function takes floats or arrays: draws of an uncertain input go down the leading axis,
months along the last. Month 0 is the start, month m ends m months later.
"""

import numpy as np
import numpy.typing as npt

from benchbench.catalog.interruption import lost_fraction

Array = npt.NDArray[np.float64]
Value = float | Array
"""One number, or one per draw with shape (draws, 1)."""

MONTHS_PER_YEAR = 12
HOURS_PER_YEAR = 8760.0
HOURS_PER_MONTH = HOURS_PER_YEAR / MONTHS_PER_YEAR


def discount_factors(annual_rate: Value, months: int) -> Array:
    """What a dollar in month 0, 1 … `months` is worth at the start: (1 + r)^(-m/12)."""
    return np.asarray((1.0 + annual_rate) ** (-np.arange(months + 1) / MONTHS_PER_YEAR))


def present_value(flows: Array, annual_rate: Value) -> Array:
    """Net present value of flows (…, months + 1), the first of them undiscounted.

    Brealey, Myers, Allen, Principles of Corporate Finance, ch. 2.
    """
    return np.asarray((flows * discount_factors(annual_rate, flows.shape[-1] - 1)).sum(axis=-1))


def annuity_factor(rate: Value, periods: Value) -> Array:
    """Equal payment per period that repays 1: r / (1 - (1 + r)^-n); 1/n without interest."""
    free = np.asarray(rate) == 0
    some = np.where(free, 1.0, rate)
    return np.where(free, 1.0 / periods, some / -np.expm1(-periods * np.log1p(some)))


def monthly_rate(annual_rate: Value) -> Value:
    """The rate of a month that makes the yearly one: (1 + r)^(1/12) - 1."""
    return (1.0 + annual_rate) ** (1.0 / MONTHS_PER_YEAR) - 1.0


def balance_fraction(rate: Value, periods: float, paid: Array) -> Array:
    """What is left of a loan of 1 after `paid` of `periods` level payments, 0 after the last.

    ((1 + r)^n - (1 + r)^k) / ((1 + r)^n - 1); 1 - k/n without interest.
    """
    free = np.asarray(rate) == 0
    some = np.where(free, 1.0, rate)
    whole, part = ((1.0 + some) ** count for count in (periods, np.minimum(paid, periods)))
    left = np.where(free, 1.0 - paid / periods, (whole - part) / (whole - 1.0))
    return np.where(paid < periods, left, 0.0)


def equivalent_annual_cost(capex: float, residual: float, rate: float, years: float) -> float:
    """Capital as equal yearly payments: (C - RV / (1 + r)^n) · r / (1 - (1 + r)^-n).

    Brealey, Myers, Allen, Principles of Corporate Finance, ch. 6.
    """
    present = capex - residual * float((1.0 + rate) ** -years)
    return present * float(annuity_factor(rate, years))


def break_even_utilisation(
    fixed: float, availability: float, price: float, variable: float
) -> float | None:
    """Share of hours a machine must work before owning wins: c_f / (a · (p - v)).

    All in USD per machine-hour: `fixed` is paid every hour, `variable` and the rent `price` per
    hour worked. Above 1 no utilisation is enough; None: renting costs less than running (p ≤ v).
    """
    if price <= variable:
        return None
    return max(0.0, fixed) / (availability * (price - variable))


def break_even_month(own: Array, other: Array) -> int | None:
    """First month from which the sum of `own` stays at or below that of `other`; None: never.

    One crossing that a later replacement undoes is no break-even.
    """
    behind = np.cumsum(own) > np.cumsum(other) + 1e-9
    if behind[-1]:
        return None
    return int(np.flatnonzero(behind)[-1]) + 1 if behind.any() else 0


def spot_effective_price(
    price: Value, mean_hours_to_interruption: Value, checkpoint_hours: float, restart_hours: float
) -> Value:
    """Price of a useful hour under interruptions: p · (1 + δ/τ + (τ/2 + R)/M), τ = √(2δM)."""
    lost = lost_fraction(mean_hours_to_interruption, checkpoint_hours, restart_hours)
    return price * (1.0 + lost)
