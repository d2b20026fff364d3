"""Charts of what was measured: utilisation bars, roofline, distributions of durations."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchbench import units
from benchbench.report.blocks import Axis, Bar, BarGroups, Point, Roof, Roofline, Spread, Spreads
from benchbench.report.chart import marks, scales
from benchbench.report.chart.svg import (
    FONT_PX,
    INK,
    MUTED,
    RULE,
    SMALL_PX,
    Canvas,
    colour,
    ticks,
    tie,
)

_BAR_PX = 24
_HEAD_PX = 30


def bar_groups(drawing: BarGroups, width: float) -> Figure:
    """Per workload one bar each, with its value written beside it; no axis to read off."""
    rows = sum(len(bars) for _, bars in drawing.groups)
    height = rows * _BAR_PX + len(drawing.groups) * _HEAD_PX + 4
    canvas = Canvas(width, height)
    axes = canvas.axes(84, 0, 0, 0)
    axes.spines["bottom"].set_visible(False)
    axes.set(xlim=(0, 1), ylim=(height, 0), xticks=[], yticks=[])
    room = 0.44 if canvas.narrow else 0.62
    y = 0.0
    for name, bars in drawing.groups:
        axes.text(-84 / (width - 84), y + 17, name, size=FONT_PX, weight="bold", va="center")
        y += _HEAD_PX
        y = _group(axes, bars, y, room, 84 / (width - 84))
    return canvas.figure


def _group(axes: Axes, bars: tuple[Bar, ...], y: float, room: float, left: float) -> float:
    longest = max((bar.value for bar in bars if bar.value is not None), default=1.0)
    achieved = bars[-1].value
    for bar in bars:
        middle = y + _BAR_PX / 2 - 2
        axes.text(-left, middle, bar.label, size=SMALL_PX, color=MUTED, va="center")
        length = 0.0
        if bar.value is not None:
            length = room * bar.value / longest
            marks.bar(axes, middle, 0, length, bar.basis)
        text = _bar_text(bar, achieved)
        axes.text(length + 0.012, middle, text, size=SMALL_PX, va="center")
        y += _BAR_PX
    return y


def _bar_text(bar: Bar, achieved: float | None) -> str:
    if bar.value is None or achieved is None or bar.value == achieved:
        return bar.text
    return f"{bar.text}, {units.percent(achieved / bar.value)} used"


def roofline(drawing: Roofline, width: float) -> Figure:
    """Log-log; slopes are memory, flats arithmetic, marks workloads."""
    canvas = Canvas(width, 340)
    axes = canvas.axes(76, 16, 14, 42)
    xs, ys = _extent(drawing)
    scales.apply(axes, "x", Axis("", units.number, log=True), xs, 4 if canvas.narrow else 7)
    scales.apply(axes, "y", Axis("", units.flops, log=True), ys, 6)
    axes.set(xlim=xs, ylim=ys, xlabel="FLOP per byte moved")
    axes.grid(color=RULE, linewidth=0.8)
    for roof in drawing.roofs:
        _roof(axes, roof, xs, narrow=canvas.narrow)
    for point in drawing.points:
        _workload(axes, point, xs, narrow=canvas.narrow)
    return canvas.figure


def _extent(drawing: Roofline) -> tuple[tuple[float, float], tuple[float, float]]:
    ridges = [roof.flops / roof.bytes_per_s for roof in drawing.roofs if roof.bytes_per_s]
    intensities = [*(point.x for point in drawing.points), *ridges]
    heights = [*(point.y for point in drawing.points), *(roof.flops for roof in drawing.roofs)]
    return (min(intensities) / 8, max(intensities) * 20), (min(heights) / 12, max(heights) * 2.6)


def _roof(axes: Axes, roof: Roof, xs: tuple[float, float], *, narrow: bool) -> None:
    ridge = roof.flops / roof.bytes_per_s if roof.bytes_per_s else xs[0]
    start = roof.flops if roof.bytes_per_s is None else roof.bytes_per_s * xs[0]
    measured = roof.basis == "measured"
    axes.plot(
        [xs[0], max(ridge, xs[0]), xs[1]],
        [min(start, roof.flops), roof.flops, roof.flops],
        color=INK if measured else colour("assumed"),
        linewidth=1.6,
        linestyle="-" if measured else (0, (5, 3)),
    )
    text = roof.label if narrow else f"{roof.label}: {units.flops(roof.flops)}"
    axes.annotate(
        text,
        (xs[1], roof.flops),
        xytext=(0, -4 if measured else 4),
        textcoords="offset points",
        ha="right",
        va="top" if measured else "bottom",
        size=SMALL_PX,
        color=INK if measured else colour("assumed"),
    )


def _workload(axes: Axes, point: Point, xs: tuple[float, float], *, narrow: bool) -> None:
    marks.interval(axes, point)
    marks.point(axes, point)
    if not point.label:
        return
    right = point.x > (xs[0] * xs[1]) ** 0.5
    text = axes.annotate(
        point.label if narrow else f"{point.label}, {point.note}",
        (point.x, point.y),
        xytext=(-9 if right else 9, -11),
        textcoords="offset points",
        ha="right" if right else "left",
        va="center",
        size=SMALL_PX,
        bbox=marks.HALO,
        zorder=2.5,
    )
    tie(text, point.key)


_PANEL_PX = 96
_BINS = 48


def spreads(drawing: Spreads, width: float) -> Figure:
    """One histogram per setting, each on its own scale, starting where its data start."""
    canvas = Canvas(width, _PANEL_PX * len(drawing.rows))
    for index, row in enumerate(drawing.rows):
        below = _PANEL_PX * (len(drawing.rows) - 1 - index)
        axes = canvas.axes(8, _PANEL_PX * index + 24, 8, below + 26)
        _histogram(axes, row)
        axes.xaxis.set_major_formatter(ticks(drawing.axis.text))
        axes.locator_params(axis="x", nbins=4 if canvas.narrow else 7)
    return canvas.figure


def _histogram(axes: Axes, row: Spread) -> None:
    samples = np.asarray(row.samples)
    counts, edges = np.histogram(samples, bins=_BINS, range=_range(samples))
    axes.stairs(counts, edges, fill=True, color=colour("measured"))
    axes.set(yticks=[], ylim=(-0.16 * counts.max(), 1.05 * counts.max()))
    if row.ends is not None:
        low, high = row.ends
        level = -0.09 * counts.max()
        axes.plot([low, high], [level, level], color=MUTED, linewidth=3, solid_capstyle="butt")
    axes.axvline(row.median, color=INK, linewidth=1.4)
    axes.text(0, 1.1, row.label, transform=axes.transAxes, size=FONT_PX, weight="bold")
    text = f"{units.counted(len(row.samples), 'sample')}, median {units.duration(row.median)}"
    axes.text(1, 1.1, text, transform=axes.transAxes, size=SMALL_PX, color=MUTED, ha="right")


def _range(samples: np.typing.NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(samples.min()), float(samples.max())
    room = (high - low) * 0.05 or high * 0.05
    return low - room, high + room
