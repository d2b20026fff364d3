"""Where a price comes from, and what is said when it is a guess."""

from datetime import date
from typing import Any

import pytest

from benchbench.catalog import catalogue
from benchbench.catalog.defaults import load
from benchbench.catalog.offer import Offer
from benchbench.errors import DataError
from benchbench.tco import prices, scenario
from benchbench.tco.answer import Assumption
from benchbench.tco.prices import Prices
from tests.tco.cases_tco import TODAY, document, p5


def find(
    *offers: Offer, cloud: dict[str, Any] | None = None, horizon: int = 48, today: date = TODAY
) -> Prices:
    """The prices of a scenario that leaves them to the catalogue, unless `cloud` says them."""
    sections = document(finance={"horizon_months": horizon})
    sections["cloud"] = cloud or {}
    parsed = scenario.parse(sections)
    catalog = catalogue.from_offers(offers) if offers else None
    offer = prices.find_offer(parsed, catalog)
    return prices.find(parsed, load(), offer, catalog, today)


def row(found: Prices, key: str) -> Assumption | None:
    """One assumption of the prices."""
    return next((one for one in found.assumptions if one.key == f"cloud.{key}"), None)


def test_the_catalogue_price_carries_its_source_and_date() -> None:
    """Key of the offer, where it was read, when."""
    price = row(find(p5()), "price_usd_per_hour")
    assert price is not None
    assert price.value == 55.04
    assert price.source == "aws/us-east-1/p5.48xlarge/on_demand, fake"
    assert price.as_of == "2026-07-20"


def test_of_several_regions_the_cheapest() -> None:
    """Unless the scenario names one."""
    both = (p5(), p5(region="ap-south-1", price_usd_per_hour=40.0))
    cheapest = find(*both).offer
    named = find(*both, cloud={"region": "us-east"}).offer
    assert cheapest is not None
    assert cheapest.region == "ap-south-1"
    assert named is not None
    assert named.region == "us-east-1"


def test_an_instance_may_name_its_provider_and_region() -> None:
    """`provider/region/instance`, as the catalogue prints it."""
    both = (p5(), p5(region="ap-south-1", price_usd_per_hour=40.0))
    found = find(*both, cloud={"instance": "aws/us-east-1/p5.48xlarge"}).offer
    assert found is not None
    assert found.region == "us-east-1"
    with pytest.raises(DataError, match="no on-demand price"):
        find(*both, cloud={"instance": "gcp/us-east-1/p5.48xlarge"})


def test_an_unknown_instance_names_the_next_step() -> None:
    """No price, no answer."""
    with pytest.raises(DataError, match=r"no on-demand price for 'p9\.large'.*catalog show"):
        find(p5(), cloud={"instance": "p9.large"})


def test_a_row_without_a_price_is_no_price() -> None:
    """None is unknown, never free."""
    with pytest.raises(DataError, match="no on-demand price"):
        find(p5(price_usd_per_hour=None))


def test_a_stated_price_needs_no_catalogue() -> None:
    """And has no offer behind it."""
    found = find(cloud={"price_usd_per_hour": 3.0})
    price = row(found, "price_usd_per_hour")
    assert found.offer is None
    assert price is not None
    assert price.source == "stated in the scenario"


def test_a_published_commitment_goes_before_a_typical_discount() -> None:
    """Three years where the horizon allows, with what is paid up front spread over the term."""
    upfront = p5(price_kind="reserved_3y", price_usd_per_hour=20.0, upfront_usd=26_280.0)
    found = find(p5(), upfront, horizon=36)
    committed = row(found, "committed_usd_per_hour")
    assert found.commitment_months == 36
    assert committed is not None
    assert committed.value == pytest.approx(21.0)
    assert row(found, "commitment_discount") is None
    assert found.doubts == ()


def test_what_follows_the_long_term_has_a_price_of_its_own() -> None:
    """48 months are 36 and 12: published if it is, else the provider's typical discount."""
    long = p5(price_kind="reserved_3y", price_usd_per_hour=21.0)
    short = p5(price_kind="reserved_1y", price_usd_per_hour=33.0)
    both, typical = find(p5(), long, short), find(p5(), long)
    price = row(both, "shorter_committed_usd_per_hour")
    discount = row(typical, "shorter_commitment_discount")
    assert price is not None
    assert discount is not None
    assert price.value == 33.0
    assert discount.value == 0.37
    assert both.shorter_commitment_months == typical.shorter_commitment_months == 12
    assert both.doubts == ()
    assert "No 12-month committed price" in typical.doubts[0]


