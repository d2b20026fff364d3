"""Time, devices and counters that only pretend."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any

from benchbench.measure.budget import Budget
from benchbench.measure.counters import CpuTimes, GpuReading, Pressure, Switches
from benchbench.workload import Job

SECOND = 1_000_000_000
SHORT = Budget(
    warmup_min_s=1.0,
    warmup_cap_s=20.0,
    timed_min_s=10.0,
    timed_cap_s=30.0,
    check_cap_s=5.0,
    timeout_s=60.0,
)


class FakeClock:
    """Nanoseconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 5 * SECOND

    def __call__(self) -> int:
        """The time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * SECOND)


class FakeGpu:
    """A device that works in its own time: the host is back at once and waits only when it asks."""

    name = "cuda:0"
    in_flight = 4

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._busy_until = clock.now
        self.synchronised = 0
        self.deepest_queue_s = 0.0

    def work(self, seconds: float) -> None:
        """Queue work behind what is queued already."""
        self._busy_until = self.mark() + round(seconds * SECOND)
        queue_s = (self._busy_until - self._clock.now) / SECOND
        self.deepest_queue_s = max(self.deepest_queue_s, queue_s)

    def synchronise(self) -> None:
        """Wait for all of it."""
        self.synchronised += 1
        self._clock.now = self.mark()

    def mark(self) -> int:
        """When what is queued now will be done."""
        return max(self._busy_until, self._clock.now)

    def between_s(self, first: int, second: int) -> float:
        """Wait for the second mark."""
        self._clock.now = max(self._clock.now, second)
        return (second - first) / SECOND

    def peak_memory_bytes(self) -> int:
        """A gibibyte."""
        return 1 << 30


@dataclass
class FakeWatch:
    """Notes when the window opened and closed."""

    clock: FakeClock
    edges: list[int] = field(default_factory=list)

    def begin(self) -> None:
        """Note the time."""
        self.edges.append(self.clock.now)

    def end(self) -> None:
        """Note the time."""
        self.edges.append(self.clock.now)


def job(
    spend: Callable[[float], object],
    durations: Iterable[float],
    *,
    wait: Callable[[], object] = lambda: None,
    outcome: Callable[[int], Any] = lambda _index: None,
    **changes: Any,
) -> Job:
    """Steps that `spend` these durations, the last for ever; each batch costs a `wait`."""
    last: list[float] = [1.0]

    def batches() -> Iterator[tuple[int, float]]:
        script = chain(durations, repeat(None))
        for index, duration in enumerate(script):
            wait()
            last[0] = last[0] if duration is None else duration
            yield index, last[0]

    def step(batch: tuple[int, float]) -> Any:
        spend(batch[1])
        return outcome(batch[0])

    fields: dict[str, Any] = {"units_per_step": 8.0, "from_memory": True}
    return Job(batches=batches(), step=step, **{**fields, **changes})


@dataclass
class FakeHost:
    """Host counters a test sets by hand."""

    cpu: CpuTimes | None = None
    own_s: float | None = None
    clock: float | None = None
    throttled_s: float | None = None
    joules: float | None = None
    range_j: float | None = None
    celsius: float | None = None
    hot_s: float | None = None
    stalled: Pressure = field(default_factory=Pressure)
    switched: Switches | None = None

    def cpu_times(self) -> CpuTimes | None:
        """As set."""
        return self.cpu

    def own_cpu_s(self) -> float | None:
        """As set."""
        return self.own_s

    def clock_hz(self) -> float | None:
        """As set."""
        return self.clock

    def quota_throttled_s(self) -> float | None:
        """As set."""
        return self.throttled_s

    def temperature_c(self) -> float | None:
        """As set."""
        return self.celsius

    def overheated_s(self) -> float | None:
        """As set."""
        return self.hot_s

    def pressure(self) -> Pressure:
        """As set."""
        return self.stalled

    def switches(self) -> Switches | None:
        """As set."""
        return self.switched

    def energy_j(self) -> float | None:
        """As set."""
        return self.joules

    def energy_range_j(self) -> float | None:
        """As set."""
        return self.range_j


@dataclass
class FakeGpuCounters:
    """GPU counters a test sets by hand."""

    device: str = "cuda:0"
    reading: GpuReading = field(default_factory=GpuReading)
    joules: float | None = None
    running: int | None = None
    mig: bool = False
    lost: bool = False
    errors: int | None = None
    reported: tuple[int, ...] | None = None

    def read(self) -> GpuReading:
        """As set."""
        return self.reading

    def energy_j(self) -> float | None:
        """As set."""
        return self.joules

    def processes(self) -> int | None:
        """As set."""
        return self.running

    def uncorrected_errors(self) -> int | None:
        """As set."""
        return self.errors

    def xids(self) -> tuple[int, ...] | None:
        """As set, once."""
        told, self.reported = self.reported, None if self.reported is None else ()
        return told


class FakeNvml:
    """The module pynvml for one board; what is missing from `answers` is not supported."""

    NVML_CLOCK_SM = 1
    NVML_TEMPERATURE_GPU = 0
    NVML_MEMORY_ERROR_TYPE_UNCORRECTED = 1
    NVML_VOLATILE_ECC = 0
    nvmlEventTypeXidCriticalError = 8  # noqa: N815 - NVML's name

    class NVMLError(Exception):
        """As NVML's own."""

        value = 3  # not supported

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's name
        """There is always a driver."""

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> SimpleNamespace:  # noqa: N802 - NVML's name
        """Any board is here."""
        return SimpleNamespace(uuid=uuid)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def answer(*_arguments: object) -> Any:
            if name not in self._answers:
                raise self.NVMLError(name)
            found = self._answers[name]
            if isinstance(found, Exception):
                raise found
            return found() if callable(found) else found

        return answer
