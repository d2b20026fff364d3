"""Planning values nobody publishes a figure for; everything citable is in defaults.toml.

Each says why it is what it is. All are shown as assumptions, all can be set in the scenario.
"""

from datetime import date

from benchbench.catalog.defaults import Default

_AS_OF = date(2026, 7, 1)


def _planning(key: str, value: float, low: float, high: float, unit: str, why: str) -> Default:
    return Default(
        key=key,
        value=value,
        low=low,
        high=high,
        unit=unit,
        source=f"planning value: {why}",
        as_of=_AS_OF,
        confidence="low",
    )


PLANNING = {
    row.key: row
    for row in (
        _planning(
            "planning.availability",
            0.99,
            0.98,
            0.999,
            "fraction of hours",
            "8 GPUs x 9 % interruptions a year (Llama 3) x 3 to 5 days to repair is 0.6-1.0 % down",
        ),
        _planning(
            "planning.installation_fraction",
            0.02,
            0.0,
            0.05,
            "fraction of server price",
            "freight, racking, cabling and acceptance; ask your supplier",
        ),
        _planning(
            "planning.network_single_server",
            0.025,
            0.0,
            0.05,
            "fraction of total cost",
            "a single server needs an uplink, no fabric (0-5 %)",
        ),
        _planning(
            "planning.network_cpu_fleet",
            0.08,
            0.02,
            0.12,
            "fraction of total cost",
            "network was 8 % of a warehouse-scale computer's cost (danluu.com/datacenter-power)",
        ),
        _planning(
            "planning.price_decline_cpu",
            0.0,
            -0.05,
            0.05,
            "fraction/year",
            "the cuts behind the 12 % a year were of GPU instances; no trend is assumed for CPUs",
        ),
        _planning(
            "planning.load_factor_cpu",
            0.7,
            0.5,
            0.9,
            "share of maximum power",
            "a CPU server draws its maximum only when all cores are busy; measure yours",
        ),
        _planning(
            "planning.idle_fraction",
            0.3,
            0.2,
            0.5,
            "share of maximum power",
            "fans, memory and idle accelerators; measure yours",
        ),
        _planning(
            "planning.room_life",
            15,
            10,
            25,
            "years",
            "power and cooling plant is replaced after one or two decades, servers long before",
        ),
        _planning(
            "planning.room_upkeep",
            0.04,
            0.02,
            0.06,
            "fraction/year",
            "batteries, cooling, fire protection and guards of a machine room; ask your facility",
        ),
        _planning(
            "planning.borrowing_rate",
            0.08,
            0.06,
            0.14,
            "fraction/year",
            "secured equipment loans cost a little more than the prime rate; ask your bank",
        ),
        _planning(
            "planning.loan_fraction",
            0.8,
            0.6,
            1.0,
            "fraction of the purchase",
            "lenders want a share of the buyer's own money; ask your bank",
        ),
        _planning(
            "planning.colocation_small_factor",
            1.75,
            1.5,
            2.0,
            "ratio to wholesale",
            "retail colocation under 100 kW costs 1.5-2 times the wholesale price",
        ),
    )
}