@pytest.mark.parametrize("horizon", [36, 40, 72])
def test_no_short_term_where_none_is_left(horizon: int) -> None:
    """Less than twelve months after the last long term."""
    assert find(p5(), horizon=horizon).shorter_commitment_months is None


def test_a_published_year_serves_where_three_are_unknown() -> None:
    """The longest term with a price, not the longest there is."""
    year = p5(provider="lambda", price_kind="reserved_1y", price_usd_per_hour=33.0)
    assert find(p5(provider="lambda"), year).commitment_months == 12


def test_a_stated_short_price_is_used() -> None:
    """After a stated long one."""
    stated = {"committed_usd_per_hour": 20.0, "shorter_commitment_discount": 0.2}
    found = find(cloud={"price_usd_per_hour": 50.0, **stated})
    assert found.shorter_commitment_months == 12
    price = row(found, "shorter_commitment_discount")
    assert price is not None
    assert price.value == 0.2


def test_a_typical_discount_is_said_to_be_one() -> None:
    """With its range, and the advice to get a quote."""
    found = find(p5())
    discount = row(found, "commitment_discount")
    assert discount is not None
    assert (discount.low, discount.value, discount.high) == (0.496, 0.568, 0.666)
    assert any("get a quote" in doubt for doubt in found.doubts)


def test_a_commitment_dearer_than_on_demand_is_another_price_list() -> None:
    """Read before the price was cut: not used."""
    old = p5(price_kind="reserved_3y", price_usd_per_hour=60.0)
    assert row(find(p5(), old), "committed_usd_per_hour") is None


def test_another_regions_commitment_is_not_ours() -> None:
    """Same instance elsewhere."""
    other = p5(price_kind="reserved_3y", region="eu-west-1", price_usd_per_hour=10.0)
    found = find(p5(), other, cloud={"region": "us-east-1"})
    assert row(found, "committed_usd_per_hour") is None


@pytest.mark.parametrize(("horizon", "term"), [(48, 36), (36, 36), (24, 12), (6, None)])
def test_the_term_fits_the_horizon(horizon: int, term: int | None) -> None:
    """Nobody commits for longer than there is work."""
    assert find(p5(), horizon=horizon).commitment_months == term


def test_a_cloud_without_known_discounts_has_no_commitment() -> None:
    """Nothing is invented for it."""
    assert find(p5(provider="lambda")).commitment_months is None


def test_spot_has_the_range_of_its_zones() -> None:
    """The middle, the cheapest and the dearest; only when allowed."""
    spots = [
        p5(price_kind="spot", zone=zone, price_usd_per_hour=usd)
        for zone, usd in (("a", 10.0), ("b", 55.0), ("c", 26.0))
    ]
    spot = row(find(p5(), *spots, cloud={"spot_allowed": True}), "spot_usd_per_hour")
    assert spot is not None
    assert (spot.low, spot.value, spot.high) == (10.0, 26.0, 55.0)
    assert row(find(p5(), *spots), "spot_usd_per_hour") is None


def test_spot_without_a_price_says_so() -> None:
    """Allowed and unknown."""
    with pytest.raises(DataError, match="write spot_usd_per_hour"):
        find(p5(), cloud={"spot_allowed": True})


def test_an_old_price_is_doubted() -> None:
    """Beyond 180 days, with its age."""
    doubts = find(p5(), today=date(2027, 7, 20)).doubts
    assert any("365 days old" in doubt for doubt in doubts)


@pytest.mark.parametrize(
    ("provider", "first"), [("aws", 0.09), ("gcp", 0.12), ("azure", 0.087), ("lambda", 0.0)]
)
def test_egress_is_the_providers(provider: str, first: float) -> None:
    """Tiered where the provider's is, after what is free."""
    paid = [tier.usd_per_gb for tier in find(p5(provider=provider)).tiers]
    assert first in paid[:2]


def test_a_stated_egress_price_is_flat() -> None:
    """One tier without end."""
    tiers = find(p5(), cloud={"egress_usd_per_gb": 0.02}).tiers
    assert [(tier.width_gb, tier.usd_per_gb) for tier in tiers] == [(None, 0.02)]


def test_a_bill_becomes_the_price_that_makes_it() -> None:
    """$7,300 a month over ten instances round the clock is a dollar an hour, range included."""
    bill = Assumption(
        key="b", value=7300, low=3650, high=14_600, unit="", source="", basis="assumed"
    )
    price = prices.from_bill(bill, 7300.0)
    assert (price.low, price.value, price.high) == (0.5, 1.0, 2.0)
    assert prices.from_bill(bill, 0.0).value == 0
