"""Axes with round numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench import units
from benchbench.report.blocks import Axis
from benchbench.report.chart.scales import apply, round_ticks
from benchbench.report.chart.svg import Canvas

MONEY = Axis("", units.usd, log=True)
TIME = Axis("", units.duration, log=True)


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (4.0, 120.0, 8, [5, 10, 20, 50, 100]),
        (4.0, 120.0, 3, [10, 30, 100]),
        (0.9, 1100.0, 4, [1, 10, 100, 1000]),
        (3.1, 4.2, 5, [3.608]),
    ],
)
def test_money_ticks(low: float, high: float, most: int, expected: list[float]) -> None:
    """1-2-5 while there is room, then 1-3, then decades; the middle if nothing round fits."""
    assert round_ticks(low, high, MONEY, most) == pytest.approx(expected, rel=1e-3)


def test_time_ticks_are_round_on_a_clock() -> None:
    """Hours and days, not 10,000 seconds."""
    hours = [tick / 3600 for tick in round_ticks(5000.0, 300_000.0, TIME, 9)]
    assert hours == [2, 4, 8, 12, 24, 48]


@given(st.floats(1e-9, 1e12), st.floats(1.0, 1e9), st.integers(2, 9))
def test_ticks_are_few_and_inside(low: float, factor: float, most: int) -> None:
    """For any range."""
    ticks = round_ticks(low, low * factor, MONEY, most)
    assert 1 <= len(ticks) <= most
    assert all(low * 0.999 <= tick <= low * factor * 1.001 for tick in ticks)


def test_money_axes_start_at_zero() -> None:
    """A linear axis of positive amounts never exaggerates a difference."""
    axes = Canvas(300, 200).axes(10, 10, 10, 10)
    apply(axes, "y", Axis("", units.usd), [90.0, 100.0], 5)
    assert axes.get_ylim()[0] == 0


def test_losses_have_room_below_zero() -> None:
    """A negative amount is inside."""
    axes = Canvas(300, 200).axes(10, 10, 10, 10)
    apply(axes, "x", Axis("", units.usd), [-50.0, 100.0], 5)
    low, high = axes.get_xlim()
    assert low < -50
    assert high > 100


def test_a_constant_has_an_axis() -> None:
    """Nothing but zeros: no division by the range."""
    axes = Canvas(300, 200).axes(10, 10, 10, 10)
    apply(axes, "y", Axis("", units.usd), [0.0, 0.0], 5)
    assert axes.get_ylim()[1] > 0
