"""Several machines in one report: side by side, measured and predicted kept apart."""

from functools import cache
from typing import Any

import pytest

from benchbench import derive
from benchbench.report import sidebyside
from benchbench.report.blocks import BarGroups, Plot, Roofline, Table
from benchbench.report.evidence import Measured
from benchbench.report.view import View, build
from benchbench.stats import Estimate
from tests import factories
from tests.report import sample


@cache
def seen() -> Measured:
    """A guest of two cores, a rented card, eight cards."""
    records = tuple(sample.fleet())
    return Measured(records, tuple(derive.figures([one]) for one in records))


@cache
def view() -> View:
    """Their report."""
    ranking = sample.recommendation()
    return build(
        seen().records,
        figures=seen().figures,
        recommendations=(ranking,),
        generated_on=sample.GENERATED_ON,
    )


def part(key: str) -> Any:
    """A part of what they deliver."""
    return next(one for one in view().sections[0].parts if one.key == key)


def plot(key: str) -> Plot:
    """A chart by its key."""
    blocks = [block for one in view().sections[0].parts for block in one.blocks]
    return next(block for block in blocks if isinstance(block, Plot) and block.key == key)


def rows(table: Table) -> list[list[str]]:
    """Their words."""
    return [[cell.text for cell in row.cells] for row in table.rows]


A, B, C = "A (AMD EPYC 7B13, 4 threads)", "B (g6.xlarge)", "C (8 x NVIDIA A100-SXM4-80GB)"


def rate(at: int) -> float:
    """What the clock saw of a record: units over seconds."""
    measurement = sample.fleet()[at].measurement
    assert measurement is not None
    return measurement.units_completed / measurement.elapsed_s


def test_every_machine_has_a_row_for_every_workload() -> None:
    """Three machines, two workloads; what is not known is a dash."""
    found = rows(plot("chart-machines").table)
    assert [row[:3] for row in found] == [
        ["resnet50-train", A, f"{rate(0):.2f} images/s"],
        ["resnet50-train", B, f"{round(rate(2), -1):,.0f} images/s"],
        ["resnet50-train", C, f"{round(rate(3), -2):,.0f} images/s"],
        ["bert-large-infer", A, f"{rate(1):.3f} sequences/s"],
        ["bert-large-infer", B, "—"],
        ["bert-large-infer", C, f"{round(rate(4), -1):,.0f} sequences/s"],
    ]


def test_ratios_are_of_what_was_measured() -> None:
    """Over the slowest machine's rate."""
    found = [row[3] for row in rows(plot("chart-machines").table)[:3]]
    assert found == ["1.00", f"{rate(2) / rate(0):.0f}", f"{round(rate(3) / rate(0), -1):,.0f}"]


def test_the_fastest_is_named_with_its_lead() -> None:
    """By its letter, in the chart's title."""
    lead = f"resnet50-train: C, {rate(3) / rate(2):.2f} times B"
    assert plot("chart-machines").title.startswith(f"The fastest, and its lead. {lead}; bert")


def test_a_prediction_stays_hollow_beside_measurements() -> None:
    """An instance nobody measured this work on takes the ranking's figure, and its mark."""
    records = tuple(one for one in sample.fleet() if one.workload == "resnet50-train")
    rented = factories.rented("aws", "g5.xlarge", "us-east-1")
    other = sample.measured("bert-large-infer", 60.0, system=factories.gpu_system(1, cloud=rented))
    found = (*records, other)
    figures = tuple(derive.figures([one]) for one in found)
    contest = sidebyside.contests(Measured(found, figures), (sample.recommendation(),))[0]
    entry = contest.entries[3]
    assert entry.figure is None
    assert entry.throughput is not None
    assert (entry.throughput.value, entry.throughput.basis) == (352.0, "predicted")
    assert [one.machine.letter for one in contest.measured] == ["C", "B", "A"]


