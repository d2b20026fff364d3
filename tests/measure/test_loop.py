"""The timing loop with a clock that pretends: every number is exact."""

from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

from benchbench import stats
from benchbench.measure.budget import BUDGETS, Budget
from benchbench.measure.device import Host
from benchbench.measure.loop import (
    Tick,
    Timed,
    half_width_fraction,
    is_steady,
    next_look,
    time_job,
    time_repeatedly,
)
from benchbench.measure.sampler import PERIOD_S
from tests.measure.fakes_measure import SECOND, SHORT, FakeClock, FakeGpu, FakeWatch, job


def on_cpu(
    durations: list[float], budget: Budget = SHORT, **changes: Any
) -> tuple[Timed, list[Tick], FakeWatch]:
    """Time steps of these durations on a processor."""
    clock = FakeClock()
    ticks: list[Tick] = []
    watch = FakeWatch(clock)
    wait_s = changes.pop("wait_s", 0.0)
    timed = time_job(
        job(clock.advance, durations, wait=lambda: clock.advance(wait_s), **changes),
        device=Host(clock),
        clock=clock,
        budget=budget,
        watch=watch,
        keep_losses=True,
        on_tick=ticks.append,
    )
    return timed, ticks, watch


def sums(values: Any) -> list[float]:
    """Running sums from zero."""
    return [0.0, *accumulate(float(value) for value in values)]


def test_warm_up_ends_when_two_windows_agree() -> None:
    """Equal steps are steady after two windows of eight; the first step is its own figure."""
    timed, _, _ = on_cpu([0.5])
    assert timed.steady
    assert timed.warmup_s == (0.5,) * 16
    assert timed.first_step_s == 0.5


def test_warm_up_lasts_its_shortest_time() -> None:
    """Fast steps go on until the least warm-up time is over."""
    timed, _, _ = on_cpu([0.25], replace(SHORT, warmup_min_s=10.0))
    assert len(timed.warmup_s) == 40
    assert timed.steady


def test_drifting_steps_reach_the_cap_unsteady() -> None:
    """Steps that slow down by 3 % each never agree; no step begins that would pass the cap."""
    timed, _, _ = on_cpu([0.1 * 1.03**index for index in range(400)])
    assert not timed.steady
    assert sum(timed.warmup_s) <= SHORT.warmup_cap_s


def test_equal_steps_stop_at_the_shortest_time() -> None:
    """Without variance the interval is reached as soon as the window is long enough."""
    timed, _, _ = on_cpu([0.5], SHORT)
    assert timed.step_s == (0.5,) * 20
    assert timed.elapsed_s == 10.0
    assert timed.stop_reason == "interval_reached"


def test_no_early_stop_before_sixteen_steps() -> None:
    """Steps of 1.5 s pass 10 s after seven, and are still counted up to sixteen."""
    timed, _, _ = on_cpu([1.5])
    assert len(timed.step_s) == 16
    assert timed.stop_reason == "interval_reached"


def test_the_cap_binds_even_before_sixteen_steps() -> None:
    """Steps of 4 s: an eighth would end at 32 s, beyond the cap of 30 s."""
    timed, _, _ = on_cpu([4.0])
    assert timed.step_s == (4.0,) * 7
    assert timed.stop_reason == "time_limit"
    assert not timed.steady


def test_one_step_always_runs() -> None:
    """A step longer than every cap is timed once after one of warm-up."""
    timed, _, _ = on_cpu([100.0])
    assert timed.warmup_s == timed.step_s == (100.0,)


def test_a_cold_first_step_does_not_end_the_warm_up() -> None:
    """15 s of compiling foretell nothing about the next step: the warm-up goes on to its end."""
    timed, _, _ = on_cpu([15.0, 0.2])
    assert timed.first_step_s == 15.0
    assert timed.steady


def test_the_window_never_outlasts_its_cap_by_a_step() -> None:
    """Steps of 20 s: one warm-up step more than the first, but a single one in 30 s."""
    timed, _, _ = on_cpu([20.0])
    assert (len(timed.warmup_s), len(timed.step_s)) == (2, 1)


def test_noisy_steps_use_all_the_time() -> None:
    """Steps that vary by a factor of nine are not known to 1 % after 30 s."""
    random = np.random.default_rng(0)
    timed, _, _ = on_cpu([float(x) for x in random.uniform(0.2, 1.8, 200)])
    assert timed.stop_reason == "time_limit"
    assert 26.0 < timed.elapsed_s <= 30.0 + 1.8


