"""Which figures of two devices are compared, and what stands in for the unknown ones."""

import math

import pytest

from benchbench.predict.hardware import Hardware, Ratios, logarithms

WEIGHTS = (0.4, 0.2, 0.3, 0.1)


def device(**figures: float | None) -> Hardware:
    """A device of which only the given figures are known."""
    known = {"peak": None, "bandwidth": None, "matmul": None, "triad": None, **figures}
    return Hardware("x", None, None, **known)


def test_measured_ceilings_are_compared_before_datasheets() -> None:
    """Measured 60 over 30 is 2, whatever the datasheets say."""
    there, here = device(peak=900.0, matmul=60.0), device(peak=100.0, matmul=30.0)
    assert there.over(here)[0] == 2.0


def test_datasheets_are_compared_where_one_was_not_measured() -> None:
    """900 over 100 is 9."""
    assert device(peak=900.0).over(device(peak=100.0, matmul=30.0))[0] == 9.0


def test_a_datasheet_beside_a_measurement_counts_at_80_percent() -> None:
    """0.8 x 100 over a measured 40 is 2."""
    assert device(bandwidth=100.0).over(device(triad=40.0))[1] == pytest.approx(2.0)


def test_all_four_figures_are_compared() -> None:
    """Peak, bandwidth, power and cache, in this order."""
    there = device(peak=2.0, bandwidth=3.0, power=5.0, cache=7.0)
    assert there.over(device(peak=1.0, bandwidth=1.0, power=1.0, cache=1.0)) == (2, 3, 5, 7)


def test_the_unknown_moves_with_the_known() -> None:
    """A peak of 8 times and nothing else known: all of it 8 times."""
    logs = logarithms((8.0, None, None, None), WEIGHTS)
    assert logs == pytest.approx([math.log(8)] * 4)


def test_the_unknown_moves_with_the_weighted_mean_of_the_known() -> None:
    """Peak doubled (0.4), bandwidth the same (0.2): power and cache by 2^(2/3)."""
    logs = logarithms((2.0, 1.0, None, None), WEIGHTS)
    assert logs is not None
    assert logs[2:] == pytest.approx([math.log(2) * 2 / 3] * 2)


@pytest.mark.parametrize("ratios", [(None, None, None, None), (None, None, 2.0, 3.0)])
def test_power_and_cache_alone_say_nothing(ratios: Ratios) -> None:
    """A peak or a bandwidth must be known."""
    assert logarithms(ratios, WEIGHTS) is None
