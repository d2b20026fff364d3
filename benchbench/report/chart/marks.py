"""How a mark looks by what stands behind it: solid measured, hollow predicted, dashed assumed."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from benchbench.report.blocks import Point
from benchbench.report.chart.svg import PAPER, SMALL_PX, colour, tie
from benchbench.stats import Basis

_THICK_PX = 13.0
_RADIUS_PX = 8.0
HALO: Any = {"boxstyle": "square,pad=0.1", "facecolor": PAPER, "edgecolor": "none"}
"""Keeps a label readable where it crosses a line; typed by matplotlib as anything."""


def bar(
    axes: Axes, middle: float, start: float, end: float, basis: Basis, *, faint: bool = False
) -> None:
    """A horizontal bar in data coordinates, where one unit of y is a pixel."""
    tone = (colour(basis), 0.4 if faint else 1.0)
    axes.add_patch(
        Rectangle(
            (start, middle - _THICK_PX / 2),
            end - start,
            _THICK_PX,
            facecolor=tone if basis == "measured" else PAPER,
            edgecolor=colour(basis),
            linewidth=1.4,
            linestyle=(0, (3, 2)) if basis == "assumed" else "-",
        )
    )


def interval(axes: Axes, at: Point) -> None:
    """What a mark is uncertain by."""
    for ends, horizontal in ((at.x_ends, True), (at.y_ends, False)):
        if ends is not None:
            xs, ys = (ends, (at.y, at.y)) if horizontal else ((at.x, at.x), ends)
            axes.plot(xs, ys, color=colour(at.basis), linewidth=1.1, zorder=2)


def point(axes: Axes, at: Point) -> None:
    """A mark."""
    (mark,) = axes.plot(
        [at.x],
        [at.y],
        marker="s" if at.basis == "assumed" else "o",
        markersize=_RADIUS_PX,
        markerfacecolor=colour(at.basis) if at.basis == "measured" else PAPER,
        markeredgecolor=colour(at.basis),
        markeredgewidth=1.6,
        linestyle="none",
        zorder=3,
    )
    tie(mark, at.key)


def label(axes: Axes, text: str, at: tuple[float, float]) -> None:
    """A name to the right of a position, readable where it crosses a line."""
    axes.annotate(
        text,
        at,
        xytext=(4, 0),
        textcoords="offset points",
        size=SMALL_PX,
        va="center",
        bbox=HALO,
    )
