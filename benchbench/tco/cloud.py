"""Renting, month by month: a fleet that follows demand, with commitments for its base."""

import numpy as np

from benchbench.tco import finance, vendor
from benchbench.tco.case import Case, Flows, from_month_one, monthly
from benchbench.tco.money import (
    HOURS_PER_MONTH,
    MONTHS_PER_YEAR,
    Array,
    Value,
    spot_effective_price,
)


def prices(case: Case) -> Array:
    """USD per on-demand instance-hour in months 1 … horizon, falling by the yearly decline."""
    return case["cloud.price_usd_per_hour"] * _decline(case, case.month - 1.0)


def terms(case: Case) -> list[tuple[int, int]]:
    """Commitments one after the other: (months before it, its months), each within the horizon.

    What is signed is paid to its end, so in every month only a term that still fits is taken.
    """
    lengths = [case.commitment_months or case.horizon, case.shorter_commitment_months]
    signed: list[tuple[int, int]] = []
    start = 0
    while True:
        left = case.horizon - start
        months = next((term for term in lengths if term is not None and term <= left), None)
        if not months:
            return signed
        signed.append((start, months))
        start += months


def committed_months(case: Case) -> Array:
    """1 in the months a commitment covers, 0 in those after the last that fits: (months,)."""
    return np.where(case.month <= sum(months for _, months in terms(case)), 1.0, 0.0)


def committed_prices(case: Case) -> Array:
    """USD per committed instance-hour: fixed for a term, renewed at the price of that day.

    0 in the months without a commitment.
    """
    path = np.zeros(case.horizon)
    for start, months in terms(case):
        within = (case.month > start) & (case.month <= start + months)
        path = path + within * committed_price(case, months) * _decline(case, np.float64(start))
    return np.asarray(path)


def committed_price(case: Case, term_months: int | None = None) -> Value:
    """USD per hour at the start: its own price, or the on-demand price less a discount."""
    shorter = term_months is not None and term_months != case.commitment_months
    prefix = "cloud.shorter_" if shorter and case.shorter_commitment_months else "cloud."
    if f"{prefix}committed_usd_per_hour" in case.values:
        return case[f"{prefix}committed_usd_per_hour"]
    return case["cloud.price_usd_per_hour"] * (1.0 - case[f"{prefix}commitment_discount"])


def spot_prices(case: Case) -> Array:
    """USD per *useful* spot instance-hour, interruptions paid for."""
    effective = spot_effective_price(
        case["cloud.spot_usd_per_hour"],
        case["cloud.spot_hours_between_interruptions"],
        case.checkpoint_hours,
        case.restart_hours,
    )
    return np.asarray(effective * _decline(case, case.month - 1.0))


def _decline(case: Case, months: Array | np.float64) -> Array:
    yearly = 1.0 - case["cloud.price_decline_per_year"]
    return np.asarray(yearly ** (months / MONTHS_PER_YEAR))


def on_demand(case: Case) -> Flows:
    """Every hour at the on-demand price, only while it is needed."""
    hours = case.demand.machine_hours(case.cloud_capacity)
    return _with_extras(case, {"on_demand": from_month_one(hours * prices(case))})


def spot(case: Case) -> Flows:
    """Every hour on interruptible instances."""
    hours = case.demand.machine_hours(case.cloud_capacity)
    return _with_extras(case, {"spot": from_month_one(hours * spot_prices(case))})


def committed(case: Case, base: int) -> Flows:
    """`base` instances committed round the clock, the hours beyond them on demand."""
    covered = base * case.cloud_capacity * committed_months(case)
    beyond = case.demand.machine_hours(case.cloud_capacity, covered)
    return _with_extras(
        case,
        {
            "committed": from_month_one(base * HOURS_PER_MONTH * committed_prices(case)),
            "on_demand": from_month_one(beyond * prices(case)),
        },
    )


def _with_extras(case: Case, compute: Flows) -> Flows:
    extras = {
        "egress": from_month_one(egress(case, np.ones(case.horizon))),
        "storage": monthly(case, case["cloud.storage_usd_per_month"] * MONTHS_PER_YEAR),
    }
    billed = {**compute, **extras}
    people = case["cloud.staff_fte"] * case["owned.staff_wage_usd"] * case["owned.staff_burden"]
    parts = {
        **billed,
        "support": support(case, billed),
        "staff": monthly(case, people),
        **vendor.platform(case),
    }
    return finance.taxed(case, parts)


def support(case: Case, billed: Flows) -> Array:
    """The provider's support plan, a share of everything billed."""
    spent = sum(billed.values(), start=np.zeros(case.horizon + 1))
    return np.asarray(case["cloud.support_fraction"] * spent)


def egress(case: Case, share: Array) -> Array:
    """USD of each month for the share of the traffic that leaves the cloud."""
    return traffic(case, np.asarray(case["cloud.egress_gb_per_month"] * share))


def traffic(case: Case, gigabytes: Array) -> Array:
    """USD for so many GB (as the provider bills them) in each month; tiers add up."""
    left, cost = gigabytes, np.zeros_like(gigabytes)
    for tier in case.tiers:
        within = np.minimum(left, np.inf if tier.width_gb is None else tier.width_gb)
        cost = cost + within * tier.usd_per_gb
        left = left - within
    return np.asarray(cost)
