"""What the charts of measurements say in their titles, and where nothing is known."""

from typing import Any

from benchbench import derive
from benchbench.report import measured, roofline, timing
from benchbench.report.blocks import BarGroups, Plot, Prose, Spreads, Table
from benchbench.report.evidence import Measured
from tests import factories
from tests.report import sample


def seen(**changes: Any) -> Measured:
    """The sample's four configurations."""
    records = sample.records()
    figures = [one.model_copy(update=changes) for one in sample.figures(records)]
    return Measured(tuple(records), tuple(figures))


def plots(of: Measured) -> dict[str, Plot]:
    """Charts by their keys."""
    blocks = [block for part in measured.section(of).parts for block in part.blocks]
    return {block.key: block for block in blocks if isinstance(block, Plot)}


def fleet() -> Measured:
    """Five results on three machines."""
    records = tuple(sample.fleet())
    return Measured(records, tuple(derive.figures([one]) for one in records))


def test_a_title_is_what_the_chart_says() -> None:
    """97.7 of 151 and 126 of 151 GFLOP/s."""
    assert plots(seen())["chart-utilisation"].title == (
        "resnet50-train reaches 65 % and bert-large-infer reaches 83 % of what a matrix "
        "multiplication achieves on this machine"
    )


def test_many_workloads_are_told_by_their_ends() -> None:
    """The least and the most of five."""
    title = plots(fleet())["chart-utilisation"].title
    assert title.startswith("resnet50-train on C reaches 18 % and bert-large-infer on A reaches 83")


def test_an_unknown_ceiling_has_no_bar() -> None:
    """Its dash stands in the table."""
    drawing = plots(seen(datasheet_flops=None))["chart-utilisation"].drawing
    assert isinstance(drawing, BarGroups)
    assert [bar.label for bar in drawing.groups[0][1]] == ["Achievable", "Achieved"]


def test_the_machines_own_bars_are_all_devices_ceilings() -> None:
    """Eight devices of 250 TFLOP/s can do 2 PFLOP/s together."""
    drawing = plots(fleet())["chart-utilisation"].drawing
    assert isinstance(drawing, BarGroups)
    on_c = dict(drawing.groups)["resnet50-train on C"]
    assert on_c[0].text.startswith("2.00 PFLOP/s")


def test_limits_are_the_roofline_s_title() -> None:
    """Both are compute-bound by their verdicts."""
    part = roofline.part(seen())
    plot = part.blocks[0]
    assert isinstance(plot, Plot)
    assert plot.title == "resnet50-train and bert-large-infer: compute-bound"


def test_nothing_to_compare_with_is_said() -> None:
    """No empty table."""
    (part,) = [one for one in measured.section(fleet()).parts if one.key == "normal"]
    (block,) = part.blocks
    assert isinstance(block, Prose)
    assert block.paragraphs[0].startswith("Not known")


def test_only_percentiles_with_enough_queries_are_drawn() -> None:
    """p90 of 100 queries is marked, p99 is not: it needs 662."""
    latency = tuple(0.01 * at for at in range(1, 101))
    measurement = factories.measurement(10.0, latency_s=latency, units_completed=100.0)
    record = factories.record(scenario="single_stream", measurement=measurement)
    part = timing.part(Measured((record,), (derive.figures([record]),)))
    plot, table = part.blocks
    assert isinstance(plot, Plot)
    assert isinstance(plot.drawing, Spreads)
    (row,) = plot.drawing.rows
    assert [name for _, name in row.marks] == ["p90"]
    assert isinstance(table, Table)
    told = {
        column.label: cell.detail
        for column, cell in zip(table.columns, table.rows[0].cells, strict=True)
    }
    assert told["p99"] == "100 of the 662 queries it needs"
