"""What a device's time is: a processor's is the clock's, a GPU's comes from events in its stream.

A mark is a point in the device's own order of work. Setting one never waits; reading the time
between two waits for the second.
"""

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any, Protocol

Clock = Callable[[], int]
"""Monotonic nanoseconds."""
NANOSECONDS = 1e9
_MILLISECONDS = 1e3


class Device(Protocol):
    """The part of a device the timing loop needs."""

    name: str
    in_flight: int
    """How many steps may be under way before the loop waits for the oldest."""

    def synchronise(self) -> None:
        """Wait until everything asked of the device is done."""

    def mark(self) -> Any:  # noqa: ANN401 - a clock reading or a device event
        """A point in the device's order of work; does not wait."""

    def between_s(self, first: Any, second: Any) -> float:  # noqa: ANN401 - as above
        """Seconds from one mark to the next; waits for the second."""

    def peak_memory_bytes(self) -> int | None:
        """The most the device's memory held for this process; None on a processor."""


class Host:
    """A processor: a step is done when it returns."""

    name = "cpu"
    in_flight = 0

    def __init__(self, clock: Clock = perf_counter_ns) -> None:
        self._clock = clock

    def synchronise(self) -> None:
        """Nothing is ever under way."""

    def mark(self) -> int:
        """Now."""
        return self._clock()

    def between_s(self, first: int, second: int) -> float:
        """Seconds between two readings."""
        return (second - first) / NANOSECONDS

    def peak_memory_bytes(self) -> None:
        """None: the process's own peak is the host's figure."""
        return


class Cuda:
    """An NVIDIA GPU through PyTorch: events in the current stream."""

    in_flight = 4

    def __init__(self, name: str) -> None:
        import torch  # noqa: PLC0415 - only a GPU's measurement needs it here

        self.name = name
        self._cuda: Any = torch.cuda  # partly untyped
        self._device = torch.device(name)
        torch.cuda.set_device(self._device)

    @property
    def uuid(self) -> str:
        """What NVML knows the device by, without its prefix; never recorded."""
        return str(self._cuda.get_device_properties(self._device).uuid)

    def synchronise(self) -> None:
        """Wait for all streams of the device."""
        self._cuda.synchronize(self._device)

    def mark(self) -> Any:  # noqa: ANN401 - torch has no public base for it
        """An event at the stream's end."""
        event = self._cuda.Event(enable_timing=True)
        event.record()
        return event

    def between_s(self, first: Any, second: Any) -> float:  # noqa: ANN401 - as above
        """Seconds by the device's clock, resolution about half a microsecond."""
        second.synchronize()
        return float(first.elapsed_time(second)) / _MILLISECONDS

    def peak_memory_bytes(self) -> int:
        """The most PyTorch's allocator held in tensors."""
        return int(self._cuda.max_memory_allocated(self._device))


def device_named(name: str, clock: Clock = perf_counter_ns) -> Host | Cuda:
    """`cpu` or `cuda:N` → the device."""
    return Host(clock) if name == "cpu" else Cuda(name)
