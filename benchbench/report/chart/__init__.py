"""Charts: the data of a block, drawn by matplotlib, as SVG for the page."""

from markupsafe import Markup
from matplotlib.figure import Figure

from benchbench.report.blocks import (
    BarGroups,
    Dots,
    Drawing,
    Lines,
    Plot,
    Ranges,
    Roofline,
    Scatter,
    Spreads,
    Stacks,
    Swings,
)
from benchbench.report.chart import choice, cost, measured, svg

__all__ = ["draw"]


def draw(plot: Plot) -> tuple[Markup, Markup]:
    """The chart for a wide screen or paper, and for a phone."""
    with svg.settings():
        wide = _figure(plot.drawing, svg.WIDE_PX)
        narrow = _figure(plot.drawing, svg.NARROW_PX)
        return (
            svg.embed(wide, plot.key, plot.title, plot.description),
            svg.embed(narrow, f"{plot.key}-narrow", plot.title, plot.description),
        )


def _figure(drawing: Drawing, width: float) -> Figure:  # noqa: PLR0911 - one return per kind
    match drawing:
        case BarGroups():
            return measured.bar_groups(drawing, width)
        case Roofline():
            return measured.roofline(drawing, width)
        case Spreads():
            return measured.spreads(drawing, width)
        case Scatter():
            return choice.scatter(drawing, width)
        case Lines():
            return cost.lines(drawing, width)
        case Stacks():
            return cost.stacks(drawing, width)
        case Swings():
            return cost.swings(drawing, width)
        case Dots():
            return cost.dots(drawing, width)
        case Ranges():
            return measured.ranges(drawing, width)
