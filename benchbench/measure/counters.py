"""The machine's own counters: NVML for a GPU, /proc, cgroups and RAPL for the host.

A counter that is not there, or not ours to read, is None.
"""

import os
import re
import resource
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_MILLI = 1e-3
_MICRO = 1e-6
_NANO = 1e-9
_MEGA = 1e6
_KILO = 1e3
_PERCENT = 100.0
_STALLED = re.compile(r"^some .*total=(\d+)", re.MULTILINE)
_PROCESSOR_SENSORS = {"coretemp", "k10temp", "zenpower"}
_GPU_IS_LOST = 15  # NVML_ERROR_GPU_IS_LOST
_CGROUP_1 = (("/cpu", "throttled_time", _NANO),)
# Reasons a clock is below what was asked for (NVML `nvmlClocksEventReason*`); idle and the
# application clock setting are the user's own.
_THROTTLE = {
    0x04: "power_cap",
    0x08: "hardware_slowdown",
    0x20: "thermal_software",
    0x40: "thermal_hardware",
    0x80: "power_brake",
}


@dataclass(frozen=True)
class GpuReading:
    """One look at a GPU."""

    power_w: float | None = None
    clock_hz: float | None = None
    temperature_c: float | None = None
    utilisation_fraction: float | None = None
    throttle: tuple[str, ...] = ()


@dataclass(frozen=True)
class CpuTimes:
    """Seconds the processors we may use have spent, summed over them, since boot."""

    total_s: float
    idle_s: float
    steal_s: float


@dataclass(frozen=True)
class Pressure:
    """Seconds in which some task waited for a resource, since boot."""

    cpu_s: float | None = None
    memory_s: float | None = None
    io_s: float | None = None


@dataclass(frozen=True)
class Switches:
    """Context switches of our process, all threads, since it began."""

    voluntary: int
    involuntary: int


class GpuCounters(Protocol):
    """A GPU's counters."""

    device: str
    mig: bool
    """A slice of a board: its power and energy are the whole board's, and nobody's here."""
    lost: bool
    """Whether the driver has lost the device."""

    def read(self) -> GpuReading:
        """Sampled values, each None where it is missing."""

    def energy_j(self) -> float | None:
        """Energy since the driver was loaded."""

    def processes(self) -> int | None:
        """How many processes compute on it, ours included."""

    def uncorrected_errors(self) -> int | None:
        """Memory errors ECC could not correct, since the driver was loaded."""

    def xids(self) -> tuple[int, ...] | None:
        """Critical errors the driver reported since the last call."""


class HostCounters(Protocol):
    """The host's counters."""

    def cpu_times(self) -> CpuTimes | None:
        """Time of the processors we may use."""

    def own_cpu_s(self) -> float | None:
        """Processor time of our process group."""

    def clock_hz(self) -> float | None:
        """The mean clock of the processors we may use."""

    def temperature_c(self) -> float | None:
        """The hottest of the processors' own sensors."""

    def overheated_s(self) -> float | None:
        """Time the processors we may use slowed down for heat, summed over them, since boot."""

    def quota_throttled_s(self) -> float | None:
        """Time the cgroup's CPU quota stopped us."""

    def pressure(self) -> Pressure:
        """Time tasks waited for processor, memory or disk."""

    def switches(self) -> Switches | None:
        """Context switches of our process."""

    def energy_j(self) -> float | None:
        """Energy of all packages, wrapping at `energy_range_j`."""

    def energy_range_j(self) -> float | None:
        """Where the energy counter starts again at zero."""


