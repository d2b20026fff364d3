"""What a scenario says against itself, and what it says without effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchbench.record import Model
    from benchbench.tco.scenario import Scenario

_SHAPES = {
    "busy_fraction": ("constant", "growth", "bursty"),
    "hours_per_day": ("business_hours",),
    "days_per_week": ("business_hours",),
    "peak_days_per_year": ("peak_day",),
    "production_amount": ("bursty",),
    "production_after_months": ("bursty",),
}
"""Which shapes of demand read a field."""
_SPOT = (
    "spot_usd_per_hour",
    "spot_hours_between_interruptions",
    "checkpoint_minutes",
    "restart_minutes",
)
_COLOCATION = (
    "colocation_includes_power",
    "colocation_usd_per_kw_month",
    "colocation_small_factor",
)
_LOAN = ("loan_fraction", "loan_months")
_COMMITMENT = (
    "committed_usd_per_hour",
    "commitment_discount",
    "commitment_months",
    "shorter_committed_usd_per_hour",
    "shorter_commitment_discount",
)
_SHORTEST_TERM_MONTHS = 12


def contradictions(scenario: Scenario) -> Iterator[str]:
    """One sentence for each."""
    yield from _against_each_other(scenario)
    yield from _without_effect(scenario)


def _against_each_other(scenario: Scenario) -> Iterator[str]:
    demand, owned = scenario.demand, scenario.owned
    if owned.site == "colocation" and owned.colocation_includes_power is None:
        yield (
            "does the colocation price include power? it decides a large line of the cost; write "
            "colocation_includes_power = true or false under [owned] (or site = 'own')"
        )
    if demand.shape == "growth" and demand.growth_per_year is None:
        yield "demand.shape is 'growth'; write demand.growth_per_year, as 0.3 for 30 % a year"
    if demand.shape == "bursty" and demand.production_amount is None:
        yield (
            "demand.shape is 'bursty'; write demand.production_amount, the level in every hour "
            "once experiments have become production"
        )
    if (demand.shape == "csv") != (demand.csv is not None):
        yield "demand.shape = 'csv' and demand.csv = 'FILE' go together; write both or neither"
    if demand.units_per_month is not None and demand.workload is None:
        yield "demand.units_per_month counts units of a workload; write demand.workload too"
    ways = ("amount", "csv", "units_per_month", "machine_hours_per_month")
    stated = [way for way in ways if getattr(demand, way) is not None]
    if len(stated) > 1:
        yield f"demand.{stated[0]} and demand.{stated[1]} say the same thing; keep one"
    cloud, horizon = scenario.cloud, scenario.finance.horizon_months
    if cloud.bill_usd_per_month is not None and cloud.price_usd_per_hour:
        yield "cloud.bill_usd_per_month replaces cloud.price_usd_per_hour; keep one"
    if cloud.commitment_months is not None and cloud.commitment_months > horizon:
        yield (
            f"cloud.commitment_months = {cloud.commitment_months} is longer than "
            f"finance.horizon_months = {horizon}, and every month of a commitment is paid; shorten "
            "the one or lengthen the other"
        )


def _without_effect(scenario: Scenario) -> Iterator[str]:
    """What is written and never read would be believed to count."""
    yield from _of_demand(scenario)
    yield from _of_commitments(scenario)
    if not scenario.cloud.spot_allowed:
        for field in _stated(scenario.cloud, _SPOT):
            yield f"cloud.{field} has no effect without cloud.spot_allowed = true; write that too"
    yield from _of_finance(scenario)
    if not scenario.vendor.considered:
        for field in sorted(scenario.vendor.model_fields_set):
            yield (
                f"vendor.{field} has no effect without a price; write usd_per_unit or "
                "usd_per_month under [vendor]"
            )
    if scenario.owned.site == "own":
        for field in _stated(scenario.owned, _COLOCATION):
            yield f"owned.{field} has no effect with owned.site = 'own'; leave it out"


def _of_demand(scenario: Scenario) -> Iterator[str]:
    demand = scenario.demand
    for field in _stated(demand, tuple(_SHAPES)):
        if demand.shape not in _SHAPES[field]:
            yield f"demand.{field} has no effect with demand.shape = '{demand.shape}'; leave it out"
    for way in _stated(demand, ("units_per_month", "machine_hours_per_month")):
        for field in _stated(demand, ("busy_fraction",)):
            yield f"demand.{field} has no effect with demand.{way}; leave it out"


def _of_finance(scenario: Scenario) -> Iterator[str]:
    finance = scenario.finance
    idle: dict[str, tuple[str, ...]] = {
        "cash": (*_LOAN, "borrowing_rate", "lease_usd_per_server_month"),
        "loan": ("lease_usd_per_server_month",),
        "lease": _LOAN,
    }
    for field in _stated(finance, idle[finance.funding]):
        yield (
            f"finance.{field} has no effect with finance.funding = '{finance.funding}'; leave it "
            "out, or write funding = 'loan' or 'lease'"
        )
    if finance.tax_rate is None and _stated(finance, ("tax_life_years",)):
        yield "finance.tax_life_years has no effect without finance.tax_rate; write that too"


def _of_commitments(scenario: Scenario) -> Iterator[str]:
    cloud, horizon = scenario.cloud, scenario.finance.horizon_months
    stated = _stated(cloud, _COMMITMENT)
    if stated and cloud.bill_usd_per_month is not None:
        yield f"cloud.{stated[0]} has no effect with cloud.bill_usd_per_month; leave it out"
    if stated and horizon < _SHORTEST_TERM_MONTHS:
        yield (
            f"cloud.{stated[0]} has no effect within finance.horizon_months = {horizon}, as the "
            f"shortest commitment runs {_SHORTEST_TERM_MONTHS} months; leave it out"
        )
    if cloud.committed_usd_per_hour is not None and cloud.commitment_discount is not None:
        yield (
            "cloud.committed_usd_per_hour and cloud.commitment_discount say the same thing; keep "
            "one"
        )


def _stated(section: Model, fields: tuple[str, ...]) -> list[str]:
    """Those the user wrote."""
    written = section.model_fields_set
    return [name for name in fields if name in written and getattr(section, name) is not None]
