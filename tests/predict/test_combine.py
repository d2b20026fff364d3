"""Combining measured chips, against closed forms of normal variables."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.predict.combine import Seen, Shares, carried
from benchbench.predict.hardware import Hardware
from tests.predict.plain import PLAIN

NOTHING_KNOWN = Shares(0.0, 0.0)
EXACT = replace(PLAIN, noise_sd=1e-4)


def chip(name: str, architecture: str = "A") -> Hardware:
    """A chip of which only the name matters."""
    return Hardware(name, "NVIDIA", architecture, None, None, None, None)


def seen(
    name: str, rate: float, architecture: str = "A", peak: float = 1.0, stack: str = "one"
) -> Seen:
    """A chip of `peak` times the anchor's arithmetic and the same memory."""
    logs = (math.log(peak), 0.0, 0.0, 0.0)
    return Seen(chip(name, architecture), logs, stack, math.log(rate))


def test_one_reference_is_scaled_by_what_the_figures_promise() -> None:
    """Nine times the peak, the same bandwidth, weights of a half: three times as fast."""
    value, _ = carried([seen("a", 100)], seen("t", 1, peak=9), NOTHING_KNOWN, PLAIN)
    assert math.exp(value) == pytest.approx(300)


@pytest.mark.parametrize(("shares", "expected"), [(Shares(1, 0), 900), (Shares(0, 1), 100)])
def test_where_one_part_takes_all_the_time_its_ratio_alone_counts(
    shares: Shares, expected: float
) -> None:
    """All arithmetic: nine times; all memory traffic: as before."""
    value, _ = carried([seen("a", 100)], seen("t", 1, peak=9), shares, PLAIN)
    assert math.exp(value) == pytest.approx(expected)


def test_within_an_architecture_one_reference_is_as_sure_as_two_measurements() -> None:
    """The variance is that of the measured and of the unmeasured: 2 x 0.04^2."""
    _, sd = carried([seen("a", 100)], seen("t", 1), NOTHING_KNOWN, PLAIN)
    assert sd == pytest.approx(0.04 * math.sqrt(2), rel=1e-4)


def test_across_architectures_both_efficiencies_are_unknown() -> None:
    """2 x (0.3^2 + 0.04^2)."""
    _, sd = carried([seen("a", 100)], seen("t", 1, "B"), NOTHING_KNOWN, PLAIN)
    assert sd == pytest.approx(math.sqrt(2 * (0.3**2 + 0.04**2)), rel=1e-3)


def test_a_known_efficiency_shifts_and_narrows() -> None:
    """B delivers half of what A does for the same figures, give or take 0.1 each."""
    known = replace(PLAIN, efficiency={"A": 0.0, "B": math.log(0.5)})
    value, sd = carried([seen("a", 100)], seen("t", 1, "B"), NOTHING_KNOWN, known)
    assert math.exp(value) == pytest.approx(50)
    assert sd == pytest.approx(math.sqrt(2 * (0.1**2 + 0.04**2)), rel=1e-3)


def test_two_equally_far_references_are_averaged() -> None:
    """100 by one foreign chip and 400 by another are 200, their geometric mean."""
    both = [seen("a", 100, "A"), seen("b", 400, "B")]
    value, _ = carried(both, seen("t", 1, "C"), NOTHING_KNOWN, PLAIN)
    assert math.exp(value) == pytest.approx(200, rel=1e-6)


def test_a_sibling_outweighs_strangers() -> None:
    """With exact measurements a chip of the same architecture decides alone."""
    all_three = [seen("a", 100, "A"), seen("b", 400, "B"), seen("c", 500, "B")]
    value, _ = carried(all_three, seen("t", 1, "A"), NOTHING_KNOWN, EXACT)
    assert math.exp(value) == pytest.approx(100, rel=1e-3)


def test_other_software_tells_how_silicon_compares_not_how_fast_it_is() -> None:
    """Under other software B reached 0.7 of A, at whatever level: so it will under this."""
    for level in (1.0, 50.0):
        beside = [
            seen("a", 10 * level, "A", stack="other"),
            seen("b", 7 * level, "B", stack="other"),
        ]
        value, _ = carried([seen("a", 100), *beside], seen("t", 1, "B"), NOTHING_KNOWN, EXACT)
        assert math.exp(value) == pytest.approx(70, rel=1e-3)


@given(st.floats(1e-6, 1e6), st.floats(1, 1e3), st.floats(1, 1e3))
def test_the_unit_of_the_rate_does_not_matter(unit: float, one: float, two: float) -> None:
    """Images or thousands of images per second: the same prediction in that unit."""

    def value(unit: float) -> tuple[float, float]:
        both = [seen("a", one * unit), seen("b", two * unit, "B", peak=2)]
        return carried(both, seen("t", 1, "B", peak=3), NOTHING_KNOWN, PLAIN)

    assert value(unit)[0] - math.log(unit) == pytest.approx(value(1)[0], abs=1e-6)
    assert value(unit)[1] == pytest.approx(value(1)[1])


@given(st.lists(st.floats(1, 1e3), min_size=1, max_size=6))
def test_every_reference_more_leaves_less_doubt(rates: list[float]) -> None:
    """The standard deviation never grows with another chip measured."""
    chips = [seen(str(index), rate, "AB"[index % 2]) for index, rate in enumerate(rates)]
    sds = [
        carried(chips[:count], seen("t", 1, "C"), NOTHING_KNOWN, PLAIN)[1]
        for count in range(1, len(chips) + 1)
    ]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(sds))