def test_a_price_stands_only_where_it_is_the_measurement_s() -> None:
    """The ranking's figure for g6.xlarge is predicted: no price for what was measured there."""
    costs = [row[6] for row in rows(plot("chart-machines").table)]
    assert costs == ["—"] * 6
    first = sample.recommendation().candidates[0]
    assert first.offer.instance == "g6.xlarge"
    ranking = sample.recommendation(
        candidates=(first.model_copy(update={"basis": "measured"}),), rejected=(), reasons=()
    )
    contest = sidebyside.contests(seen(), (ranking,))[0]
    assert contest.entries[1].usd_per_unit == first.usd_per_unit


@pytest.mark.parametrize(
    ("one", "other", "low", "high"), [((9.0, 11.0), (4.0, 6.0), 9 / 6, 11 / 4)]
)
def test_a_ratio_s_ends_are_the_worst_the_intervals_allow(
    one: tuple[float, float], other: tuple[float, float], low: float, high: float
) -> None:
    """Least over most, most over least."""
    ten = Estimate(value=10.0, low=one[0], high=one[1], n=3, basis="measured")
    five = Estimate(value=5.0, low=other[0], high=other[1], n=3, basis="measured")
    found = sidebyside.ratio(ten, five)
    assert found.value == 2.0
    assert found.low == pytest.approx(low)
    assert found.high == pytest.approx(high)


def test_without_an_interval_a_ratio_has_none() -> None:
    """Nothing is made up."""
    known = Estimate(value=2.0, low=None, high=None, n=1, basis="measured")
    assert sidebyside.ratio(known, known).low is None


def test_what_tells_machines_apart_has_a_column_each() -> None:
    """Devices and cores; what all share is only counted."""
    table = part("machines").blocks[1]
    assert isinstance(table, Table)
    assert [column.label for column in table.columns] == ["Fact", A, B, C]
    told = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in table.rows}
    card = "NVIDIA A100-SXM4-80GB, 80.0 GiB each"
    times = "\N{MULTIPLICATION SIGN}"
    assert told["Accelerators"] == ["—", f"1 {times} {card}", f"8 {times} {card}"]
    assert "Processor" not in told


def test_unlike_machines_stand_under_one_roof() -> None:
    """In shares of their own ceilings: 250 TFLOP/s over 1.4 TB/s is a ridge of 179."""
    drawing = plot("chart-roofline").drawing
    assert isinstance(drawing, Roofline)
    (roof,) = drawing.roofs
    assert (roof.flops, roof.bytes_per_s) == (1.0, 1.0)
    on_b = next(point for point in drawing.points if point.label.endswith("on B"))
    intensity = sample.RESNET_TRAIN_FLOP / 0.62e9
    assert on_b.x == pytest.approx(intensity / (250e12 / 1.4e12))
    assert on_b.y == pytest.approx(rate(2) * sample.RESNET_TRAIN_FLOP / 250e12)


def test_the_first_screen_names_the_machines_and_the_fastest() -> None:
    """Letters, then what each is; per workload the fastest."""
    have, delivers = view().answers[:2]
    assert have.sentence.startswith(f"3 machines: {A}, {B} and C (")
    assert len(have.details) == 3
    assert delivers.question == "What they deliver"
    assert delivers.sentence.startswith(
        f"resnet50-train: {round(rate(3), -2):,.0f} images/s on {C}"
    )
    assert view().title == "What these machines deliver, and what to do about it"


def test_one_machine_is_compared_with_nobody() -> None:
    """The part is for two or more."""
    assert not [one for one in sample.view().sections[0].parts if one.key == "machines"]


def test_bars_are_one_group_per_workload() -> None:
    """Each on a scale of its own; the missing one says so."""
    drawing = plot("chart-machines").drawing
    assert isinstance(drawing, BarGroups)
    assert [name for name, _ in drawing.groups] == ["resnet50-train", "bert-large-infer"]
    missing = drawing.groups[1][1][1]
    assert (missing.value, missing.text) == (None, "not measured here")
