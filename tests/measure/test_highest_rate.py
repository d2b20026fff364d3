"""The search for the highest rate that holds, against queues whose capacity is known."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq

from benchbench.measure.highest_rate import Found, Limits, search


def waits_within(share_of_load: float, services: float) -> float:
    """P(wait <= so many services) in M/D/1 (Erlang 1909, Crommelin 1932)."""
    total = 0.0
    for k in range(math.floor(services) + 1):
        behind = share_of_load * (services - k)
        total += (-behind) ** k / math.factorial(k) * math.exp(behind)
    return (1 - share_of_load) * total


def latencies_s(rate_per_s: float, service_s: float, gaps: NDArray[np.float64]) -> NDArray:  # type: ignore[type-arg] # of floats
    """Of one server answering in order: Lindley's recursion as running maxima (Lindley 1952)."""
    steps = service_s - gaps / rate_per_s
    walk = np.concatenate(([0.0], np.cumsum(steps)))
    return walk - np.minimum.accumulate(walk) + service_s


@pytest.mark.parametrize("services", [2.0, 3.5, 5.0, 10.0])
def test_the_capacity_of_a_queue_is_found_within_3_percent(services: float) -> None:
    """A deterministic server and 99 % of queries within a bound: the closed form says the rate."""
    service_s = 0.01
    known = brentq(lambda load: waits_within(load, services - 1) - 0.99, 1e-6, 0.9999) / service_s
    gaps = np.random.default_rng(5).exponential(size=400_000)

    def holds(rate_per_s: float) -> bool:
        found = latencies_s(rate_per_s, service_s, gaps)
        return float(np.quantile(found, 0.99)) <= services * service_s

    limits = Limits(ceiling_per_s=1 / service_s, resolution_fraction=0.01)
    found = search(holds, limits, goes_on=lambda: True)
    assert found.settled
    assert found.rate_per_s == pytest.approx(known, rel=0.03)


@pytest.mark.parametrize("capacity", [6.0, 33.0, 69.0, 71.0, 99.0])
@pytest.mark.parametrize("resolution", [0.01, 0.04])
def test_it_ends_within_its_resolution_below_the_capacity(
    capacity: float, resolution: float
) -> None:
    """Never above what held, never further below what failed than asked, in few tries."""
    tried: list[float] = []

    def holds(rate: float) -> bool:
        tried.append(rate)
        return rate <= capacity

    found = search(holds, Limits(100.0, resolution), goes_on=lambda: True)
    assert found.settled
    assert found.rate_per_s is not None
    assert found.rate_per_s <= capacity <= found.rate_per_s * (1 + resolution) * 1.0001
    assert len(tried) <= 12
    assert max(tried) < 100.0


def test_what_holds_at_no_rate_is_said_so() -> None:
    """Down to where a query hardly ever meets another; a lower rate would change nothing."""
    tried: list[float] = []

    def holds(rate: float) -> bool:
        tried.append(rate)
        return False

    found = search(holds, Limits(100.0, 0.02), goes_on=lambda: True)
    assert found == Found(None, settled=True)
    assert min(tried) == pytest.approx(5.0)
    assert len(tried) == len(set(tried))


def test_when_the_time_is_up_the_best_so_far_counts() -> None:
    """And it is said that the search did not get to its end."""
    found = search(lambda rate: rate < 90, Limits(100.0, 0.001), goes_on=lambda: False)
    assert found == Found(70.0, settled=False)
