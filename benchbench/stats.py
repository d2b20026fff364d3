"""Statistics of durations: pure functions, no clock, no I/O."""

import math
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from benchbench.record import Measurement, Model

Basis = Literal["measured", "predicted", "assumed"]
Ending = Literal["fixed", "reached", "capped"]
"""What ended a series: a length fixed before, a look at its own interval, or the longest allowed
after looks that did not end it."""

CONFIDENCE = 0.95
_UNLUCKY = 0.01
_FEWEST_COSINES = 2
_FEWEST_FOR_RANKS = 14
_MEDIAN_WIDENING = 1.05
_WIDEST_LOG = 20.0
"""A factor of 500 million either way says no less than a larger one."""
_MOST_BATCHES = 256
_REACHED_WIDENING, _REACHED_SHORT = 1.2, 3.0
_CAPPED_WIDENING = 1.06
_DROP_EXTREMES_FROM = 5
_NORMAL_MAD = 1.4826
"""Standard deviation ÷ median absolute deviation of a normal distribution."""

QUERIES_NEEDED = {90.0: 64, 95.0: 130, 99.0: 662, 99.9: 6636}
"""Fewest queries for a latency percentile: LoadGen's early stopping, c = 0.99, d = 0."""


class Estimate(Model):
    """A figure with its 95 % interval (80 % for predictions), in SI units.

    `low` and `high` are None when the data give no interval; `n` counts the observations behind it,
    0 for what was not observed.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    basis: Basis

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.low is None) != (self.high is None):
            message = "an interval has two ends or none"
            raise ValueError(message)
        if self.low is not None and self.high is not None and self.low > self.high:
            message = f"interval upside down: {self.low} > {self.high}"
            raise ValueError(message)
        return self

    def scaled(self, factor: float) -> Self:
        """The same knowledge in another unit; a negative factor turns the interval round."""
        ends = None
        if self.low is not None and self.high is not None:
            ends = sorted((self.low * factor, self.high * factor))
        return self.model_copy(
            update={
                "value": self.value * factor,
                "low": None if ends is None else ends[0],
                "high": None if ends is None else ends[1],
            }
        )

    def inverted(self, numerator: float = 1.0) -> Self:
        """`numerator / self`, interval included. Raises ZeroDivisionError if the value is 0."""
        ends = None
        if self.low is not None and self.high is not None and self.low > 0:
            ends = (numerator / self.high, numerator / self.low)
        return self.model_copy(
            update={
                "value": numerator / self.value,
                "low": None if ends is None else ends[0],
                "high": None if ends is None else ends[1],
            }
        )

    @property
    def half_width_fraction(self) -> float | None:
        """Half the interval over the value: what "±1 %" means. None without interval."""
        if self.low is None or self.high is None or self.value == 0:
            return None
        return (self.high - self.low) / 2 / abs(self.value)


def median(samples: Sequence[float]) -> float:
    """The middle value. Raises ValueError on no samples."""
    return float(np.median(_nonempty(samples)))


def mad(samples: Sequence[float]) -> float:
    """Median absolute deviation from the median, not scaled."""
    values = _nonempty(samples)
    return float(np.median(np.abs(values - np.median(values))))


def quantile(samples: Sequence[float], percent: float) -> float:
    """Linear interpolation between order statistics (Hyndman & Fan 1996, type 7)."""
    return float(np.percentile(_nonempty(samples), percent))


def percentile_allowed(samples: Sequence[float], percent: float) -> float | None:
    """The percentile, or None while there are too few samples to publish it."""
    return quantile(samples, percent) if len(samples) >= queries_needed(percent) else None


@cache
def queries_needed(percent: float) -> int:
    """Fewest samples for any percentile, by the rule behind `QUERIES_NEEDED`.

    Were a sample beyond the percentile likelier than its 1 - p, then seeing at most one of them
    among so many would happen in less than 1 - c = 1 % of cases.
    """
    p = max(percent, 100 - percent) / 100
    samples = 1
    while p**samples + samples * (1 - p) * p ** (samples - 1) > _UNLUCKY:
        samples += 1
    return samples


def modified_z(samples: Sequence[float]) -> NDArray[np.float64]:
    """Distance from the median in robust standard deviations (Iglewicz & Hoaglin 1993).

    Zero everywhere when more than half the samples are equal.
    """
    values = _nonempty(samples)
    spread = mad(samples) * _NORMAL_MAD
    centred = values - np.median(values)
    return centred / spread if spread > 0 else np.zeros_like(values)


def mean_interval(
    samples: Sequence[float] | NDArray[np.float64], *, ending: Ending = "fixed"
) -> tuple[float, float] | None:
    """95 % interval of the mean of consecutive samples, autocorrelated or not; None with under two.

    See `half_width_of_mean`, and benchmarks/interval_coverage.py for what it covers.
    """
    values = _nonempty(samples)
    half = half_width_of_mean(running_sums(values), ending=ending)
    mean = float(values.mean())
    return None if half is None else (mean - half, mean + half)


def median_interval(samples: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of the median of consecutive samples, autocorrelated or not.

    The share of samples at or below the median is a mean, and has an interval; the quantiles at
    its ends hold the median (Woodruff 1952). Too few samples have no such quantiles: theirs is the
    interval of the mean of their logarithms, around the median and 5 % wider (by simulation); where
    a sample has no logarithm, their whole range. Raises ValueError on under two samples.
    """
    values = _nonempty(samples)
    if len(values) < _FEWEST_FOR_RANKS:
        return _interval_of_few(values)
    below = running_sums((values <= np.median(values)).astype(np.float64))
    half = min(0.5, half_width_of_mean(below) or 0.5)
    low, high = np.quantile(values, (0.5 - half, 0.5 + half))
    return float(low), float(high)


