"""Watching the machine while it works: samples from a thread, energy and interference at the edges.

`Watch` holds what is seen and can be driven by hand; `Sampler` is the thread that drives it.
"""

import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from benchbench.measure.counters import CpuTimes, GpuCounters, HostCounters, Pressure, Switches
from benchbench.measure.device import NANOSECONDS, Clock
from benchbench.measure.power import LONGEST_GAP_S, Integral, integral
from benchbench.record import Energy, EnergyScope, Interference, Sample

PERIOD_S = 0.1
_HOST_PERIOD_S = 1.0
_SHORTEST_ENERGY_WINDOW_S = 2.0
_FEWEST_ENERGY_TICKS = 20
_OURS = 1
"""A GPU with one process computing on it has ours alone."""


_Number = TypeVar("_Number", int, float)


class Meter:
    """Energy by difference of one counter, which may wrap and only moves now and then."""

    def __init__(self, scope: EnergyScope, device: str | None, wrap_j: float | None) -> None:
        self._scope, self._device, self._wrap_j = scope, device, wrap_j
        self.start(None, 0)

    def start(self, reading_j: float | None, time_ns: int) -> None:
        """Begin to count at this reading."""
        self._last_j = reading_j
        self._began_ns = self._ended_ns = time_ns
        self._joules, self._ticks = 0.0, 0
        self._broken, self._fell = reading_j is None, False

    def see(self, reading_j: float | None, time_ns: int) -> None:
        """One reading later."""
        if self._broken or reading_j is None or self._last_j is None:
            self._broken = True
            return
        step_j = reading_j - self._last_j
        if step_j < 0 and self._wrap_j is not None:
            step_j += self._wrap_j
        self._broken = self._fell = step_j < 0
        self._ticks += step_j > 0
        self._joules += step_j
        self._last_j, self._ended_ns = reading_j, time_ns

    def doubt(self) -> str | None:
        """What the counter did that energy cannot do, over a window long enough to judge."""
        if self._fell:
            return f"the {self._scope} energy counter ran backwards"
        elapsed_s = (self._ended_ns - self._began_ns) / NANOSECONDS
        if self._broken or elapsed_s < _SHORTEST_ENERGY_WINDOW_S or self._joules > 0:
            return None
        return f"the {self._scope} energy counter stood still"

    def energy(self) -> Energy | None:
        """None when a reading is missing or the window is too short for the counter's updates."""
        elapsed_s = (self._ended_ns - self._began_ns) / NANOSECONDS
        short = elapsed_s < _SHORTEST_ENERGY_WINDOW_S or self._ticks < _FEWEST_ENERGY_TICKS
        if self._broken or short or self._joules <= 0:
            return None
        return Energy(
            scope=self._scope, device=self._device, joules=self._joules, elapsed_s=elapsed_s
        )


@dataclass(frozen=True)
class _Edge:
    """The counters that only matter as a difference over the window."""

    time_ns: int
    cpu: CpuTimes | None
    own_cpu_s: float | None
    quota_throttled_s: float | None
    overheated_s: float | None
    pressure: Pressure
    switches: Switches | None
    wall_ns: int
    uptime_ns: int
    memory_errors: int | None


