"""What a watch makes of its counters, driven by hand; and the thread that drives it."""

import os
import subprocess
import sys
import threading
from time import perf_counter_ns, sleep

import pytest

from benchbench.measure.caveats import Observed, caveats
from benchbench.measure.counters import CpuTimes, GpuReading, Pressure, Proc, Switches
from benchbench.measure.sampler import Meter, Sampler, Watch
from benchbench.record import Energy, Interference
from tests import factories as make
from tests.measure.fakes_measure import SECOND, FakeClock, FakeGpuCounters, FakeHost


def metered(
    readings: list[float | None], *, wrap_j: float | None = None, every_s: float = 0.1
) -> Energy | None:
    """The energy of a counter seen `every_s`."""
    meter = Meter("gpu_board", "cuda:0", wrap_j)
    meter.start(readings[0], 0)
    for index, reading in enumerate(readings[1:], 1):
        meter.see(reading, round(index * every_s * SECOND))
    return meter.energy()


def test_energy_is_the_difference_of_the_counter() -> None:
    """30 ticks of 20 J in 3 s."""
    energy = metered([1000.0 + 20 * i for i in range(31)])
    assert energy == Energy(scope="gpu_board", device="cuda:0", joules=600.0, elapsed_s=3.0)


def test_a_counter_that_wraps_goes_on() -> None:
    """A range of 500 J is passed once and nothing is lost."""
    energy = metered([(400.0 + 20 * i) % 500 for i in range(25)], wrap_j=500.0)
    assert energy is not None
    assert energy.joules == pytest.approx(480.0)


@pytest.mark.parametrize(
    "readings",
    [
        [None] * 40,
        [1.0, None, *range(3, 40)],
        [5.0, *range(40)],
        [7.0] * 40,
    ],
    ids=["missing", "gap", "falls", "still"],
)
def test_a_doubtful_counter_gives_no_energy(readings: list[float | None]) -> None:
    """Missing, interrupted, falling without a range, or never moving: None, never 0."""
    assert metered(readings) is None


