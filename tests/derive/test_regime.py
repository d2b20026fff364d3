"""The verdict on what limits a step, one case per regime; none without a change confirming it."""

from typing import Any

import pytest

from benchbench.derive.figures import InputCost, Regime
from benchbench.derive.regime import Roofline, regime
from benchbench.record import Measurement, Perturbation, Sample
from benchbench.stats import Estimate
from tests import factories as make

THREADS = 4


def share(value: float | None) -> Estimate | None:
    """A measured share of a ceiling."""
    return None if value is None else Estimate(value=value, basis="measured")


def perturbed(kind: Any, ratio: float, at_work: float = THREADS) -> Perturbation:
    """Three cycles of steps of 0.8 s that kept `at_work` threads busy."""
    return Perturbation(
        kind=kind,
        kept_fraction=0.5,
        step_s=(0.8 * ratio,) * 3,
        unchanged_s=(0.8,) * 3,
        unchanged_processor_s=(0.8 * at_work,) * 3,
    )


def measured(
    half_batch: float | None = None,
    half_threads: float | None = None,
    at_work: float = THREADS,
    **changes: Any,
) -> Measurement:
    """A step that takes these shares of its time with half the batch or half the threads."""
    changed = []
    if half_batch is not None:
        changed.append(perturbed("half_batch", half_batch))
    if half_threads is not None:
        changed.append(perturbed("half_threads", half_threads, at_work))
    return make.measurement(perturbations=tuple(changed), **changes)


def verdict(
    one: Measurement,
    compute: float | None = None,
    memory: float | None = None,
    falls: float | None = None,
    cores: int | None = THREADS,
) -> Regime:
    """`falls`: how much less bandwidth one of the four threads has; None: nobody measured that."""
    ceilings = [make.ceiling(1e11, threads=4), make.bandwidth_ceiling(2e10, threads=4)]
    if falls is not None:
        ceilings.append(make.bandwidth_ceiling(2e10 / falls, threads=1))
    roofline = Roofline(share(compute), share(memory), tuple(ceilings), THREADS, cores)
    return regime([one], None, roofline)


@pytest.mark.parametrize(
    ("compute", "memory", "name"),
    [(0.8, 0.3, "compute"), (0.2, 0.9, "memory"), (0.3, 0.2, "undetermined")],
)
def test_a_near_ceiling_limits_when_time_follows_the_work(
    compute: float, memory: float, name: str
) -> None:
    """Half the batch in 52 % of the time, and one ceiling near."""
    assert verdict(measured(half_batch=0.52), compute, memory).name == name


def test_a_near_ceiling_alone_is_a_guess() -> None:
    """80 % of the matmul ceiling, and nothing was changed to see."""
    result = verdict(measured(), 0.8, 0.3)
    assert result.name == "undetermined"
    assert "80 %" in result.evidence


def test_two_near_ceilings_or_one_known_decide_nothing() -> None:
    """0.80 beside 0.78; and 80 % of compute where memory was not measured."""
    assert verdict(measured(half_batch=0.5), 0.80, 0.78).name == "undetermined"
    assert verdict(measured(half_batch=0.5), 0.8).name == "undetermined"


def test_time_that_ignores_the_work_is_overhead() -> None:
    """Half the batch in 97 % of the time."""
    result = verdict(measured(half_batch=0.97), 0.1, 0.1)
    assert result.name == "overhead"
    assert "97 %" in result.evidence


def test_time_between_following_and_ignoring_is_undetermined() -> None:
    """80 %: part of each."""
    assert verdict(measured(half_batch=0.8), 0.8, 0.1).name == "undetermined"


def test_an_idle_device_is_overhead_only_when_half_the_batch_says_so() -> None:
    """A device at work half of the time, with and without the confirmation."""
    idle: dict[str, Any] = {"device_s": (0.4,) * 20}
    assert verdict(measured(half_batch=0.95, **idle), 0.3, 0.3).name == "overhead"
    assert verdict(measured(**idle), 0.3, 0.3).name == "undetermined"


