"""Counters of the host from files a test writes, of a GPU from a fake NVML."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchbench.measure.counters import (
    GpuReading,
    Nvml,
    Pressure,
    Proc,
    nvml_counters,
    oom_kills,
)
from tests.measure.fakes_measure import FakeNvml

TICKS = os.sysconf("SC_CLK_TCK")


def host(root: Path, **files: str) -> Proc:
    """A host of these files ('__' for '/'), on which we may use processors 0 and 2."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Proc(root, cpus=(0, 2))


def test_cpu_times_are_of_our_processors_alone(tmp_path: Path) -> None:
    """User nice system idle iowait irq softirq steal; guest time is inside user time already."""
    stat = (
        "cpu  999 9 9 9 9 9 9 9 9 9\n"
        "cpu0 100 10 20 300 40 5 6 7 50 0\n"
        "cpu1 900 0 0 0 0 0 0 0 0 0\n"
        "cpu2 1 0 0 2 0 0 0 3 0 0\n"
        "intr 5\n"
    )
    times = host(tmp_path, proc__stat=stat).cpu_times()
    assert times is not None
    assert times.total_s * TICKS == pytest.approx(488 + 6)
    assert times.idle_s * TICKS == pytest.approx(340 + 2)
    assert times.steal_s * TICKS == pytest.approx(10)


@pytest.mark.fault("machine")
def test_what_the_host_does_not_show_is_none(tmp_path: Path) -> None:
    """An empty file system has no counters, and none is zero."""
    proc = host(tmp_path)
    assert proc.cpu_times() is None
    assert proc.own_cpu_s() is None
    assert proc.clock_hz() is None
    assert proc.quota_throttled_s() is None
    assert proc.energy_j() is None
    assert proc.energy_range_j() is None
    assert proc.pressure() == Pressure()
    assert proc.temperature_c() is None
    assert proc.overheated_s() is None
    assert oom_kills(tmp_path) is None


def test_own_time_is_the_process_groups(tmp_path: Path) -> None:
    """User, system and waited-for children of our group; a name may hold anything."""
    ours, other = os.getpgrp(), os.getpgrp() + 1
    line = "{pid} (a) b ( c) R 1 {group} 1 0 -1 0 0 0 0 0 10 20 3 4 20 0 1 0 0\n"
    proc = host(
        tmp_path,
        proc__7__stat=line.format(pid=7, group=ours),
        proc__8__stat=line.format(pid=8, group=other),
        proc__9__stat=line.format(pid=9, group=ours),
    )
    assert proc.own_cpu_s() == pytest.approx(74 / TICKS)


def test_the_clock_comes_from_cpufreq_first(tmp_path: Path) -> None:
    """Kilohertz, the mean of our processors; /proc/cpuinfo's megahertz where there is none."""
    cpuinfo = "".join(
        f"processor\t: {i}\ncpu MHz\t\t: {mhz}\n\n" for i, mhz in enumerate((1, 9, 3))
    )
    assert host(tmp_path, proc__cpuinfo=cpuinfo).clock_hz() == pytest.approx(2e6)
    frequency = "sys__devices__system__cpu__cpu{}__cpufreq__scaling_cur_freq"
    files = {frequency.format(0): "3000000\n", frequency.format(2): "2000000\n"}
    assert host(tmp_path, **files).clock_hz() == pytest.approx(2.5e9)


