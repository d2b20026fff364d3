"""How well the search for a server's highest rate finds a capacity that is known.

    python benchmarks/server_search.py [real | luck]

`real`: the real LoadGen asks a fake that takes its time over each query; what the search finds,
over the rate at which a queue of this service meets the bound on LoadGen's very schedule (Lindley's
recursion). Limit: 3 % either way; eight minutes. The client's own 0.1 to 0.2 ms a query are part
of the latency: near a tight bound they matter beside a service of 4 ms (ratio 0.97), hardly beside
one of 20 ms. `luck`: in simulated queues, how far from the closed form
(M/D/1) a faultless search of so few queries ends, only because of when they happen to arrive.
"""

import math
import sys
import time
from collections.abc import Callable
from time import perf_counter_ns

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import brentq

from benchbench.measure.arrivals import scheduled_s
from benchbench.measure.budget import Budget, Pace
from benchbench.measure.device import Host
from benchbench.measure.loadgen import SEEDS
from benchbench.measure.server import time_server
from benchbench.stats import median
from benchbench.synthetic import windows
from benchbench.workload import Job, QueryRules

LIMIT = 0.03
CASES = ((5, 0.02), (8, 0.004), (20, 0.004))
"""The bound in services, and the service in seconds."""
QUERIES = 662
_WARM = Budget(0.1, 1.0, 0.1, 1.0, 0.1, timeout_s=60.0)


def main(what: str) -> bool:
    """Print the figures; whether they keep the limit."""
    if what == "luck":
        luck()
        return True
    kept = [real(*case) for case in CASES]
    return all(kept)


def real(services: int, taking_s: float) -> bool:
    """Found over known, by the real LoadGen."""
    batches = windows(torch.randn(64, 4), 1)
    job = Job(batches, lambda batch: answer(batch, taking_s), units_per_step=1, from_memory=True)
    bound_s = services * taking_s
    queried = time_server(
        job,
        1,
        bound_s=bound_s,
        padded=False,
        pace=Pace(QUERIES, 0.5, 60.0, 600.0, 0.01),
        rules=QueryRules(),
        device=Host(),
        clock=perf_counter_ns,
        budget=_WARM,
        watch=Unwatched(),
        on_tick=lambda _tick: None,
    )
    search = queried.rate_search
    found = search.rate_per_s if search is not None else None
    service_s = median(queried.timed.step_s)
    known = capacity(lambda rate: scheduled_s(rate, QUERIES, SEEDS[2]), bound_s, service_s)
    ratio = math.nan if found is None else found / known
    print(
        f"p99 within {services} services of {taking_s * 1e3:.0f} ms: found {found} a second, "
        f"known {known:.1f}, ratio {ratio:.4f}; limit {LIMIT:.0%}",
        flush=True,
    )
    return abs(ratio - 1) <= LIMIT


class Unwatched:
    """Nobody keeps counters here."""

    def begin(self) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


def answer(batch: torch.Tensor, taking_s: float) -> torch.Tensor:
    """In just this time: asleep at first, awake at the end."""
    until = perf_counter_ns() + int(taking_s * 1e9)
    time.sleep(taking_s - 5e-4)
    while perf_counter_ns() < until:
        pass
    return batch


def capacity(
    schedule: Callable[[float], NDArray[np.float64]], bound_s: float, service_s: float
) -> float:
    """The highest rate whose p99 keeps the bound, by halving."""
    low, high = 0.01 / service_s, 1.2 / service_s
    for _ in range(30):
        rate = (low + high) / 2
        latency_s = np.sort(lindley(schedule(rate), service_s))
        low, high = (
            (rate, high) if latency_s[int(0.99 * len(latency_s))] <= bound_s else (low, rate)
        )
    return low


def lindley(times_s: NDArray[np.float64], service_s: float) -> NDArray[np.float64]:
    """Latencies of one server in order: the walk over its running minimum (Lindley 1952)."""
    walk = np.concatenate(([0.0], np.cumsum(service_s - np.diff(times_s))))
    return np.asarray(walk - np.minimum.accumulate(walk) + service_s)


def waits_within(load: float, services: float) -> float:
    """P(wait <= so many services) in M/D/1 (Erlang 1909, Crommelin 1932)."""
    behind = [load * (services - k) for k in range(math.floor(services) + 1)]
    return (1 - load) * sum(
        (-one) ** k / math.factorial(k) * math.exp(one) for k, one in enumerate(behind)
    )


def luck(schedules: int = 100) -> None:
    """90 % of schedules find the capacity within so much, times the root of their queries."""
    random = np.random.default_rng(0)
    for services in (2, 3, 5, 8):
        load = brentq(lambda one, s=services: waits_within(one, s - 1) - 0.99, 1e-6, 0.9999)
        for queries in (662, 2000, 6000, 20_000):
            found = np.array(
                [one_schedule(random, queries, services) / load for _ in range(schedules)]
            )
            low, high = np.quantile(found, (0.025, 0.975))
            worst = max(1 - low, high - 1) * math.sqrt(queries)
            print(
                f"p99 within {services} services, {queries} queries: 95 % find {low:.3f} to "
                f"{high:.3f} of the capacity; {worst:.1f} / sqrt(queries)"
            )


def one_schedule(random: np.random.Generator, queries: int, services: float) -> float:
    """The load at which queries of one schedule keep the bound."""
    gaps = random.exponential(size=queries - 1)
    times = np.concatenate(([0.0], np.cumsum(gaps)))
    return capacity(lambda rate: times / rate, services, 1.0)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1] if len(sys.argv) > 1 else "real") else 1)
