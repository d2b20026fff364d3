"""Owning, month by month: buy, house, power, maintain and staff; rent what the fleet cannot do."""

import numpy as np

from benchbench.tco import cloud, finance, vendor
from benchbench.tco.case import Case, Flows, from_month_one, monthly
from benchbench.tco.finance import residual_fraction
from benchbench.tco.money import (
    HOURS_PER_MONTH,
    MONTHS_PER_YEAR,
    Array,
    Value,
    annuity_factor,
)

KNOWN_STAFF = "owned.staff_usd_per_year"
"""Present only where the scenario says it."""
_SMALL_DEPLOYMENT_KW = 100.0
"""Below this, colocation is sold at retail, not at the wholesale price of the surveys."""


def full_fleet(case: Case) -> Array:
    """Servers in months 1 … horizon that carry every peak, bought year by year: (months,)."""
    peak = case.demand.machines_at_peak(case.server_capacity)
    if case.servers is not None:
        return delivered(case, case.servers)
    year = np.arange(case.horizon) // MONTHS_PER_YEAR
    highest = np.array([peak[year == which].max() for which in range(int(year[-1]) + 1)])
    return np.maximum.accumulate(highest)[year] * _arrived(case)


def delivered(case: Case, servers: int) -> Array:
    """A fleet of one size from its delivery on: (months,)."""
    return servers * _arrived(case)


def _arrived(case: Case) -> Array:
    return np.where(case.month > case.lead_months, 1.0, 0.0)


def flows(case: Case, fleet: Array, committed: int = 0) -> Flows:
    """Every component of owning `fleet` (months,), and of renting what exceeds it.

    `committed` instances beside it are paid round the clock while a commitment covers them.
    """
    parts = {
        **capital(case, fleet),
        **operations(case, fleet),
        **rented(case, fleet, committed),
        **vendor.platform(case),
    }
    return finance.taxed(case, parts)


def capital(case: Case, fleet: Array) -> Flows:
    """Purchases, replacements at the end of life, and what the market pays for the old ones."""
    price = case["owned.capex_usd"]
    bought, resold = _purchases(case, fleet)
    network = case["owned.network_fraction"]
    paid: Flows = {
        "servers": np.asarray(price * bought),
        "network": np.asarray(price * bought * (network / (1.0 - network))),
        "spares": np.asarray(price * bought * case["owned.spares_fraction"]),
        "installation": np.asarray(price * bought * case["owned.installation_fraction"]),
        "resale": np.asarray(-price * resold),
        "migration": np.asarray(
            case["owned.migration_usd"] * (np.arange(case.horizon + 1) == 0) * (fleet.max() > 0)
        ),
    }
    return finance.funded(case, paid, bought)


def worth_if_sold(case: Case, fleet: Array) -> Array:
    """USD the whole fleet would leave at the end of each month 0 … horizon.

    Its resale after tax, less what is still owed; a leased fleet leaves nothing.
    """
    if case.funding == "lease":
        return np.zeros(case.horizon + 1)
    resale = resale_if_sold(case, fleet)
    purchases = finance.spent(capital(case, fleet))
    owed = finance.outstanding(case, purchases)
    if not case.taxed:
        return np.asarray(resale - owed)
    gain = resale - finance.book_value(case, purchases)
    return np.asarray(resale - case["finance.tax_rate"] * gain - owed)


def resale_if_sold(case: Case, fleet: Array) -> Array:
    """USD the whole fleet would bring at the end of each month 0 … horizon."""
    worth = np.zeros(case.horizon + 1)
    for start, count in _cohorts(fleet):
        age = _ages(case, start)
        fraction = residual_fraction(case, np.asarray(_age_at_sale(case, age)))
        worth = worth + np.where(age >= 0, count * fraction, 0.0)
    return np.asarray(case["owned.capex_usd"] * worth)


