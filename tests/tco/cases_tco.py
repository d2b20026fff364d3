"""Scenarios and cases for the tests of the cost model; everything unsaid is free of charge."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from benchbench.catalog.offer import Offer
from benchbench.tco import engine, scenario
from benchbench.tco.answer import Alternative, AlternativeName, TcoAnswer
from benchbench.tco.case import Case
from benchbench.tco.demand import Demand, two_levels

TODAY = date(2026, 7, 30)
_VALUES = {
    "cloud.price_usd_per_hour": 10.0,
    "cloud.price_decline_per_year": 0.0,
    "cloud.egress_gb_per_month": 0.0,
    "cloud.storage_usd_per_month": 0.0,
    "cloud.data_gb": 0.0,
    "cloud.sync_gb_per_month": 0.0,
    "cloud.support_fraction": 0.0,
    "cloud.staff_fte": 0.0,
    "owned.capex_usd": 100_000.0,
    "owned.installation_fraction": 0.0,
    "owned.network_fraction": 0.0,
    "owned.spares_fraction": 0.0,
    "owned.life_years": 4.0,
    "owned.residual_fraction_3y": 0.0,
    "owned.maintenance_fraction_per_year": 0.0,
    "owned.software_usd_per_accelerator_year": 0.0,
    "owned.power_kw": 1.0,
    "owned.load_factor": 0.75,
    "owned.idle_fraction": 0.25,
    "owned.pue": 1.5,
    "owned.electricity_usd_per_kwh": 0.1,
    "owned.colocation_usd_per_kw_month": 0.0,
    "owned.colocation_small_factor": 1.0,
    "owned.staff_wage_usd": 0.0,
    "owned.staff_burden": 1.0,
    "owned.servers_per_admin": 50.0,
    "owned.minimum_fte": 0.0,
    "owned.availability": 1.0,
    "owned.migration_usd": 0.0,
    "owned.bandwidth_usd_per_month": 0.0,
    "owned.remaining_cloud_usd_per_month": 0.0,
    "finance.cost_of_capital": 0.1,
}


def demand(high: float = 1.0, busy: float = 0.5, *, low: float = 0.0, **changes: Any) -> Demand:
    """`high` in a share of the hours, over four years."""
    levels, weights = two_levels(high, low, busy)
    return Demand(**{"levels": levels, "weights": weights, "months": 48, **changes})


def case(values: Mapping[str, float] | None = None, **changes: Any) -> Case:
    """One unit of demand half the time; a server and an instance carry one unit each."""
    fields: dict[str, Any] = {
        "demand": demand(),
        "values": {**_VALUES, **(values or {})},
        "cloud_capacity": 1.0,
        "server_capacity": 1.0,
        "accelerators": 0,
    }
    return Case(**{**fields, **changes})


def p5(**changes: Any) -> Offer:
    """Eight H100 at AWS, on demand."""
    fields: dict[str, Any] = {
        "provider": "aws",
        "region": "us-east-1",
        "instance": "p5.48xlarge",
        "vcpu": 192.0,
        "cores": 96.0,
        "accelerator": "H100-SXM5-80GB",
        "accelerator_count": 8.0,
        "price_kind": "on_demand",
        "price_usd_per_hour": 55.04,
        "source": "fake",
        "as_of": date(2026, 7, 20),
        "confidence": "high",
    }
    return Offer(**{**fields, **changes})


def document(**sections: Mapping[str, Any]) -> dict[str, Any]:
    """The steady 8x H100 question as a parsed TOML file, sections merged over it."""
    base: dict[str, Any] = {
        "demand": {"amount": 1},
        "cloud": {"price_usd_per_hour": 55.04},
        "owned": {"accelerator": "H100", "colocation_includes_power": False},
        "finance": {"horizon_months": 48},
    }
    for name, fields in sections.items():
        base[name] = {**base.get(name, {}), **fields}
    owned = base["owned"]
    if owned.get("site") == "own" and "colocation_includes_power" not in sections["owned"]:
        del owned["colocation_includes_power"]
    return base


def answer(draws: int = 0, **sections: Mapping[str, Any]) -> TcoAnswer:
    """The answer to `document(...)`, without uncertainty unless asked."""
    return evaluated(document(**sections), draws)


def evaluated(parsed: Mapping[str, Any], draws: int = 0) -> TcoAnswer:
    """The answer to a document as TOML reads it."""
    return engine.evaluate(scenario.parse(parsed), today=TODAY, draws=draws)


def named(found: TcoAnswer, name: AlternativeName) -> Alternative:
    """One alternative of an answer."""
    return next(one for one in found.alternatives if one.name == name)


def cost(found: TcoAnswer, name: AlternativeName) -> float:
    """Its present cost; an AssertionError where it is infeasible."""
    npv = named(found, name).npv_usd
    assert npv is not None, named(found, name).infeasible_because
    return npv
