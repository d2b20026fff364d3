"""Statistics against closed forms and SciPy."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from benchbench import stats
from benchbench.stats import Estimate
from tests import factories as make

SAMPLES = [1.0, 2.0, 2.0, 3.0, 10.0]


def test_median_and_mad_by_hand() -> None:
    """Deviations from 2 are 1 0 0 1 8: their median is 1."""
    assert stats.median(SAMPLES) == 2.0
    assert stats.mad(SAMPLES) == 1.0


def test_mad_agrees_with_scipy() -> None:
    """On random data the two agree to rounding."""
    data = np.random.default_rng(1).normal(size=101)
    assert stats.mad(list(data)) == pytest.approx(oracle.median_abs_deviation(data))


def test_modified_z_is_iglewicz_and_hoaglin() -> None:
    """0.6745 (x - median) / MAD, their formula."""
    assert stats.modified_z(SAMPLES)[-1] == pytest.approx(0.6745 * 8, rel=1e-4)


def test_modified_z_of_equal_samples_is_zero() -> None:
    """No spread, no outlier: not infinity."""
    assert list(stats.modified_z([3.0, 3.0, 3.0, 4.0])) == [0, 0, 0, 0]


@pytest.mark.parametrize(("percent", "needed"), [(90.0, 64), (95.0, 130), (99.0, 662)])
def test_a_percentile_waits_for_enough_queries(percent: float, needed: int) -> None:
    """LoadGen's counts: one query fewer and there is no percentile."""
    queries = [float(i) for i in range(needed)]
    assert stats.percentile_allowed(queries[:-1], percent) is None
    assert stats.percentile_allowed(queries, percent) == pytest.approx(
        np.percentile(queries, percent)
    )


def test_queries_needed_follow_from_the_binomial() -> None:
    """LoadGen's published counts, by scipy's binomial: one query too slow in 1 % of cases."""
    for percent, needed in stats.QUERIES_NEEDED.items():
        assert stats.queries_needed(percent) == needed
        assert oracle.binom.cdf(1, needed, 1 - percent / 100) <= 0.01
        assert oracle.binom.cdf(1, needed - 1, 1 - percent / 100) > 0.01


def test_any_percentile_waits_for_enough_samples() -> None:
    """99.5 is in no table, and low percentiles are as hard as high ones."""
    assert stats.percentile_allowed([1.0] * 1000, 99.5) is None
    assert stats.queries_needed(10.0) == stats.queries_needed(90.0) == 64


def test_few_samples_interval_is_that_of_their_logarithms_mean() -> None:
    """Equal for a rate and its duration; Student's t where the logarithms are a cosine."""
    low, high = stats.median_interval(SAMPLES)
    upside_down = stats.median_interval([1 / one for one in SAMPLES])
    assert (1 / high, 1 / low) == pytest.approx(upside_down)
    assert 0 < low < stats.median(SAMPLES) < high
    n, amplitude = 13, 0.3
    wave = np.exp(amplitude * np.cos(np.pi * (np.arange(n) + 0.5) / n))
    half = 1.05 * oracle.t.ppf(0.975, 2) * amplitude * math.sqrt((1 + 5 / n) / 4)
    assert stats.median_interval(wave) == pytest.approx((math.exp(-half), math.exp(half)))


def test_few_samples_far_apart_have_a_finite_interval() -> None:
    """Two that differ by 100 orders of magnitude; and zeros, which have no logarithm."""
    low, high = stats.median_interval([1e-50, 1e50])
    assert 0 < low < 5e49 < high < math.inf
    assert stats.median_interval([0.0, 1.0, 3.0]) == (0.0, 3.0)
    assert stats.median_interval([2.0, 2.0]) == (2.0, 2.0)


def test_the_median_of_one_sample_has_no_interval() -> None:
    """Not one of no width, as if it were known exactly."""
    with pytest.raises(ValueError, match="one sample"):
        stats.median_interval([2.0])


def test_the_median_of_many_samples_has_the_binomial_interval() -> None:
    """Between the order statistics whose ranks scipy's binomial holds 95 % of times."""
    data = np.random.default_rng(2).normal(5, 1, 2560)
    ranks = [int(oracle.binom.ppf(tail, 2560, 0.5)) for tail in (0.025, 0.975)]
    expected = np.ptp(np.sort(data)[ranks])
    low, high = stats.median_interval(list(data))
    assert high - low == pytest.approx(expected, rel=0.4)
    assert low < 5 < high


def test_half_width_is_students_t_of_the_cosine_transform() -> None:
    """Power in the first cosine alone: t(2) c sqrt((1 + 5/n) / (2 * 2)) for an amplitude c."""
    n, amplitude = 12, 0.3
    wave = 1 + amplitude * np.cos(np.pi * (np.arange(n) + 0.5) / n)
    expected = oracle.t.ppf(0.975, 2) * amplitude * math.sqrt((1 + 5 / n) / 4)
    assert stats.half_width_of_mean(stats.running_sums(wave)) == pytest.approx(expected)


def test_stopping_early_costs_width() -> None:
    """The same 40 samples, ended because their interval had become narrow, or in spite of looks."""
    sums = stats.running_sums(np.random.default_rng(5).normal(1, 0.1, 40))
    fixed = stats.half_width_of_mean(sums)
    assert fixed is not None
    assert stats.half_width_of_mean(sums, ending="reached") == pytest.approx(1.29 * fixed)
    assert stats.half_width_of_mean(sums, ending="capped") == pytest.approx(1.06 * fixed)