def test_gaps_between_kernels_are_the_drivers_to_see() -> None:
    """Events call the device busy all the time, its driver half of it: launches limit."""
    looks = tuple(
        Sample(time_s=at, device="cuda:0", utilisation_fraction=share)
        for at, share in ((-1.0, 0.0), (1.0, 0.6), (2.0, 0.4))
    )
    gappy = measured(half_batch=0.97, device_s=(0.79,) * 20, samples=looks)
    result = verdict(gappy, 0.1, 0.1)
    assert result.name == "overhead"
    assert "worked 50 %" in result.evidence


def test_a_busy_device_with_half_the_batch_reads_weights_or_nobody_knows() -> None:
    """Busy all the time: at 80 % of the bandwidth its weights limit, at 20 % who knows."""
    busy: dict[str, Any] = {"device_s": (0.79,) * 20}
    assert verdict(measured(half_batch=0.97, **busy), 0.1, 0.8).name == "memory"
    assert verdict(measured(half_batch=0.97, **busy), 0.1, 0.2).name == "undetermined"


def test_half_the_threads_tell_cores_from_memory() -> None:
    """One thread has 60 % of the bandwidth, two of four all: only twice the time is the cores'."""
    cores = verdict(measured(0.5, 1.95), 0.7, 0.3, falls=1.67)
    assert cores.name == "compute"
    assert "1.95 times" in cores.evidence
    assert verdict(measured(0.5, 1.1), 0.7, 0.3, falls=1.67).name == "memory"


def test_cores_far_below_their_ceiling_need_another_backend() -> None:
    """The cores limit at 30 % of what they can: the code is the first suspect."""
    result = verdict(measured(0.5, 1.95), 0.3, 0.1, falls=1.67)
    assert result.name == "compute"
    assert "--tune" in result.try_next


def test_bandwidth_that_falls_with_the_threads_tells_nothing() -> None:
    """One thread has 26 % of the bandwidth, half of them 53 %: twice the time may be either."""
    assert verdict(measured(0.5, 1.95), 0.3, 0.3, falls=3.8).name == "undetermined"


def test_without_a_second_bandwidth_only_unmoved_time_tells() -> None:
    """1.1 times with half the threads is no core's doing; twice the time may be anything's."""
    assert verdict(measured(0.5, 1.1), 0.3, 0.3).name == "memory"
    assert verdict(measured(0.5, 1.95), 0.3, 0.3).name == "undetermined"


def test_a_step_of_one_thread_says_nothing_by_losing_others() -> None:
    """One of four threads at work: half of them change nothing, and memory is not to blame."""
    assert verdict(measured(0.5, 1.0, at_work=1.0), 0.1, 0.1).name == "undetermined"


@pytest.mark.known_error(
    "AVX-512 clock below base; hyper-threads counted as cores; cgroup quota ignored"
)
def test_threads_that_share_cores_say_nothing_by_being_halved() -> None:
    """Four threads on two cores: two of them have both cores still. Unknown cores say nothing."""
    assert verdict(measured(0.5, 1.0), 0.3, 0.3, cores=2).name == "undetermined"
    assert verdict(measured(0.5, 1.0), 0.3, 0.3, cores=None).name == "undetermined"


def test_waiting_for_data_comes_first() -> None:
    """When the same step runs twice as fast from memory, nothing else matters."""
    waiting = InputCost(seconds_per_step=1, from_memory_units_per_s=None, slowdown=2.0)
    result = regime([measured(half_batch=0.97)], waiting, Roofline())
    assert result.name == "input"
    assert "2.00 times" in result.evidence


def test_an_input_within_noise_is_not_blamed() -> None:
    """5 % is not beyond the noise of two measurements."""
    nearly = InputCost(seconds_per_step=1, from_memory_units_per_s=None, slowdown=1.05)
    assert regime([measured(half_batch=0.97)], nearly, Roofline()).name == "overhead"


def test_nothing_valid_is_undetermined() -> None:
    """No measurement, no verdict."""
    assert regime([], None, Roofline()).name == "undetermined"