def test_the_number_of_steps_is_bounded() -> None:
    """A window ends at its largest number of steps."""
    timed, _, _ = on_cpu([0.5], replace(SHORT, timed_max_steps=12))
    assert len(timed.step_s) == 12
    assert timed.stop_reason == "step_limit"


def test_steps_add_up_to_the_window() -> None:
    """Waiting for data is part of a step, and a figure of its own."""
    timed, _, watch = on_cpu([0.5], wait_s=0.25)
    assert timed.step_s[0] == 0.75
    assert timed.input_s == (0.25,) * len(timed.step_s)
    assert sum(timed.step_s) == timed.elapsed_s == (watch.edges[1] - watch.edges[0]) / SECOND
    assert timed.device_s is None


def test_ticks_come_at_most_four_times_a_second() -> None:
    """A live line needs no more; the rate is units over time, the interval the window's."""
    _, ticks, _ = on_cpu([0.01])
    measure = [tick for tick in ticks if tick.phase == "measure"]
    assert len(measure) == pytest.approx(40, abs=2)
    assert measure[-1].units_per_s == pytest.approx(800.0)
    assert measure[-1].half_width_fraction == pytest.approx(0.0, abs=1e-9)
    assert {tick.phase for tick in ticks} == {"warm-up", "measure"}


class LazyLoss:
    """A tensor on a device: reading it waits, and is noted."""

    def __init__(self, value: float, read: list[float]) -> None:
        self._value, self._read = value, read

    def detach(self) -> "LazyLoss":
        """Itself: there is no graph."""
        return self

    def __float__(self) -> float:
        self._read.append(self._value)
        return self._value


def test_losses_are_read_after_the_window() -> None:
    """No loss is read while steps are timed; all of a short run are kept, in order."""
    read: list[float] = []
    unread: list[int] = []

    def outcome(index: int) -> LazyLoss:
        unread.append(len(read))
        return LazyLoss(float(index), read)

    timed, _, _ = on_cpu([0.5], outcome=outcome)
    assert set(unread) == {0}
    assert timed.losses == tuple(float(16 + index) for index in range(20))


def on_gpu(device_s: float, host_s: float, wait_s: float = 0.0) -> tuple[Timed, FakeGpu, FakeClock]:
    """Steps the host hands over in `host_s` and the device works at for `device_s`."""
    clock = FakeClock()
    gpu = FakeGpu(clock)

    def launch(_: float) -> None:
        gpu.work(device_s)
        clock.advance(host_s)

    timed = time_job(
        job(launch, [1.0], wait=lambda: clock.advance(wait_s)),
        device=gpu,
        clock=clock,
        budget=SHORT,
        watch=FakeWatch(clock),
        keep_losses=False,
        on_tick=lambda _: None,
    )
    return timed, gpu, clock


@pytest.mark.known_error("no sync; sync per step; latencies of ranks averaged or concatenated")
def test_a_gpu_is_timed_by_its_own_clock() -> None:
    """The host returns after 1 ms; the steps still take the device's 100 ms and fill the window."""
    timed, gpu, _ = on_gpu(device_s=0.1, host_s=0.001)
    assert timed.step_s == pytest.approx([0.1] * len(timed.step_s))
    assert timed.device_s == pytest.approx([0.1] * len(timed.step_s))
    assert sum(timed.step_s) == pytest.approx(timed.elapsed_s)
    assert timed.losses is None
    assert gpu.deepest_queue_s < 0.1 * (gpu.in_flight + 1.01)


@pytest.mark.known_error("no sync; sync per step; latencies of ranks averaged or concatenated")
def test_a_gpu_is_synchronised_at_edges_only() -> None:
    """Hundreds of steps, a handful of synchronisations: none per step."""
    timed, gpu, _ = on_gpu(device_s=0.1, host_s=0.001)
    assert len(timed.step_s) > 90
    assert gpu.synchronised == 4


def test_a_gpu_that_waits_for_its_data_shows_idle_time() -> None:
    """10 ms of work every 50 ms: steps last 50 ms, the device's share of them 10 ms."""
    timed, _, _ = on_gpu(device_s=0.01, host_s=0.0, wait_s=0.05)
    assert timed.device_s == pytest.approx([0.01] * len(timed.step_s))
    assert timed.step_s[1:] == pytest.approx([0.05] * (len(timed.step_s) - 1))
    assert timed.input_s == pytest.approx([0.05] * len(timed.step_s))