def _purchases(case: Case, fleet: Array) -> tuple[Array, Array]:
    """Servers bought, and new-server equivalents of those sold, in months 0 … horizon."""
    bought, sold = np.zeros(case.horizon + 1), np.zeros(case.horizon + 1)
    for start, count in _cohorts(fleet):
        age = _ages(case, start)
        last = case.horizon - start
        renewed = (age > 0) & (age < last) & (age % _life_months(case) == 0)
        fraction = residual_fraction(case, np.asarray(_age_at_sale(case, age)))
        bought = bought + count * (renewed | (age == 0))
        ends = (age == last) & case.sells_at_end
        sold = sold + count * np.where(renewed | ends, fraction, 0.0)
    return bought, sold


def _cohorts(fleet: Array) -> list[tuple[int, float]]:
    """When how many servers join: (month at whose end they are paid, count)."""
    joined = np.diff(fleet, prepend=0.0)
    return [(int(month), float(joined[month])) for month in np.flatnonzero(joined > 0)]


def _ages(case: Case, start: int) -> Array:
    """Months since a cohort was paid for, in months 0 … horizon; negative before."""
    return np.arange(case.horizon + 1, dtype=np.float64) - start


def _life_months(case: Case) -> Value:
    return np.rint(case["owned.life_years"] * MONTHS_PER_YEAR)


def _age_at_sale(case: Case, age: Array) -> Value:
    """Months in use of what is sold; on the day of replacement that is a whole life."""
    life = _life_months(case)
    within = np.maximum(age, 0) % life
    return np.where((within == 0) & (age > 0), life, within)


def operations(case: Case, fleet: Array) -> Flows:
    """What runs as long as servers stand: people, house, power, maintenance."""
    present = np.where(fleet > 0, 1.0, 0.0)
    per_server = case["owned.software_usd_per_accelerator_year"] * case.accelerators
    upkeep = case["owned.capex_usd"] * case["owned.maintenance_fraction_per_year"]
    flows = {
        "staff": _staff(case, fleet),
        "maintenance": monthly(case, upkeep, fleet),
        "software": monthly(case, per_server, fleet),
        "bandwidth": _every_month(case, "owned.bandwidth_usd_per_month", present),
    }
    if case.colocation:
        flows["colocation"] = from_month_one(_colocation(case, fleet))
    if case.builds_room:
        flows["room"] = monthly(case, _room_usd_per_kw_year(case), _surcharged_kw(case, fleet))
    if case.pays_power:
        flows["power"] = from_month_one(_power(case, fleet))
    return flows


def _staff(case: Case, fleet: Array) -> Array:
    if KNOWN_STAFF in case.values:
        return monthly(case, case[KNOWN_STAFF], np.where(fleet > 0, 1.0, 0.0))
    people = case["owned.staff_wage_usd"] * case["owned.staff_burden"]
    return monthly(case, people, staff_fte(case, fleet))


def staff_fte(case: Case, fleet: Array) -> Array:
    """People: the fleet's share, never less than the minimum while there is a fleet."""
    needed = np.maximum(case["owned.minimum_fte"], fleet / case["owned.servers_per_admin"])
    return np.asarray(np.where(fleet > 0, needed, 0.0))


def _every_month(case: Case, key: str, active: Array) -> Array:
    return monthly(case, case[key] * MONTHS_PER_YEAR, active)


def _colocation(case: Case, fleet: Array) -> Array:
    return np.asarray(_surcharged_kw(case, fleet) * case["owned.colocation_usd_per_kw_month"])


def _surcharged_kw(case: Case, fleet: Array) -> Array:
    """Power to be housed, a small installation's counted dearer."""
    contracted_kw = fleet * case["owned.power_kw"]
    small = contracted_kw < _SMALL_DEPLOYMENT_KW
    factor = np.where(small, case["owned.colocation_small_factor"], 1.0)
    return np.asarray(contracted_kw * factor)


