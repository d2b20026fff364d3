"""Charts of what was measured."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from benchbench import units
from benchbench.report.blocks import (
    Axis,
    Bar,
    BarGroups,
    Point,
    Range,
    Ranges,
    Roof,
    Roofline,
    Spread,
    Spreads,
)
from benchbench.report.chart import measured
from benchbench.report.chart.svg import settings

INTENSITY = Axis("FLOP per byte moved", units.number, log=True)
SPEED = Axis("Achieved", units.flops, log=True)
ROOFS = (
    Roof("fp32 cpu, datasheet", 211e9, 4e10, "assumed", "211 GFLOP/s"),
    Roof("fp32 cpu, measured", 186e9, 3.1e10, "measured", "186 GFLOP/s"),
)


def point(name: str, x: float, y: float) -> Point:
    """A measured workload."""
    return Point(name, name, x, y, "measured", note="compute-bound", y_ends=(0.98 * y, 1.02 * y))


def texts(figure: Any) -> dict[str, Any]:
    """Where each name stands, in pixels, ticks apart."""
    figure.draw_without_rendering()
    return {
        text.get_text(): text.get_window_extent()
        for text in figure.axes[0].texts
        if text.get_text()
    }


def boxes(axes: Axes) -> list[tuple[float, float]]:
    """Start and width of each bar."""
    found = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return [(patch.get_x(), patch.get_width()) for patch in found]


@pytest.mark.parametrize("width", [720, 340])
def test_near_workloads_keep_names_that_do_not_overlap(width: float) -> None:
    """The committed sample's two points, 130 and 117 GFLOP/s at like intensity."""
    points = (point("bert-large-infer", 131.0, 130e9), point("resnet50-train", 120.0, 117e9))
    with settings():
        found = texts(measured.roofline(Roofline(INTENSITY, SPEED, ROOFS, points), width))
        assert len(found) == 5
        for one, other in combinations(found.values(), 2):
            assert not one.overlaps(other)


def test_near_roofs_keep_names_that_do_not_overlap() -> None:
    """Three precisions within ten per cent of one another."""
    roofs = tuple(Roof(f"roof {at}", 200e9 * (1 + 0.04 * at), 4e10, "measured") for at in range(4))
    near = point("bert-large-infer", 131.0, 190e9)
    with settings():
        found = texts(measured.roofline(Roofline(INTENSITY, SPEED, roofs, (near,)), 720))
        assert len(found) == 6
        for one, other in combinations(found.values(), 2):
            assert not one.overlaps(other)


@pytest.mark.parametrize("width", [720, 340])
def test_words_at_bars_fit_whatever_their_length(width: float) -> None:
    """A long name of a machine and a long text beside the longest bar."""
    bars = (
        Bar("C, 8 x NVIDIA A100-SXM4-80GB", 14_800.0, "14,800 images/s ±1.2 %", "measured"),
        Bar("A, AMD EPYC 7B13, 4 threads", 4.0, "4.02 images/s ±0.90 %", "predicted", (3.0, 5.0)),
    )
    with settings():
        figure = measured.bar_groups(BarGroups((("resnet50-train", bars),)), width)
        assert max(extent.x1 for extent in texts(figure).values()) <= width
        assert len(texts(figure)) == 5


def test_a_bar_is_as_long_as_its_value() -> None:
    """Half the value, half the length."""
    bars = (Bar("a", 10.0, "10", "measured"), Bar("b", 5.0, "5", "measured"))
    axes = measured.bar_groups(BarGroups((("w", bars),)), 720).axes[0]
    first, second = (width for _, width in boxes(axes))
    assert first == pytest.approx(2 * second)


def test_an_unknown_bar_is_a_word() -> None:
    """No bar of length zero."""
    bars = (Bar("a", None, "not measured here", "measured"), Bar("b", 5.0, "5", "measured"))
    axes = measured.bar_groups(BarGroups((("w", bars),)), 720).axes[0]
    assert len(axes.patches) == 1
    assert "not measured here" in [text.get_text() for text in axes.texts]


def test_percentiles_are_marked_where_they_lie() -> None:
    """And only those that were handed over."""
    row = Spread("w, latency", (1.0, 2.0, 3.0, 9.0), 2.0, None, ((8.5, "p90"),))
    with settings():
        axes = measured.spreads(Spreads((row,), Axis("", units.duration)), 720).axes[0]
    named = [text for text in axes.texts if text.get_text() == "p90"]
    assert [text.get_position()[0] for text in named] == [8.5]


def test_a_figure_stands_where_it_lies_in_the_range() -> None:
    """Half way between low and high is the middle of the box."""
    row = Range("w", 0.5, "50 %", 0.4, 0.6, "40 %", "60 %")
    axes = measured.ranges(Ranges((row,)), 720).axes[0]
    ((start, width),) = boxes(axes)
    (mark,) = np.asarray(axes.lines[-1].get_xdata(), float)
    assert mark == pytest.approx(start + width / 2)