def test_repeated_steps_respect_count_and_cap() -> None:
    """Eight steps when they are fast; as many as fit five seconds, at least one, when not."""
    clock = FakeClock()

    def steps(duration: float) -> tuple[float, ...]:
        return time_repeatedly(
            job(clock.advance, [duration]), device=Host(clock), clock=clock, budget=SHORT
        )

    assert steps(0.1) == (0.1,) * 8
    assert steps(2.0) == (2.0,) * 2
    assert steps(9.0) == (9.0,)


def test_the_loop_looks_when_the_interval_should_be_reached() -> None:
    """Twice too wide: four times the steps; nearly there or unknown: half as many again."""
    assert next_look(20, 0.02, 0.01) == 80
    assert next_look(20, 0.0101, 0.01) == 30
    assert next_look(21, None, 0.01) == 32


def test_a_lucky_streak_between_looks_does_not_stop_the_loop() -> None:
    """Steps of 0.5 s ± 2 %: the loop stops at a look, though it would have passed before it."""
    random = np.random.default_rng(4)
    timed, _, _ = on_cpu([0.5] * 16 + [float(x) for x in random.normal(0.5, 0.010, 200)], SHORT)
    total_s = sums(timed.step_s)
    widths = {n: half_width_fraction(total_s[: n + 1]) or 1.0 for n in range(16, len(total_s))}
    look = next(n for n in widths if total_s[n] >= SHORT.timed_min_s)
    while look < len(timed.step_s) and widths[look] > SHORT.interval_fraction:
        look = next_look(look, widths[look], SHORT.interval_fraction)
    assert timed.stop_reason == "interval_reached"
    assert len(timed.step_s) == look
    assert min(width for n, width in widths.items() if n < look) <= SHORT.interval_fraction


def test_half_width_is_that_of_a_mean_stopped_early() -> None:
    """The figure the loop stops at is the one that is published for it."""
    values = np.random.default_rng(1).normal(1.0, 0.1, 16)
    low, high = stats.mean_interval(values, ending="reached") or (0.0, 0.0)
    expected = (high - low) / 2 / values.mean()
    assert half_width_fraction(sums(values)) == pytest.approx(expected)


def test_half_width_knows_slow_drifts() -> None:
    """Autocorrelated steps leave the mean less certain than the same steps shuffled."""
    random = np.random.default_rng(2)
    drifting = 10 + np.cumsum(random.normal(0, 0.1, 1600))
    shuffled = random.permutation(drifting)
    drift, still = half_width_fraction(sums(drifting)), half_width_fraction(sums(shuffled))
    assert drift is not None
    assert still is not None
    assert drift > 3 * still


def test_half_width_of_too_little_is_unknown() -> None:
    """One step has no interval, and neither have steps that took no time."""
    assert half_width_fraction([0.0]) is None
    assert half_width_fraction(sums([1.0])) is None
    assert half_width_fraction(sums([0.0, 0.0])) is None


@pytest.mark.parametrize(
    ("steps", "steady"),
    [
        ([1.0] * 15, False),
        ([1.0] * 16, True),
        ([1.0] * 8 + [1.019] * 8, True),
        ([1.0] * 8 + [1.021] * 8, False),
        ([9.0] * 60 + [1.0] * 30, False),
        ([9.0] * 60 + [1.0] * 70, True),
    ],
)
def test_steady_compares_the_last_two_windows(steps: list[float], *, steady: bool) -> None:
    """2 % between medians; a window is a quarter of the steps and never under eight."""
    assert is_steady(steps, SHORT) is steady


def test_efforts_ask_for_sharper_figures_not_for_longer_ones() -> None:
    """±2, ±1 and ±0.5 %; a quick workload within 80 s; sixty looks at the power in any window."""
    budgets = [BUDGETS[effort] for effort in ("quick", "standard", "full")]
    assert [budget.interval_fraction for budget in budgets] == [0.02, 0.01, 0.005]
    assert [budget.warmup_min_s for budget in budgets] == [3, 3, 30]
    assert min(budget.timed_min_s for budget in budgets) > 60 * PERIOD_S
    quick = budgets[0]
    assert quick.warmup_cap_s + quick.timed_cap_s + 2 * quick.check_cap_s <= 80
    assert max(budget.warmup_cap_s for budget in budgets) == 120