def test_a_measurement_knows_how_it_ended() -> None:
    """A time limit without a wanted width is a length fixed before; with one, a cap after looks."""
    steps = tuple(np.random.default_rng(5).normal(1, 0.1, 20))
    fixed = make.measurement(step_s=steps, interval_target_fraction=None)
    capped = make.measurement(step_s=steps, interval_target_fraction=0.02)
    low, high = stats.mean_step_interval(fixed) or (0.0, 0.0)
    lower, higher = stats.mean_step_interval(capped) or (0.0, 0.0)
    assert higher - lower == pytest.approx(1.06 * (high - low))


def test_long_series_are_summed_up_in_batches() -> None:
    """20 000 independent samples: close to 1.96 sigma / sqrt(n), and hardly any memory."""
    values = list(np.random.default_rng(0).exponential(1.0, 20_000))
    tracemalloc.start()
    interval = stats.mean_interval(values)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 4e6
    assert interval is not None
    assert (interval[1] - interval[0]) / 2 == pytest.approx(1.96 / math.sqrt(20_000), rel=0.4)


def test_mean_interval_of_autocorrelated_data_is_wider() -> None:
    """An AR(1) series with rho 0.8 has an effective size nine times smaller."""
    rng = np.random.default_rng(3)
    noise = rng.normal(size=2000)
    series = np.zeros(2000)
    for i in range(1, 2000):
        series[i] = 0.8 * series[i - 1] + noise[i]
    correlated = stats.mean_interval(list(series))
    shuffled = stats.mean_interval(list(rng.permutation(series)))
    assert correlated is not None
    assert shuffled is not None
    assert np.ptp(correlated) > 2 * np.ptp(shuffled)


def test_few_repeats_have_students_interval() -> None:
    """Four values, none dropped."""
    value, ends = stats.over_repeats([1.0, 2.0, 3.0, 6.0])
    assert value == 3.0
    assert ends == stats.student_interval([1.0, 2.0, 3.0, 6.0])


def test_five_repeats_lose_their_extremes_and_keep_their_spread() -> None:
    """The middle three average 10; the interval around it is as wide as that of all five."""
    repeats = [1.0, 9.0, 10.0, 11.0, 100.0]
    value, ends = stats.over_repeats(repeats)
    low, high = oracle.t.interval(0.95, 4, loc=10, scale=oracle.sem(repeats))
    assert value == 10.0
    assert ends == pytest.approx((low, high))


def test_student_interval_agrees_with_scipy() -> None:
    """The textbook interval."""
    expected = oracle.t.interval(
        0.95, len(SAMPLES) - 1, loc=np.mean(SAMPLES), scale=oracle.sem(SAMPLES)
    )
    assert stats.student_interval(SAMPLES) == pytest.approx(expected)


def test_one_sample_has_no_interval() -> None:
    """Unknown is None."""
    assert stats.mean_interval([1.0]) is None
    assert stats.student_interval([1.0]) is None


def test_no_samples_is_an_error() -> None:
    """Statistics of nothing are a bug in the caller."""
    with pytest.raises(ValueError, match="no samples"):
        stats.median([])


@given(st.floats(1e-3, 1e3), st.floats(0, 0.5))
def test_inverting_twice_gives_the_estimate_back(value: float, width: float) -> None:
    """Seconds per unit and units per second carry the same knowledge."""
    estimate = Estimate(
        value=value, low=value * (1 - width), high=value * (1 + width), n=3, basis="measured"
    )
    back = estimate.inverted().inverted()
    assert back.value == pytest.approx(value)
    assert back.low == pytest.approx(estimate.low)
    assert back.high == pytest.approx(estimate.high)


def test_scaling_by_a_negative_turns_the_interval_round() -> None:
    """A saving is a negated cost."""
    cost = Estimate(value=2, low=1, high=4, n=1, basis="measured")
    assert cost.scaled(-1) == Estimate(value=-2, low=-4, high=-1, n=1, basis="measured")


def test_an_interval_upside_down_is_refused() -> None:
    """Low > high is a bug, not a result."""
    with pytest.raises(ValueError, match="upside down"):
        Estimate(value=2, low=3, high=1, basis="measured")


def test_half_width_is_what_plus_minus_means() -> None:
    """100 from 98 to 102 is plus or minus 2 %."""
    assert Estimate(value=100, low=98, high=102, basis="measured").half_width_fraction == 0.02
    assert Estimate(value=100, basis="measured").half_width_fraction is None


def test_the_minimum_detectable_effect_is_detected_in_four_of_five_comparisons() -> None:
    """Means of 100 normal values with 5 % spread: z-tests 2 % apart find a difference in 80 %."""
    half = 1.959964 * 0.05 / 10
    one = Estimate(value=1.0, low=1 - half, high=1 + half, basis="measured")
    effect = stats.minimum_detectable_effect(one, one)
    assert effect is not None
    assert effect == pytest.approx(0.0198, abs=1e-4)
    rng = np.random.default_rng(4)
    differences = rng.normal(effect, 0.005, 4000) - rng.normal(0, 0.005, 4000)
    found = np.abs(differences) > 1.959964 * 0.005 * math.sqrt(2)
    assert found.mean() == pytest.approx(0.80, abs=0.02)


def test_a_paired_ratio_has_a_detectable_effect_of_its_own() -> None:
    """One interval of ±1 % detects 1.43 %; without an interval nobody knows."""
    ratio = Estimate(value=1.0, low=0.99, high=1.01, basis="measured")
    assert stats.minimum_detectable_effect(ratio) == pytest.approx(0.0142940, abs=1e-6)
    assert stats.minimum_detectable_effect(ratio, Estimate(value=1, basis="measured")) is None
