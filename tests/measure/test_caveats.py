"""Each doubt appears when it should, with its severity and a remedy, and not a moment earlier."""

import math
from typing import Any

import pytest
from scipy import stats as oracle

from benchbench.measure.caveats import Observed, caveats, ceiling_caveats, latency_caveats
from benchbench.measure.checks import Agreement
from benchbench.measure.power import Integral
from benchbench.record import Caveat, Energy, Interference, Sample, Work
from tests import factories as make

AROUND = (
    *("effort", "device", "trains", "power", "energy_doubts"),
    *("mig", "agreement", "inputs", "repeat_speedup"),
)


def doubts(**changes: Any) -> dict[str, Caveat]:
    """Doubts about a standard measurement of twenty equal steps of 0.8 s, by code."""
    around = {name: changes.pop(name) for name in AROUND if name in changes}
    observed = Observed(
        measurement=make.measurement(10.0, **changes),
        **{"effort": "standard", "device": "cpu", **around},
    )
    found = caveats(observed)
    assert all(caveat.remedy and caveat.message for caveat in found)
    return {caveat.code: caveat for caveat in found}


def steps(values: list[float], **changes: Any) -> dict[str, Caveat]:
    """Doubts about steps of these durations that fill their window."""
    return doubts(step_s=tuple(values), elapsed_s=sum(values), **changes)


def test_a_good_measurement_raises_no_doubt() -> None:
    """Steady, equal, undisturbed, long."""
    assert doubts() == {}


def test_a_quick_measurement_is_indicative() -> None:
    """A note, no warning: quick results stay valid."""
    assert doubts(effort="quick")["indicative"].severity == "note"


def test_unsteady_steps_are_a_warning() -> None:
    """Only where warm-up said so; None is not unsteady."""
    assert doubts(steady=False)["not_steady"].severity == "warning"
    assert doubts(steady=None) == {}


@pytest.mark.parametrize(("count", "few"), [(7, True), (8, False)])
def test_few_steps_are_fewer_than_eight(count: int, *, few: bool) -> None:
    """Seven are few, eight are not."""
    assert ("few_steps" in doubts(steps=count)) is few


def test_a_slow_first_step_is_a_note_with_its_ratio() -> None:
    """7.3 s beside a median of 0.8 s."""
    seen = doubts(first_step_s=7.3)["cold_start"]
    assert seen.severity == "note"
    assert "9.12x" in seen.message
    assert "cold_start" not in doubts(first_step_s=3.9)


def wave(amplitude: float, n: int = 16) -> list[float]:
    """Steps of 1 s on half a cosine: a slow drift, whose interval has a closed form."""
    return [1 + amplitude * math.cos(math.pi * (i + 0.5) / n) for i in range(n)]


def half_width(amplitude: float) -> float:
    """t(2) c sqrt((1 + 5/16) / 4) of such a wave."""
    return float(oracle.t.ppf(0.975, 2)) * amplitude * math.sqrt((1 + 5 / 16) / 4)


def test_noise_is_a_half_width_above_five_per_cent() -> None:
    """An amplitude of 5 % leaves the mean known to 12 %, one of 2 % to 4.9 %."""
    assert half_width(0.05) == pytest.approx(0.123, abs=5e-4)
    seen = steps(wave(0.05))["noisy"]
    assert seen.severity == "warning"
    assert "12 %" in seen.message
    assert half_width(0.02) < 0.05
    assert "noisy" not in steps(wave(0.02))


def test_noise_beyond_half_the_value_is_no_basis() -> None:
    """49 % is a warning, 98 % too much."""
    assert "noisy" in steps(wave(0.2))
    hopeless = steps(wave(0.4))
    assert hopeless["too_noisy"].severity == "invalid"
    assert "99 %" in hopeless["too_noisy"].message
    assert "noisy" not in hopeless


def test_outliers_are_counted_and_kept() -> None:
    """Median 1, MAD 0.01: the step of 1.5 s has a modified z of 0.6745 · 50 = 33.7."""
    seen = steps([0.99, 1.0, 1.01, 1.0] * 4 + [0.99, 1.01] * 4 + [1.5])["outliers"]
    assert seen.severity == "note"
    assert "1 of 25" in seen.message
    assert "outliers" not in steps([0.99, 1.0, 1.01, 1.0] * 4 + [0.99, 1.01] * 4 + [1.2])