@pytest.mark.known_error("energy window shorter than the counter's update")
def test_a_window_too_short_for_the_counter_gives_no_energy() -> None:
    """Under 2 s, or under twenty updates of the counter."""
    assert metered([20.0 * i for i in range(31)], every_s=0.06) is None
    assert metered([20.0 * (i // 4) for i in range(80)]) is None
    assert metered([20.0 * (i // 4) for i in range(81)]) is not None


def test_a_watch_looks_at_the_gpu_each_time_and_at_the_host_once_a_second() -> None:
    """21 ticks in 2 s: 21 looks at the GPU, 3 at the host; times count from the window."""
    clock = FakeClock()
    gpu = FakeGpuCounters(reading=GpuReading(power_w=300.0, throttle=("power_cap",)))
    host = FakeHost(CpuTimes(0.0, 0.0, 0.0), clock=2e9, celsius=61.0)
    watch = Watch(host, gpu, clock)
    for index in range(21):
        host.cpu = CpuTimes(index * 0.4, index * 0.3, index * 0.04)
        watch.tick()
        if index == 10:
            watch.begin()
        clock.advance(0.1)
    samples = watch.samples()
    on_gpu = [sample for sample in samples if sample.device == "cuda:0"]
    on_host = [sample for sample in samples if sample.device is None]
    assert (len(on_gpu), len(on_host)) == (21, 3)
    assert [on_gpu[0].time_s, on_gpu[-1].time_s] == pytest.approx([-1.0, 1.0])
    assert on_gpu[0].power_w == 300.0
    assert on_gpu[0].throttle == ("power_cap",)
    assert on_host[1].steal_fraction == pytest.approx(0.1)
    assert on_host[1].utilisation_fraction == pytest.approx(0.15)
    assert on_host[1].clock_hz == 2e9
    assert on_host[1].temperature_c == 61.0
    assert watch.latest.device == "cuda:0"


@pytest.mark.fault("machine")
def test_missing_counters_stay_none_in_samples() -> None:
    """A host that shows nothing is sampled as nothing."""
    clock = FakeClock()
    watch = Watch(FakeHost(), None, clock, wall=clock, uptime=clock)
    watch.begin()
    watch.tick()
    watch.end()
    (sample,) = watch.samples()
    assert sample.clock_hz is None
    assert sample.utilisation_fraction is None
    assert sample.steal_fraction is None
    assert watch.latest == sample.model_copy(update={"time_s": 0.0})
    assert watch.energy() == ()
    assert watch.interference() == Interference(wall_clock_jump_s=0.0, suspended_s=0.0)


def test_interference_is_the_difference_between_the_edges() -> None:
    """Of 20 processor seconds: 12 busy, of which 9 ours, 1 stolen; 2 s of 10 s without quota."""
    clock, gpu = FakeClock(), FakeGpuCounters(running=3)
    host = FakeHost(CpuTimes(100.0, 50.0, 5.0), own_s=4.0, throttled_s=1.0)
    watch = Watch(host, gpu, clock)
    watch.begin()
    clock.advance(10.0)
    host.cpu, host.own_s, host.throttled_s = CpuTimes(120.0, 57.0, 6.0), 13.0, 3.0
    watch.end()
    seen = watch.interference()
    assert seen.foreign_cpu_fraction == pytest.approx(0.15)
    assert seen.steal_fraction == pytest.approx(0.05)
    assert seen.quota_throttled_fraction == pytest.approx(0.2)
    assert seen.foreign_gpu_processes == 2


def test_stalls_switches_and_errors_are_differences_too() -> None:
    """Over 10 s: 1 s without processor, 0.2 s without memory, no disk known; 7 forced switches."""
    clock, gpu = FakeClock(), FakeGpuCounters(errors=2, reported=(31,))
    host = FakeHost(stalled=Pressure(5.0, 1.0), switched=Switches(100, 20), hot_s=3.0)
    watch = Watch(host, gpu, clock)
    watch.begin()
    clock.advance(10.0)
    host.stalled, host.switched = Pressure(6.0, 1.2), Switches(150, 27)
    gpu.errors, gpu.reported, host.hot_s = 3, (48,), 3.5
    watch.end()
    seen = watch.interference()
    assert seen.cpu_stall_fraction == pytest.approx(0.1)
    assert seen.memory_stall_fraction == pytest.approx(0.02)
    assert seen.io_stall_fraction is None
    assert (seen.voluntary_switches, seen.involuntary_switches) == (50, 7)
    assert seen.uncorrected_memory_errors == 1
    assert seen.cpu_overheated_s == pytest.approx(0.5)
    assert seen.xids == (48,)


@pytest.mark.fault("machine")
def test_clocks_that_part_are_noticed() -> None:
    """In 10 s of the monotonic clock the wall clock went back an hour, the machine slept 30 s."""
    monotonic, wall, uptime = FakeClock(), FakeClock(), FakeClock()
    watch = Watch(FakeHost(), None, monotonic, wall=wall, uptime=uptime)
    watch.begin()
    monotonic.advance(10.0)
    wall.advance(10.0 - 3600.0)
    uptime.advance(40.0)
    watch.end()
    seen = watch.interference()
    assert seen.wall_clock_jump_s == pytest.approx(-3600.0)
    assert seen.suspended_s == pytest.approx(30.0)


@pytest.mark.fault("machine")
def test_a_lost_device_is_known() -> None:
    """Only when the driver says so."""
    gpu = FakeGpuCounters()
    watch = Watch(FakeHost(), gpu, FakeClock())
    assert not watch.device_lost
    gpu.lost = True
    assert watch.device_lost
    assert not Watch(FakeHost(), None, FakeClock()).device_lost


@pytest.mark.parametrize(
    ("readings", "doubt"),
    [
        ([7.0] * 40, "the gpu_board energy counter stood still"),
        ([5.0, *range(40)], "the gpu_board energy counter ran backwards"),
        ([20.0 * i for i in range(40)], None),
        ([None] * 40, None),
    ],
    ids=["still", "falls", "good", "missing"],
)
def test_an_impossible_counter_is_told_from_a_missing_one(
    readings: list[float | None], doubt: str | None
) -> None:
    """Zero and negative energy are a doubt, no counter is none."""
    meter = Meter("gpu_board", "cuda:0", None)
    meter.start(readings[0], 0)
    for index, reading in enumerate(readings[1:], 1):
        meter.see(reading, round(index * 0.1 * SECOND))
    assert meter.doubt() == doubt


def sampled(every_s: float, looks: int, power_w: float | None = 300.0) -> tuple[Energy, ...]:
    """Energy of a window of a GPU at 300 W without a counter, looked at `every_s`."""
    clock = FakeClock()
    gpu = FakeGpuCounters(reading=GpuReading(power_w=power_w))
    watch = Watch(FakeHost(), gpu, clock)
    watch.begin()
    for _ in range(looks):
        clock.advance(every_s)
        watch.tick()
    watch.end()
    return watch.energy()


def test_sampled_power_stands_in_for_a_missing_counter() -> None:
    """300 W for 4 s are 1200 J, and say that they were sampled."""
    (energy,) = sampled(0.1, 40)
    assert energy.joules == pytest.approx(1200.0)
    assert energy.method == "power_samples"


def test_sampled_power_with_a_gap_gives_no_energy() -> None:
    """Looks 3.1 s apart hide what happened between them; so does no power at all."""
    assert sampled(3.1, 30) == ()
    assert len(sampled(2.9, 30)) == 1
    assert sampled(0.1, 40, power_w=None) == ()


@pytest.mark.fault("machine")
def test_spinners_on_every_processor_disturb() -> None:
    """Real ones, beside half a second of our own work: the real counters tell them apart."""
    spin = "while True: pass"
    count = len(os.sched_getaffinity(0))
    spinners = [
        subprocess.Popen([sys.executable, "-c", spin], process_group=0) for _ in range(count)
    ]
    try:
        watch = Watch(Proc(), None, perf_counter_ns)
        watch.begin()
        deadline = perf_counter_ns() + SECOND
        while perf_counter_ns() < deadline:
            pass
        watch.end()
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()
    measurement = make.measurement(interference=watch.interference())
    found = {each.code for each in caveats(Observed(measurement, effort="standard", device="cpu"))}
    assert "disturbed" in found


def test_both_scopes_of_energy_are_kept_apart() -> None:
    """A GPU's board and the processor's package in one window of 4 s, and nothing after it."""
    clock, gpu, host = FakeClock(), FakeGpuCounters(joules=0.0), FakeHost(joules=0.0)
    watch = Watch(host, gpu, clock)
    watch.begin()
    for tick in range(1, 41):
        clock.advance(0.1)
        gpu.joules, host.joules = 30.0 * tick, 5.0 * tick
        watch.tick()
    watch.end()
    gpu.joules = 9e9
    watch.tick()
    found = {energy.scope: energy.joules for energy in watch.energy()}
    assert found == pytest.approx({"gpu_board": 1200.0, "cpu_package": 200.0})


def test_the_thread_ticks_until_its_context_ends() -> None:
    """Looks accumulate while the body runs; afterwards the thread is gone."""
    watch = Watch(FakeHost(), FakeGpuCounters(), perf_counter_ns)
    with Sampler(watch):
        deadline = perf_counter_ns() + 10 * SECOND
        while not watch.samples() and perf_counter_ns() < deadline:
            sleep(0.02)
    assert watch.samples()
    assert "sampler" not in {thread.name for thread in threading.enumerate()}