def test_heat_is_the_processors_own(tmp_path: Path) -> None:
    """The hottest of its sensors and no disk's; time slowed down, of our two processors."""
    count = "sys__devices__system__cpu__cpu{}__thermal_throttle__core_throttle_total_time_ms"
    files = {
        "sys__class__hwmon__hwmon0__name": "nvme\n",
        "sys__class__hwmon__hwmon0__temp1_input": "90000\n",
        "sys__class__hwmon__hwmon1__name": "k10temp\n",
        "sys__class__hwmon__hwmon1__temp1_input": "61500\n",
        "sys__class__hwmon__hwmon1__temp3_input": "58000\n",
        **{count.format(index): f"{1000 * (index + 1)}\n" for index in range(3)},
    }
    proc = host(tmp_path, **files)
    assert proc.temperature_c() == pytest.approx(61.5)
    assert proc.overheated_s() == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("group", "path", "text"),
    [
        ("0::/\n", "sys__fs__cgroup__cpu.stat", "usage_usec 9\nthrottled_usec 1500000\n"),
        ("0::/a/b\n", "sys__fs__cgroup__a__b__cpu.stat", "throttled_usec 1500000\n"),
        ("3:cpu:/x\n", "sys__fs__cgroup__cpu__x__cpu.stat", "throttled_time 1500000000\n"),
        ("3:cpu:/x\n", "sys__fs__cgroup__cpu__cpu.stat", "throttled_time 1500000000\n"),
    ],
)
def test_quota_throttling_of_both_cgroup_versions(
    tmp_path: Path, group: str, path: str, text: str
) -> None:
    """Microseconds in version 2, nanoseconds in version 1: both are 1.5 s."""
    proc = host(tmp_path, proc__self__cgroup=group, **{path: text})
    assert proc.quota_throttled_s() == pytest.approx(1.5)


def test_rapl_adds_packages_and_leaves_their_parts_out(tmp_path: Path) -> None:
    """Two packages; the core domain inside one is not counted twice."""
    proc = host(
        tmp_path,
        **{
            "sys__class__powercap__intel-rapl:0__energy_uj": "2000000\n",
            "sys__class__powercap__intel-rapl:0__max_energy_range_uj": "9000000\n",
            "sys__class__powercap__intel-rapl:1__energy_uj": "3000000\n",
            "sys__class__powercap__intel-rapl:1__max_energy_range_uj": "8000000\n",
            "sys__class__powercap__intel-rapl:0:0__energy_uj": "7000000\n",
        },
    )
    assert proc.energy_j() == pytest.approx(5.0)
    assert proc.energy_range_j() == pytest.approx(8.0)


def test_a_package_we_may_not_read_hides_the_sum(tmp_path: Path) -> None:
    """Half the energy is no energy."""
    proc = host(
        tmp_path,
        **{
            "sys__class__powercap__intel-rapl:0__energy_uj": "2000000\n",
            "sys__class__powercap__intel-rapl:1__name": "package-1\n",
        },
    )
    assert proc.energy_j() is None


@pytest.mark.fault("death")
def test_out_of_memory_kills_of_the_group_come_first(tmp_path: Path) -> None:
    """The cgroup's own count where it has one, else the machine's."""
    host(tmp_path, proc__vmstat="nr_free_pages 5\noom_kill 7\n")
    assert oom_kills(tmp_path) == 7
    host(tmp_path, sys__fs__cgroup__memory="", **{"sys__fs__cgroup__memory.events": "oom_kill 2\n"})
    assert oom_kills(tmp_path) == 2


def test_this_machine_counts_its_processors_time() -> None:
    """The real /proc: our group has used time, the processors more."""
    proc = Proc()
    times, own_s = proc.cpu_times(), proc.own_cpu_s()
    assert times is not None
    assert own_s is not None
    assert own_s > 0
    assert 0 <= times.idle_s <= times.total_s


def test_nvml_units_become_si() -> None:
    """Milliwatt, megahertz, per cent and millijoule; throttle bits become names."""
    board = Nvml(
        FakeNvml(
            nvmlDeviceGetPowerUsage=350_000,
            nvmlDeviceGetClockInfo=1830,
            nvmlDeviceGetTemperature=61,
            nvmlDeviceGetUtilizationRates=SimpleNamespace(gpu=97, memory=40),
            nvmlDeviceGetCurrentClocksThrottleReasons=0x01 | 0x04 | 0x40,
            nvmlDeviceGetTotalEnergyConsumption=5_000,
            nvmlDeviceGetComputeRunningProcesses=["ours", "theirs"],
        ),
        "cuda:0",
        "GPU-0",
    )
    assert board.read() == GpuReading(350.0, 1.83e9, 61.0, 0.97, ("power_cap", "thermal_hardware"))
    assert board.energy_j() == 5.0
    assert board.processes() == 2