@pytest.mark.parametrize(("steal", "disturbed"), [(0.021, True), (0.019, False), (None, False)])
@pytest.mark.fault("machine")
def test_steal_above_two_per_cent_disturbs(steal: float | None, *, disturbed: bool) -> None:
    """2.1 % does, 1.9 % does not, unknown is not a doubt."""
    found = doubts(interference=Interference(steal_fraction=steal))
    assert ("disturbed" in found) is disturbed


def test_foreign_work_on_the_processor_disturbs_the_processor_alone() -> None:
    """30 % of the CPUs matter to a CPU's measurement and not to a GPU's."""
    busy = Interference(foreign_cpu_fraction=0.3)
    assert "30 %" in doubts(interference=busy)["disturbed"].message
    assert doubts(interference=busy, device="cuda:0") == {}
    assert doubts(interference=Interference(foreign_cpu_fraction=0.04)) == {}


@pytest.mark.fault("machine")
def test_a_foreign_process_on_the_gpu_disturbs() -> None:
    """One is enough."""
    found = doubts(interference=Interference(foreign_gpu_processes=1), device="cuda:0")
    assert found["disturbed"].severity == "warning"


def samples(*throttle: tuple[str, ...]) -> tuple[Sample, ...]:
    """Looks at a GPU, one a second, and one of the host between them."""
    looks = [Sample(time_s=float(i), device="cuda:0", throttle=t) for i, t in enumerate(throttle)]
    return (Sample(time_s=0.5), *looks)


@pytest.mark.fault("machine")
def test_throttling_says_how_long_and_why() -> None:
    """One look in four of a window of 16 s: 4 s."""
    seen = doubts(samples=samples(("thermal_hardware",), (), (), ()))["throttled"]
    assert seen.severity == "warning"
    assert "4.00 s" in seen.message
    assert "thermal_hardware" in seen.message


@pytest.mark.fault("machine")
def test_a_processor_that_slows_down_for_heat_is_throttled() -> None:
    """1 s of a window of 16 s; 0.1 s is nothing, and a GPU's work is not the processor's."""
    hot = Interference(cpu_overheated_s=1.0)
    assert "1.00 s" in doubts(interference=hot)["throttled"].message
    assert doubts(interference=hot, device="cuda:0") == {}
    assert doubts(interference=Interference(cpu_overheated_s=0.1)) == {}


def test_a_power_cap_is_only_a_note() -> None:
    """Big GPUs meet their power limit under any heavy load."""
    found = doubts(samples=samples(("power_cap",), ("power_cap",)))
    assert found["power_capped"].severity == "note"
    assert "throttled" not in found


def test_throttling_before_the_window_does_not_count() -> None:
    """A look during warm-up has a negative time."""
    early = Sample(time_s=-1.0, device="cuda:0", throttle=("thermal_software",))
    assert doubts(samples=(early, *samples((), ()))) == {}


@pytest.mark.known_error(
    "AVX-512 clock below base; hyper-threads counted as cores; cgroup quota ignored"
)
def test_a_quota_that_bites_is_a_warning() -> None:
    """5 % of the time stopped; half a per cent is nothing."""
    found = doubts(interference=Interference(quota_throttled_fraction=0.05))
    assert found["quota"].severity == "warning"
    assert doubts(interference=Interference(quota_throttled_fraction=0.005)) == {}


@pytest.mark.known_error("no sync; sync per step; latencies of ranks averaged or concatenated")
@pytest.mark.parametrize(
    ("elapsed_s", "apart"), [(16.0, False), (16.8, False), (17.0, True), (15.0, True)]
)
def test_events_and_wall_time_must_agree(elapsed_s: float, *, apart: bool) -> None:
    """Twenty steps of 0.8 s are 16 s; more than 5 % beside that is a doubt."""
    assert ("clocks_disagree" in doubts(elapsed_s=elapsed_s)) is apart


@pytest.mark.fault("lie")
def test_wrong_outputs_make_it_invalid() -> None:
    """Cosine or top-1 agreement below 0.99 withholds the number; unknown does not."""
    assert doubts(agreement=Agreement(0.985))["wrong_output"].severity == "invalid"
    assert "98 %" in doubts(agreement=Agreement(0.999, 0.98))["wrong_output"].message
    assert doubts(agreement=Agreement(0.995)) == {}
    assert doubts(agreement=Agreement(0.995, 0.995)) == {}


