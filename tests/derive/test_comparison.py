"""FASTER, SLOWER, SAME or AMBIGUOUS, against ratios worked out by hand and by simulation."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from benchbench.derive import comparison
from benchbench.derive.comparison import Comparison, compare, judge, pairs, ratio_of
from benchbench.record import Provenance, Record, Software, Work
from benchbench.stats import Estimate, minimum_detectable_effect
from tests import factories as make


def repeats(rates: list[float], *, minute: int = 0, turn: int = 1, **changes: Any) -> list[Record]:
    """One record per rate, `turn` minutes apart from `minute` on, in one run."""
    return [
        make.record(
            rate,
            repeat=index,
            provenance=Provenance(
                time_utc=f"2026-01-01T00:{minute + turn * index:02d}:00Z",
                tool_version="0.1.0",
                seed=0,
                session="one",
            ),
            **changes,
        )
        for index, rate in enumerate(rates)
    ]


def ratio(a: Iterable[float], b: Iterable[float]) -> Estimate:
    """B over A, measured in turns."""
    return ratio_of(repeats(list(a), turn=2), repeats(list(b), minute=1, turn=2))


def compared(a: list[float], b: list[float], **changes: Any) -> Comparison:
    """A and B in turns: A at even minutes, B at odd ones."""
    return compare(
        repeats(a, turn=2),
        repeats(b, minute=1, turn=2, **changes),
        labels=("before", "after"),
    )


def test_the_ratio_is_the_mean_of_the_pairs_logarithms() -> None:
    """Pairs 1.1 and 1.21 times as fast: 1.1537 in the geometric mean."""
    result = compared([10.0, 20.0], [11.0, 24.2])
    assert result.ratio is not None
    assert result.ratio.value == pytest.approx((1.1 * 1.21) ** 0.5)
    assert result.interleaved


def test_a_drift_that_meets_both_sides_does_not_matter_in_turns() -> None:
    """The machine slows to a third, B stays 5 % ahead in every pair: FASTER, and exactly so."""
    a = [30.0, 25.0, 20.0, 15.0, 10.0]
    result = compared(a, [1.05 * rate for rate in a])
    assert result.verdict == "faster"
    assert result.ratio is not None
    assert result.ratio.low == pytest.approx(1.05)


@pytest.mark.parametrize(
    ("low", "value", "high", "verdict"),
    [
        (1.03, 1.05, 1.07, "faster"),
        (0.93, 0.95, 0.97, "slower"),
        (0.985, 1.0, 1.015, "same"),
        (1.005, 1.01, 1.015, "same"),  # surely faster, surely not by more than 2 %
        (1.002, 1.018, 1.034, "ambiguous"),  # faster, but does it matter?
        (0.96, 1.05, 1.14, "ambiguous"),
    ],
)
def test_the_verdict_follows_from_the_interval(
    low: float, value: float, high: float, verdict: str
) -> None:
    """Within 2 % is the same; beyond it the whole interval must lie on one side."""
    assert judge(Estimate(value=value, low=low, high=high, basis="measured"))[0] == verdict


def test_two_equal_things_are_seldom_told_apart() -> None:
    """Of 400 comparisons of a thing with itself at 3 % noise, 5 % may be called different."""
    random = np.random.default_rng(7)
    wrong = 0
    for _ in range(400):
        a, b = np.exp(0.03 * random.standard_normal((2, 5))) * 10
        wrong += judge(ratio(a, b))[0] in ("faster", "slower")
    assert wrong <= 30  # 20 expected; 31 or more once in 130 such tests (binomial)


def test_what_could_be_found_is_said_and_is_found() -> None:
    """A difference of the size said to be detectable is found in about 80 % of comparisons."""
    random = np.random.default_rng(11)
    noise = 0.02
    trials = 10 * np.exp(noise * random.standard_normal((100, 2, 5)))
    said = [minimum_detectable_effect(ratio(a, b)) or 0.0 for a, b in trials]
    typical = np.sqrt(np.mean(np.square(said)))
    found = 0
    for _ in range(300):
        a, b = 10 * np.exp(noise * random.standard_normal((2, 5)))
        found += judge(ratio(a, (1 + typical) * b))[0] == "faster"
    assert 0.7 < found / 300 < 0.92


def test_results_not_measured_in_turns_say_so() -> None:
    """All of A before all of B: the same figures with a doubt."""
    result = compare(
        repeats([10.0, 10.1, 9.9]), repeats([12.0, 12.1, 11.9], minute=30), labels=("a", "b")
    )
    assert result.verdict == "faster"
    assert not result.interleaved
    assert "not_interleaved" in {caveat.code for caveat in result.caveats}


def test_independent_repeats_use_welchs_interval() -> None:
    """Against scipy's own Welch interval of the logarithms."""
    from scipy.stats import ttest_ind

    a, b = [10.0, 10.4, 9.7, 10.1], [12.0, 12.9, 11.5]
    result = compare(repeats(a), repeats(b, minute=30), labels=("a", "b"))
    expected = ttest_ind(np.log(b), np.log(a), equal_var=False).confidence_interval(0.95)
    assert result.ratio is not None
    assert result.ratio.low == pytest.approx(np.exp(expected.low), rel=1e-6)
    assert result.ratio.high == pytest.approx(np.exp(expected.high), rel=1e-6)


def test_one_process_each_is_doubted() -> None:
    """Nothing shows how much processes vary."""
    result = compared([10.0], [12.0])
    assert "one_process" in {caveat.code for caveat in result.caveats}


def test_different_work_is_not_compared() -> None:
    """An image of half the FLOPs is another image."""
    smaller = Work(unit="image", flops_per_unit=1e9)
    result = compared([10.0, 10.0], [20.0, 20.0], work=smaller)
    assert result.verdict == "not_comparable"
    assert result.ratio is None
    assert "24.3 GFLOP" in result.because


def test_a_failed_side_withholds_the_ratio() -> None:
    """A side that ran out of memory has no speed."""
    result = compared([10.0, 10.0], [1.0, 1.0], failure=make.out_of_memory())
    assert result.verdict == "not_comparable"
    assert "after" in result.because


def test_a_changed_machine_and_setting_confound() -> None:
    """Which of the two made it faster, nobody can say."""
    other = make.system(software=Software(os="Debian 13", kernel="6.12", python="3.13"))
    both = compared([10.0, 10.1], [12.0, 12.1], system=other, batch_size=16)
    assert "confounded" in {caveat.code for caveat in both.caveats}
    only_machine = compared([10.0, 10.1], [12.0, 12.1], system=other)
    assert "confounded" not in {caveat.code for caveat in only_machine.caveats}


def test_differences_are_named_by_their_place_in_the_record() -> None:
    """A batch of 16 instead of 8 is the only one."""
    (difference,) = compared([10.0, 10.1], [12.0, 12.1], batch_size=16).differences
    assert (difference.name, difference.a, difference.b) == ("batch_size", "8", "16")


def test_runs_that_did_not_alternate_are_no_pairs() -> None:
    """A A B B has as many of each, and no turns."""
    assert pairs(repeats([1.0, 1.0]), repeats([1.0, 1.0], minute=2)) is None
    assert pairs(repeats([1.0, 1.0], turn=2), repeats([1.0, 1.0], minute=1, turn=2)) is not None


def test_the_same_fraction_is_the_designs() -> None:
    """Within 2 %."""
    assert comparison.SAME_FRACTION == 0.02
