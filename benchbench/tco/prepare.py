"""A scenario with everything looked up: prices, server, capacities, and every assumption."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from benchbench.catalog.catalogue import Catalog
from benchbench.catalog.defaults import Default
from benchbench.catalog.quotes import Quote
from benchbench.catalog.silicon import Silicon
from benchbench.catalog.silicon import load as load_silicon
from benchbench.record import Record
from benchbench.tco import capacity, inputs, observed, prices, watts, words
from benchbench.tco import demand as demands
from benchbench.tco import server as servers
from benchbench.tco.answer import Assumption
from benchbench.tco.capacity import Capacity
from benchbench.tco.case import BUSY, Case, Vendor
from benchbench.tco.demand import Demand
from benchbench.tco.money import HOURS_PER_MONTH, Value
from benchbench.tco.prices import Prices
from benchbench.tco.scenario import Scenario
from benchbench.tco.server import Server

_SECONDS_PER_HOUR = 3600.0
_MINUTES_PER_HOUR = 60.0
_BUSY = {
    "constant": "util.gpu_allocated_fraction",
    "growth": "util.gpu_allocated_fraction",
    "bursty": "util.philly_busy",
}
"""Which shapes leave open how often there is work, and the default that says it."""


@dataclass(frozen=True)
class Setup:
    """What the calculation starts from."""

    scenario: Scenario
    case: Case
    assumptions: tuple[Assumption, ...]
    prices: Prices
    server: Server
    unit: str
    today: date
    units_per_hour: float
    """Of one unit of the demand's level: 1 server-hour, or 3600 units at 1 unit per second."""


def prepare(
    scenario: Scenario,
    *,
    records: Sequence[Record],
    catalog: Catalog | None,
    silicon: Silicon | None,
    defaults: Mapping[str, Default],
    quotes: Mapping[str, Quote],
    today: date,
) -> Setup:
    """Look everything up once."""
    offer = prices.find_offer(scenario, catalog)
    found = prices.find(scenario, defaults, offer, catalog, today)
    server = servers.find(scenario, quotes, offer)
    rented, bought = capacity.resolve(scenario, offer, server, records, silicon)
    busy = _busy(scenario, defaults)
    wanted = _demand(scenario, busy, bought.value)
    peak = float(wanted.machines_at_peak(bought.value).max())
    rows = inputs.resolve(scenario, defaults, accelerators=server.accelerators, servers=peak)
    drawn = watts.load_factor(scenario, server, records, silicon or load_silicon())
    if drawn is not None:
        rows[drawn.key] = drawn
    unit, per_hour = _unit(scenario, records)
    numbers = [server.capex, server.power, *busy, *rows.values()]
    numbers += _priced(scenario, found, wanted, rented)
    case = _case((scenario, found, server), wanted, (rented, bought), numbers)
    if scenario.vendor.considered:
        terms = Vendor(scenario.vendor.name, per_hour, scenario.vendor.lead_months)
        case = replace(case, vendor=terms)
    level = f"{unit}/s" if scenario.demand.workload else scenario.demand.unit
    stated = [
        rented.assumption("cloud.capacity", level),
        bought.assumption("owned.capacity", level),
    ]
    rows_said = tuple(_labelled(row) for row in (*numbers, *stated))
    return Setup(scenario, case, rows_said, found, server, unit, today, per_hour)


def _labelled(row: Assumption) -> Assumption:
    return row.model_copy(update={"label": words.label(row.key)})


def _busy(scenario: Scenario, defaults: Mapping[str, Default]) -> list[Assumption]:
    """The share of hours with work, where the shape leaves it open."""
    section = scenario.demand
    typical = _BUSY.get(section.shape)
    if typical is None or _monthly_hours(scenario) is not None:
        return []
    row = inputs.Input(BUSY, "fraction of hours", typical)
    return [inputs.resolve_one(scenario, defaults, row)]