@pytest.mark.fault("lie")
def test_constant_inputs_make_it_invalid_and_repeated_ones_doubtful() -> None:
    """The first change the device's clock; the second only hide a cache."""
    assert doubts(inputs="constant")["constant_inputs"].severity == "invalid"
    assert doubts(inputs="repeated")["repeated_inputs"].severity == "warning"


@pytest.mark.parametrize(
    ("resource", "share", "severity"),
    [
        ("memory", 0.02, "warning"),
        ("memory", 0.005, None),
        ("io", 0.2, "warning"),
        ("io", 0.05, None),
        ("cpu", 0.2, "note"),
        ("cpu", 0.05, None),
    ],
)
def test_waiting_tasks_are_a_doubt(resource: str, share: float, severity: str | None) -> None:
    """Memory above 1 %, disk and processor above 10 % of the window; unknown is none."""
    stalled: dict[str, Any] = {f"{resource}_stall_fraction": share}
    found = doubts(interference=Interference(**stalled))
    assert [one.severity for one in found.values()] == ([] if severity is None else [severity])
    assert set(found) <= {f"{resource}_stalled"}


@pytest.mark.parametrize(("jump_s", "seen"), [(-3600.0, True), (0.2, True), (0.1, False)])
@pytest.mark.fault("machine")
def test_a_wall_clock_that_jumps_is_a_doubt(jump_s: float, *, seen: bool) -> None:
    """In a window of 16 s more than 0.116 s either way: steering is a thousand times slower."""
    found = doubts(interference=Interference(wall_clock_jump_s=jump_s, suspended_s=0.0))
    assert ("clock_jump" in found) is seen


@pytest.mark.fault("machine")
def test_a_suspended_machine_is_told_from_a_clock_that_was_set() -> None:
    """Both clocks went on without us: 30 s."""
    away = Interference(wall_clock_jump_s=30.0, suspended_s=30.0)
    assert "suspended for 30.0 s" in doubts(interference=away)["clock_jump"].message


@pytest.mark.fault("machine")
def test_errors_of_the_device_make_it_invalid() -> None:
    """An Xid, or memory that could not be corrected; none seen is no doubt."""
    assert "48, 63" in doubts(interference=Interference(xids=(63, 48, 63)))["xid"].message
    broken = doubts(interference=Interference(uncorrected_memory_errors=1))
    assert broken["memory_errors"].severity == "invalid"
    assert doubts(interference=Interference(xids=(), uncorrected_memory_errors=0)) == {}


def test_a_slice_of_a_board_says_what_it_hides() -> None:
    """A note: its speed is right."""
    assert doubts(mig=True)["mig_slice"].severity == "note"


def test_an_impossible_energy_counter_is_named() -> None:
    """The number is withheld elsewhere; the reader learns why."""
    found = doubts(energy_doubts=("the gpu_board energy counter stood still",))
    assert "stood still" in found["energy_implausible"].message


def board(joules: float, method: Any = "counter") -> tuple[Energy, ...]:
    """What a GPU drew."""
    return (Energy(scope="gpu_board", device="cuda:0", joules=joules, elapsed_s=16, method=method),)


def test_counter_and_samples_of_power_must_agree() -> None:
    """1000 J counted: 1060 J sampled are a doubt, 1040 J are not."""
    apart = doubts(energy=board(1000.0), power=Integral(1060.0, 160, 0.1))
    assert "106 %" in apart["energy_disagrees"].message
    assert doubts(energy=board(1000.0), power=Integral(1040.0, 160, 0.1)) == {}


def test_samples_are_not_held_against_themselves() -> None:
    """Without a counter they are the energy."""
    power = Integral(500.0, 160, 0.1)
    assert doubts(energy=board(1000.0, "power_samples"), power=power) == {}


def test_few_or_interrupted_looks_at_the_power_are_told() -> None:
    """59 are few; a gap of 3.1 s is no curve."""
    assert doubts(power=Integral(100.0, 59, 0.2))["low_sample_count"].severity == "note"
    assert doubts(power=Integral(100.0, 60, 0.2)) == {}
    assert doubts(power=Integral(100.0, 90, 3.1))["power_gap"].severity == "warning"


def little(latency_s: float, scenario: Any = "single_stream") -> list[str]:
    """Doubts of 20 queries of this latency in 16 s."""
    measurement = make.measurement(10.0, latency_s=(latency_s,) * 20)
    return [caveat.code for caveat in latency_caveats(measurement, scenario)]