def _interval_of_few(values: NDArray[np.float64]) -> tuple[float, float]:
    if len(values) < 2:  # noqa: PLR2004 - one sample has no spread
        raise ValueError("one sample has no interval")
    if values.min() <= 0:
        return float(values.min()), float(values.max())
    logs = np.log(values)
    half = _MEDIAN_WIDENING * (half_width_of_mean(running_sums(logs)) or 0.0)
    factor, middle = math.exp(min(half, _WIDEST_LOG)), float(np.median(values))
    return middle / factor, middle * factor


def running_sums(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) values → (n + 1,) sums, the first 0: what `half_width_of_mean` wants."""
    return np.concatenate(([0.0], np.cumsum(values)))


def mean_step_interval(measurement: Measurement) -> tuple[float, float] | None:
    """95 % interval of the mean step of one process, in seconds."""
    if not measurement.step_s:
        return None
    return mean_interval(measurement.step_s, ending=_ending(measurement))


def _ending(measurement: Measurement) -> Ending:
    if measurement.stop_reason == "interval_reached":
        return "reached"
    return "fixed" if measurement.interval_target_fraction is None else "capped"


def half_width_of_mean(
    sums: Sequence[float] | NDArray[np.float64], *, ending: Ending = "fixed"
) -> float | None:
    """Half the 95 % interval of a mean, from the running sums of consecutive samples; None under 2.

    The variance of a mean is the series' power at frequency 0, estimated from the first few cosine
    transforms, and Student's t with as many degrees of freedom (Lazarus, Lewis, Stock & Watson
    2018, "HAR Inference", with fewer cosines). It covers what it says with 8 samples as with 500,
    independent, skewed or taking after each other (AR(1) 0.6), where a block bootstrap covers 71 to
    92 % of twenty. The variance is raised by 1 + 5/n for what even the lowest cosines miss of a
    short series. Long series are summed up in at most 256 batches first.

    A series that ended because this very figure was small enough ended sooner where the spread was
    underestimated: widened by a fifth, short series by a little more. One that was looked at and
    ran into its longest allowed length has the looks against it too: by 6 % (both by simulation).
    """
    count = len(sums) - 1
    if count < 2:  # noqa: PLR2004 - one sample has no spread
        return None
    size = math.ceil(count / _MOST_BATCHES)
    batches = count // size
    means = np.diff(np.asarray(sums[: batches * size + 1 : size])) / size
    degrees = min(batches - 1, max(_FEWEST_COSINES, int(0.35 * batches ** (2 / 3))))
    power = np.square(_cosines(batches, degrees) @ (means - means.mean())).mean()
    widened = math.sqrt(1 + 5 / batches)
    if ending == "reached":
        widened *= _REACHED_WIDENING * (1 + _REACHED_SHORT / batches)
    elif ending == "capped":
        widened *= _CAPPED_WIDENING
    return widened * _student(degrees) * math.sqrt(float(power) / batches)


def student_interval(
    means: Sequence[float] | NDArray[np.float64],
) -> tuple[float, float] | None:
    """95 % interval of the mean of independent repeats (Student's t); None with fewer than two."""
    values = _nonempty(means)
    n = len(values)
    if n < 2:  # noqa: PLR2004 - one repeat says nothing about the next
        return None
    half = _student(n - 1) * float(values.std(ddof=1)) / math.sqrt(n)
    mean = float(values.mean())
    return mean - half, mean + half


def over_repeats(
    values: Sequence[float] | NDArray[np.float64],
) -> tuple[float, tuple[float, float] | None]:
    """The mean of independent repeats and its 95 % interval; of five or more without the extremes.

    The repeats' spread holds both kinds of variance, within a process and between processes, in
    the shares they really have. Dropping the fastest and the slowest makes the mean robust, not
    the spread smaller: the interval keeps them (without them it covers 90 % instead of 95).
    """
    ordered = np.sort(_nonempty(values))
    if len(ordered) < _DROP_EXTREMES_FROM:
        return float(ordered.mean()), student_interval(values)
    middle = float(ordered[1:-1].mean())
    low, high = student_interval(values) or (middle, middle)
    half = (high - low) / 2
    return middle, (middle - half, middle + half)


def welch_half_width(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Half the 95 % interval of the difference of two means of unlike spread (Welch 1947).

    None with fewer than two repeats of a side.
    """
    left, right = _nonempty(a), _nonempty(b)
    if min(len(left), len(right)) < 2:  # noqa: PLR2004 - one repeat says nothing about the next
        return None
    errors = np.array([left.var(ddof=1) / len(left), right.var(ddof=1) / len(right)])
    if errors.sum() == 0:
        return 0.0
    degrees = errors.sum() ** 2 / (errors**2 / [len(left) - 1, len(right) - 1]).sum()
    return _student(degrees) * math.sqrt(errors.sum())


def minimum_detectable_effect(first: Estimate, second: Estimate | None = None) -> float | None:
    """The smallest relative difference that two such figures would show in 4 of 5 comparisons.

    (z of 95 % two-sided + z of 80 % power) standard errors of the difference (Cohen 1988), each
    standard error taken from its interval: a little too much where few repeats widened that.
    `second` None: `first` is itself the ratio of paired measurements. None without intervals.
    """
    halves = [each.half_width_fraction for each in (first, second) if each is not None]
    known = [half for half in halves if half is not None]
    if len(known) < len(halves):
        return None
    return (1 + _POWER_QUANTILE / _NORMAL_QUANTILE) * math.hypot(*known)


_NORMAL_QUANTILE = 1.959963984540054
_POWER_QUANTILE = 0.8416212335729143
"""Of the normal distribution at 80 %."""


@lru_cache(maxsize=256)
def _student(degrees: float) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415 - scipy is slow to import

    return float(stdtrit(degrees, (1 + CONFIDENCE) / 2))


@lru_cache(maxsize=8)
def _cosines(samples: int, count: int) -> NDArray[np.float64]:
    """(count, samples): orthonormal cosines of 1/2, 2/2, 3/2 … periods, each of mean 0."""
    angles = np.pi * np.outer(np.arange(1, count + 1), np.arange(samples) + 0.5) / samples
    return math.sqrt(2 / samples) * np.cos(angles)


def _nonempty(samples: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.asarray(samples, dtype=np.float64)
    if values.size == 0:
        raise ValueError("statistics of no samples")
    return values
