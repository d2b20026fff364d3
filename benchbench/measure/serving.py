"""Requests that come when they like, at rising rates: what their senders wait for.

Latency counts from when a request was due to arrive, whether or not the engine was ready for it: an
open loop, since users do not wait for each other.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchbench import units
from benchbench.measure.device import NANOSECONDS, Clock
from benchbench.record import Offered
from benchbench.workload import Engine

SHARES = (0.25, 0.5, 0.75, 0.9, 1.1)
"""Of what the timed window reached: from little to do to more than can be done."""
_FEWEST_REQUESTS = 8
_LONGEST = 4
"""Times the usual window, where requests are few."""


def around(answers_per_s: float) -> tuple[float, ...]:
    """Rates worth offering to what answered so many in a closed loop."""
    return tuple(share * answers_per_s for share in SHARES)


def offer(
    engine: Engine,
    rates: Sequence[float],
    *,
    seconds: float,
    seed: int,
    clock: Clock,
    sleep: Callable[[float], None],
    tell: Callable[[str], None],
) -> tuple[Offered, ...]:
    """One window of about `seconds` per rate, each with requests of its own (Poisson).

    Answers under way at its end get as long again to be completed.
    """
    found = []
    first = 0
    for rate in rates:
        tell(f"{units.number(rate)} requests/s")
        window = window_s(rate, seconds)
        arrivals = poisson(rate, window, random.Random(seed + first))  # noqa: S311 - no secret
        queue = _Queue(arrivals, first)
        elapsed_s = _serve(engine, queue, 2 * window, clock, sleep)
        found.append(_of(queue, rate, elapsed_s, engine.new_tokens))
        engine.clear()
        first += len(arrivals)
    return tuple(found)


def window_s(rate: float, seconds: float) -> float:
    """Long enough for a few requests, up to a limit."""
    return max(seconds, min(_FEWEST_REQUESTS / rate, _LONGEST * seconds))


def poisson(rate: float, window: float, source: random.Random) -> tuple[float, ...]:
    """When requests arrive within the window, in seconds; one at least."""
    arrivals: list[float] = []
    at = source.expovariate(rate)
    while at < window or not arrivals:
        arrivals.append(min(at, window))
        at += source.expovariate(rate)
    return tuple(arrivals)


@dataclass
class _Seen:
    """What one request got."""

    first_s: float | None = None
    last_s: float | None = None
    tokens: int = 0


@dataclass
class _Queue:
    """Requests that are due, in order."""

    arrivals: Sequence[float]
    first: int
    """The number of the first request: no two of a measurement have the same prompt."""
    sent: int = 0
    seen: list[_Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen = [_Seen() for _ in self.arrivals]

    def send_due(self, engine: Engine, now_s: float) -> None:
        """Hand over all that have arrived by now."""
        while self.sent < len(self.arrivals) and self.arrivals[self.sent] <= now_s:
            engine.submit(self.first + self.sent)
            self.sent += 1

    def note(self, index: int, now_s: float) -> None:
        """One token more."""
        one = self.seen[index - self.first]
        one.first_s = now_s if one.first_s is None else one.first_s
        one.last_s, one.tokens = now_s, one.tokens + 1


def _serve(
    engine: Engine, queue: _Queue, give_up_s: float, clock: Clock, sleep: Callable[[float], None]
) -> float:
    """Until every answer is complete, or it is time to give up; the seconds that took."""
    began, now_s = clock(), 0.0
    while now_s <= give_up_s and (queue.sent < len(queue.arrivals) or engine.waiting):
        queue.send_due(engine, now_s)
        if engine.waiting:
            for index in engine.advance():
                queue.note(index, (clock() - began) / NANOSECONDS)
        else:
            sleep(queue.arrivals[queue.sent] - now_s)
        now_s = (clock() - began) / NANOSECONDS
    return now_s


def _of(queue: _Queue, rate: float, elapsed_s: float, wanted: int) -> Offered:
    return Offered(
        requests_per_s=rate,
        elapsed_s=elapsed_s,
        arrived_s=tuple(queue.arrivals),
        first_token_s=tuple(one.first_s for one in queue.seen),
        last_token_s=tuple(one.last_s for one in queue.seen),
        tokens=tuple(one.tokens for one in queue.seen),
        wanted_tokens=wanted,
    )