def uptime_ns() -> int:
    """Linux's clock that goes on while a machine is suspended."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Watch:
    """What was seen: samples, energy, interference.

    `wall` may be set by anybody, `uptime` counts suspension, `clock` does neither: where they
    part, the machine was paused or its time was changed.
    """

    def __init__(
        self,
        host: HostCounters,
        gpu: GpuCounters | None,
        clock: Clock,
        *,
        wall: Clock = time.time_ns,
        uptime: Clock = uptime_ns,
    ) -> None:
        self._host, self._gpu, self._clock = host, gpu, clock
        self._wall, self._uptime = wall, uptime
        self._lock = threading.Lock()
        self._seen: list[tuple[int, Sample]] = []
        self._cpu_before = host.cpu_times()
        self._next_host_ns = clock()
        self._package = Meter("cpu_package", None, host.energy_range_j())
        self._board = Meter("gpu_board", gpu.device if gpu else None, None)
        self._edges: list[_Edge] = []
        self._foreign_gpu_processes: int | None = None
        self._xids: tuple[int, ...] | None = None
        self.latest = Sample(time_s=0.0)
        """Of the device that works: the GPU where there is one, else the host."""

    def tick(self) -> None:
        """Look once: the GPU and the energy counters each time, the host about once a second."""
        with self._lock:
            now = self._clock()
            if not self._closed:
                self._see_energy(now)
            if self._gpu is not None:
                self._keep(now, self._gpu_sample(self._gpu))
            if now >= self._next_host_ns:
                self._next_host_ns = now + int(_HOST_PERIOD_S * NANOSECONDS)
                self._keep(now, self._host_sample())

    def begin(self) -> None:
        """The window opens."""
        with self._lock:
            edge = self._edge()
            self._edges = [edge]
            self._package.start(self._host.energy_j(), edge.time_ns)
            self._board.start(self._gpu.energy_j() if self._gpu else None, edge.time_ns)
            self._xids = self._gpu.xids() if self._gpu else None

    def end(self) -> None:
        """The window is closed."""
        with self._lock:
            self._see_energy(self._clock())
            self._edges = [*self._edges[:1], self._edge()]
            if self._gpu is None:
                return
            self._xids = self._gpu.xids()
            if (running := self._gpu.processes()) is not None:
                self._foreign_gpu_processes = max(0, running - _OURS)

    @property
    def _closed(self) -> bool:
        return len(self._edges) == len(("begin", "end"))

    @property
    def mig(self) -> bool:
        """Whether the device is a slice of a board."""
        return self._gpu is not None and self._gpu.mig

    @property
    def device_lost(self) -> bool:
        """Whether the driver says that the device is gone."""
        return self._gpu is not None and self._gpu.lost

    def samples(self) -> tuple[Sample, ...]:
        """Every look, its time counted from the window's begin."""
        origin = self._edges[0].time_ns if self._edges else 0
        return tuple(
            sample.model_copy(update={"time_s": (time_ns - origin) / NANOSECONDS})
            for time_ns, sample in self._seen
        )

    def energy(self) -> tuple[Energy, ...]:
        """One entry per scope that could be measured; a counter is better than samples."""
        found = (self._board.energy() or self._sampled_energy(), self._package.energy())
        return tuple(energy for energy in found if energy is not None)

    def energy_doubts(self) -> tuple[str, ...]:
        """What energy counters did that energy cannot do."""
        doubts = (self._board.doubt(), self._package.doubt())
        return tuple(doubt for doubt in doubts if doubt is not None)

    def power_integral(self) -> Integral | None:
        """The device's sampled power over the window; None where there is none."""
        if self._gpu is None or not self._closed:
            return None
        ours = [sample for sample in self.samples() if sample.device == self._gpu.device]
        return integral(ours, self._elapsed_s())

    def _sampled_energy(self) -> Energy | None:
        seen = self.power_integral()
        if self._gpu is None or seen is None or seen.joules <= 0:
            return None
        if seen.longest_gap_s > LONGEST_GAP_S:
            return None
        if self._elapsed_s() < _SHORTEST_ENERGY_WINDOW_S or seen.samples < _FEWEST_ENERGY_TICKS:
            return None
        return Energy(
            scope="gpu_board",
            device=self._gpu.device,
            joules=seen.joules,
            elapsed_s=self._elapsed_s(),
            method="power_samples",
        )

    def _elapsed_s(self) -> float:
        first, last = self._edges
        return (last.time_ns - first.time_ns) / NANOSECONDS

    def interference(self) -> Interference:
        """What else happened between begin and end."""
        if not self._closed:
            return Interference()
        first, last = self._edges
        monotonic_ns = last.time_ns - first.time_ns
        a, b = first.pressure, last.pressure
        return Interference(
            foreign_cpu_fraction=_foreign(first, last),
            steal_fraction=_steal(first.cpu, last.cpu),
            quota_throttled_fraction=self._of_window(
                first.quota_throttled_s, last.quota_throttled_s
            ),
            cpu_overheated_s=_increase(first.overheated_s, last.overheated_s),
            cpu_stall_fraction=self._of_window(a.cpu_s, b.cpu_s),
            memory_stall_fraction=self._of_window(a.memory_s, b.memory_s),
            io_stall_fraction=self._of_window(a.io_s, b.io_s),
            **_switched(first.switches, last.switches),
            foreign_gpu_processes=self._foreign_gpu_processes,
            wall_clock_jump_s=(last.wall_ns - first.wall_ns - monotonic_ns) / NANOSECONDS,
            suspended_s=(last.uptime_ns - first.uptime_ns - monotonic_ns) / NANOSECONDS,
            uncorrected_memory_errors=_increase(first.memory_errors, last.memory_errors),
            xids=self._xids,
        )

    def _of_window(self, before_s: float | None, after_s: float | None) -> float | None:
        if before_s is None or after_s is None:
            return None
        return _fraction(after_s - before_s, self._elapsed_s())

    def _see_energy(self, now: int) -> None:
        self._package.see(self._host.energy_j(), now)
        if self._gpu is not None:
            self._board.see(self._gpu.energy_j(), now)

    def _keep(self, now: int, sample: Sample) -> None:
        self._seen.append((now, sample))
        if (sample.device is None) == (self._gpu is None):
            self.latest = sample

    def _gpu_sample(self, gpu: GpuCounters) -> Sample:
        reading = gpu.read()
        return Sample(
            time_s=0.0,
            device=gpu.device,
            power_w=reading.power_w,
            clock_hz=reading.clock_hz,
            temperature_c=reading.temperature_c,
            utilisation_fraction=reading.utilisation_fraction,
            throttle=reading.throttle,
        )

    def _host_sample(self) -> Sample:
        before, now = self._cpu_before, self._host.cpu_times()
        self._cpu_before = now
        return Sample(
            time_s=0.0,
            clock_hz=self._host.clock_hz(),
            temperature_c=self._host.temperature_c(),
            utilisation_fraction=_utilisation(before, now),
            steal_fraction=_steal(before, now),
        )

    def _edge(self) -> _Edge:
        host = self._host
        return _Edge(
            own_cpu_s=host.own_cpu_s(),
            quota_throttled_s=host.quota_throttled_s(),
            overheated_s=host.overheated_s(),
            pressure=host.pressure(),
            switches=host.switches(),
            memory_errors=self._gpu.uncorrected_errors() if self._gpu else None,
            cpu=host.cpu_times(),
            wall_ns=self._wall(),
            uptime_ns=self._uptime(),
            time_ns=self._clock(),
        )