def _room_usd_per_kw_year(case: Case) -> Value:
    """The room outlives the servers, so it charges its cost as a yearly rent, and its upkeep."""
    years = case["owned.room_life_years"]
    rent = annuity_factor(case["finance.cost_of_capital"], years)
    return case["owned.room_usd_per_kw"] * (rent + case["owned.room_upkeep_fraction_per_year"])


def _power(case: Case, fleet: Array) -> Array:
    working = case.demand.served(fleet * case.server_capacity) / case.server_capacity
    per_hour = idle_usd_per_hour(case) * fleet
    per_hour = per_hour + variable_usd_per_hour(case) * working * case["owned.availability"]
    return np.asarray(HOURS_PER_MONTH * per_hour)


def idle_usd_per_hour(case: Case) -> Value:
    """Electricity of a server that waits; the load factor bounds it from above."""
    return np.minimum(case["owned.idle_fraction"], case["owned.load_factor"]) * _full_power(case)


def variable_usd_per_hour(case: Case) -> Value:
    """Electricity a working hour adds: v of the break-even; 0 where the house includes it."""
    if not case.pays_power:
        return 0.0
    return case["owned.load_factor"] * _full_power(case) - idle_usd_per_hour(case)


def _full_power(case: Case) -> Value:
    return case["owned.power_kw"] * case["owned.pue"] * case["owned.electricity_usd_per_kwh"]


def rented(case: Case, fleet: Array, committed: int = 0) -> Flows:
    """What the fleet cannot carry: before delivery, beyond it, while it moves or is broken."""
    own = fleet * case.server_capacity
    base = committed * case.cloud_capacity * cloud.committed_months(case)
    all_hours = case.demand.machine_hours(case.cloud_capacity)
    elsewhere = case.demand.machine_hours(case.cloud_capacity, own)
    beyond = case.demand.machine_hours(case.cloud_capacity, own + base)
    carried = case.demand.machine_hours(case.cloud_capacity, base) - beyond
    waiting = case.month <= case.lead_months
    absent = np.where(fleet > 0, 0.0, 1.0)
    moving = ~waiting & (case.month <= case.lead_months + case.dual_running_months)
    broken = np.where(moving, 0.0, (1.0 - case["owned.availability"]) * carried)
    price = cloud.prices(case)
    staying = np.where(elsewhere > 0, 1.0, 0.0)
    flows = {
        "bridge": from_month_one(price * np.where(waiting, beyond, 0.0)),
        "on_demand": from_month_one(price * np.where(waiting, 0.0, beyond)),
        "dual_running": from_month_one(price * np.where(moving, carried, 0.0)),
        "outage_cover": from_month_one(price * broken),
        "egress": from_month_one(cloud.egress(case, _share(elsewhere, all_hours))),
        "storage": _every_month(case, "cloud.storage_usd_per_month", np.maximum(absent, staying)),
        **_gravity(case, fleet, staying),
        "remaining_cloud": _every_month(case, "owned.remaining_cloud_usd_per_month", 1.0 - absent),
    }
    if committed:
        always = committed * HOURS_PER_MONTH * cloud.committed_prices(case)
        flows["committed"] = from_month_one(always)
    billed = {name: flow for name, flow in flows.items() if name != "remaining_cloud"}
    return {**flows, "support": cloud.support(case, billed)}


def _gravity(case: Case, fleet: Array, staying: Array) -> Flows:
    """What data costs that moves out with the work, and between both places while both work."""
    arriving = case.month == case.lead_months + 1
    moved = case["cloud.data_gb"] * np.where(arriving & (fleet > 0), 1.0, 0.0)
    both = case["cloud.sync_gb_per_month"] * np.where(fleet > 0, staying, 0.0)
    return {
        "moving_data": from_month_one(cloud.traffic(case, np.asarray(moved))),
        "synchronising": from_month_one(cloud.traffic(case, np.asarray(both))),
    }


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
