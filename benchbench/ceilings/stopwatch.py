"""How one call is timed: by the host's clock, or by events on a device's own timeline."""

import time
from collections.abc import Callable
from typing import Any, Protocol

import torch

_NANOSECOND = 1e-9
_MILLISECOND = 1e-3


def nothing() -> None:
    """The flush of a kernel that is meant to find its data where the last call left it."""


class Stopwatch(Protocol):
    """Times one call, its data out of the caches if the stopwatch was told to flush them."""

    def time(self, call: Callable[[], object]) -> float:
        """Seconds from start to completion."""


class HostStopwatch:
    """For calls that are finished when they return."""

    def __init__(
        self,
        flush: Callable[[], object] = nothing,
        clock: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self._flush = flush
        self._clock = clock

    def time(self, call: Callable[[], object]) -> float:
        """Seconds from start to return."""
        self._flush()
        start = self._clock()
        call()
        return (self._clock() - start) * _NANOSECOND


class SelfTimed:
    """For calls that return the seconds they took by a clock nearer to the work."""

    def time(self, call: Callable[[], object]) -> float:
        """What the call says. Raises TypeError if it says nothing."""
        seconds = call()
        if not isinstance(seconds, float):
            message = f"a call that times itself returned {seconds!r}"
            raise TypeError(message)
        return seconds


class Event(Protocol):
    """A mark on the device's timeline."""

    def record(self) -> None:
        """Put the mark behind what was launched so far."""

    def elapsed_time(self, end_event: Any, /) -> float:  # noqa: ANN401 - each device knows its own
        """Milliseconds from this mark to the other, both passed."""


class Timeline(Protocol):
    """What a device must offer to time its own work."""

    def event(self) -> Event:
        """A mark, not yet recorded."""

    def synchronize(self) -> None:
        """Wait until the device has done everything launched."""


class DeviceStopwatch:
    """For asynchronous devices.

    The flush is launched just before the start mark, so that the device is still busy with it while
    the host launches the call: the launch is hidden, the events enclose device time only.
    """

    def __init__(self, timeline: Timeline, flush: Callable[[], object] = nothing) -> None:
        self._timeline = timeline
        self._flush = flush

    def time(self, call: Callable[[], object]) -> float:
        """Seconds between two device events around the call."""
        start, end = self._timeline.event(), self._timeline.event()
        self._timeline.synchronize()
        self._flush()
        start.record()
        call()
        end.record()
        self._timeline.synchronize()
        return start.elapsed_time(end) * _MILLISECOND


class CudaTimeline:
    """CUDA events on the current stream of the current device."""

    def event(self) -> Event:
        """A timing event."""
        return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call] # torch's

    def synchronize(self) -> None:
        """Wait for the current device."""
        torch.cuda.synchronize()


def flusher(cache_bytes: int, device: str) -> Callable[[], object]:
    """Overwrites twice the last-level cache."""
    scratch = torch.empty(2 * cache_bytes, dtype=torch.uint8, device=device)
    return scratch.zero_