class Sampler:
    """The thread that drives a watch; use as a context."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(PERIOD_S):
            self._watch.tick()


def _fraction(part: float, whole: float) -> float | None:
    return min(1.0, max(0.0, part / whole)) if whole > 0 else None


def _steal(first: CpuTimes | None, last: CpuTimes | None) -> float | None:
    if first is None or last is None:
        return None
    return _fraction(last.steal_s - first.steal_s, last.total_s - first.total_s)


def _busy_s(first: CpuTimes, last: CpuTimes) -> float:
    rest = (last.idle_s - first.idle_s) + (last.steal_s - first.steal_s)
    return last.total_s - first.total_s - rest


def _utilisation(first: CpuTimes | None, last: CpuTimes | None) -> float | None:
    if first is None or last is None:
        return None
    return _fraction(_busy_s(first, last), last.total_s - first.total_s)


def _foreign(first: _Edge, last: _Edge) -> float | None:
    if first.cpu is None or last.cpu is None or first.own_cpu_s is None or last.own_cpu_s is None:
        return None
    foreign_s = _busy_s(first.cpu, last.cpu) - (last.own_cpu_s - first.own_cpu_s)
    return _fraction(foreign_s, last.cpu.total_s - first.cpu.total_s)


def _switched(first: Switches | None, last: Switches | None) -> dict[str, int | None]:
    if first is None or last is None:
        return {}
    return {
        "voluntary_switches": _increase(first.voluntary, last.voluntary),
        "involuntary_switches": _increase(first.involuntary, last.involuntary),
    }


def _increase(before: _Number | None, after: _Number | None) -> _Number | None:
    return None if before is None or after is None else max(after - before, type(after)(0))