@pytest.mark.fault("machine")
def test_what_a_board_does_not_support_is_none() -> None:
    """A board that answers nothing gives no zero."""
    board = Nvml(FakeNvml(), "cuda:0", "GPU-0")
    assert board.read() == GpuReading()
    assert board.uncorrected_errors() is None
    assert board.xids() is None
    assert not board.lost
    assert board.energy_j() is None
    assert board.processes() is None


@pytest.mark.fault("machine")
def test_without_a_driver_there_are_no_counters() -> None:
    """A uuid no driver knows gives None, with the real NVML or without."""
    assert nvml_counters("cuda:0", "00000000-0000-0000-0000-000000000000") is None


def test_pressure_is_our_groups_before_the_machines(tmp_path: Path) -> None:
    """Microseconds of "some"; the machine's files where the group has none."""
    line = "some avg10=0.00 avg60=0.00 avg300=0.00 total={}\nfull avg10=0.00 total=9\n"
    proc = host(
        tmp_path,
        proc__self__cgroup="0::/a\n",
        **{
            "sys__fs__cgroup__a__cpu.pressure": line.format(1_500_000),
            "proc__pressure__cpu": line.format(7_000_000),
            "proc__pressure__io": line.format(2_000_000),
        },
    )
    assert proc.pressure() == Pressure(cpu_s=1.5, memory_s=None, io_s=2.0)


def test_context_switches_are_counted_of_this_process() -> None:
    """The real counters only grow."""
    before, after = Proc().switches(), Proc().switches()
    assert after.voluntary >= before.voluntary > 0


@pytest.mark.fault("machine")
def test_critical_errors_are_read_once() -> None:
    """Two Xids wait in the driver's queue, then it is empty."""
    queue = [SimpleNamespace(eventData=48), SimpleNamespace(eventData=63)]
    fake = FakeNvml(
        nvmlEventSetCreate="events",
        nvmlDeviceRegisterEvents=None,
        nvmlEventSetWait_v2=lambda: queue.pop(0) if queue else None,
        nvmlDeviceGetTotalEccErrors=5,
    )
    board = Nvml(fake, "cuda:0", "GPU-0")
    assert board.xids() == (48, 63)
    assert board.xids() == ()
    assert board.uncorrected_errors() == 5


@pytest.mark.fault("machine")
def test_a_lost_board_is_remembered() -> None:
    """NVML's error 15 to any question; another error is only a missing counter."""
    gone = FakeNvml.NVMLError("GPU is lost")
    gone.value = 15
    board = Nvml(FakeNvml(nvmlDeviceGetPowerUsage=gone), "cuda:0", "GPU-0")
    assert board.read().power_w is None
    assert board.lost


@pytest.mark.known_error("MIG slice or one die of two compared with the whole card")
def test_a_slice_does_not_answer_for_its_board() -> None:
    """Found under its own prefix; power and energy are the board's, and not taken for its own."""

    class Sliced(FakeNvml):
        def nvmlDeviceGetHandleByUUID(self, uuid: str) -> SimpleNamespace:  # noqa: N802 - as NVML
            if not uuid.startswith("MIG-"):
                raise self.NVMLError(uuid)
            return SimpleNamespace(uuid=uuid)

    nvml = Sliced(nvmlDeviceGetPowerUsage=350_000, nvmlDeviceGetTotalEnergyConsumption=5_000)
    part = nvml_counters("cuda:0", "1234", nvml)
    assert part is not None
    assert part.mig
    assert part.read().power_w is None
    assert part.energy_j() is None
