"""The words and choices that the sections share."""

import pytest

from benchbench import derive
from benchbench.report import evidence
from benchbench.tco.answer import TornadoBar
from tests import factories
from tests.report import sample


def test_an_input_is_called_as_the_engine_says() -> None:
    """A document of before labels has its key spelled out instead."""
    bar = TornadoBar(key="owned.rack_usd", low_saving_usd=0.0, high_saving_usd=1.0)
    assert evidence.called(bar) == "rack (owned)"
    assert evidence.called(bar.model_copy(update={"label": "price of a rack"})) == "price of a rack"


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
