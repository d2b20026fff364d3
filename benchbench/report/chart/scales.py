"""Axes a reader can use: round numbers, few of them, and room at the edges."""

import math
from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from benchbench import units
from benchbench.report.blocks import Axis
from benchbench.report.chart.svg import ticks

_SECONDS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_ROUND_DURATIONS = (
    *_SECONDS,
    *(second * _MINUTE for second in _SECONDS),
    *(hour * _HOUR for hour in (1, 2, 4, 8)),
    *(day * _DAY for day in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)),
)
_STEPS = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))


def apply(
    axes: Axes, which: Literal["x", "y"], axis: Axis, values: Sequence[float], most: int
) -> None:
    """Scale, limits and at most about `most` ticks for these values."""
    matplotlib_axis = axes.xaxis if which == "x" else axes.yaxis
    set_limits = axes.set_xlim if which == "x" else axes.set_ylim
    low, high = min(values), max(values)
    if axis.log and low > 0:
        axes.set(**{f"{which}scale": "log"})
        room = max((high / low) ** 0.08, 1.15)
        low, high = low / room, high * room
        matplotlib_axis.set_major_locator(FixedLocator(round_ticks(low, high, axis, most)))
        matplotlib_axis.set_minor_locator(NullLocator())
    else:
        room = (high - low or abs(high) or 1.0) * 0.06
        low, high = (low - room if low < 0 else min(low, 0.0)), high + room
        steps = [1, 2, 3, 6, 10] if axis.text is units.count else [1, 2, 2.5, 5, 10]
        matplotlib_axis.set_major_locator(MaxNLocator(most, steps=steps))
    set_limits(low, high)
    matplotlib_axis.set_major_formatter(ticks(axis.text))


def round_ticks(low: float, high: float, axis: Axis, most: int) -> list[float]:
    """Round numbers between two positive ones; at least the middle, where there are none."""
    inside: list[float] = []
    for candidates in _candidates(low, high, axis):
        inside = [value for value in candidates if low <= value <= high]
        if len(inside) <= most:
            break
    if len(inside) > most:
        inside = inside[:: math.ceil(len(inside) / most)]
    return inside or [math.sqrt(low * high)]


def _candidates(low: float, high: float, axis: Axis) -> list[list[float]]:
    if axis.text is units.duration and low >= _SECONDS[0]:
        return [list(_ROUND_DURATIONS)]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [[step * 10.0**decade for decade in decades for step in steps] for steps in _STEPS]
