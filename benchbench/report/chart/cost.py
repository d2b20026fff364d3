"""Charts of what it costs: lines over time or utilisation, stacked bars, a tornado."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchbench.report.blocks import Line, Lines, Stacks, Swings
from benchbench.report.chart import marks, scales
from benchbench.report.chart.svg import (
    DASHES,
    INK,
    MUTED,
    PAPER,
    RULE,
    SERIES,
    SMALL_PX,
    Canvas,
    is_narrow,
)

_LEFT_PX = 70
_LABEL_PX = 14
_LEGEND_PX = 18


def lines(drawing: Lines, width: float) -> Figure:
    """Lines with their names at their ends; on a phone, above."""
    above = _LEGEND_PX * len(drawing.lines) if is_narrow(width) else 0
    canvas = Canvas(width, 360 + above)
    axes = canvas.axes(_LEFT_PX, 28 + above, 16 if canvas.narrow else 150, 44)
    ys = [y for line in drawing.lines for y in line.ys if y is not None] or [0.0]
    xs = [x for line in drawing.lines for x in line.xs] or [0.0]
    scales.apply(axes, "x", drawing.x, xs, 5 if canvas.narrow else 9)
    axes.set_xlim(min(xs), max(xs) or 1.0)
    scales.apply(axes, "y", drawing.y, _without_pole(ys), 6)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_xlabel(drawing.x.label)
    canvas.caption(axes, drawing.y.label, _LEFT_PX)
    _draw_marks(axes, drawing.marks)
    for index, line in enumerate(drawing.lines):
        _draw_line(axes, line, index)
    if canvas.narrow:
        _names_above(axes, canvas, drawing.lines)
    else:
        _names_at_ends(axes, drawing.lines)
    return canvas.figure


def _without_pole(ys: Sequence[float]) -> list[float]:
    """Owned machines cost without bound as they idle: show what is comparable, clip the rest."""
    ordered = sorted(ys)
    median = ordered[len(ordered) // 2]
    return [y for y in ordered if y <= 6 * abs(median)] or ordered


def _draw_line(axes: Axes, line: Line, index: int) -> None:
    ys = [float("nan") if y is None else y for y in line.ys]
    dashes = DASHES[index % len(DASHES)]
    axes.plot(
        line.xs,
        ys,
        color=SERIES[index % len(SERIES)],
        linewidth=2.0,
        linestyle=(0, dashes) if dashes else "-",
    )


def _draw_marks(axes: Axes, positions: Sequence[tuple[float, str]]) -> None:
    low, high = axes.get_xlim()
    for x, _ in positions:
        axes.axvline(x, color=INK, linewidth=1.0, linestyle=(0, (2, 3)))
    for index, (x, text) in enumerate(sorted(positions)):
        axes.annotate(
            text,
            (x, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-4 if x > (low + high) / 2 else 4, -8 - _LABEL_PX * index),
            textcoords="offset points",
            size=SMALL_PX,
            ha="right" if x > (low + high) / 2 else "left",
            bbox=marks.HALO,
        )


def _names_at_ends(axes: Axes, drawn: Sequence[Line]) -> None:
    low, high = axes.get_ylim()
    height = axes.get_window_extent().height
    wanted = [
        (min(max((_last(line) - low) / (high - low), 0.0), 1.0) * height, index)
        for index, line in enumerate(drawn)
    ]
    for y, index in _apart(wanted):
        axes.annotate(
            drawn[index].label,
            (1.0, y / height),
            xycoords="axes fraction",
            xytext=(8, 0),
            textcoords="offset points",
            size=SMALL_PX,
            color=SERIES[index % len(SERIES)],
            va="center",
        )


def _last(line: Line) -> float:
    return next((y for y in reversed(line.ys) if y is not None), 0.0)


def _apart(wanted: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """Heights pushed up until no two labels touch."""
    placed: list[tuple[float, int]] = []
    for y, index in sorted(wanted):
        floor = placed[-1][0] + _LABEL_PX if placed else y
        placed.append((max(y, floor), index))
    return placed


def _names_above(axes: Axes, canvas: Canvas, drawn: Sequence[Line]) -> None:
    sample = canvas.figure.add_axes((0, 0, 1, 1))
    sample.set(xlim=(0, canvas.width), ylim=(canvas.height, 0))
    sample.set_axis_off()
    for index, line in enumerate(drawn):
        y = 10 + _LEGEND_PX * index
        _draw_line(sample, Line("", (0, 26), (y, y)), index)
        sample.text(34, y, line.label, size=SMALL_PX, va="center")
    axes.set_zorder(1)


_BAR_PX = 40


def stacks(drawing: Stacks, width: float) -> Figure:
    """One bar per alternative; money received stands left of zero. Adjacent parts have a gap."""
    columns = 2 if is_narrow(width) else 4
    legend = -(-len(drawing.components) // columns) * _LEGEND_PX + 14
    height = legend + _BAR_PX * len(drawing.bars) + 40
    canvas = Canvas(width, height)
    axes = canvas.axes(12, legend, 20, 34)
    ends = [0.0]
    for index, (name, amounts) in enumerate(drawing.bars):
        y = _BAR_PX * index
        ends += _stack(axes, amounts, y + 26)
        marks.label(axes, name, (0, y + 10))
    scales.apply(axes, "x", drawing.axis, ends, 3 if canvas.narrow else 7)
    axes.set(ylim=(_BAR_PX * len(drawing.bars), 0), yticks=[])
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.axvline(0, color=INK, linewidth=1.0)
    _legend(canvas, drawing.components, columns)
    return canvas.figure


def _stack(axes: Axes, amounts: Sequence[float], y: float) -> tuple[float, float]:
    right = left = 0.0
    for index, amount in enumerate(amounts):
        start = right if amount >= 0 else left
        axes.add_patch(_part((start, y), amount, index))
        right, left = right + max(amount, 0.0), left + min(amount, 0.0)
    return left, right


def _part(
    corner: tuple[float, float], length: float, index: int, height: float = 13.0
) -> Rectangle:
    """A part of a bar."""
    return Rectangle(
        (corner[0], corner[1] - height / 2),
        length,
        height,
        facecolor=SERIES[index % len(SERIES)],
        edgecolor=PAPER,
        linewidth=1.0,
    )


def _legend(canvas: Canvas, names: Sequence[str], columns: int) -> None:
    axes = canvas.figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, canvas.width), ylim=(canvas.height, 0))
    axes.set_axis_off()
    for index, name in enumerate(names):
        x = 12 + (index % columns) * (canvas.width - 12) / columns
        y = 8 + index // columns * _LEGEND_PX
        axes.add_patch(_part((x, y), 12, index, 11))
        axes.text(x + 18, y, name, size=SMALL_PX, va="center")


_SWING_PX = 38


def swings(drawing: Swings, width: float) -> Figure:
    """One bar per input, longest first; its ends say which end of the input they belong to."""
    bars = sorted(drawing.bars, key=lambda bar: -abs(bar[2] - bar[1]))
    canvas = Canvas(width, _SWING_PX * len(bars) + 48)
    axes = canvas.axes(34, 0, 34, 44)
    scales.apply(axes, "x", drawing.axis, [0.0, *(end for bar in bars for end in bar[1:])], 5)
    for index, (name, low, high) in enumerate(bars):
        _swing(axes, _SWING_PX * index, name, (low, high))
    axes.set(ylim=(_SWING_PX * len(bars), 0), yticks=[], xlabel=drawing.axis.label)
    axes.axvline(0, color=INK, linewidth=1.0)
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    if canvas.narrow:
        axes.locator_params(axis="x", nbins=3)
    return canvas.figure


def _swing(axes: Axes, y: float, name: str, ends: tuple[float, float]) -> None:
    low, high = ends
    axes.add_patch(_part((min(ends), y + 26), abs(high - low), 0))
    marks.label(axes, name, (min(low, high, 0.0), y + 10))
    for end, word in ((low, "low"), (high, "high")):
        right = end == max(ends)
        axes.annotate(
            word,
            (end, y + 26),
            xytext=(4 if right else -4, 0),
            textcoords="offset points",
            size=SMALL_PX,
            color=MUTED,
            ha="left" if right else "right",
            va="center",
        )
