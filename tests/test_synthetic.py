"""Inputs that never repeat."""

from itertools import islice, pairwise

import pytest
import torch

from benchbench.synthetic import windows


@pytest.mark.parametrize(("rows", "size", "align"), [(31, 4, 1), (100, 10, 1), (1000, 96, 8)])
def test_every_start_is_visited_before_any_returns(rows: int, size: int, align: int) -> None:
    """(rows - size) // align + 1 windows are all different; the next is the first again."""
    count = (rows - size) // align + 1
    starts = [int(each[0]) for each in islice(windows(torch.arange(rows), size, align), count + 1)]
    assert sorted(starts[:count]) == list(range(0, count * align, align))
    assert starts[count] == starts[0]


def test_neighbours_share_no_row() -> None:
    """In a pool of three windows and more, one step's rows are not the next one's."""
    views = [set(each.tolist()) for each in islice(windows(torch.arange(40), 10), 100)]
    assert all(not (a & b) for a, b in pairwise(views))


def test_a_window_copies_nothing() -> None:
    """The rows are the pool's own memory."""
    pool = torch.randn(50, 3)
    window = next(windows(pool, 5))
    assert window.shape == (5, 3)
    assert window.data_ptr() == pool.data_ptr()


def test_a_window_of_everything_is_everything() -> None:
    """The smallest legal pool gives the same window for ever."""
    first, second = islice(windows(torch.arange(4), 4), 2)
    assert first.tolist() == second.tolist() == [0, 1, 2, 3]


def test_a_pool_too_small_is_refused() -> None:
    """No window would fit."""
    with pytest.raises(ValueError, match="a pool of 3 rows holds no window of 4"):
        next(windows(torch.arange(3), 4))
