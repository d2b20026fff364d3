"""The timing loop: warm up until steady, then time steps until the figure is sharp enough.

Everything it touches is injected, so that a test can pretend time passed. A step lasts from the end
of the one before to its own end, waiting for data included: the steps of a window add up to it.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from benchbench.measure.budget import Budget
from benchbench.measure.device import NANOSECONDS, Clock, Device
from benchbench.measure.losses import Losses
from benchbench.record import StopReason
from benchbench.stats import half_width_of_mean, median
from benchbench.workload import Job

Phase = Literal["load", "warm-up", "measure", "check"]
_TICK_S = 0.25
_LOOKS_APART = 1.5


class Watch(Protocol):
    """Whoever reads counters at the edges of the timed window."""

    def begin(self) -> None:
        """The device is idle; the window opens."""

    def end(self) -> None:
        """The device is idle again; the window is closed."""


@dataclass(frozen=True)
class Tick:
    """Where the loop is, a few times a second."""

    phase: Phase
    elapsed_s: float
    """Since the phase began."""
    units_per_s: float | None = None
    half_width_fraction: float | None = None


OnTick = Callable[[Tick], None]


@dataclass(frozen=True)
class Timed:
    """What the loop saw; losses may still be infinite or NaN."""

    warmup_s: tuple[float, ...]
    first_step_s: float
    steady: bool
    step_s: tuple[float, ...]
    device_s: tuple[float, ...] | None
    input_s: tuple[float, ...]
    elapsed_s: float
    stop_reason: StopReason
    losses: tuple[float, ...] | None


@dataclass(frozen=True)
class Warmed:
    """What warming up took, step by step, and whether it ended steady."""

    step_s: tuple[float, ...]
    first_step_s: float
    steady: bool


class Pass:
    """Steps in order. Marks are read `in_flight` steps late, so that the device never idles."""

    def __init__(self, job: Job, device: Device, clock: Clock, losses: Losses | None) -> None:
        self._job, self._device, self._clock, self._losses = job, device, clock, losses
        self._pending: deque[tuple[Any, Any, Any]] = deque()
        self.step_s: list[float] = []
        self.device_s: list[float] = []
        self.input_s: list[float] = []
        self.total_s = [0.0]
        """Sums of `step_s`: an interval costs a few look-ups, however many steps there are."""
        self.began = clock()
        self._last = device.mark()

    @property
    def elapsed_s(self) -> float:
        """Wall time since the pass began."""
        return (self._clock() - self.began) / NANOSECONDS

    def advance(self) -> None:
        """One step on the next batch."""
        asked = self._clock()
        batch = next(self._job.batches)
        self.input_s.append((self._clock() - asked) / NANOSECONDS)
        start = self._device.mark()
        outcome = self._job.step(batch)
        end = self._device.mark()
        if self._losses is not None:
            self._losses.see(outcome)
        self._pending.append((self._last, start, end))
        self._last = end
        if len(self._pending) > self._device.in_flight:
            self._settle()

    def finish(self) -> float:
        """Wait for the device; seconds the pass took. All durations are known then."""
        self._device.synchronise()
        elapsed_s = self.elapsed_s
        while self._pending:
            self._settle()
        return elapsed_s

    def next_ends_s(self) -> float:
        """When a step begun now would end, if it took as long as the last."""
        return self.elapsed_s + (self.step_s[-1] if self.step_s else 0.0)

    def _settle(self) -> None:
        before, start, end = self._pending.popleft()
        self.step_s.append(self._device.between_s(before, end))
        self.device_s.append(self._device.between_s(start, end))
        self.total_s.append(self.total_s[-1] + self.step_s[-1])


def time_job(
    job: Job,
    *,
    device: Device,
    clock: Clock,
    budget: Budget,
    watch: Watch,
    keep_losses: bool,
    on_tick: OnTick,
) -> Timed:
    """Warm up, then measure; the device is synchronised at the edges of the window only."""
    half_width_fraction([0.0, 1.0, 2.0])  # its first call imports scipy: not while the clock runs
    warmed = warm_up(job, device=device, clock=clock, budget=budget, on_tick=on_tick)
    losses = Losses() if keep_losses else None
    watch.begin()
    window = Pass(job, device, clock, losses)
    stop_reason = _measure(window, budget, _Ticker("measure", job, on_tick))
    elapsed_s = window.finish()
    watch.end()
    return Timed(
        warmup_s=warmed.step_s,
        first_step_s=warmed.first_step_s,
        steady=warmed.steady,
        step_s=tuple(window.step_s),
        device_s=tuple(window.device_s) if device.in_flight else None,
        input_s=tuple(window.input_s),
        elapsed_s=elapsed_s,
        stop_reason=stop_reason,
        losses=None if losses is None else losses.values(),
    )


def warm_up(job: Job, *, device: Device, clock: Clock, budget: Budget, on_tick: OnTick) -> Warmed:
    """Step until the steps take as long as each other, or the budget's cap; then the device idles.

    The first step is apart: it paid for the cold start.
    """
    device.synchronise()
    steps = Pass(job, device, clock, None)
    first_step_s, steady = _warm_up(steps, budget, _Ticker("warm-up", job, on_tick))
    return Warmed(tuple(steps.step_s), first_step_s, steady)


def time_repeatedly(job: Job, *, device: Device, clock: Clock, budget: Budget) -> tuple[float, ...]:
    """A few steps of `job` after the timed window: the durations of up to `check_steps` steps."""
    device.synchronise()
    steps = Pass(job, device, clock, None)
    steps.advance()
    while len(steps.input_s) < budget.check_steps and steps.next_ends_s() <= budget.check_cap_s:
        steps.advance()
    steps.finish()
    return tuple(steps.step_s)


class _Ticker:
    """Says a few times a second that it is time to look up from the work."""

    def __init__(self, phase: Phase, job: Job, on_tick: OnTick) -> None:
        self._phase: Phase = phase
        self._units, self._on_tick = job.units_per_step, on_tick
        self._next_s = 0.0

    def due(self, elapsed_s: float) -> bool:
        if elapsed_s < self._next_s:
            return False
        self._next_s = elapsed_s + _TICK_S
        return True

    def tell(self, elapsed_s: float, steps: Pass, half_width: float | None = None) -> None:
        rate = None
        if steps.total_s[-1] > 0:
            rate = self._units * len(steps.step_s) / steps.total_s[-1]
        self._on_tick(Tick(self._phase, elapsed_s, rate, half_width))


def _warm_up(steps: Pass, budget: Budget, ticker: _Ticker) -> tuple[float, bool]:
    steps.advance()
    first_step_s, steady = steps.finish(), False
    next_ends_s = first_step_s  # foretells nothing about the next: it paid for the cold start
    while not steady and next_ends_s <= budget.warmup_cap_s:
        steps.advance()
        next_ends_s = steps.next_ends_s()
        elapsed_s = steps.elapsed_s
        if not ticker.due(elapsed_s):
            continue
        ticker.tell(elapsed_s, steps)
        long_enough = (
            elapsed_s >= budget.warmup_min_s and len(steps.step_s) >= budget.warmup_min_steps
        )
        steady = long_enough and is_steady(steps.step_s, budget)
    steps.finish()
    return first_step_s, steady


def is_steady(step_s: Sequence[float], budget: Budget) -> bool:
    """Whether the medians of the last two windows agree; a window is a quarter of the steps."""
    window = max(budget.window_steps, len(step_s) // 4)
    if len(step_s) < 2 * window:
        return False
    last, before = median(step_s[-window:]), median(step_s[-2 * window : -window])
    return abs(last - before) <= budget.steady_fraction * before


def _measure(steps: Pass, budget: Budget, ticker: _Ticker) -> StopReason:
    look = budget.timed_min_steps
    while True:
        steps.advance()
        elapsed_s = steps.elapsed_s
        if ticker.due(elapsed_s):
            ticker.tell(elapsed_s, steps, half_width_fraction(steps.total_s))
        if len(steps.step_s) >= look and elapsed_s >= budget.timed_min_s:
            half_width = half_width_fraction(steps.total_s)
            if half_width is not None and half_width <= budget.interval_fraction:
                return "interval_reached"
            look = next_look(len(steps.step_s), half_width, budget.interval_fraction)
        if steps.next_ends_s() > budget.timed_cap_s:
            return "time_limit"
        if len(steps.input_s) >= budget.timed_max_steps:
            return "step_limit"


def next_look(steps: int, half_width: float | None, wanted: float) -> int:
    """After how many steps to ask again whether the interval is narrow enough.

    Each look is a chance to stop on a lucky streak, and looking after every step would leave 85 of
    100 intervals right instead of 95. So: when the interval should be reached, judging by its width
    now (as Stein 1945 does from a first sample), and not before half as many steps again.
    """
    needed = 1.0 if half_width is None else (half_width / wanted) ** 2
    return math.ceil(steps * max(_LOOKS_APART, needed))


def half_width_fraction(total_s: Sequence[float]) -> float | None:
    """Half the 95 % interval of the mean step over the mean, from running sums starting at 0.

    None with fewer than two steps, or when they took no time.
    """
    half_width = half_width_of_mean(total_s, ending="reached")
    if half_width is None or total_s[-1] <= 0:
        return None
    return half_width / (total_s[-1] / (len(total_s) - 1))
