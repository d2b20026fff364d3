"""Break-even utilisation and month, against closed forms and the full cash flows."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from benchbench.tco import breakeven, cloud, hybrid, owned
from benchbench.tco.breakeven import HourlyCosts
from benchbench.tco.case import Case, total
from benchbench.tco.money import HOURS_PER_YEAR, equivalent_annual_cost
from tests.tco.cases_tco import case, demand


def costs(given: Case) -> HourlyCosts:
    """Of its full fleet."""
    found = breakeven.hourly_costs(given, owned.full_fleet(given))
    assert found is not None
    return found


def test_the_fixed_cost_is_the_sum_of_its_parts() -> None:
    """Line by line: servers, resale, people, idle power, by the same levelising."""
    values = {"owned.residual_fraction_3y": 0.3, "owned.minimum_fte": 0.5}
    found = costs(case({**values, "owned.staff_wage_usd": 90_000.0}))
    assert set(found.fixed_parts) == {"servers", "resale", "staff", "power"}
    assert found.fixed_parts["staff"] == pytest.approx(0.5 * 90_000 / HOURS_PER_YEAR)
    assert sum(found.fixed_parts.values()) == pytest.approx(found.fixed)


def lead(given: Case, busy: float) -> float:
    """What renting costs more than owning at a busy share, from the whole cash flows."""
    other = replace(given, demand=demand(busy=busy))
    own = hybrid.cost_of(other, owned.flows(other, np.ones(other.horizon)))
    return hybrid.cost_of(other, cloud.on_demand(other)) - own


def test_the_fixed_cost_is_the_annuity_and_the_idle_power() -> None:
    """Capital over its life as equal payments: the closed form, paid monthly."""
    found = costs(case({"owned.residual_fraction_3y": 0.3}))
    resale = 100_000 * 0.3 ** (48 / 36)
    monthly = 1.1 ** (1 / 12) - 1
    capital = equivalent_annual_cost(100_000, resale, monthly, 48) * 12 / HOURS_PER_YEAR
    assert found.fixed == pytest.approx(capital + 0.25 * 1.5 * 0.1)
    assert found.variable == pytest.approx(0.5 * 1.5 * 0.1)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"owned.availability": 0.97, "cloud.price_decline_per_year": 0.12},
        {"owned.migration_usd": 20_000.0, "owned.residual_fraction_3y": 0.28},
        {"cloud.support_fraction": 0.1, "cloud.storage_usd_per_month": 150.0},
    ],
)
def test_at_break_even_both_cash_flows_are_worth_the_same(values: dict[str, float]) -> None:
    """The closed form agrees with root-finding over four years of monthly flows."""
    share = costs(case(values)).against_on_demand()
    assert share is not None
    root = brentq(lambda busy: lead(case(values), busy), 0.01, 1.0, xtol=1e-10)
    assert share == pytest.approx(root, rel=1e-6)


def test_renting_cheaper_than_running_never_breaks_even() -> None:
    """Rent of 5 cents against 7.5 cents of electricity."""
    assert costs(case({"cloud.price_usd_per_hour": 0.05})).against_on_demand() is None


def test_a_committed_price_below_owning_leaves_no_break_even() -> None:
    """Beats on-demand, but the cheaper rent is the commitment."""
    cheap = case({"cloud.committed_usd_per_hour": 1.0}, commitment_months=12)
    dear = case({"cloud.committed_usd_per_hour": 9.0}, commitment_months=12)
    assert costs(cheap).against_on_demand() is not None
    assert costs(cheap).against_best_mix() is None
    assert costs(dear).against_best_mix() == costs(dear).against_on_demand()


def test_months_no_commitment_fits_are_rented_in_the_break_even_too() -> None:
    """36 of 48 months at $2.70: owning wins from the use at which the two plans cost the same."""
    mixed = case({"cloud.committed_usd_per_hour": 2.7}, commitment_months=36)

    def ahead(busy: float) -> float:
        other = replace(mixed, demand=demand(busy=busy))
        own = hybrid.cost_of(other, owned.flows(other, np.ones(other.horizon)))
        return hybrid.cost_of(other, cloud.committed(other, 1)) - own

    share = costs(mixed).against_best_mix()
    on_demand = costs(mixed).against_on_demand()
    assert share is not None
    assert on_demand is not None
    assert share > on_demand
    assert share == pytest.approx(brentq(ahead, 0.01, 1.0, xtol=1e-10), rel=1e-6)


def test_owning_costs_more_per_hour_the_less_it_works() -> None:
    """More utilisation never raises the owned cost per useful hour."""
    found = costs(case({"owned.availability": 0.95}))
    curve = [found.owning(used / 100) for used in range(1, 101)]
    assert curve == sorted(curve, reverse=True)


def test_the_curves_cross_at_break_even() -> None:
    """Both hourly costs at u* are equal."""
    found = costs(case({"owned.availability": 0.95, "cloud.storage_usd_per_month": 99.0}))
    share = found.against_on_demand()
    assert share is not None
    assert found.owning(share) == pytest.approx(found.renting(share))


def test_spot_has_a_break_even_of_its_own() -> None:
    """Where owning meets the interruptible price."""
    values = {"cloud.spot_usd_per_hour": 6.0, "cloud.spot_hours_between_interruptions": 5.0}
    found = costs(case(values, checkpoint_hours=0.1, restart_hours=0.25))
    share = found.against_spot()
    assert share is not None
    assert found.owning(share) == pytest.approx(found.interruptible(share))
    assert costs(case()).against_spot() is None


def test_a_fleet_that_never_arrives_has_no_hourly_cost() -> None:
    """Delivery after the horizon."""
    late = case(lead_months=60)
    assert breakeven.hourly_costs(late, owned.full_fleet(late)) is None


def test_months_by_hand() -> None:
    """$100,000 against $7,300 a month less $82 of power: cash in month 14, interest later."""
    given = case(demand=demand(busy=1.0))
    fleet = owned.full_fleet(given)
    rent = cloud.on_demand(given)
    found = breakeven.months(given, fleet, total(rent, 48))
    saved = 7300 - 730 * 0.75 * 1.5 * 0.1
    assert found.cash == int(np.ceil(100_000 / saved))
    assert found.discounted is not None
    assert found.discounted > found.cash


def test_selling_brings_break_even_forward() -> None:
    """What the servers would bring counts; without any resale all is as discounted."""
    worthless = case(demand=demand(busy=1.0))
    worth = case({"owned.residual_fraction_3y": 0.3}, demand=demand(busy=1.0))
    found = []
    for given in (worthless, worth):
        fleet = owned.full_fleet(given)
        rent = total(cloud.on_demand(given), 48)
        found.append(breakeven.months(given, fleet, rent))
    assert found[1].with_resale is not None
    assert found[0].with_resale is not None
    assert found[1].with_resale < found[0].with_resale
    assert found[0].discounted == found[1].discounted


def test_idle_servers_never_pay_back() -> None:
    """Nothing rented, nothing saved."""
    given = case(demand=demand(1.0, busy=0.001))
    fleet = owned.full_fleet(given)
    rent = total(cloud.on_demand(given), 48)
    found = breakeven.months(given, fleet, rent)
    assert (found.cash, found.discounted, found.with_resale) == (None, None, None)
