"""Charts of what it costs."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.patches import Rectangle

from benchbench import units
from benchbench.report.blocks import Axis, Line, Lines, Stacks, Swings
from benchbench.report.chart import cost

MONEY = Axis("USD", units.usd)


def bars(figure: Any) -> list[tuple[float, float]]:
    """Start and end of each bar of the first axes, sorted."""
    found = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    ends = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in found]
    return sorted((min(pair), max(pair)) for pair in ends)


def test_costs_stack_right_and_receipts_left_of_zero() -> None:
    """100 and 50 paid, 30 received: [-30, 0], [0, 100], [100, 150]."""
    figure = cost.stacks(Stacks(MONEY, ("a", "b", "c"), (("own", (100.0, 50.0, -30.0)),)), 720)
    assert bars(figure) == [(-30, 0), (0, 100), (100, 150)]


def test_the_longest_swing_is_on_top() -> None:
    """A tornado narrows downwards; y grows downwards."""
    swings = (("small", 1.0, 2.0), ("large", -5.0, 9.0))
    patches = cost.swings(Swings(MONEY, swings), 720).axes[0].patches
    assert [patch.get_x() for patch in patches if isinstance(patch, Rectangle)] == [-5.0, 1.0]


@given(st.lists(st.floats(0, 300), min_size=1, max_size=8))
def test_names_at_line_ends_never_touch(heights: list[float]) -> None:
    """At least a line of text apart, none lost, in their order."""
    placed = cost._apart([(y, index) for index, y in enumerate(heights)])
    ys = [y for y, _ in placed]
    assert all(after - before >= 14 - 1e-6 for before, after in pairwise(ys))
    assert {index for _, index in placed} == set(range(len(heights)))


@pytest.mark.parametrize("width", [720, 340])
def test_gaps_stay_gaps(width: float) -> None:
    """Where an alternative does not exist nothing is drawn, not zero."""
    line = Line("own", (0.1, 0.2, 0.3), (None, 5.0, 4.0))
    figure = cost.lines(Lines(MONEY, MONEY, (line,)), width)
    drawn = [str(float(y)) for y in np.asarray(figure.axes[0].lines[0].get_ydata())]
    assert drawn == ["nan", "5.0", "4.0"]


def test_an_idle_owner_s_cost_does_not_flatten_the_rest() -> None:
    """1/u grows without bound: 100 is clipped beside values around 5."""
    assert max(cost._without_pole([100.0, 6.0, 5.0, 4.0, 5.0])) == 6.0
