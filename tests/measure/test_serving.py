"""Requests at rising rates against an engine whose service time is known."""

from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from statistics import fmean

import pytest

from benchbench.measure import serving
from benchbench.record import Offered
from tests.measure.fakes_measure import FakeClock


@dataclass
class FakeEngine:
    """One request at a time: each of its tokens takes `token_s`."""

    clock: FakeClock
    token_s: float = 0.1
    new_tokens: int = 5
    queue: list[list[int]] = field(default_factory=list)
    cleared: int = 0

    @property
    def waiting(self) -> int:
        """Not answered in full."""
        return len(self.queue)

    def submit(self, index: int) -> None:
        """At the end of the queue."""
        self.queue.append([index, self.new_tokens])

    def advance(self) -> list[int]:
        """One token for the first."""
        self.clock.advance(self.token_s)
        head = self.queue[0]
        head[1] -= 1
        if head[1] == 0:
            self.queue.pop(0)
        return [head[0]]

    def clear(self) -> None:
        """Forget all."""
        self.queue.clear()
        self.cleared += 1


def offered(engine: FakeEngine, *rates: float, seconds: float = 20.0) -> list[Offered]:
    """Each rate for so long."""
    return list(
        serving.offer(
            engine,
            rates,
            seconds=seconds,
            seed=3,
            clock=engine.clock,
            sleep=engine.clock.advance,
            tell=lambda _text: None,
        )
    )


def test_a_lone_request_waits_for_its_own_service_only() -> None:
    """0.1 s to the first token and 0.1 s for each further one, where nobody queues."""
    engine = FakeEngine(FakeClock())
    (one,) = offered(engine, 0.05)
    assert one.arrived_s
    for arrived, first, last in zip(
        one.arrived_s, one.first_token_s, one.last_token_s, strict=True
    ):
        assert first is not None
        assert last is not None
        if not any(a != arrived and abs(a - arrived) < 0.5 for a in one.arrived_s):
            assert first - arrived == pytest.approx(0.1, abs=1e-6)
            assert last - first == pytest.approx(0.4, abs=1e-6)
    assert one.tokens == (5,) * len(one.arrived_s)


def test_too_many_requests_wait_ever_longer() -> None:
    """Twice what can be served: later requests wait longer, and some are given up."""
    engine = FakeEngine(FakeClock())
    light, heavy = offered(engine, 0.5, 4.0)
    waits = [
        first - arrived
        for arrived, first in zip(heavy.arrived_s, heavy.first_token_s, strict=True)
        if first is not None
    ]
    assert fmean(waits[-5:]) > 5 * fmean(waits[:5])
    assert sum(light.tokens) == 5 * len(light.tokens)
    assert heavy.elapsed_s <= 40.2
    assert engine.cleared == 2


def test_latency_counts_from_the_scheduled_arrival() -> None:
    """A request that falls due during another's token has waited for it already."""
    engine = FakeEngine(FakeClock(), token_s=1.0, new_tokens=1)
    (one,) = offered(engine, 5.0, seconds=2.0)
    first = [t for t in one.first_token_s if t is not None]
    assert first == sorted(first)
    assert max(f - a for f, a in zip(first, one.arrived_s, strict=False)) > 1.5


def test_arrivals_are_poissons() -> None:
    """Mean gap 1/rate, its spread as large (exponential); one request at least."""
    arrivals = serving.poisson(10.0, 1000.0, Random(0))  # noqa: S311 - no secret
    gaps = [b - a for a, b in pairwise(arrivals)]
    assert fmean(gaps) == pytest.approx(0.1, rel=0.03)
    assert fmean(gap * gap for gap in gaps) == pytest.approx(0.02, rel=0.06)
    assert len(serving.poisson(1e-6, 1.0, Random(0))) == 1  # noqa: S311 - as above


def test_slow_rates_get_longer_windows() -> None:
    """Eight requests, or four times as long."""
    assert serving.window_s(10.0, 6.5) == 6.5
    assert serving.window_s(1.0, 6.5) == 8.0
    assert serving.window_s(0.1, 6.5) == 26.0


def test_rates_lie_around_what_was_reached() -> None:
    """From a quarter of it to a little more than all."""
    assert serving.around(8.0) == pytest.approx((2.0, 4.0, 6.0, 7.2, 8.8))
