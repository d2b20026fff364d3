"""Owning: purchases, resale, people, power and what has to be rented beside it."""

import numpy as np
import pytest

from benchbench.tco import cloud, finance, owned
from benchbench.tco.case import total
from tests.tco.cases_tco import case, demand


def test_the_fleet_carries_the_peak() -> None:
    """A peak of 2.5 servers needs three, all the time."""
    assert owned.full_fleet(case(demand=demand(2.5))) == pytest.approx([3] * 48)


def test_a_growing_fleet_is_bought_year_by_year() -> None:
    """100 % a year from 1.0: the second year needs what its last month needs, below 4."""
    fleet = owned.full_fleet(case(demand=demand(1.0, growth_per_year=1.0, months=24)))
    assert fleet.tolist() == [2.0] * 12 + [4.0] * 12


def test_servers_arrive_after_the_lead_time() -> None:
    """Three months without, paid on delivery."""
    late = case(lead_months=3)
    fleet = owned.full_fleet(late)
    assert fleet[:4].tolist() == [0, 0, 0, 1]
    paid = owned.capital(late, fleet)["servers"]
    assert np.flatnonzero(paid).tolist() == [3]


def test_all_is_rented_until_delivery() -> None:
    """The bridge costs what on-demand costs in those months, and nothing later."""
    late = case(lead_months=3)
    flows = owned.flows(late, owned.full_fleet(late))
    rent = cloud.on_demand(late)["on_demand"]
    assert flows["bridge"][:4] == pytest.approx(rent[:4])
    assert flows["bridge"][4:].sum() == 0


def test_dual_running_pays_both_for_its_months() -> None:
    """Two months of rent after delivery, beside the servers."""
    both = case(lead_months=1, dual_running_months=2)
    flows = owned.flows(both, owned.full_fleet(both))
    assert np.flatnonzero(flows["dual_running"]).tolist() == [2, 3]
    assert flows["dual_running"][2] == pytest.approx(3650)


def test_a_server_is_replaced_at_the_end_of_its_life() -> None:
    """Two years of life in four: bought at 0 and 24, none at the end."""
    bought = owned.capital(case({"owned.life_years": 2.0}), np.ones(48))["servers"]
    assert np.flatnonzero(bought).tolist() == [0, 24]


def test_the_last_server_is_sold_at_its_age() -> None:
    """Half after three years is a quarter after six; bought 24 months before the end: 0.63."""
    values = {"owned.residual_fraction_3y": 0.5, "owned.life_years": 2.0}
    resale = owned.capital(case(values), np.ones(48))["resale"]
    assert resale[24] == pytest.approx(-100_000 * 0.5 ** (24 / 36))
    assert resale[48] == pytest.approx(-100_000 * 0.5 ** (24 / 36))


@pytest.mark.parametrize(
    ("years", "low", "high"),
    [(1, 0.60, 0.66), (2, 0.40, 0.45), (3, 0.25, 0.35), (4, 0.15, 0.20), (5, 0.10, 0.15)],
)
def test_resale_follows_the_published_prices_of_the_h100(
    years: int, low: float, high: float
) -> None:
    """The default of 0.28 after three years lies in every year's published range."""
    share = finance.residual_fraction(case({"owned.residual_fraction_3y": 0.28}), 12.0 * years)
    assert low <= share <= high


def test_resale_if_sold_ends_with_the_resale_of_the_plan() -> None:
    """Selling on the last day brings what the cash flow says, and the price on the first."""
    values = {"owned.residual_fraction_3y": 0.3}
    worth = owned.resale_if_sold(case(values), np.full(48, 2.0))
    assert worth[0] == pytest.approx(200_000)
    assert worth[48] == pytest.approx(-owned.capital(case(values), np.full(48, 2.0))["resale"][48])


def test_network_is_a_share_of_the_whole() -> None:
    """19 % of the cluster's total cost is 19/81 of the servers'."""
    flows = owned.capital(case({"owned.network_fraction": 0.19}), np.ones(48))
    assert flows["network"][0] / (flows["network"][0] + flows["servers"][0]) == pytest.approx(0.19)


def test_a_small_fleet_pays_the_minimum_of_staff() -> None:
    """Half a person for one server at $96,800 and 1.4: about $1 per hour of each of 8 GPUs."""
    values = {
        "owned.minimum_fte": 0.5,
        "owned.staff_wage_usd": 96_800.0,
        "owned.staff_burden": 1.4,
    }
    staff = owned.operations(case(values), np.ones(48))["staff"]
    assert staff[1] == pytest.approx(0.5 * 96_800 * 1.4 / 12)
    assert staff[1] / 730 / 8 == pytest.approx(1.0, abs=0.05)


def test_a_large_fleet_pays_by_the_ratio() -> None:
    """200 servers at 50 per person are four people; none without servers."""
    people = owned.staff_fte(case({"owned.minimum_fte": 0.5}), np.array([200.0, 1.0, 0.0]))
    assert people.tolist() == [4.0, 0.5, 0.0]


def test_known_staff_replaces_the_estimate() -> None:
    """The same team as before costs nothing more."""
    values = {"owned.minimum_fte": 5.0, "owned.staff_wage_usd": 1e5, "owned.staff_usd_per_year": 0}
    assert owned.operations(case(values), np.ones(48))["staff"].sum() == 0


def test_power_by_hand() -> None:
    """1 kW, PUE 1.5, $0.1: half the month at 0.75, half at 0.25 of the maximum."""
    power = owned.operations(case(), np.ones(48))["power"]
    assert power[1] == pytest.approx(730 * 1.5 * 0.1 * (0.5 * 0.75 + 0.5 * 0.25))


def test_colocation_that_includes_power_has_no_power_line() -> None:
    """And then a working hour adds nothing."""
    included = case(pays_power=False)
    assert "power" not in owned.operations(included, np.ones(48))
    assert owned.variable_usd_per_hour(included) == 0


@pytest.mark.parametrize(("servers", "rate"), [(1, 200 * 1.75), (99, 200 * 1.75), (100, 200.0)])
def test_colocation_under_100_kw_is_retail(servers: int, rate: float) -> None:
    """The surveys' price is wholesale."""
    values = {
        "owned.colocation_usd_per_kw_month": 200.0,
        "owned.colocation_small_factor": 1.75,
        "owned.power_kw": 1.0,
    }
    rent = owned.operations(case(values), np.full(48, float(servers)))["colocation"]
    assert rent[1] == pytest.approx(servers * rate)


def test_own_rooms_pay_no_colocation() -> None:
    """No line rather than a zero."""
    assert "colocation" not in owned.operations(case(colocation=False), np.ones(48))


def test_outages_are_covered_from_the_cloud() -> None:
    """1 % of the hours it works, at the on-demand price."""
    flows = owned.rented(case({"owned.availability": 0.99}), np.ones(48))
    assert flows["outage_cover"][1] == pytest.approx(0.01 * 365 * 10)


def test_what_exceeds_the_fleet_is_rented() -> None:
    """A demand of three in half the hours over two servers."""
    flows = owned.rented(case(demand=demand(3.0)), np.full(48, 2.0))
    assert flows["on_demand"][1:] == pytest.approx(365 * 10)


def test_nothing_owned_costs_what_renting_costs() -> None:
    """A fleet of none is on-demand, egress and storage included."""
    values = {"cloud.storage_usd_per_month": 50.0, "owned.remaining_cloud_usd_per_month": 70.0}
    values["owned.migration_usd"] = 1e6
    nothing = total(owned.flows(case(values), np.zeros(48)), 48)
    assert nothing == pytest.approx(total(cloud.on_demand(case(values)), 48))
