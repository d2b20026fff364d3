"""One's own price as other tools read it."""

import csv
from datetime import date
from io import StringIO

import pytest

from benchbench.errors import DataError
from benchbench.tco import emit
from tests.catalog.importers.reading import offers
from tests.tco.cases_tco import answer

DAY = date(2026, 11, 20)


def test_skypilots_catalogue_comes_back_as_an_offer() -> None:
    """Our own importer reads eight H100 at the price that was emitted, and rejects nothing."""
    found = answer()
    (offer,) = offers("skypilot", emit.write(found, "skypilot", DAY), provider="own")
    assert (offer.accelerator, offer.accelerator_count) == ("H100-SXM5-80GB", 8)
    assert found.own_server is not None
    assert offer.price_usd_per_hour == pytest.approx(found.own_server.usd_per_hour, abs=1e-6)


def test_opencosts_columns_and_price() -> None:
    """One node, matched by its instance type."""
    found = answer()
    rows = list(csv.DictReader(StringIO(emit.write(found, "opencost", DAY))))
    assert len(rows) == 1
    assert list(rows[0])[-2:] == ["MarketPriceHourly", "Version"]
    assert rows[0]["AssetClass"] == "node"
    assert rows[0]["InstanceType"] == "dgx-h100-8"
    assert found.own_server is not None
    assert float(rows[0]["MarketPriceHourly"]) == pytest.approx(found.own_server.usd_per_hour)


def test_the_price_is_what_owning_costs_per_hour_it_stands() -> None:
    """Fixed, and the power of the share of hours it works."""
    found = answer(demand={"busy_fraction": 0.5}, owned={"lead_months": 0})
    hourly = found.break_even.hourly
    assert hourly is not None
    assert found.own_server is not None
    expected = hourly.owned_fixed + 0.5 * hourly.owned_variable
    assert found.own_server.usd_per_hour == pytest.approx(expected)


def test_a_server_that_never_stands_has_no_price() -> None:
    """Said, not emitted as 0."""
    late = answer(owned={"lead_months": 12}, finance={"horizon_months": 6})
    with pytest.raises(DataError, match="no server of one's own stands"):
        emit.write(late, "skypilot", DAY)
