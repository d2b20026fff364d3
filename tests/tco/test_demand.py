"""Duration curves: how many machines in how many hours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.tco.demand import (
    Demand,
    business_hours_share,
    daily_cycle,
    peak_days_share,
    then_steady,
    two_levels,
)


def curve(
    levels: list[float], weights: list[float], months: int = 12, growth_per_year: float = 0.0
) -> Demand:
    """A duration curve over a year."""
    return Demand(np.array(levels), np.array(weights), months, growth_per_year)


def test_a_thousand_cores_on_one_day_a_year() -> None:
    """Machine-hours of a year: 1,000 for 24 hours and 10 for 364 days."""
    levels, weights = two_levels(1000, 10, peak_days_share(1))
    hours = Demand(levels, weights, 12).machine_hours(1.0).sum()
    assert hours == pytest.approx(1000 * 24 + 10 * 364 * 24)


def test_business_hours_are_forty_of_a_hundred_and_sixty_eight() -> None:
    """Eight hours on five days."""
    assert business_hours_share(8, 5) == pytest.approx(40 / 168)


def test_machines_come_whole() -> None:
    """2.5 units on machines of one unit are three machines all month."""
    assert curve([2.5], [1.0]).machine_hours(1.0) == pytest.approx([3 * 730] * 12)


def test_batch_work_does_not_round_up() -> None:
    """Work that may run at any hour costs its hours."""
    demand = Demand(np.array([0.5]), np.array([1.0]), 1, batch=True)
    assert demand.machine_hours(1.0) == pytest.approx([365])


def test_rounding_does_not_buy_a_machine() -> None:
    """0.3 / 0.1 is 2.9999999999999996 or 3.0000000000000004, never four machines."""
    assert curve([0.1 * 3], [1.0]).machines_at_peak(0.1) == pytest.approx([3] * 12)


def test_hours_beyond_a_base_are_the_rest() -> None:
    """Ten of a demand of fifteen are carried elsewhere."""
    assert curve([15.0], [1.0]).machine_hours(1.0, 10.0) == pytest.approx([5 * 730] * 12)


def test_growth_is_yearly() -> None:
    """100 % a year doubles the level after twelve months."""
    grown = curve([4.0], [1.0], months=13, growth_per_year=1.0).mean()
    assert grown[[0, 12]] == pytest.approx([4.0, 8.0])


def test_a_level_of_no_hours_is_no_peak() -> None:
    """A busy share of 0 needs no machine."""
    levels, weights = two_levels(5.0, 0.0, 0.0)
    assert Demand(levels, weights, 2).peak() == pytest.approx([0, 0])


def test_draws_of_the_busy_share_give_a_row_each() -> None:
    """Shares (draws, 1) give hours (draws, months)."""
    levels, weights = two_levels(1.0, 0.0, np.array([[0.2], [0.7]]))
    hours = Demand(levels, weights, 3).machine_hours(1.0)
    assert hours == pytest.approx(np.array([[146.0] * 3, [511.0] * 3]))


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=50),
    st.floats(0.5, 20),
    st.integers(1, 12),
)
def test_share_needing_counts_hours(hours: list[float], capacity: float, count: int) -> None:
    """P(demand ≥ k) is what counting the hours one by one says, and never grows with k."""
    demand = Demand(np.array(hours), np.full(len(hours), 1 / len(hours)), 1)
    above = sum(-(-level // capacity) >= count for level in hours) / len(hours)
    border = any(abs(level / capacity - (count - 1)) < 1e-6 for level in hours)
    if not border:
        assert demand.share_needing(count, capacity) == pytest.approx(above)
    following = demand.share_needing(count + 1, capacity)
    assert following <= demand.share_needing(count, capacity) + 1e-12


@given(st.floats(0, 40), st.floats(0, 1), st.integers(0, 40))
def test_what_is_served_and_what_is_left_are_all(high: float, busy: float, owned: int) -> None:
    """Mean level = served + rest, for any fleet (batch work, so that nothing rounds)."""
    levels, weights = two_levels(high, 1.0, busy)
    demand = Demand(levels, weights, 2, batch=True)
    rest = demand.machine_hours(1.0, float(owned)) / 730
    assert demand.served(np.full(2, float(owned))) + rest == pytest.approx(demand.mean())


def test_what_is_remembered_cannot_be_written_to() -> None:
    """The same hours are handed out again, so nobody may change them."""
    demand = curve([3.0], [1.0])
    first = demand.machine_hours(1.0, 1.0)
    assert demand.machine_hours(1.0, 1.0) is first
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0.0


def test_two_demands_never_share_what_is_remembered() -> None:
    """Equal shapes, other levels."""
    assert curve([3.0], [1.0]).machine_hours(1.0)[0] == 3 * 730
    assert curve([4.0], [1.0]).machine_hours(1.0)[0] == 4 * 730


@given(st.floats(0.1, 50), st.floats(-0.5, 2.0), st.integers(1, 60))
def test_the_peak_is_covered_by_whole_machines(high: float, growth: float, months: int) -> None:
    """Never too few, never one too many."""
    demand = curve([high], [1.0], months, growth)
    machines = demand.machines_at_peak(1.0)
    assert (machines >= demand.peak() - 1e-6).all()
    assert (machines < demand.peak() + 1).all()


def test_a_daily_cycle_has_its_peak_its_trough_and_their_mean() -> None:
    """64 at noon, 16 at night, a cosine between: 40 in the mean."""
    levels, weights = daily_cycle(64, 16)
    assert levels @ weights == pytest.approx(40)
    assert levels.max() == pytest.approx(64, rel=0.01)
    assert levels.min() == pytest.approx(16, rel=0.02)


def test_experiments_become_production() -> None:
    """Two machines in a tenth of the hours for three months, then one in all of them."""
    levels, weights = two_levels(2.0, 0.0, 0.1)
    demand = Demand(then_steady(levels, 1.0, 3, 6), weights, 6)
    assert demand.machine_hours(1.0) == pytest.approx([146.0] * 3 + [730.0] * 3)
    assert demand.peak() == pytest.approx([2.0] * 3 + [1.0] * 3)
    assert demand.share_needing(1, 1.0) == pytest.approx((0.1 + 1.0) / 2)


@given(
    st.lists(st.floats(0, 30), min_size=1, max_size=20),
    st.lists(st.floats(0, 12), min_size=4, max_size=4),
)
def test_a_year_worked_out_once_is_the_same_as_month_by_month(
    hours: list[float], beyond: list[float]
) -> None:
    """Months alike are not repeated; the answer does not show it."""
    weights = np.full(len(hours), 1 / len(hours))
    once = Demand(np.array(hours), weights, 4)
    monthly = Demand(np.tile(hours, (4, 1)), weights, 4)
    base = np.array(beyond)
    assert once.machine_hours(2.0, base) == pytest.approx(monthly.machine_hours(2.0, base))
    assert once.served(base) == pytest.approx(monthly.served(base))
    assert once.share_needing(2, 2.0) == pytest.approx(monthly.share_needing(2, 2.0))
