"""Energy from sampled power, and idle power, against integrals done by hand."""

from collections.abc import Callable

import pytest

from benchbench.measure.counters import GpuReading
from benchbench.measure.power import Integral, idle_power, integral
from benchbench.record import Sample
from tests.measure.fakes_measure import FakeClock, FakeGpuCounters, FakeHost


def looks(*path: tuple[float, float | None]) -> list[Sample]:
    """Power at times."""
    return [Sample(time_s=at, device="cuda:0", power_w=power) for at, power in path]


def test_power_is_integrated_between_interpolated_edges() -> None:
    """A ramp of 100 W/s from -1 s to 5 s, over the window 0..4: from 100 W to 500 W."""
    ramp = looks(*[(at, 100.0 * (at + 1)) for at in (-1.0, 0.5, 1.5, 2.5, 3.5, 5.0)])
    found = integral(ramp, 4.0)
    assert found is not None
    assert found.joules == pytest.approx(1200.0)
    assert found.samples == 4
    assert found.longest_gap_s == pytest.approx(1.5)


def test_an_edge_without_a_look_beyond_takes_the_nearest_power() -> None:
    """Looks at 1 s and 3 s of a window of 4 s at 100 W and 200 W: 100 + 300 + 200 J."""
    assert integral(looks((1.0, 100.0), (3.0, 200.0)), 4.0) == Integral(600.0, 2, 2.0)


def test_too_few_looks_are_no_curve() -> None:
    """One look, none, or none with power."""
    assert integral(looks((1.0, 100.0)), 4.0) is None
    assert integral(looks((1.0, None), (2.0, None)), 4.0) is None
    assert integral([], 4.0) is None


def sleeper(clock: FakeClock, host: FakeHost, watts: float) -> Callable[[float], None]:
    """Time passes and the package draws."""

    def sleep(seconds: float) -> None:
        clock.advance(seconds)
        if host.joules is not None:
            host.joules += watts * seconds

    return sleep


def test_idle_power_has_its_scope() -> None:
    """70 W of the board by looking, 15 W of the package by its counter, over half a second."""
    clock, host = FakeClock(), FakeHost(joules=1000.0)
    gpu = FakeGpuCounters(reading=GpuReading(power_w=70.0))
    found = idle_power(host, gpu, clock, sleeper(clock, host, 15.0))
    watts = {one.scope: one.watts for one in found}
    assert watts == pytest.approx({"gpu_board": 70.0, "cpu_package": 15.0})
    assert found[0].elapsed_s == pytest.approx(0.5)


def test_without_a_counter_nobody_waits() -> None:
    """Most cloud machines show none."""
    clock = FakeClock()
    began = clock()
    assert idle_power(FakeHost(), FakeGpuCounters(), clock, clock.advance) == ()
    assert idle_power(FakeHost(), None, clock, clock.advance) == ()
    assert clock() == began
