"""The chart of what to rent: cost against time or speed, and the front none beats."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchbench.report.blocks import Point, Scatter
from benchbench.report.chart import marks, scales
from benchbench.report.chart.svg import MUTED, RULE, SMALL_PX, Canvas, tie

_LEFT_PX, _RIGHT_PX = 70, 16
_CROWD = 20
"""Beyond this many points only the front keeps its ranks and intervals."""


def scatter(drawing: Scatter, width: float) -> Figure:
    """Every offer as a mark, with rank and interval where there is room."""
    canvas = Canvas(width, 380)
    axes = canvas.axes(_LEFT_PX, 28, _RIGHT_PX, 44)
    xs = [end for point in drawing.points for end in (point.x, *(point.x_ends or ()))]
    ys = [end for point in drawing.points for end in (point.y, *(point.y_ends or ()))]
    scales.apply(axes, "x", drawing.x, xs, 4 if canvas.narrow else 8)
    scales.apply(axes, "y", drawing.y, ys, 7)
    axes.grid(color=RULE, linewidth=0.8)
    axes.set_xlabel(drawing.x.label)
    canvas.caption(axes, drawing.y.label, _LEFT_PX)
    by_key = {point.key: point for point in drawing.points}
    front = [by_key[key] for key in drawing.front]
    axes.plot([one.x for one in front], [one.y for one in front], color=MUTED, linewidth=1.2)
    for point in drawing.points:
        notable = point.key in drawing.front
        marks.point(axes, point)
        if notable or len(drawing.points) <= _CROWD:
            marks.interval(axes, point)
            _name(axes, point, bold=notable)
    return canvas.figure


def _name(axes: Axes, point: Point, *, bold: bool) -> None:
    text = axes.annotate(
        point.label,
        (point.x, point.y),
        xytext=(6, 6),
        textcoords="offset points",
        size=SMALL_PX,
        weight="bold" if bold else "normal",
    )
    tie(text, point.key)
