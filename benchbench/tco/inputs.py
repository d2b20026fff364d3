"""Every number of the model: what the scenario says, else a cited default, with its range."""

from collections.abc import Mapping
from typing import NamedTuple

from benchbench.catalog.defaults import Default
from benchbench.errors import DataError
from benchbench.tco.answer import Assumption
from benchbench.tco.case import Funding
from benchbench.tco.planning import PLANNING
from benchbench.tco.scenario import Number, Scenario

STATED = "stated in the scenario"
LEFT_OUT = "left out of the scenario: none"


class Input(NamedTuple):
    """A field of the scenario, its unit, and the default that stands in when it is left out."""

    key: str
    unit: str
    default: str | None = None
    """A key of defaults.toml or of `PLANNING`; None: the scenario's own default is the value."""
    factor: float = 1.0
    """From the default's unit to this one's."""


_INPUTS = (
    Input("cloud.spot_hours_between_interruptions", "hours", "cloud.spot_mtbi_h"),
    Input("cloud.egress_gb_per_month", "GB/month"),
    Input("cloud.storage_usd_per_month", "USD/month"),
    Input("cloud.data_gb", "GB"),
    Input("cloud.sync_gb_per_month", "GB/month"),
    Input("cloud.support_fraction", "fraction of the bill"),
    Input("cloud.staff_fte", "FTE"),
    Input("owned.installation_fraction", "fraction of price", "planning.installation_fraction"),
    Input("owned.spares_fraction", "fraction of price", "capex.spares_fraction"),
    Input("owned.residual_fraction_3y", "fraction", "finance.residual_fraction_3y"),
    Input("owned.maintenance_fraction_per_year", "fraction/year", "maint.pct_capex_yr"),
    Input("owned.software_usd_per_accelerator_year", "USD/year", "software.nvaie_usd_gpu_yr"),
    Input("owned.idle_fraction", "fraction of maximum", "planning.idle_fraction"),
    Input("owned.pue", "ratio", "power.pue"),
    Input("owned.electricity_usd_per_kwh", "USD/kWh", "power.elec_usd_kwh"),
    Input("owned.colocation_usd_per_kw_month", "USD/kW-month", "colo.usd_per_kw_month"),
    Input("owned.colocation_small_factor", "ratio", "planning.colocation_small_factor"),
    Input("owned.staff_wage_usd", "USD/year", "staff.wage_usd"),
    Input("owned.staff_burden", "ratio", "staff.burden"),
    Input("owned.servers_per_admin", "servers/FTE", "staff.servers_per_admin"),
    Input("owned.minimum_fte", "FTE", "staff.min_fte"),
    Input("owned.availability", "fraction of hours", "planning.availability"),
    Input("owned.migration_usd", "USD"),
    Input("owned.bandwidth_usd_per_month", "USD/month"),
    Input("owned.remaining_cloud_usd_per_month", "USD/month"),
    Input("finance.cost_of_capital", "fraction/year", "finance.wacc"),
)
_ROOM = (
    Input("owned.room_usd_per_kw", "USD/kW", "colo.build_usd_per_mw", 1e-3),
    Input("owned.room_life_years", "years", "planning.room_life"),
    Input("owned.room_upkeep_fraction_per_year", "fraction/year", "planning.room_upkeep"),
)
_BORROWING = Input("finance.borrowing_rate", "fraction/year", "planning.borrowing_rate")
_FUNDING: dict[Funding, tuple[Input, ...]] = {
    "cash": (),
    "loan": (
        _BORROWING,
        Input("finance.loan_fraction", "fraction of the purchase", "planning.loan_fraction"),
    ),
    "lease": (_BORROWING,),
}
_TAX = (
    Input("finance.tax_rate", "fraction"),
    Input("finance.tax_life_years", "years", "finance.tax_life_yr"),
)
_VENDOR = (
    Input("vendor.price_change_per_year", "fraction/year"),
    Input("vendor.staff_fte", "FTE", "vendor.managed_fte"),
    Input("vendor.self_hosted_fte", "FTE", "vendor.self_hosted_fte"),
    Input("vendor.engineer_usd_per_year", "USD/year", "staff.engineer_wage_usd"),
    Input("vendor.integration_usd", "USD"),
)
_STATED_ONLY = {
    "owned.staff_usd_per_year": "USD/year",
    "finance.lease_usd_per_server_month": "USD/server-month",
}
"""Present only where the scenario says them, in place of what would be worked out."""


