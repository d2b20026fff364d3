"""Statistics of durations: pure functions, no clock, no I/O."""

import math
from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from benchbench.record import Model

Basis = Literal["measured", "predicted", "assumed"]

CONFIDENCE = 0.95
_RESAMPLES = 2000
_FEWEST_FOR_BOOTSTRAP = 6
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
    needed = QUERIES_NEEDED.get(percent, 0)
    return quantile(samples, percent) if len(samples) >= max(1, needed) else None


def modified_z(samples: Sequence[float]) -> NDArray[np.float64]:
    """Distance from the median in robust standard deviations (Iglewicz & Hoaglin 1993).

    Zero everywhere when more than half the samples are equal.
    """
    values = _nonempty(samples)
    spread = mad(samples) * _NORMAL_MAD
    centred = values - np.median(values)
    return centred / spread if spread > 0 else np.zeros_like(values)


def median_interval(samples: Sequence[float], *, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the median; the whole range with fewer than six samples.

    With five samples or fewer even the range covers the median in less than 95 % of cases
    (1 - 2/2^n), so nothing narrower would be honest.
    """
    values = _nonempty(samples)
    if len(values) < _FEWEST_FOR_BOOTSTRAP:
        return float(values.min()), float(values.max())
    picks = np.random.default_rng(seed).integers(0, len(values), (_RESAMPLES, len(values)))
    low, high = np.percentile(np.median(values[picks], axis=1), _TAILS)
    return float(low), float(high)


def mean_interval(samples: Sequence[float], *, seed: int = 0) -> tuple[float, float] | None:
    """95 % interval of the mean of autocorrelated samples; None with fewer than two.

    Circular block bootstrap (Politis & Romano 1992) with blocks of about n^(1/3), its deviations
    widened by Student's t over the normal quantile and by sqrt(n / (n - block)), because a few
    samples vary more than a resample of them does.
    """
    values = _nonempty(samples)
    n = len(values)
    if n < 2:  # noqa: PLR2004 - one sample has no spread
        return None
    block = max(1, math.floor(n ** (1 / 3)))
    starts = np.random.default_rng(seed).integers(0, n, (_RESAMPLES, math.ceil(n / block)))
    mean, wider = values.mean(), _small_sample_factor(n, block)
    low, high = np.percentile(_block_sums(values - mean, starts, block) / n, _TAILS) * wider
    return float(mean + low), float(mean + high)


def student_interval(means: Sequence[float]) -> tuple[float, float] | None:
    """95 % interval of the mean of independent repeats (Student's t); None with fewer than two."""
    values = _nonempty(means)
    n = len(values)
    if n < 2:  # noqa: PLR2004 - one repeat says nothing about the next
        return None
    half = _student(n - 1) * float(values.std(ddof=1)) / math.sqrt(n)
    mean = float(values.mean())
    return mean - half, mean + half


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


def _block_sums(
    values: NDArray[np.float64], starts: NDArray[np.int64], block: int
) -> NDArray[np.float64]:
    """Each row's sum of n values in blocks round the circle, the last cut short where it must be.

    By differences of running sums: the values of all resamples would not fit in memory.
    """
    full, rest = divmod(len(values), block)
    running = np.concatenate(([0.0], np.cumsum(np.concatenate((values, values[:block])))))
    lengths = np.array([block] * full + [rest] * (rest > 0))
    sums: NDArray[np.float64] = (running[starts + lengths] - running[starts]).sum(axis=1)
    return sums


_TAILS = [100 * (1 - CONFIDENCE) / 2, 100 * (1 + CONFIDENCE) / 2]
_NORMAL_QUANTILE = 1.959963984540054
_POWER_QUANTILE = 0.8416212335729143
"""Of the normal distribution at 80 %."""


def _student(degrees: float) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415 - scipy is slow to import

    return float(stdtrit(degrees, (1 + CONFIDENCE) / 2))


def _small_sample_factor(n: int, block: int) -> float:
    return _student(n - 1) / _NORMAL_QUANTILE * math.sqrt(n / (n - block))


def _nonempty(samples: Sequence[float]) -> NDArray[np.float64]:
    values = np.asarray(samples, dtype=np.float64)
    if values.size == 0:
        raise ValueError("statistics of no samples")
    return values
