"""The words and choices that the sections share."""

import pytest

from benchbench import derive
from benchbench.report import evidence
from tests import factories
from tests.report import sample


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("owned.capex_usd", "owned capex"),
        ("owned.colocation_usd_per_kw_month", "owned colocation"),
        ("owned.residual_fraction_3y", "owned residual"),
        ("cloud.price_decline_per_year", "cloud price decline"),
        ("owned.life_years", "owned life"),
        ("finance.cost_of_capital", "finance cost of capital"),
    ],
)
def test_an_input_s_name_leaves_its_unit_out(key: str, expected: str) -> None:
    """The unit stands beside the number."""
    assert evidence.name(key) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(0.11, "USD/kWh", "0.1100 USD/kWh"), (0.25, "fraction", "25 %"), (285_000, "", "285,000")],
)
def test_an_amount_has_its_unit(value: float, unit: str, expected: str) -> None:
    """A fraction reads as per cent."""
    assert evidence.amount(value, unit) == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_lists_read_as_sentences(items: list[str], expected: str) -> None:
    """Commas, and one conjunction."""
    assert evidence.sentence_list(items) == expected


def test_the_best_is_the_fastest_of_each_workload_and_scenario() -> None:
    """Server and offline of one workload are two answers."""
    slow, fast = factories.record(4.0), factories.record(5.0, batch_size=16)
    server = factories.record(3.0, scenario="server")
    figures = [derive.figures([one]) for one in (slow, fast, server)]
    assert evidence.best(figures) == [figures[1], figures[2]]


def test_a_rented_machine_is_named_as_its_provider_does() -> None:
    """Provider, instance, region."""
    system = factories.system(cloud=factories.rented("aws", "c6a.xlarge", "us-east-1"))
    assert evidence.describe(system).endswith(", rented as aws c6a.xlarge us-east-1")


def test_equal_ceilings_are_listed_once() -> None:
    """Thirteen records of one session carry the same two."""
    assert len(evidence.ceilings(sample.records())) == 2
