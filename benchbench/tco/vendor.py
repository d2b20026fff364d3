"""Buying the work as a service instead of running it: a fee per unit and fewer engineers."""

import numpy as np

from benchbench.tco import cloud, finance
from benchbench.tco.case import Case, Flows, from_month_one, monthly
from benchbench.tco.money import HOURS_PER_MONTH, MONTHS_PER_YEAR, Array, Value


def platform(case: Case) -> Flows:
    """The engineers who run it, where the alternative is a service that needs fewer of them."""
    if case.vendor is None:
        return {}
    return {"engineers": monthly(case, _engineers(case, "vendor.self_hosted_fte"))}


def flows(case: Case) -> Flows:
    """Every component of the service; until it is integrated the work is rented on demand."""
    started = np.where(case.month > _lead(case), 1.0, 0.0)
    waiting = 1.0 - started
    hours = case.demand.machine_hours(case.cloud_capacity) * waiting
    at_start = np.arange(case.horizon + 1) == 0
    moved = case["cloud.data_gb"] * np.where(case.month == _lead(case) + 1, 1.0, 0.0)
    parts: Flows = {
        "fee": from_month_one(_fee(case) * started),
        "subscription": monthly(case, case["vendor.usd_per_month"] * MONTHS_PER_YEAR, started),
        "engineers": monthly(case, _engineers(case, "vendor.staff_fte")),
        "running_both": monthly(case, _engineers(case, "vendor.self_hosted_fte"), waiting),
        "integration": np.asarray(case["vendor.integration_usd"] * at_start),
        "bridge": from_month_one(hours * cloud.prices(case)),
        "moving_data": from_month_one(cloud.traffic(case, np.asarray(moved))),
        "storage": monthly(case, case["cloud.storage_usd_per_month"] * MONTHS_PER_YEAR, waiting),
        "egress": from_month_one(cloud.egress(case, waiting)),
    }
    return finance.taxed(case, parts)


def _lead(case: Case) -> int:
    return 0 if case.vendor is None else case.vendor.lead_months


def _fee(case: Case) -> Array:
    """USD for the units of each month, the price moving from year to year."""
    per_hour = 0.0 if case.vendor is None else case.vendor.units_per_hour
    units = case.demand.mean() * HOURS_PER_MONTH * per_hour
    years = (case.month - 1.0) / MONTHS_PER_YEAR
    change = (1.0 + case["vendor.price_change_per_year"]) ** years
    return np.asarray(case["vendor.usd_per_unit"] * units * change)


def _engineers(case: Case, key: str) -> Value:
    """USD a year for so many of them."""
    return case[key] * case["vendor.engineer_usd_per_year"] * case["owned.staff_burden"]