class Nvml:
    """One GPU through NVML. `nvml` is the module `pynvml` or a stand-in."""

    def __init__(self, nvml: Any, device: str, uuid: str) -> None:  # noqa: ANN401 - untyped module
        nvml.nvmlInit()
        self.device = device
        self.mig = uuid.startswith("MIG-")
        self.lost = False
        self._nvml = nvml
        self._handle = nvml.nvmlDeviceGetHandleByUUID(uuid)
        self._events = self._register()

    def read(self) -> GpuReading:
        """Sampled values, each None where the driver does not say."""
        nvml = self._nvml
        load = self._ask("nvmlDeviceGetUtilizationRates")
        return GpuReading(
            power_w=self._of_board("nvmlDeviceGetPowerUsage"),
            clock_hz=_scaled(self._ask("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_SM), _MEGA),
            temperature_c=_scaled(
                self._ask("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU), 1.0
            ),
            utilisation_fraction=None if load is None else load.gpu / _PERCENT,
            throttle=_reasons(self._ask("nvmlDeviceGetCurrentClocksThrottleReasons")),
        )

    def energy_j(self) -> float | None:
        """Energy since the driver was loaded; Volta and later."""
        return self._of_board("nvmlDeviceGetTotalEnergyConsumption")

    def processes(self) -> int | None:
        """How many processes compute on it; in a container their ids are not ours."""
        running = self._ask("nvmlDeviceGetComputeRunningProcesses")
        return None if running is None else len(running)

    def uncorrected_errors(self) -> int | None:
        """Memory errors ECC could not correct; None where ECC is off."""
        nvml = self._nvml
        return self._ask(
            "nvmlDeviceGetTotalEccErrors",
            nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED,
            nvml.NVML_VOLATILE_ECC,
        )

    def xids(self) -> tuple[int, ...] | None:
        """Critical errors since the last call; None where we may not listen for them."""
        if self._events is None:
            return None
        found: list[int] = []
        while (event := self._try("nvmlEventSetWait_v2", self._events, 0)) is not None:
            found.append(int(event.eventData))
        return tuple(found)

    def _register(self) -> Any | None:  # noqa: ANN401 - an opaque handle
        nvml = self._nvml
        try:
            events = nvml.nvmlEventSetCreate()
            kind = nvml.nvmlEventTypeXidCriticalError
            nvml.nvmlDeviceRegisterEvents(self._handle, kind, events)
        except nvml.NVMLError:
            return None
        return events

    def _of_board(self, function: str) -> float | None:
        return None if self.mig else _scaled(self._ask(function), _MILLI)

    def _ask(self, function: str, *arguments: object) -> Any | None:  # noqa: ANN401 - as above
        return self._try(function, self._handle, *arguments)

    def _try(self, function: str, *arguments: object) -> Any | None:  # noqa: ANN401 - as above
        try:
            return getattr(self._nvml, function)(*arguments)
        except self._nvml.NVMLError as error:
            self.lost |= getattr(error, "value", None) == _GPU_IS_LOST
            return None


def nvml_counters(device: str, uuid: str, nvml: Any = None) -> Nvml | None:  # noqa: ANN401 - as above
    """The GPU's counters, or None where NVML is missing or does not know it.

    `uuid` without prefix: PyTorch does not say whether it names a board or a MIG slice.
    """
    if nvml is None:
        import pynvml  # noqa: PLC0415 - only a GPU's measurement needs it

        nvml = pynvml
    for prefix in ("GPU", "MIG"):
        with suppress(nvml.NVMLError):
            return Nvml(nvml, device, f"{prefix}-{uuid}")
    return None


def _none_if_garbled(question: Callable[P, R | None]) -> Callable[P, R | None]:
    """A counter that holds no number is a missing one."""

    @wraps(question)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return question(*args, **kwargs)
        except (ArithmeticError, ValueError):
            return None

    return asked


class Proc:
    """Linux's files, below `root` for tests; `groups` are ours, beside our own process group."""

    def __init__(
        self,
        root: Path = Path("/"),
        cpus: Iterable[int] | None = None,
        groups: Iterable[int] | None = None,
    ) -> None:
        self._root = root
        self._groups = frozenset({os.getpgrp(), *(groups or ())})
        self._cpus = frozenset(os.sched_getaffinity(0) if cpus is None else cpus)
        self._tick_s = 1 / os.sysconf("SC_CLK_TCK")

    @_none_if_garbled
    def cpu_times(self) -> CpuTimes | None:
        """From /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal."""
        wanted = {f"cpu{index}" for index in self._cpus}
        lines = (line.split() for line in self._text("proc/stat").splitlines())
        rows = [[int(x) for x in line[1:9]] for line in lines if line and line[0] in wanted]
        if not rows or any(len(row) < 8 for row in rows):  # noqa: PLR2004 - kernels before 2.6.11
            return None
        sums = [sum(column) * self._tick_s for column in zip(*rows, strict=True)]
        return CpuTimes(sum(sums), sums[3] + sums[4], sums[7])

    @_none_if_garbled
    def own_cpu_s(self) -> float | None:
        """User and system time of our process groups, of children they have waited for too."""
        ticks = 0
        for stat in (self._root / "proc").glob("[0-9]*/stat"):
            fields = _after_name(_text(stat))
            if len(fields) > 14 and int(fields[2]) in self._groups:  # noqa: PLR2004 - cstime is the 15th
                ticks += sum(map(int, fields[11:15]))
        return ticks * self._tick_s if ticks else None

    @_none_if_garbled
    def clock_hz(self) -> float | None:
        """From cpufreq, else from /proc/cpuinfo; a virtual machine may show a constant."""
        readings = [
            int(text) * _KILO
            for index in self._cpus
            if (text := self._text(f"sys/devices/system/cpu/cpu{index}/cpufreq/scaling_cur_freq"))
        ]
        return _mean(readings or self._cpuinfo_clocks())

    @_none_if_garbled
    def temperature_c(self) -> float | None:
        """From the sensors' drivers for processors; a virtual machine has none."""
        readings = [
            int(text) * _MILLI
            for driver in (self._root / "sys/class/hwmon").glob("hwmon*")
            if _text(driver / "name") in _PROCESSOR_SENSORS
            for sensor in driver.glob("temp*_input")
            if (text := _text(sensor))
        ]
        return max(readings, default=None)

    @_none_if_garbled
    def overheated_s(self) -> float | None:
        """From the thermal interrupt's counters, which Intel's processors have."""
        name = "thermal_throttle/core_throttle_total_time_ms"
        readings = [self._text(f"sys/devices/system/cpu/cpu{i}/{name}") for i in self._cpus]
        if not readings or not all(readings):
            return None
        return sum(map(int, readings)) * _MILLI

    @_none_if_garbled
    def quota_throttled_s(self) -> float | None:
        """From our cgroup's cpu.stat, either version; in a container ours is the mount's root."""
        paths = [line.split(":")[-1] for line in self._text("proc/self/cgroup").splitlines()]
        for path in [*paths, "/"]:
            for version, name, scale in (("", "throttled_usec", _MICRO), *_CGROUP_1):
                text = self._text(f"sys/fs/cgroup{version}{path}/cpu.stat")
                if (value := field(text, name)) is not None:
                    return value * scale
        return None

    def pressure(self) -> Pressure:
        """From our cgroup's pressure files where it has them, else the machine's."""
        return Pressure(*(self._stalled_s(name) for name in ("cpu", "memory", "io")))

    def switches(self) -> Switches:
        """From getrusage, which counts threads that ended too."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return Switches(voluntary=used.ru_nvcsw, involuntary=used.ru_nivcsw)

    @_none_if_garbled
    def _stalled_s(self, name: str) -> float | None:
        groups = [line.split(":")[-1] for line in self._text("proc/self/cgroup").splitlines()]
        files = [f"sys/fs/cgroup{group}/{name}.pressure" for group in groups]
        for path in (*files, f"proc/pressure/{name}"):
            if found := _STALLED.search(self._text(path)):
                return int(found[1]) * _MICRO
        return None

    def energy_j(self) -> float | None:
        """RAPL's package domains together; usually root's alone, and absent on a cloud VM."""
        return self._rapl("energy_uj", sum)

    def energy_range_j(self) -> float | None:
        """The smallest package's range: with one package it is exact."""
        return self._rapl("max_energy_range_uj", min)

    @_none_if_garbled
    def _rapl(self, name: str, combine: Callable[[list[int]], int]) -> float | None:
        packages = (self._root / "sys/class/powercap").glob("intel-rapl:[0-9]")
        readings = [_text(package / name) for package in packages]
        if not readings or not all(readings):
            return None
        return combine([int(text) for text in readings]) * _MICRO

    def _cpuinfo_clocks(self) -> list[float]:
        clocks: list[float] = []
        ours = False
        for line in self._text("proc/cpuinfo").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "processor":
                ours = int(value) in self._cpus
            elif ours and name.strip() == "cpu MHz":
                clocks.append(float(value) * _MEGA)
        return clocks

    def _text(self, path: str) -> str:
        return _text(self._root / path)


def field(text: str, name: str) -> int | None:
    """The number after `name` in a file of `name number` lines."""
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.strip().isdigit():
            return int(value)
    return None


def oom_kills(root: Path = Path("/")) -> int | None:
    """How often the kernel killed for memory: our cgroup's count, else the whole machine's."""
    for path in ("sys/fs/cgroup/memory.events", "proc/vmstat"):
        if (count := field(_text(root / path), "oom_kill")) is not None:
            return count
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _after_name(stat: str) -> list[str]:
    """Fields of /proc/pid/stat from the state on; the name before may hold anything."""
    return stat.rpartition(")")[2].split()


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _reasons(bits: int | None) -> tuple[str, ...]:
    return tuple(name for bit, name in _THROTTLE.items() if (bits or 0) & bit)


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