def resolve(
    scenario: Scenario, defaults: Mapping[str, Default], *, accelerators: float, servers: float
) -> dict[str, Assumption]:
    """The inputs that need no catalogue of offers, by key."""
    kind = "gpu" if accelerators else "cpu"
    network = "capex.cluster_network_fraction" if accelerators else "planning.network_cpu_fleet"
    depends = (
        Input(
            "cloud.price_decline_per_year",
            "fraction/year",
            "finance.cloud_price_decline_yr" if accelerators else "planning.price_decline_cpu",
        ),
        Input("owned.life_years", "years", f"finance.useful_life_{kind}_yr"),
        Input(
            "owned.load_factor",
            "fraction of maximum",
            "power.load_factor" if accelerators else "planning.load_factor_cpu",
        ),
        Input(
            "owned.network_fraction",
            "fraction of total cost",
            "planning.network_single_server" if servers <= 1 else network,
        ),
    )
    rows = (*_INPUTS, *depends, *_asked_for(scenario))
    found = {row.key: resolve_one(scenario, defaults, row) for row in rows}
    for key, unit in _STATED_ONLY.items():
        given = scenario.given(key)
        if given is not None:
            found[key] = stated(key, given, unit)
    return {**found, **_vendor_prices(scenario)}


def _asked_for(scenario: Scenario) -> tuple[Input, ...]:
    """What only some scenarios need."""
    room = scenario.owned.site == "colocation" or scenario.owned.room_usd_per_kw is not None
    return (
        *(_ROOM if room else ()),
        *_FUNDING[scenario.finance.funding],
        *(_TAX if scenario.finance.tax_rate is not None else ()),
        *(_VENDOR if scenario.vendor.considered else ()),
    )


def _vendor_prices(scenario: Scenario) -> dict[str, Assumption]:
    """A fee or a subscription; the one that is not stated is none."""
    if not scenario.vendor.considered:
        return {}
    units = {"vendor.usd_per_unit": "USD/unit", "vendor.usd_per_month": "USD/month"}
    found = {}
    for key, unit in units.items():
        given = scenario.given(key)
        found[key] = stated(key, 0.0, unit, LEFT_OUT) if given is None else stated(key, given, unit)
    return found


def resolve_one(scenario: Scenario, defaults: Mapping[str, Default], row: Input) -> Assumption:
    """What the scenario says about one input, else its default."""
    given = scenario.given(row.key)
    if given is not None:
        return stated(row.key, given, row.unit, STATED if scenario.said(row.key) else LEFT_OUT)
    if row.default is None:
        message = f"{row.key} has no default; write it in the scenario"
        raise DataError(message)
    return cited(row.key, row.unit, find(defaults, row.default), row.factor)


def find(defaults: Mapping[str, Default], key: str) -> Default:
    """A row of defaults.toml or of the planning values. Raises DataError."""
    row = defaults.get(key) or PLANNING.get(key)
    if row is None:
        message = f"defaults.toml has no {key!r}; restore it, or set the value in the scenario"
        raise DataError(message)
    return row


def stated(key: str, value: Number, unit: str, source: str = STATED) -> Assumption:
    """What the user knows; a triple carries its range."""
    low, likely, high = value if isinstance(value, tuple) else (None, value, None)
    return Assumption(
        key=key, value=likely, low=low, high=high, unit=unit, source=source, basis="assumed"
    )


def cited(key: str, unit: str, row: Default, factor: float = 1.0) -> Assumption:
    """A default under the key a scenario would set it by."""
    if row.value is None:
        message = f"default {row.key!r} has no value; set {key} in the scenario"
        raise DataError(message)
    return Assumption(
        key=key,
        value=row.value * factor,
        low=None if row.low is None else row.low * factor,
        high=None if row.high is None else row.high * factor,
        unit=unit,
        source=row.source,
        as_of=row.as_of.isoformat(),
        basis="assumed",
    )