def test_latency_and_rate_obey_littles_law() -> None:
    """20 queries one after the other in 16 s last 0.8 s: neither 0.85 s nor a millisecond."""
    assert little(0.8) == little(0.5) == []
    assert little(0.85) == ["littles_law"]
    assert little(0.001, "multi_stream") == ["littles_law"]


def test_littles_law_knows_nothing_of_overlapping_queries() -> None:
    """A server may have any number under way; a loop has no queries."""
    assert little(8.0, "server") == []
    assert latency_caveats(make.measurement(), "single_stream") == ()


@pytest.mark.fault("lie")
def test_a_cache_makes_it_invalid() -> None:
    """More than 10 % faster on a known batch."""
    assert doubts(repeat_speedup=1.2)["cached"].severity == "invalid"
    assert doubts(repeat_speedup=1.05) == {}


@pytest.mark.fault("lie")
def test_a_loss_of_zero_is_invalid_and_a_constant_one_doubtful() -> None:
    """Zero at every step is no training; a constant may be rounding."""
    assert doubts(losses=(0.0,) * 8)["constant_loss"].severity == "invalid"
    assert doubts(losses=(6.9,) * 8)["constant_loss"].severity == "warning"
    assert doubts(losses=(6.9,) * 7 + (6.8,)) == {}
    assert doubts(losses=(6.9,) * 7) == {}


def test_training_without_a_loss_is_a_warning() -> None:
    """Only where a loss is due: inference returns outputs."""
    assert doubts(trains=True, losses=None)["loss_unchecked"].severity == "warning"
    assert doubts(trains=True, losses=(6.9, 6.8)) == {}
    assert doubts(trains=False, losses=None) == {}


def against(ceilings: list[Any], **work: Any) -> list[Caveat]:
    """Doubts of 10 units a second in fp32 on the CPU against these ceilings."""
    return list(
        ceiling_caveats(
            make.measurement(10.0),
            Work(unit="image", **work),
            ceilings,
            device="cpu",
            precision="fp32",
        )
    )


def test_work_above_the_matmul_ceiling_doubts_the_ceiling() -> None:
    """10 GFLOP ten times a second is 100 GFLOP/s: 106 % of 94, 104 % of 96."""
    found = against([make.ceiling(94e9)], flops_per_unit=10e9)
    assert [caveat.code for caveat in found] == ["ceiling_too_low"]
    assert found[0].severity == "warning"
    assert "100 GFLOP/s" in found[0].message
    assert against([make.ceiling(96e9)], flops_per_unit=10e9) == []


def test_more_bytes_than_memory_can_move_make_it_invalid() -> None:
    """1 GB ten times a second is 10 GB/s: above 105 % of a triad of 8, below a copy of 12."""
    triad = make.bandwidth_ceiling(8e9)
    copy = make.bandwidth_ceiling(12e9, kind="memory_copy")
    (found,) = against([triad], bytes_per_unit=1e9)
    assert (found.code, found.severity) == ("above_memory_bandwidth", "invalid")
    assert against([triad, copy], bytes_per_unit=1e9) == []
    assert against([make.bandwidth_ceiling(9.6e9)], bytes_per_unit=1e9) == []


def test_reading_alone_may_be_faster_than_copying() -> None:
    """A model whose weights are only read is held against reading, never against a cache."""
    triad = make.bandwidth_ceiling(8e9)
    read = make.bandwidth_ceiling(12e9, kind="memory_read")
    cache = make.bandwidth_ceiling(99e9, kind="cache_read")
    assert against([triad, read, cache], bytes_per_unit=1.2e9) == []
    assert against([triad, cache], bytes_per_unit=1.2e9) != []


def test_one_cores_ceiling_beside_all_cores_is_no_doubt() -> None:
    """The best of all thread counts is what work is held against."""
    both = [make.ceiling(60e9, threads=1), make.ceiling(110e9, threads=2)]
    assert against(both, flops_per_unit=10e9) == []


def test_other_devices_and_precisions_are_no_ceiling() -> None:
    """Nor does unknown work compare with anything."""
    others = [make.ceiling(1e9, dtype="bf16"), make.ceiling(1e9, device="cuda:0")]
    assert against(others, flops_per_unit=10e9) == []
    assert against([make.ceiling(1e9)]) == []