def _monthly_hours(scenario: Scenario) -> float | None:
    """The demand's level where it is stated as an amount of work per month."""
    section = scenario.demand
    if section.machine_hours_per_month is not None:
        return section.machine_hours_per_month / HOURS_PER_MONTH
    if section.units_per_month is not None:
        return section.units_per_month / HOURS_PER_MONTH / _SECONDS_PER_HOUR
    return None


def _demand(scenario: Scenario, busy: list[Assumption], server: float) -> Demand:
    """The duration curve; with no amount given, what keeps one server busy."""
    section = scenario.demand
    batch = _monthly_hours(scenario)
    amount = server if section.amount is None else section.amount
    hours = None
    if section.csv is not None:
        levels, weights, hours = observed.from_csv(Path(section.csv))
    elif batch is not None:
        levels, weights = demands.two_levels(batch, 0.0, 1.0)
    elif section.shape == "daily_cycle":
        levels, weights = demands.daily_cycle(amount, section.base)
    else:
        levels, weights = demands.two_levels(amount, section.base, _share(scenario, busy))
    months = scenario.finance.horizon_months
    if section.production_amount is not None:
        start = section.production_after_months
        levels = demands.then_steady(levels, section.production_amount, start, months)
    return Demand(
        levels=levels,
        weights=weights,
        months=months,
        growth_per_year=section.growth_per_year or 0.0,
        batch=batch is not None,
        hours=hours,
    )


def _share(scenario: Scenario, busy: list[Assumption]) -> float:
    section = scenario.demand
    if section.shape == "business_hours":
        return demands.business_hours_share(section.hours_per_day, section.days_per_week)
    if section.shape == "peak_day":
        return demands.peak_days_share(section.peak_days_per_year)
    if section.shape == "steady":
        return 1.0
    return busy[0].value


def _unit(scenario: Scenario, records: Sequence[Record]) -> tuple[str, float]:
    """The unit of work, and how many of it a level of 1 makes in an hour."""
    workload = scenario.demand.workload
    if workload is None:
        return f"{scenario.demand.unit}-hour", 1.0
    named = (record.work.unit for record in records if record.workload == workload)
    return next(named, "unit"), _SECONDS_PER_HOUR


def _priced(
    scenario: Scenario, found: Prices, wanted: Demand, rented: Capacity
) -> list[Assumption]:
    """The prices; a bill becomes the price that makes it."""
    rows = list(found.assumptions)
    if scenario.cloud.bill_usd_per_month is not None:
        rows[0] = prices.from_bill(rows[0], float(wanted.machine_hours(rented.value)[0]))
    return rows


def _case(
    setup: tuple[Scenario, Prices, Server],
    wanted: Demand,
    capacities: tuple[Capacity, Capacity],
    numbers: Sequence[Assumption],
) -> Case:
    scenario, found, server = setup
    owned = scenario.owned
    values: dict[str, Value] = {row.key: row.value for row in numbers}
    return Case(
        demand=wanted,
        values=values,
        cloud_capacity=capacities[0].value,
        server_capacity=capacities[1].value,
        accelerators=server.accelerators,
        servers=None if owned.servers == "auto" else owned.servers,
        commitment_months=found.commitment_months,
        shorter_commitment_months=found.shorter_commitment_months,
        checkpoint_hours=scenario.cloud.checkpoint_minutes / _MINUTES_PER_HOUR,
        restart_hours=scenario.cloud.restart_minutes / _MINUTES_PER_HOUR,
        tiers=found.tiers,
        colocation=owned.site == "colocation",
        pays_power=not (owned.site == "colocation" and owned.colocation_includes_power),
        lead_months=owned.lead_months,
        dual_running_months=owned.dual_running_months,
        builds_room=owned.room_usd_per_kw is not None and owned.site == "own",
        funding=scenario.finance.funding,
        loan_months=scenario.finance.loan_months,
        taxed=scenario.finance.tax_rate is not None,
    )
