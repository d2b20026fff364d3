"""The Pareto front against brute force, and ties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.recommend.ranges import Range
from benchbench.recommend.rank import pareto, tied

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30)


@given(points=POINTS)
def test_the_front_is_what_brute_force_finds(points: list[tuple[int, int]]) -> None:
    """On the front: nothing is at most as dear and as slow, and better in one; twins share it."""
    cost, time = np.array(points, float).reshape(-1, 2).T
    expected = [
        not any(c <= mine_c and t <= mine_t and (c, t) != (mine_c, mine_t) for c, t in points)
        for mine_c, mine_t in points
    ]
    assert pareto(cost, time).tolist() == expected


@pytest.mark.parametrize(
    ("low", "ties"),
    [([9.0, 10.9, 11.1], [True, True, False]), ([np.nan, 10.0, 12.0], [True, True, False])],
)
def test_a_tie_is_an_overlap_with_the_first(low: list[float], ties: list[bool]) -> None:
    """The first reaches up to 11; a figure without an interval is only its value."""
    value = np.array([10.0, 11.5, 12.5])
    first = 11.0 if not np.isnan(low[0]) else np.nan
    cost = Range(np.array(low), value, np.array([first, 13.0, 14.0]))
    assert tied(cost).tolist() == ties


def test_nothing_ties_with_nothing() -> None:
    """An empty ranking has no tie."""
    empty = np.zeros(0)
    assert tied(Range(empty, empty, empty)).tolist() == []
