"""Charts of what it costs: lines over time or utilisation, stacked bars, a tornado."""

from collections.abc import Sequence
from math import floor

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchbench import units
from benchbench.report.blocks import Dots, Line, Lines, Stack, Stacks, Swings
from benchbench.report.chart import marks, scales
from benchbench.report.chart.svg import (
    INK,
    MUTED,
    PAPER,
    RULE,
    SERIES,
    SMALL_PX,
    Canvas,
    is_narrow,
    ticks,
)
from benchbench.tco.answer import AlternativeName

_LEFT_PX = 70
_LABEL_PX = 14
_LEGEND_PX = 18

Dashes = tuple[float, ...]
STYLES: dict[AlternativeName, tuple[str, Dashes]] = {
    "on_demand": (SERIES[0], ()),
    "committed": (SERIES[1], (6, 3)),
    "owned": (SERIES[2], (2, 2)),
    "colocated": (SERIES[2], (8, 3, 2, 3)),
    "hybrid": (SERIES[3], (1, 3)),
    "spot": (SERIES[4], (10, 4)),
    "vendor": (SERIES[5], (4, 2, 1, 2, 1, 2)),
}
"""The same in every chart, by name; dashes too, for those who see no colours. Owning is green."""
_OTHER: tuple[str, Dashes] = (INK, ())


def style(key: str) -> tuple[str, Dashes]:
    """Colour and dashes of an alternative; of anything else ink, solid."""
    return {str(name): look for name, look in STYLES.items()}.get(key, _OTHER)


def lines(drawing: Lines, width: float) -> Figure:
    """Lines with their names at their ends; on a phone, above."""
    above = _LEGEND_PX * len(drawing.lines) if is_narrow(width) else 0
    canvas = Canvas(width, 360 + above)
    axes = canvas.axes(_LEFT_PX, 28 + above, 16 if canvas.narrow else 150, 44)
    ys = [y for line in drawing.lines for y in (*line.ys, *line.high) if y is not None] or [0.0]
    xs = [x for line in drawing.lines for x in line.xs] or [0.0]
    scales.apply(axes, "x", drawing.x, xs, 5 if canvas.narrow else 9)
    axes.set_xlim(min(xs), max(xs) or 1.0)
    scales.apply(axes, "y", drawing.y, _without_pole(ys), 6)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_xlabel(drawing.x.label)
    canvas.caption(axes, drawing.y.label, _LEFT_PX)
    if drawing.span is not None:
        axes.axvspan(*drawing.span, facecolor=(MUTED, 0.14), edgecolor="none", zorder=0.5)
    for line in drawing.lines:
        _draw_band(axes, line)
    _draw_marks(axes, drawing.marks)
    for line in drawing.lines:
        _draw_line(axes, line)
    if canvas.narrow:
        _names_above(axes, canvas, drawing.lines)
    else:
        _names_at_ends(axes, drawing.lines)
    return canvas.figure


