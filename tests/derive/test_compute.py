"""Derived figures against arithmetic done by hand."""

from typing import Any

import pytest

from benchbench import derive
from benchbench.record import Energy, Memory, Work
from tests import factories as make


def figures(**changes: Any) -> derive.Figures:
    """The figures of one record at 10 images/s, with ceilings of 1 TFLOP/s and 10 GB/s."""
    ceilings = (make.ceiling(1e12), make.bandwidth_ceiling(1e10))
    return derive.figures([make.record(10.0, **{"ceilings": ceilings, **changes})])


def test_throughput_is_units_over_elapsed_time() -> None:
    """160 images in 16.5 s, idle gaps between steps included, are 9.697 images/s."""
    measurement = make.measurement(10.0, elapsed_s=16.5)
    throughput = figures(measurement=measurement).throughput
    assert throughput is not None
    assert throughput.value == pytest.approx(160 / 16.5)
    assert throughput.n == 20
    assert throughput.basis == "measured"


def test_achieved_flops_are_flops_per_image_times_images_per_second() -> None:
    """24.299 GFLOP per image at 10 images/s are 243 GFLOP/s, 24.3 % of 1 TFLOP/s."""
    result = figures()
    assert result.achieved_flops is not None
    assert result.achieved_flops.value == pytest.approx(242.99077632e9)
    assert result.share_of_achievable is not None
    assert result.share_of_achievable.value == pytest.approx(0.24299077632)


def test_mbu_is_least_bytes_over_bandwidth() -> None:
    """0.3 GB per image at 10 images/s are 3 GB/s of 10."""
    mbu = figures().mbu
    assert mbu is not None
    assert mbu.value == pytest.approx(0.3)


def test_mfu_needs_a_datasheet() -> None:
    """An unknown device has no MFU, only its share of the achievable."""
    record = make.record(10.0)
    assert derive.figures([record]).mfu is None
    known = derive.figures([record], datasheet_flops=0.5e12).mfu
    assert known is not None
    assert known.value == pytest.approx(0.48598155264)


def test_work_nobody_counted_gives_no_flops() -> None:
    """Unknown travels as None through every ratio."""
    result = figures(work=Work(unit="image"))
    assert result.achieved_flops is None
    assert result.share_of_achievable is None
    assert result.mbu is None
    assert result.intensity is None


def test_the_ceiling_is_that_of_all_threads() -> None:
    """One core's figures stand beside it in the record and are not mistaken for the machine's."""
    both = (
        make.ceiling(1e11, threads=1),
        make.ceiling(9e11, threads=16),
        make.ceiling(2e12, threads=16, kind="fma"),
        make.bandwidth_ceiling(1e10, threads=1),
        make.bandwidth_ceiling(8e10, threads=16),
        make.bandwidth_ceiling(9e11, threads=16, kind="cache_read", setting={"level": "L3"}),
        make.bandwidth_ceiling(1e-7, threads=1, kind="load_latency", unit="s"),
    )
    for order in (both, both[::-1]):
        found = figures(ceilings=order)
        assert (found.ceiling, found.memory_ceiling) == (both[1], both[4])


def test_a_ceiling_of_another_precision_or_device_does_not_count() -> None:
    """An fp32 result is not held against a bf16 ceiling."""
    assert figures(ceilings=(make.ceiling(1e12, dtype="bf16"),)).ceiling is None
    assert figures(ceilings=(make.ceiling(1e12, device="cuda:0"),)).ceiling is None


def test_an_invalid_record_shows_no_number() -> None:
    """The number is withheld, its doubts are not."""
    result = figures(caveats=(make.caveat("invalid", "wrong_output"),))
    assert result.throughput is None
    assert result.achieved_flops is None
    assert result.validity == "invalid"
    assert [caveat.code for caveat in result.caveats] == ["wrong_output"]


def test_a_failure_has_figures_without_numbers() -> None:
    """Out of memory is an answer too."""
    result = derive.figures([make.record(failure=make.out_of_memory())])
    assert result.throughput is None
    assert result.steps == 0
    assert result.validity == "invalid"


