"""Charts of what was measured: utilisation bars, roofline, distributions of durations."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchbench import units
from benchbench.report.blocks import (
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
from benchbench.report.chart import labels, marks, scales
from benchbench.report.chart.svg import (
    FONT_PX,
    INK,
    MUTED,
    RULE,
    SMALL_PX,
    Canvas,
    colour,
    is_narrow,
    ticks,
)

_BAR_PX = 24
_HEAD_PX = 30
_LEAST_LABEL_PX = 84
_MOST_LABEL_PX = 230


def bar_groups(drawing: BarGroups, width: float) -> Figure:
    """Per workload one bar each, with its value written beside it; no axis to read off.

    On a phone long names stand above their bars.
    """
    longest = max(
        (labels.width(bar.label) for _, bars in drawing.groups for bar in bars), default=0
    )
    above = is_narrow(width) and longest > _LEAST_LABEL_PX
    left = 0.0 if above else min(max(_LEAST_LABEL_PX, longest + 10), _MOST_LABEL_PX)
    each = _BAR_PX + 16 if above else _BAR_PX
    rows = sum(len(bars) for _, bars in drawing.groups)
    height = rows * each + len(drawing.groups) * _HEAD_PX + 4
    canvas = Canvas(width, height)
    axes = canvas.axes(left, 0, 0, 0)
    axes.spines["bottom"].set_visible(False)
    axes.set(xlim=(0, 1), ylim=(height, 0), xticks=[], yticks=[])
    edge = -left / (width - left)
    y = 0.0
    for name, bars in drawing.groups:
        axes.text(edge, y + 17, name, size=FONT_PX, weight="bold", va="center")
        y += _HEAD_PX
        _group(axes, bars, y, edge, each)
        y += each * len(bars)
    return canvas.figure


def _group(axes: Axes, bars: tuple[Bar, ...], y: float, edge: float, each: float) -> None:
    values = [bar.value for bar in bars if bar.value is not None]
    reach = max([*values, *(bar.ends[1] for bar in bars if bar.ends is not None)], default=1.0)
    room = _room(axes, bars, reach)
    for at, bar in enumerate(bars):
        top = y + at * each
        middle = top + each - _BAR_PX / 2 - 2
        level = middle if each == _BAR_PX else top + 6
        axes.text(edge, level, bar.label, size=SMALL_PX, color=MUTED, va="center")
        end = _bar(axes, bar, middle, room / reach)
        axes.text(end + 0.012, middle, bar.text, size=SMALL_PX, va="center")


def _room(axes: Axes, bars: tuple[Bar, ...], reach: float) -> float:
    """The longest bar's share of the width, so that the words at every bar's end fit."""
    across = axes.get_window_extent().width
    fits = [
        (1 - 0.02 - labels.width(bar.text) / across) * reach / (bar.ends or (0, bar.value))[1]
        for bar in bars
        if bar.value
    ]
    return max(0.12, min([0.72, *fits]))


def _bar(axes: Axes, bar: Bar, middle: float, scale: float) -> float:
    """A bar with its interval; where it ends."""
    if bar.value is None:
        return 0.0
    marks.bar(axes, middle, 0, bar.value * scale, bar.basis, faint=bar.faint)
    if bar.ends is None:
        return bar.value * scale
    ends = [end * scale for end in bar.ends]
    axes.plot(ends, [middle, middle], color=INK, linewidth=1.2, solid_capstyle="butt", zorder=3)
    for end in ends:
        axes.plot([end, end], [middle - 3, middle + 3], color=INK, linewidth=1.2, zorder=3)
    return max(ends[1], bar.value * scale)


def roofline(drawing: Roofline, width: float) -> Figure:
    """Log-log; slopes are memory, flats arithmetic, marks workloads."""
    canvas = Canvas(width, 360)
    axes = canvas.axes(76, 28, 14, 42)
    xs, ys = _extent(drawing)
    scales.apply(axes, "x", drawing.x, xs, 4 if canvas.narrow else 7)
    scales.apply(axes, "y", drawing.y, ys, 6)
    axes.set(xlim=xs, ylim=ys, xlabel=drawing.x.label)
    canvas.caption(axes, drawing.y.label, 76)
    axes.grid(color=RULE, linewidth=0.8)
    room = labels.room_of(axes)
    for point in drawing.points:
        marks.interval(axes, point)
        marks.point(axes, point)
        room.taken.append(labels.around(*labels.pixel(axes, point.x, point.y), 5))
    for roof in drawing.roofs:
        _roof(axes, room, roof, xs)
    for roof in drawing.roofs:
        _name_roof(axes, room, roof, xs, narrow=canvas.narrow)
    for point in sorted(drawing.points, key=lambda one: -one.y):
        _name_workload(axes, room, point, narrow=canvas.narrow)
    return canvas.figure


def _extent(drawing: Roofline) -> tuple[tuple[float, float], tuple[float, float]]:
    ridges = [roof.flops / roof.bytes_per_s for roof in drawing.roofs if roof.bytes_per_s]
    intensities = [*(point.x for point in drawing.points), *ridges]
    heights = [*(point.y for point in drawing.points), *(roof.flops for roof in drawing.roofs)]
    return (min(intensities) / 8, max(intensities) * 20), (min(heights) / 12, max(heights) * 2.6)


def _corners(roof: Roof, xs: tuple[float, float]) -> tuple[list[float], list[float]]:
    """Where it starts, bends and ends."""
    ridge = roof.flops / roof.bytes_per_s if roof.bytes_per_s else xs[0]
    start = roof.flops if roof.bytes_per_s is None else roof.bytes_per_s * xs[0]
    return [xs[0], max(ridge, xs[0]), xs[1]], [min(start, roof.flops), roof.flops, roof.flops]


def _roof(axes: Axes, room: labels.Room, roof: Roof, xs: tuple[float, float]) -> None:
    across, up = _corners(roof, xs)
    measured = roof.basis == "measured"
    axes.plot(
        across,
        up,
        color=INK if measured else colour("assumed"),
        linewidth=1.6,
        linestyle="-" if measured else (0, (5, 3)),
    )
    pixels = [labels.pixel(axes, x, y) for x, y in zip(across, up, strict=True)]
    room.keep_off([x for x, _ in pixels], [y for _, y in pixels])


def _name_roof(
    axes: Axes, room: labels.Room, roof: Roof, xs: tuple[float, float], *, narrow: bool
) -> None:
    text = roof.label if narrow or not roof.text else f"{roof.label}: {roof.text}"
    left, _ = labels.pixel(axes, _corners(roof, xs)[0][1], roof.flops)
    right, level = labels.pixel(axes, xs[1], roof.flops)
    place = room.take(labels.along(right, left, level, text))
    if place is not None:
        tone = INK if roof.basis == "measured" else colour("assumed")
        labels.write(axes, place, text, colour=tone)


def _name_workload(axes: Axes, room: labels.Room, point: Point, *, narrow: bool) -> None:
    if not point.label:
        return
    text = point.label if narrow or not point.note else f"{point.label}, {point.note}"
    mark = labels.pixel(axes, point.x, point.y)
    place = room.take(labels.beside(*mark, text))
    if place is not None:
        labels.write(axes, place, text, mark=mark, key=point.key)


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
    _percentiles(axes, row)
    axes.text(0, 1.1, row.label, transform=axes.transAxes, size=FONT_PX, weight="bold")
    text = f"{units.counted(len(row.samples), 'sample')}, median {units.duration(row.median)}"
    axes.text(1, 1.1, text, transform=axes.transAxes, size=SMALL_PX, color=MUTED, ha="right")


def _percentiles(axes: Axes, row: Spread) -> None:
    """Those that enough samples bear out, named above where they stand."""
    room = labels.room_of(axes)
    for seconds, name in row.marks:
        axes.axvline(seconds, ymax=0.74, color=MUTED, linewidth=1.0, linestyle=(0, (2, 2)))
        x, y = labels.pixel(axes, seconds, 0.78 * axes.get_ylim()[1])
        long = labels.width(name) / 2
        box = labels.Box(x - long, y - 6, x + long, y + 6)
        if room.take([labels.Place(box, 0.0)]) is not None:
            axes.text(seconds, 0.78 * axes.get_ylim()[1], name, size=SMALL_PX, ha="center")


_RANGE_PX = 52


def ranges(drawing: Ranges, width: float) -> Figure:
    """Each figure as a mark, over the box that others' figures span."""
    canvas = Canvas(width, _RANGE_PX * len(drawing.rows) + 6)
    axes = canvas.axes(8, 0, 8, 0)
    axes.spines["bottom"].set_visible(False)
    axes.set(xlim=(0, 1), ylim=(canvas.height, 0), xticks=[], yticks=[])
    for at, row in enumerate(drawing.rows):
        _one_range(axes, row, at * _RANGE_PX)
    return canvas.figure


def _one_range(axes: Axes, row: Range, top: float) -> None:
    scale = 0.78 / max(row.high, row.value)
    low, high, here = (one * scale for one in (row.low, row.high, row.value))
    middle = top + 34
    axes.text(0, top + 12, row.label, size=FONT_PX, weight="bold", va="center")
    axes.text(1, top + 12, f"here {row.text}", size=SMALL_PX, ha="right", va="center")
    axes.plot([0, 1], [middle, middle], color=RULE, linewidth=0.8, zorder=0.5)
    marks.bar(axes, middle, low, max(high, low + 0.004), "assumed")
    for x, text, side in ((low, row.low_text, "right"), (high, row.high_text, "left")):
        shift = -0.008 if side == "right" else 0.008
        axes.text(
            x + shift,
            middle,
            text,
            size=SMALL_PX,
            color=MUTED,
            ha=side,
            va="center",
            bbox=marks.HALO,
        )
    axes.plot([here], [middle], marker="o", markersize=8, color=colour("measured"), zorder=3)


def _range(samples: np.typing.NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(samples.min()), float(samples.max())
    room = (high - low) * 0.05 or high * 0.05
    return low - room, high + room