def _without_pole(ys: Sequence[float]) -> list[float]:
    """Owned machines cost without bound as they idle: show what is comparable, clip the rest."""
    ordered = sorted(ys)
    median = ordered[len(ordered) // 2]
    return [y for y in ordered if y <= 4 * abs(median)] or ordered


def _draw_line(axes: Axes, line: Line) -> None:
    ys = [float("nan") if y is None else y for y in line.ys]
    colour, dashes = style(line.key)
    axes.plot(line.xs, ys, color=colour, linewidth=2.0, linestyle=(0, dashes) if dashes else "-")


def _draw_band(axes: Axes, line: Line) -> None:
    """What nine draws in ten lie within, in a tone so light that several can be told apart."""
    if not line.low or not line.high:
        return
    tone, _ = style(line.key)
    xs = line.xs[: len(line.low)]
    axes.fill_between(xs, line.low, line.high, facecolor=(tone, 0.13), linewidth=0, zorder=0.8)


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
            color=style(drawn[index].key)[0],
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
        _draw_line(sample, Line("", (0, 26), (y, y), line.key))
        sample.text(34, y, line.label, size=SMALL_PX, va="center")
    axes.set_zorder(1)


_BAR_PX = 54
_LETTER_PX = 6.2
_TONES = (1.0, 0.78, 0.6, 0.44, 0.3, 0.16)
"""How much of its alternative's colour a component has: colour is never the component's."""


def stacks(drawing: Stacks, width: float) -> Figure:
    """One bar per alternative in tones of its colour; money received stands left of zero."""
    columns = 2 if is_narrow(width) else 3
    legend = -(-len(drawing.components) // columns) * _LEGEND_PX + 14
    height = legend + _BAR_PX * len(drawing.bars) + 40
    canvas = Canvas(width, height)
    axes = canvas.axes(12, legend, 20, 34)
    edges = [0.0, *(edge for bar in drawing.bars for edge in _ends(bar.amounts))]
    scales.apply(axes, "x", drawing.axis, edges, 3 if canvas.narrow else 7)
    for index, bar in enumerate(drawing.bars):
        y = _BAR_PX * index
        _stack(axes, bar, drawing.components, y + 26)
        marks.label(axes, bar.label, (0, y + 10))
    axes.set(ylim=(_BAR_PX * len(drawing.bars), 0), yticks=[])
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.axvline(0, color=INK, linewidth=1.0)
    _legend(canvas, drawing.components, columns)
    return canvas.figure


def _ends(amounts: Sequence[float]) -> tuple[float, float]:
    """What is received and what is paid, all in all."""
    return sum(min(amount, 0.0) for amount in amounts), sum(max(amount, 0.0) for amount in amounts)


def _stack(axes: Axes, bar: Stack, names: Sequence[str], y: float) -> None:
    """Its parts side by side, each named below where its name fits."""
    low, high = axes.get_xlim()
    pixel = (high - low) / axes.get_window_extent().width
    right = left = 0.0
    for index, (name, amount) in enumerate(zip(names, bar.amounts, strict=True)):
        start = right if amount >= 0 else left
        axes.add_patch(_part((start, y), amount, style(bar.key)[0], _TONES[index % len(_TONES)]))
        if abs(amount) / pixel > _LETTER_PX * len(name):
            middle = start + amount / 2
            axes.text(middle, y + 15, name, size=SMALL_PX, color=MUTED, ha="center", va="center")
        right, left = right + max(amount, 0.0), left + min(amount, 0.0)


def _part(
    corner: tuple[float, float],
    length: float,
    colour: str,
    tone: float = 1.0,
    height: float = 13.0,
) -> Rectangle:
    """A part of a bar, outlined in the full colour."""
    return Rectangle(
        (corner[0], corner[1] - height / 2),
        length,
        height,
        facecolor=(colour, tone),
        edgecolor=colour,
        linewidth=0.8,
    )


def _legend(canvas: Canvas, names: Sequence[str], columns: int) -> None:
    axes = canvas.figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, canvas.width), ylim=(canvas.height, 0))
    axes.set_axis_off()
    for index, name in enumerate(names):
        x = 12 + (index % columns) * (canvas.width - 12) / columns
        y = 8 + index // columns * _LEGEND_PX
        axes.add_patch(_part((x, y), 12, INK, _TONES[index % len(_TONES)], 11))
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
    axes.axhline(y, color=RULE, linewidth=0.8, zorder=0.5)
    axes.add_patch(_part((min(ends), y + 26), abs(high - low), MUTED))
    marks.label(axes, name, (axes.get_xlim()[0], y + 10))
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


_DOT_PX = 11.0


def dots(drawing: Dots, width: float) -> Figure:
    """Outcomes piled where they lie; filled where they speak for owning, hollow where against."""
    tone, _ = style(drawing.key)
    left, right = 20.0, 20.0
    columns = int((width - left - right) / _DOT_PX)
    low, high = min(*drawing.values, 0.0), max(*drawing.values, 0.0)
    step = (high - low) / (columns - 2) or 1.0
    piles: dict[int, list[float]] = {}
    for value in sorted(drawing.values):
        piles.setdefault(floor(value / step), []).append(value)
    tallest = max(map(len, piles.values()))
    canvas = Canvas(width, tallest * _DOT_PX + 84)
    axes = canvas.axes(left, 30, right, 44)
    axes.set(xlim=(low - step, high + step), ylim=(0, tallest), yticks=[])
    axes.set_xlabel(drawing.axis.label)
    axes.xaxis.set_major_formatter(ticks(drawing.axis.text))
    axes.locator_params(axis="x", nbins=3 if canvas.narrow else 7)
    axes.axvline(0, color=INK, linewidth=1.0)
    for pile, values in piles.items():
        filled = tone if pile >= 0 else PAPER
        axes.plot(
            [(pile + 0.5) * step] * len(values),
            [at + 0.5 for at in range(len(values))],
            marker="o",
            markersize=8,
            markerfacecolor=filled,
            markeredgecolor=tone if pile >= 0 else MUTED,
            markeredgewidth=1.2,
            linestyle="none",
        )
    _sides(axes, drawing)
    return canvas.figure


def _sides(axes: Axes, drawing: Dots) -> None:
    """Which side of zero speaks for what, and how many dots stand there."""
    above = sum(value >= 0 for value in drawing.values)
    counts = (len(drawing.values) - above, above)
    low, high = axes.get_xlim()
    for count, text, end in (
        (counts[0], drawing.below, "left"),
        (counts[1], drawing.above, "right"),
    ):
        axes.annotate(
            f"{units.count(count)} of {units.count(len(drawing.values))}: {text}",
            (low if end == "left" else high, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 12),
            textcoords="offset points",
            size=SMALL_PX,
            ha=end,
        )