def test_repeats_vary_more_than_steps() -> None:
    """Three processes at 9, 10 and 11 images/s: Student's t with two degrees of freedom."""
    result = derive.figures([make.record(rate, repeat=i) for i, rate in enumerate((9.0, 10, 11))])
    assert result.throughput is not None
    assert result.throughput.value == pytest.approx(10)
    assert result.throughput.low == pytest.approx(10 - 4.302653 / 3**0.5, rel=1e-6)
    assert result.processes == 3


def test_five_repeats_drop_the_fastest_and_the_slowest() -> None:
    """1, 9, 10, 11 and 100 images/s: the mean of the middle three."""
    rates = (1.0, 9.0, 10.0, 11.0, 100.0)
    result = derive.figures([make.record(rate, repeat=i) for i, rate in enumerate(rates)])
    assert result.throughput is not None
    assert result.throughput.value == pytest.approx(10)


def test_groups_hold_repeats_and_nothing_else() -> None:
    """Another batch size, machine or run is another group."""
    other_machine = make.system(cpu=make.cpu(model="another"))
    records = [
        make.record(),
        make.record(repeat=1),
        make.record(batch_size=16),
        make.record(system=other_machine),
    ]
    assert [len(one) for one in derive.group(records)] == [2, 1, 1]


def test_free_memory_at_the_moment_does_not_split_a_group() -> None:
    """It differs from one repeat to the next on the same machine."""
    systems = [make.system(memory=Memory(total_bytes=8, available_bytes=free)) for free in (3, 4)]
    records = [make.record(repeat=i, system=one) for i, one in enumerate(systems)]
    assert [len(one) for one in derive.group(records)] == [2]


def test_joules_per_unit_keep_their_scope() -> None:
    """3,200 J for 160 images on the board are 20 J each, and are not called the node's."""
    energy = (Energy(scope="gpu_board", device="cuda:0", joules=3200, elapsed_s=16),)
    result = figures(measurement=make.measurement(10.0, energy=energy))
    assert result.joules_per_unit is not None
    assert result.joules_per_unit.value == pytest.approx(20)
    assert result.energy_scope == "gpu_board"


def test_input_cost_is_apart_from_the_step() -> None:
    """0.8 s a step fed for real, 0.4 s from memory: the input halves the throughput."""
    measurement = make.measurement(10.0, input_s=(0.4,) * 20, step_from_memory_s=(0.4, 0.4, 0.4))
    result = figures(measurement=measurement)
    assert result.input_cost is not None
    assert result.input_cost.seconds_per_step == pytest.approx(0.4)
    assert result.input_cost.slowdown == pytest.approx(2.0)
    assert result.regime.name == "input"


def test_a_percentile_without_enough_queries_says_how_many_lack() -> None:
    """100 queries allow p90 and no p99."""
    latency = make.measurement(latency_s=tuple(i / 1000 for i in range(100)))
    by_percent = {p.percent: p for p in figures(measurement=latency).latency}
    assert by_percent[90.0].seconds == pytest.approx(0.0891)
    assert by_percent[99.0].seconds is None
    assert (by_percent[99.0].queries, by_percent[99.0].queries_needed) == (100, 662)


def test_more_than_the_ceiling_is_doubted() -> None:
    """More than the best matmul measured here says that it was measured too low."""
    over = figures(ceilings=(make.ceiling(0.2e12),))
    assert "ceiling_exceeded" in [caveat.code for caveat in over.caveats]


def test_several_devices_share_their_ceilings_sum() -> None:
    """243 GFLOP/s on two devices of 1 TFLOP/s each are 12.1 %."""
    ceilings = (make.ceiling(1e12, device="cuda:0", dtype="bf16"),)
    record = make.gpu_record(10.0, count=2, used=2, ceilings=ceilings)
    share = derive.figures([record]).share_of_achievable
    assert share is not None
    assert share.value == pytest.approx(0.24299077632 / 2)
