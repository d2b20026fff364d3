"""The words and choices that the sections share."""

import pytest

from benchbench import derive
from benchbench.report import evidence
from benchbench.report.evidence import Measured
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
    seen = Measured((slow, fast, server), tuple(figures))
    assert seen.best == (figures[1], figures[2])


def test_a_rented_machine_is_named_as_its_provider_does() -> None:
    """Provider, instance, region."""
    system = factories.system(cloud=factories.rented("aws", "c6a.xlarge", "us-east-1"))
    assert evidence.describe(system).endswith(", rented as aws c6a.xlarge us-east-1")


def test_equal_ceilings_are_listed_once() -> None:
    """Thirteen records of one session carry the same two."""
    assert len(evidence.ceilings(sample.records())) == 2


def seen() -> Measured:
    """Three machines."""
    records = sample.fleet()
    return Measured(tuple(records), tuple(derive.figures([one]) for one in records))


def test_machines_are_told_apart_by_what_they_are() -> None:
    """Each by a letter and what people call it, in the order they appear."""
    assert [one.name for one in seen().machines] == [
        "A (AMD EPYC 7B13, 4 threads)",
        "B (g6.xlarge)",
        "C (8 x NVIDIA A100-SXM4-80GB)",
    ]


def test_one_machine_needs_no_letter() -> None:
    """Thirteen records of one guest."""
    records = sample.records()
    one = Measured(tuple(records), tuple(sample.figures(records)))
    assert [machine.letter for machine in one.machines] == [""]
    assert one.name(one.figures[0]) == "resnet50-train"


def test_every_figure_is_on_the_machine_of_its_records() -> None:
    """Also where two machines ran the same work."""
    found = seen()
    letters = [machine.letter for one in found.figures if (machine := found.machine(one))]
    assert letters == ["A", "A", "B", "C", "C"]
    assert found.name(found.figures[3]) == "resnet50-train on C"


def test_each_machine_has_a_best_of_its_own() -> None:
    """A slow machine's result is not hidden by a fast one's."""
    assert len(seen().best) == 5


def test_a_scenario_is_named_where_the_work_has_several() -> None:
    """Offline and server of one workload read apart."""
    records = (factories.record(4.0), factories.record(3.0, scenario="server"))
    found = Measured(records, tuple(derive.figures([one]) for one in records))
    names = [found.name(one) for one in found.figures]
    assert names == ["resnet50-train, train", "resnet50-train, server"]
