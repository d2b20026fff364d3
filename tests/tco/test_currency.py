"""Another currency is converted at a dated rate, or asked for."""

from datetime import date
from typing import Any

import pytest

from benchbench.errors import DataError
from benchbench.tco import scenario
from tests.tco import cases_tco

RATES = {"eur": 1.25, "as_of": date(2026, 11, 20)}


def parsed(owned: dict[str, Any], exchange: dict[str, Any] | None) -> scenario.Scenario:
    """A scenario with amounts of another currency."""
    document = cases_tco.document(owned=owned)
    return scenario.parse(document if exchange is None else {**document, "exchange": exchange})


def test_an_amount_in_euro_becomes_dollars_at_the_days_rate() -> None:
    """280,000 at 1.25; a range end by end."""
    read = parsed({"capex_eur": 280_000, "electricity_eur_per_kwh": [0.1, 0.2, 0.4]}, RATES)
    assert read.given("owned.capex_usd") == 350_000
    assert read.given("owned.electricity_usd_per_kwh") == (0.125, 0.25, 0.5)


def test_euro_without_a_rate_is_asked_for() -> None:
    """The sentence says where to write it."""
    with pytest.raises(DataError, match=r"owned\.capex_eur: amounts are US dollars.*\[exchange\]"):
        parsed({"capex_eur": 280_000}, None)


def test_a_rate_needs_its_day() -> None:
    """Rates move."""
    with pytest.raises(DataError, match="write as_of"):
        parsed({"capex_eur": 280_000}, {"eur": 1.1})


def test_dollars_and_euro_exclude_each_other() -> None:
    """Both say the price."""
    with pytest.raises(DataError, match="say the same thing"):
        parsed({"capex_eur": 1000, "capex_usd": 1000}, RATES)


@pytest.mark.parametrize("price", ["300,000", "$300000", "€280.000", "10.2 kW"])
def test_a_number_with_a_sign_is_told_how_to_be_written(price: str) -> None:
    """Text is no number, whatever it says."""
    with pytest.raises(DataError, match="is text; write a bare number"):
        parsed({"capex_usd": price}, None)


def test_the_answer_says_the_rate() -> None:
    """And its day."""
    document = {**cases_tco.document(owned={"capex_eur": 240_000}), "exchange": RATES}
    said = cases_tco.evaluated(document).sentences
    assert "Amounts in EUR were converted at $1.25 (2026-11-20)." in said
