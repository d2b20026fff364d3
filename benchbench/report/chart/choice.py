"""The chart of what to rent: cost against time or speed, and the front none beats."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchbench.report.blocks import Point, Scatter
from benchbench.report.chart import labels, marks, scales
from benchbench.report.chart.svg import MUTED, RULE, Canvas

_LEFT_PX, _RIGHT_PX = 70, 16
_CROWD = 20
"""Beyond this many points only the front keeps its ranks and intervals."""
_NEAR = 3.0
"""Steps from its mark beyond which a rank is no longer read as its."""


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
    room = labels.room_of(axes)
    crowded = len(drawing.points) > _CROWD
    for point in drawing.points:
        marks.point(axes, point)
        if point.key in drawing.front or not crowded:
            marks.interval(axes, point)
        room.taken.append(labels.around(*labels.pixel(axes, point.x, point.y), 5))
    pixels = [labels.pixel(axes, one.x, one.y) for one in front]
    room.keep_off([x for x, _ in pixels], [y for _, y in pixels])
    for one in front:
        named = one.label if canvas.narrow or not one.note else f"{one.label} {one.note}"
        _name(axes, room, one, (named, one.label), bold=True)
    for point in drawing.points:
        if point.key not in drawing.front and not crowded:
            _name(axes, room, point, (point.label,))
    return canvas.figure


def _name(
    axes: Axes, room: labels.Room, point: Point, texts: tuple[str, ...], *, bold: bool = False
) -> None:
    """The first of these names that finds a place near its mark."""
    mark = labels.pixel(axes, point.x, point.y)
    for text in texts:
        near = (place for place in labels.beside(*mark, text) if place.cost < _NEAR)
        place = room.take(near)
        if place is not None:
            labels.write(axes, place, text, mark=mark, key=point.key, bold=bold)
            return
