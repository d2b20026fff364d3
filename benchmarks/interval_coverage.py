"""Do the 95 % intervals hold the truth in 95 of 100 cases? Simulated for noise of known mean.

    python benchmarks/interval_coverage.py [SERIES]

Prints, in per cent, how often the interval a figure is published with holds the true value: for
the mean and the median of one process, with the stop rule in force, and over several processes.
Wanted: 93 to 97. Nothing here is timed.
"""

import sys
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchbench import stats
from benchbench.measure.loop import next_look

Array = NDArray[np.float64]
Noise = Callable[[np.random.Generator, int, int], Array]
"""Random numbers, series, steps → (series, steps) of mean 0 and standard deviation 1."""

STEPS = (8, 12, 16, 20, 30, 50, 100, 200, 500)
_SPREAD = 0.05
_TARGET = 0.01
_CALIBRATION = 1_000_000


def normal(random: np.random.Generator, series: int, steps: int) -> Array:
    """Independent and symmetric."""
    return random.normal(size=(series, steps))


def lognormal(random: np.random.Generator, series: int, steps: int) -> Array:
    """Skewness 1.75: a long tail of slow steps (sigma 0.5)."""
    mean, deviation = np.exp(0.125), np.sqrt((np.exp(0.25) - 1) * np.exp(0.25))
    values: Array = (random.lognormal(0.0, 0.5, (series, steps)) - mean) / deviation
    return values


def exponential(random: np.random.Generator, series: int, steps: int) -> Array:
    """Skewness 2: never faster than some floor, often slower."""
    return random.exponential(1.0, (series, steps)) - 1


def autocorrelated(rho: float) -> Noise:
    """An AR(1) series: each step takes after the one before."""

    def noise(random: np.random.Generator, series: int, steps: int) -> Array:
        values = random.normal(size=(series, steps))
        for index in range(1, steps):
            kept = rho * values[:, index - 1]
            values[:, index] = kept + np.sqrt(1 - rho**2) * values[:, index]
        return values

    return noise


NOISES: dict[str, Noise] = {
    "normal": normal,
    "lognormal": lognormal,
    "exponential": exponential,
    "AR(1) 0.3": autocorrelated(0.3),
    "AR(1) 0.6": autocorrelated(0.6),
    "AR(1) -0.3": autocorrelated(-0.3),
}


def holds(interval: tuple[float, float] | None, truth: float) -> bool:
    """Whether the interval is there and the truth in it."""
    return interval is not None and interval[0] <= truth <= interval[1]


def of_mean(noise: Noise, steps: int, series: int, seed: int = 0) -> float:
    """How often a mean's interval holds it, for a fixed number of steps."""
    values = 1 + _SPREAD * noise(np.random.default_rng(seed), series, steps)
    return float(np.mean([holds(stats.mean_interval(row), 1.0) for row in values]))


def of_median(noise: Noise, steps: int, series: int, seed: int = 0) -> float:
    """The same of the median."""
    random = np.random.default_rng(seed)
    truth = 1 + _SPREAD * float(np.median(noise(random, _CALIBRATION // 100, 100)))
    values = 1 + _SPREAD * noise(random, series, steps)
    return float(np.mean([holds(stats.median_interval(row), truth) for row in values]))


def with_stop_rule(
    noise: Noise,
    fewest: int,
    most: int,
    needed: float,
    series: int,
    *,
    careful: bool = True,
    seed: int = 0,
) -> float:
    """The same of the mean when the loop stops at ±1 %, between `fewest` and `most` steps.

    `needed`: after how many times the fewest steps an independent series would be there.
    `careful` False: look after every step and publish the interval as if nobody had looked.
    """
    spread = _TARGET * np.sqrt(fewest * needed) / 2.2
    values = 1 + spread * noise(np.random.default_rng(seed), series, most)
    return float(np.mean([_holds_when_stopped(row, fewest, careful=careful) for row in values]))


def _holds_when_stopped(row: Array, fewest: int, *, careful: bool) -> bool:
    steps, sums = fewest, stats.running_sums(row)
    while steps < len(row):
        half = stats.half_width_of_mean(sums[: steps + 1], ending="reached" if careful else "fixed")
        relative = None if half is None else half / (sums[steps] / steps)
        if relative is not None and relative <= _TARGET:
            break
        steps = min(len(row), next_look(steps, relative, _TARGET) if careful else steps + 1)
    looked: stats.Ending = "reached" if steps < len(row) else "capped"
    return holds(stats.mean_interval(row[:steps], ending=looked if careful else "fixed"), 1.0)


def over_processes(processes: int, between: float, series: int, seed: int = 0) -> float:
    """The same over processes whose means differ by `between` times their steps' deviation."""
    random = np.random.default_rng(seed)
    steps = autocorrelated(0.3)(random, series * processes, 30).mean(axis=1)
    means = steps.reshape(series, processes) + between * random.normal(size=(series, processes))
    return float(np.mean([holds(stats.over_repeats(row)[1], 0.0) for row in means]))


def table(series: int) -> Iterator[str]:
    """All of it, line by line."""
    columns = "".join(f"{name:>13}" for name in NOISES)
    for title, rate in (("mean", of_mean), ("median", of_median)):
        yield f"{title + ' of n steps':<24}{columns}"
        for steps in STEPS:
            cells = [f"{100 * rate(noise, steps, series):13.1f}" for noise in NOISES.values()]
            yield f"{steps:<24}{''.join(cells)}"
    yield f"{'stopped at ±1 %':<24}{columns}"
    for fewest, most in ((16, 30), (16, 80), (16, 2000), (30, 300)):
        for needed in (0.7, 1.5, 4.0):
            rates = [with_stop_rule(n, fewest, most, needed, series) for n in NOISES.values()]
            label = f"{fewest}..{most}, {needed:g} x needed"
            yield f"{label:<24}{''.join(f'{100 * rate:13.1f}' for rate in rates)}"
    yield f"{'over processes':<24}{'3':>13}{'5':>13}{'10':>13}"
    for between in (0.0, 0.5, 2.0):
        rates = [over_processes(count, between, series) for count in (3, 5, 10)]
        label = f"between/within {between:g}"
        yield f"{label:<24}{''.join(f'{100 * rate:13.1f}' for rate in rates)}"


if __name__ == "__main__":
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else 4000):
        print(line, flush=True)
