"""Names beside their marks, none on top of another.

A mark's name goes to the first free of the places a reader looks at: right, left, above, below,
then the same farther out, with a line back to the mark. What finds no place is left to the table.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from matplotlib.axes import Axes

from benchbench.report.chart import marks
from benchbench.report.chart.svg import MUTED, SMALL_PX, tie

LETTER_PX = 6.4
"""Mean advance of a letter at the small size, in a font wider than most pages use."""
HEIGHT_PX = 14.0
_GAP_PX = 8.0
_RINGS = 9
_SIDES = ((1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1))
_CROSSING = 3.0
"""Crossing a line is as bad as being so many steps farther from the mark."""
_STEP_PX = 4.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the drawing, y upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: "Box") -> bool:
        """Whether the two share an area."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def holds(self, other: "Box") -> bool:
        """Whether the other lies inside."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.bottom <= other.bottom and other.top <= self.top

    def contains(self, x: float, y: float) -> bool:
        """Whether a position lies inside."""
        return self.left <= x <= self.right and self.bottom <= y <= self.top


def around(x: float, y: float, radius: float) -> Box:
    """A mark's."""
    return Box(x - radius, y - radius, x + radius, y + radius)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name may go, and how good that is: less is better."""

    box: Box
    cost: float


@dataclass
class Room:
    """What is taken, and what had better not be crossed."""

    inside: Box
    taken: list[Box] = field(default_factory=list)
    lines: list[tuple[float, float]] = field(default_factory=list)
    """Positions along the lines, close together."""

    def keep_off(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        """A polyline that names had better not cross."""
        corners = list(zip(xs, ys, strict=True))
        for (x, y), (to_x, to_y) in pairwise(corners):
            steps = max(1, int(max(abs(to_x - x), abs(to_y - y)) / _STEP_PX))
            self.lines += [
                (x + (to_x - x) * at / steps, y + (to_y - y) * at / steps)
                for at in range(steps + 1)
            ]

    def take(self, places: Iterable[Place]) -> Place | None:
        """The best free place, which is then taken; None where there is none."""
        free = [place for place in places if self._free(place.box)]
        best = min(free, key=self._cost, default=None)
        if best is not None:
            self.taken.append(best.box)
        return best

    def _free(self, box: Box) -> bool:
        return self.inside.holds(box) and not any(box.overlaps(one) for one in self.taken)

    def _cost(self, place: Place) -> float:
        crossed = any(place.box.contains(x, y) for x, y in self.lines)
        return place.cost + (_CROSSING if crossed else 0.0)


def room_of(axes: Axes) -> Room:
    """The axes' own area; their limits are settled from here on."""
    axes.get_xlim(), axes.get_ylim()
    extent = axes.get_window_extent()
    return Room(Box(extent.x0, extent.y0, extent.x1, extent.y1))


def pixel(axes: Axes, x: float, y: float) -> tuple[float, float]:
    """Where a position of the axes stands in the drawing."""
    across, up = axes.transData.transform((x, y))
    return float(across), float(up)


def width(text: str) -> float:
    """Of a name, in pixels."""
    return LETTER_PX * len(text)


def beside(x: float, y: float, text: str) -> Iterator[Place]:
    """The places around a mark, nearest first."""
    long = width(text)
    for ring in range(_RINGS):
        gap = _GAP_PX + ring * HEIGHT_PX
        for order, (right, up) in enumerate(_SIDES):
            level = y + up * gap * (0.8 if right else 1.0)
            if right == 0:
                left = x - long / 2
                level += up * HEIGHT_PX / 2
            else:
                away = _GAP_PX if up else gap
                left = x + away if right > 0 else x - away - long
            box = Box(left, level - HEIGHT_PX / 2, left + long, level + HEIGHT_PX / 2)
            yield Place(box, ring + order / 10)


def along(right: float, left: float, y: float, text: str) -> Iterator[Place]:
    """The places above and below a level line, from its right end leftwards."""
    long = width(text)
    for step in range(12):
        end = right - step * (right - left) / 12
        for order, up in enumerate((1, -1)):
            base = y + 3 if up > 0 else y - 3 - HEIGHT_PX
            yield Place(Box(end - long, base, end, base + HEIGHT_PX), step + order / 10)


def write(
    axes: Axes,
    place: Place,
    text: str,
    *,
    mark: tuple[float, float] | None = None,
    key: str = "",
    bold: bool = False,
    colour: str | None = None,
) -> None:
    """A name at its place; with a line to its mark where it had to go far."""
    box = place.box
    middle = (box.bottom + box.top) / 2
    if mark is not None and place.cost >= 1:
        end = min(max(mark[0], box.left), box.right), min(max(mark[1], box.bottom), box.top)
        _line(axes, mark, end)
    right = mark is not None and box.right <= mark[0]
    level = mark is not None and box.left < mark[0] < box.right
    x = (box.left + box.right) / 2 if level else box.right if right or mark is None else box.left
    origin = axes.get_window_extent()
    named = axes.annotate(
        text,
        (x - origin.x0, middle - origin.y0),
        xycoords="axes pixels",
        size=SMALL_PX,
        ha="center" if level else "right" if right or mark is None else "left",
        va="center",
        weight="bold" if bold else "normal",
        bbox=marks.HALO,
        zorder=4,
    )
    if colour is not None:
        named.set_color(colour)
    if key:
        tie(named, key)


def _line(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    inverse = axes.transData.inverted()
    (x, y), (to_x, to_y) = inverse.transform([start, end])
    axes.plot([x, to_x], [y, to_y], color=MUTED, linewidth=0.8, zorder=1.5)
