"""What is said in words agrees with the figures, and says what is assumed."""

import re
from datetime import date
from typing import Any

import pytest

from benchbench import units
from benchbench.tco import engine, scenario
from tests.tco.cases_tco import TODAY, answer, document, named


def said(draws: int = 0, **sections: dict[str, Any]) -> str:
    """All sentences as one text."""
    return " ".join(answer(draws, **sections).sentences)


def test_the_first_sentence_is_the_decision() -> None:
    """The cheapest, its cost, the runner-up."""
    found = answer()
    first = found.sentences[0]
    costs = {one.name: one.npv_usd for one in found.alternatives if one.npv_usd is not None}
    ranked = sorted(costs, key=lambda name: costs[name])
    names = {"owned": "owning in a room of your own", "colocated": "owning in colocation"}
    assert f"{names[ranked[0]]} costs least: {units.usd(costs[ranked[0]])}" in first
    assert f"next is {names[ranked[1]]} with {units.usd(costs[ranked[1]])}" in first


def test_no_sentence_leaks_a_programmers_word() -> None:
    """No None, no nan, no raw float of ten digits, one full stop at the end."""
    for sections in ({}, {"demand": {"amount": 0}}, {"cloud": {"commitment_discount": 0.5}}):
        for sentence in answer(200, **sections).sentences:
            assert not re.search(r"None|nan|inf\b|\d\.\d{6,}", sentence)
            assert sentence.endswith(".")


def test_a_break_even_is_told_with_the_use_of_this_scenario() -> None:
    """Both as per cent."""
    found = answer(demand={"busy_fraction": 0.7})
    assert units.percent(found.break_even.utilisation) in found.break_even.sentence
    assert "70 %" in found.break_even.sentence


@pytest.mark.parametrize(
    ("usd", "busy", "text"),
    [
        (1.0, 0.6, "does not win at any use"),
        (35.0, 0.9, "also beats a commitment"),
        (50.0, 0.6, "At this use a commitment"),
    ],
)
def test_a_commitment_is_compared_too(usd: float, busy: float, text: str) -> None:
    """Cheaper than owning, dearer, and not worth signing."""
    assert text in said(demand={"busy_fraction": busy}, cloud={"committed_usd_per_hour": usd})


def test_uncertainty_is_told_in_cases_and_dollars() -> None:
    """With the number of draws, and what moves it most."""
    found = answer(1000)
    text = " ".join(found.sentences)
    assert found.uncertainty is not None
    assert "1,000 times, owning is cheaper than renting on demand in " in text
    assert units.percent(found.uncertainty.probability_own_cheaper) in text
    assert "What moves this most: " in text


def test_a_loss_is_told_by_a_word_not_by_a_sign() -> None:
    """Owning that loses costs so much more; no minus stands before a dollar."""
    dear, cheap = (
        " ".join(answer(1000, cloud={"price_usd_per_hour": price}).sentences)
        for price in (5.0, 200.0)
    )
    assert re.search(r"it costs between \$[\d,]+ more and \$[\d,]+ more", dear)
    assert re.search(r"it costs between \$[\d,]+ less and \$[\d,]+ less", cheap)
    assert "-$" not in dear + cheap


def test_people_are_named_where_they_weigh() -> None:
    """A large line for one server, none for people who are there anyway."""
    assert "People are" in said()
    assert "People are" not in said(owned={"staff_usd_per_year": 0})


def test_payback_is_told_or_denied() -> None:
    """Against the best rent."""
    assert "has paid for itself after" in said(cloud={"price_usd_per_hour": 200.0})
    assert "does not pay for itself" in said(cloud={"price_usd_per_hour": 5.0})


def test_the_mixed_way_is_told_where_it_exists() -> None:
    """Three of ten servers are always busy."""
    found = answer(demand={"shape": "peak_day", "amount": 10, "base": 3})
    assert found.hybrid_base_servers == 3
    assert "own 3 servers and rent the rest" in " ".join(found.sentences)


@pytest.mark.parametrize(
    ("owned", "text"),
    [
        ({"site": "own"}, "taken to exist already"),
        ({"colocation_includes_power": True}, "taken to include power"),
    ],
)
def test_what_the_place_is_taken_to_include_is_said(owned: dict[str, Any], text: str) -> None:
    """Conditions of the answer."""
    assert text in said(owned=owned)


@pytest.mark.parametrize(
    ("months", "text"),
    [
        (48, "run 36, then 12 months, each at the price of the day it is signed, and are paid to"),
        (40, "run 36 months; in the 4 months after that all is rented on demand."),
        (36, "run 36 months, and are paid to their end."),
    ],
)
def test_commitments_are_told_as_they_are_charged(months: int, text: str) -> None:
    """Which terms, and what is left after them."""
    stated = {"commitment_discount": 0.5, "shorter_commitment_discount": 0.3}
    assert text in said(cloud=stated, finance={"horizon_months": months})


def test_old_inputs_are_doubted_in_one_sentence() -> None:
    """A quote of December 2023 and whatever else is older than 180 days, the weightiest first."""
    found = answer(500)
    told = [one for one in found.sentences if "older than 180 days" in one]
    old = [
        row
        for row in found.assumptions
        if row.as_of is not None and (TODAY - date.fromisoformat(row.as_of)).days > 180
    ]
    assert found.uncertainty is not None
    keys = {row.key for row in old}
    weightiest = next(bar for bar in found.uncertainty.tornado if bar.key in keys)
    assert len(told) == 1
    assert told[0].startswith(f"{len(old)} inputs are older than 180 days, foremost the ")
    assert f"foremost the {weightiest.label} (" in told[0]


def test_one_month_is_not_one_months() -> None:
    """Singular."""
    assert said(finance={"horizon_months": 1}).startswith("Over 1 month, ")


def test_what_is_rented_beside_owned_servers_is_on_demand() -> None:
    """Said where something is."""
    text = "What a fleet of one's own cannot carry is rented on demand."
    assert text in said(demand={"amount": 3}, owned={"servers": 2})
    assert text not in said()


def test_fresh_inputs_are_not_doubted() -> None:
    """On a day before any of them was read."""
    found = engine.evaluate(scenario.parse(document()), today=date(2000, 1, 1), draws=0)
    assert not any("older than" in one for one in found.sentences)


def test_nothing_measured_is_admitted() -> None:
    """And how many inputs have a range."""
    found = answer()
    ranged = sum(row.low is not None for row in found.assumptions)
    text = " ".join(found.sentences)
    assert "Nothing here was measured" in text
    assert f"{ranged} of {len(found.assumptions)} inputs" in text
    assert named(found, "on_demand").label == "Cloud, on demand"
