"""Examinations of accuracy stand beside the speeds, with the gates they passed or missed."""

from typing import Any

from benchbench import derive
from benchbench.record import Accuracy, Gate, Record
from benchbench.report import accuracy
from benchbench.report.blocks import Table
from benchbench.report.view import View, build
from tests import factories
from tests.report import sample


def gate(fraction: float, percent: float) -> Gate:
    """Of ResNet-50's published 76.46 % top-1."""
    least = fraction * 76.46
    return Gate(fraction=fraction, least_percent=least, passed=percent >= least, demanded=True)


def exam(percent: float, **changes: Any) -> Record:
    """An examination that answered so many per cent rightly."""
    found = Accuracy(
        metric="top-1",
        percent=percent,
        reference_percent=76.46,
        reference="MLCommons' reference model",
        gates=(gate(0.99, percent),),
        samples=1000,
        scored=1000,
    )
    return factories.record(
        workload="resnet50-infer", scenario="offline", accuracy=found, **changes
    )


def view(*records: Record) -> View:
    """A speed, and these."""
    speed = factories.record()
    figures = [derive.figures([speed])]
    return build((speed, *records), figures=figures, generated_on=sample.GENERATED_ON)


def test_a_gate_passed_or_missed_is_a_word() -> None:
    """99 % of 76.46 % is 75.70 %."""
    (part,) = accuracy.parts((exam(76.0), exam(70.0, precision="bf16")))
    (table,) = part.blocks
    assert isinstance(table, Table)
    assert [row.cells[3].text for row in table.rows] == [
        "reaches 99.0 % of it (75.7 %)",
        "misses 99.0 % of it (75.7 %)",
    ]
    assert table.rows[0].cells[1].text == "76 %"


def test_the_first_screen_says_how_right_it_is() -> None:
    """Under how sure we are."""
    sure = next(one for one in view(exam(70.0)).answers if one.question == "How sure we are")
    assert "resnet50-infer, fp32: top-1 70 %, misses 99.0 % of it (75.7 %)." in sure.details


def test_an_examination_is_no_speed() -> None:
    """Its durations are in no table of results, and its verdict in no list of further facts."""
    found = view(exam(76.0))
    parts = {part.key: part for part in found.sections[0].parts}
    results = parts["results"].blocks[0]
    assert isinstance(results, Table)
    assert len(results.rows) == 1
    assert "accuracy" in parts


def test_without_an_examination_there_is_no_part() -> None:
    """Nothing is claimed."""
    assert accuracy.parts((factories.record(),)) == ()
