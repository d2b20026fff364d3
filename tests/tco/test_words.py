"""Every input has a name people use."""

import re

import pytest

from benchbench.tco import inputs, words
from tests.tco.cases_tco import answer

_SCENARIOS: tuple[dict[str, dict[str, object]], ...] = (
    {},
    {"cloud": {"committed_usd_per_hour": 20.0}},
    {"cloud": {"commitment_discount": 0.4}},
    {"cloud": {"spot_allowed": True, "spot_usd_per_hour": 12.0}},
    {"owned": {"staff_usd_per_year": 50_000.0}},
    {"owned": {"site": "own"}},
    {"demand": {"shape": "peak_day", "amount": 10, "base": 3}},
)


@pytest.mark.parametrize("sections", _SCENARIOS)
def test_every_input_of_an_answer_is_named_by_hand(sections: dict[str, dict[str, object]]) -> None:
    """No key of a scenario reaches a reader: the table knows it, and the answer carries it."""
    rows = answer(50, **sections).assumptions
    assert {row.key for row in rows} <= set(words._LABELS)
    assert all(row.label == words._LABELS[row.key] for row in rows)


def test_the_table_covers_the_defaults_too() -> None:
    """Also those that this run's scenarios leave out."""
    optional = (inputs._ROOM, inputs._TAX, inputs._VENDOR, *inputs._FUNDING.values())
    keys = {row.key for rows in (inputs._INPUTS, *optional) for row in rows}
    keys |= set(inputs._STATED_ONLY)
    assert keys <= set(words._LABELS)


def test_bars_are_named_as_their_inputs() -> None:
    """The tornado and the list of inputs use the same words."""
    found = answer(200)
    assert found.uncertainty is not None
    labels = {row.key: row.label for row in found.assumptions}
    assert found.uncertainty.tornado
    assert all(bar.label == labels[bar.key] for bar in found.uncertainty.tornado)


def test_sentences_say_the_words_and_no_key() -> None:
    """Nobody reads `owned.minimum_fte` aloud."""
    text = " ".join(answer(200).sentences)
    assert "What moves this most: the " in text
    assert not re.search(r"\b(owned|cloud|demand|finance)\.[a-z]+_", text)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("owned.rack_usd", "rack (owned)"),
        ("cloud.tax_fraction", "tax (cloud)"),
        ("owned.crane_usd_per_kw_month", "crane (owned)"),
        ("life_years", "life"),
    ],
)
def test_an_unknown_key_reads_well(key: str, said: str) -> None:
    """A plug-in's input, or tomorrow's: without unit and underscores."""
    assert words.label(key) == said


@pytest.mark.parametrize("key", sorted(words._LABELS))
def test_names_fit_after_the(key: str) -> None:
    """Noun phrases in lower case, without article, dot or underscore."""
    assert not re.match(r"(the|an?) |[A-Z]", words._LABELS[key])
    assert not re.search(r"[_.]", words._LABELS[key])
