"""Losses of runs short and long."""

from itertools import pairwise

import pytest

from benchbench.measure.losses import Losses


def seen(count: int) -> tuple[float, ...] | None:
    """The losses kept of 0, 1, 2 and so on."""
    losses = Losses()
    for value in range(count):
        losses.see(float(value))
    return losses.values()


def test_no_losses_are_none() -> None:
    """A step that returns nothing has no loss; neither has no step."""
    losses = Losses()
    assert losses.values() is None
    losses.see(None)
    assert losses.values() is None


def test_a_short_run_keeps_every_loss() -> None:
    """All of 512."""
    assert seen(512) == tuple(map(float, range(512)))


@pytest.mark.parametrize("count", [513, 514, 1000, 1025, 100_003])
def test_a_long_run_keeps_evenly_spaced_losses_and_the_last(count: int) -> None:
    """Bounded in number, in order, equally far apart but for the last."""
    kept = seen(count)
    assert kept is not None
    assert len(kept) <= 514
    assert kept[0] == 0.0
    assert kept[-1] == count - 1
    assert len({b - a for a, b in pairwise(kept[:-1])}) == 1
