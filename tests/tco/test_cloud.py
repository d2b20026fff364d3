"""Renting: hours, prices, commitments, egress, each against arithmetic done by hand."""

import numpy as np
import pytest

from benchbench.catalog.egress import Tier
from benchbench.tco import cloud
from benchbench.tco.case import total
from tests.tco.cases_tco import case, demand

AWS = (
    Tier(width_gb=10240, usd_per_gb=0.09),
    Tier(width_gb=40960, usd_per_gb=0.085),
    Tier(width_gb=102400, usd_per_gb=0.07),
    Tier(usd_per_gb=0.05),
)


def test_the_seeds_small_instance_costs_73_dollars_a_month() -> None:
    """4 vCPU and 8 GB at $0.1 an hour, all month."""
    month = cloud.on_demand(case({"cloud.price_usd_per_hour": 0.1}, demand=demand(busy=1.0)))
    assert month["on_demand"][1] == pytest.approx(73.0)


def test_a_fleet_that_follows_demand_pays_for_used_hours_only() -> None:
    """Half the hours, half the bill; nothing at the start."""
    bill = cloud.on_demand(case())["on_demand"]
    assert bill[0] == 0
    assert bill[1:] == pytest.approx(365 * 10.0)


def test_prices_fall_by_the_yearly_decline() -> None:
    """12 % a year: 0.88 of the price after twelve months, the full price in the first."""
    path = cloud.prices(case({"cloud.price_decline_per_year": 0.12}))
    assert path[[0, 12, 24]] == pytest.approx([10, 8.8, 7.744])


def test_prices_may_rise() -> None:
    """A negative decline."""
    assert cloud.prices(case({"cloud.price_decline_per_year": -0.05}))[12] == pytest.approx(10.5)


def test_a_commitment_keeps_its_price_for_its_term() -> None:
    """36 months at one price, then 36 at the price of that day."""
    values = {"cloud.price_decline_per_year": 0.12, "cloud.committed_usd_per_hour": 5.0}
    path = cloud.committed_prices(case(values, demand=demand(months=72), commitment_months=36))
    assert path[:36] == pytest.approx(5.0)
    assert path[36:] == pytest.approx(5.0 * 0.88**3)


def test_no_month_is_signed_that_is_not_paid() -> None:
    """Of 48 months 36 take the long term and 12 the short one, at its own price."""
    values = {
        "cloud.price_decline_per_year": 0.12,
        "cloud.commitment_discount": 0.5,
        "cloud.shorter_commitment_discount": 0.3,
    }
    both = case(values, commitment_months=36, shorter_commitment_months=12)
    path = cloud.committed_prices(both)
    assert cloud.terms(both) == [(0, 36), (36, 12)]
    assert path[:36] == pytest.approx(10 * 0.5)
    assert path[36:] == pytest.approx(10 * 0.7 * 0.88**3)


def test_months_no_term_fits_are_rented_as_they_are_used() -> None:
    """40 months: 36 round the clock, then four of 365 hours at $10, and nothing committed."""
    values = {"cloud.committed_usd_per_hour": 4.0}
    wanted = case(
        values,
        demand=demand(months=40),
        commitment_months=36,
        shorter_commitment_months=12,
    )
    flows = cloud.committed(wanted, 1)
    assert flows["committed"][1:37] == pytest.approx(730 * 4)
    assert flows["committed"][37:] == pytest.approx(0)
    assert flows["on_demand"][1:37] == pytest.approx(0)
    assert flows["on_demand"][37:] == pytest.approx(3650)


def test_a_discount_makes_the_committed_price() -> None:
    """40 % off $10."""
    assert cloud.committed_price(case({"cloud.commitment_discount": 0.4})) == pytest.approx(6.0)


def test_a_committed_base_is_paid_round_the_clock() -> None:
    """Two committed and a demand of three in half the hours: 1,460 h and 365 h."""
    values = {"cloud.committed_usd_per_hour": 4.0}
    flows = cloud.committed(case(values, demand=demand(3.0), commitment_months=12), 2)
    assert flows["committed"][1] == pytest.approx(1460 * 4)
    assert flows["on_demand"][1] == pytest.approx(365 * 10)


def test_fifteen_terabytes_of_egress_by_the_tiers() -> None:
    """10,240 GB at 0.09 and 4,760 at 0.085: $1,326.20, not the flat $1,350."""
    sent = case({"cloud.egress_gb_per_month": 15000}, tiers=AWS)
    assert cloud.egress(sent, np.ones(1)) == pytest.approx([1326.20])


def test_the_last_tier_takes_all_the_rest() -> None:
    """200,000 GB pass through all four."""
    sent = case({"cloud.egress_gb_per_month": 200_000}, tiers=AWS)
    expected = 10240 * 0.09 + 40960 * 0.085 + 102400 * 0.07 + 46400 * 0.05
    assert cloud.egress(sent, np.ones(1)) == pytest.approx([expected])


def test_support_is_a_share_of_everything_billed() -> None:
    """10 % of instances, egress and storage; not of our own people."""
    values = {
        "cloud.support_fraction": 0.1,
        "cloud.storage_usd_per_month": 100.0,
        "cloud.egress_gb_per_month": 1000.0,
        "cloud.staff_fte": 1.0,
        "owned.staff_wage_usd": 120_000.0,
    }
    flows = cloud.on_demand(case(values, tiers=AWS))
    assert flows["support"][1] == pytest.approx(0.1 * (3650 + 100 + 90))
    assert flows["staff"][1] == pytest.approx(10_000)


def test_spot_pays_for_its_interruptions() -> None:
    """δ = 0.1 h, M = 5 h, R = 0.25 h make $4 an hour $5 a useful hour."""
    values = {"cloud.spot_usd_per_hour": 4.0, "cloud.spot_hours_between_interruptions": 5.0}
    flows = cloud.spot(case(values, checkpoint_hours=0.1, restart_hours=0.25))
    assert flows["spot"][1] == pytest.approx(365 * 5)


def test_no_demand_costs_nothing() -> None:
    """Autoscaled to zero."""
    idle = case(demand=demand(0.0))
    assert total(cloud.on_demand(idle), 48).sum() == 0
