"""Predictions against closed forms: every figure is worked out by hand from round silicon."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.catalog.silicon import OfferSilicon
from benchbench.predict import Ceilings, Prediction, Predictor, Refusal, predict, references
from benchbench.record import Record, Work
from tests import factories as make
from tests.predict.plain import PLAIN

SILICON = make.silicon()
FLOPS = 24.299077632e9
NO_BYTES = Work(unit="image", flops_per_unit=FLOPS)
NOT_COUNTED = Work(unit="image")


def target(name: str, count: float = 1, **changes: Any) -> OfferSilicon:
    """The silicon of `count` of one accelerator, as the catalogue gives it."""
    found = SILICON.of_offer(make.gpu_offer(count, accelerator=name))
    assert found is not None
    return found.model_copy(update=changes)


def cores(count: float, family: str = make.MILAN_FAMILY) -> OfferSilicon:
    """A CPU instance of `count` cores."""
    found = SILICON.of_offer(make.offer(cores=count, vcpu=2 * count, cpu_model=family))
    assert found is not None
    return found


def predicted(records: list[Record], silicon: OfferSilicon) -> Prediction:
    """The prediction, which there must be."""
    answer = predict(records, silicon, SILICON)
    assert isinstance(answer, Prediction), answer
    return answer


def plainly(records: list[Record], silicon: OfferSilicon) -> Prediction:
    """The prediction where the rest goes with the geometric mean of peak and bandwidth."""
    measured = references(records, SILICON)
    asked = Predictor(measured, SILICON, Ceilings(), knowledge={"accelerator": PLAIN})
    answer = asked.predict(silicon)
    assert isinstance(answer, Prediction), answer
    return answer


def refused(records: list[Record], silicon: OfferSilicon) -> Refusal:
    """The refusal, which there must be."""
    answer = predict(records, silicon, SILICON)
    assert isinstance(answer, Refusal), answer
    return answer


def test_same_chip_scales_with_the_count() -> None:
    """One A100 at 1,000 images/s makes 8,000 on eight, within 11 % and a training loss of 8^0.1."""
    answer = predicted([make.gpu_record(1000)], target("A100-SXM4-80GB", 8))
    estimate = answer.throughput
    assert estimate.value == pytest.approx(8000)
    assert estimate.high == pytest.approx(8000 * 1.11)
    assert estimate.low == pytest.approx(8000 / 1.11 / 8**0.1)
    assert (answer.step, answer.distance, answer.confidence) == ("same_chip", 0.0, "high")


def test_a_fraction_of_a_card_scales_down() -> None:
    """Half an A100 does half the work."""
    answer = predicted([make.gpu_record(1000)], target("A100-SXM4-80GB", 0.5))
    assert answer.throughput.value == pytest.approx(500)


def test_equal_ratios_need_no_decomposition() -> None:
    """A30 has half of everything an A100 has: half the throughput, whatever limits it."""
    answer = predicted([make.gpu_record(1000)], target("A30"))
    assert answer.throughput.value == pytest.approx(500)
    assert answer.step == "same_architecture"
    assert answer.distance == pytest.approx(math.log(2))


def test_time_is_compute_plus_memory_plus_rest() -> None:
    """c/3 + m/2 + rest/sqrt(6) of the A100's time remains on an H100."""
    rate, moved = 1000.0, 0.3e9
    compute, memory = FLOPS * rate / 300e12, moved * rate / 2e12
    time = compute / 3 + memory / 2 + (1 - compute - memory) / math.sqrt(6)
    answer = plainly([make.gpu_record(rate)], target("H100-SXM5-80GB"))
    assert answer.throughput.value == pytest.approx(rate / time)
    assert answer.step == "other_architecture"


def test_purely_compute_bound_work_follows_the_peak() -> None:
    """At 100 % of the A100's peak and no bytes counted, an H100 is three times as fast."""
    rate = 300e12 / FLOPS
    answer = predicted([make.gpu_record(rate, work=NO_BYTES)], target("H100-SXM5-80GB"))
    assert answer.throughput.value == pytest.approx(3 * rate)


def test_measured_ceilings_outrank_datasheets() -> None:
    """Measured at 30 and 40 GFLOP/s per core, Genoa is 4/3 of Milan, not the datasheet's 2."""
    rate = 60e9 / FLOPS
    triad = make.bandwidth_ceiling(1e9)
    milan = make.record(rate, work=NO_BYTES, ceilings=(make.ceiling(60e9), triad))
    genoa = make.record(
        1.0,
        work=NO_BYTES,
        system=make.system(cpu=make.cpu(model="AMD EPYC 9R14", model_number=17)),
        ceilings=(make.ceiling(80e9), triad),
        batch_size=1,
    )
    ceilings = Ceilings.of(references([milan, genoa], SILICON))
    answer = Predictor(references([milan], SILICON), SILICON, ceilings).predict(
        cores(2, "EPYC-Genoa")
    )
    assert isinstance(answer, Prediction)
    assert answer.throughput.value == pytest.approx(rate * 4 / 3)


def test_unknown_silicon_with_measured_ceilings_meets_a_datasheet_at_80_percent() -> None:
    """An unlisted CPU with 128 GFLOP/s measured; two Milan cores promise 128, so 0.8 of them."""
    rate = 128e9 / FLOPS
    laptop = make.record(
        rate,
        work=NO_BYTES,
        system=make.system(cpu=make.cpu(model="Unlisted", vendor="X", model_number=99)),
        ceilings=(make.ceiling(128e9), make.bandwidth_ceiling(4e9)),
    )
    answer = predicted([laptop], cores(2))
    assert answer.throughput.value == pytest.approx(0.8 * rate)
    assert answer.nearest == "Unlisted"


def test_the_interval_widens_with_every_step() -> None:
    """Same chip, same architecture, other architecture, other kind: each is wider."""
    record = make.gpu_record(1000)
    targets = [target("A100-SXM4-80GB"), target("A30"), target("H100-SXM5-80GB"), cores(64)]
    widths = []
    for one in targets:
        estimate = predicted([record], one).throughput
        assert estimate.low is not None
        assert estimate.high is not None
        widths.append(estimate.high / estimate.low)
    assert widths == sorted(widths)
    assert widths[0] == pytest.approx(1.11**2)
    assert widths[3] == pytest.approx(6)


def test_a_missing_bandwidth_widens_the_interval() -> None:
    """Only peaks known: three times, and less sure than with a bandwidth."""
    blind = target("H100-SXM5-80GB", bandwidth_bytes_per_s=None)
    answer, seeing = (
        plainly([make.gpu_record(1000)], one).throughput
        for one in (blind, target("H100-SXM5-80GB"))
    )
    assert answer.value == pytest.approx(3000)
    assert answer.high is not None
    assert seeing.high is not None
    assert answer.high / answer.value > seeing.high / seeing.value


def test_a_cpu_says_little_about_an_accelerator() -> None:
    """3 to 40 % of the bf16 peak, at the geometric middle, of low confidence and unknown batch."""
    answer = predicted([make.record(4, work=NO_BYTES)], target("A100-SXM4-80GB"))
    peak_rate = 300e12 / FLOPS
    assert answer.throughput.low == pytest.approx(0.03 * peak_rate)
    assert answer.throughput.high == pytest.approx(0.4 * peak_rate)
    assert answer.throughput.value == pytest.approx(math.sqrt(0.012) * peak_rate)
    assert (answer.precision, answer.step, answer.confidence) == ("bf16", "other_kind", "low")
    assert (answer.measured_precision, answer.batch_size) == ("fp32", None)
    assert "3 % to 40 % of the peak of 1 x A100-SXM4-80GB in bf16" in answer.because


def test_between_kinds_the_roofline_caps_the_peak() -> None:
    """At 1 FLOP per fp32 byte, 2 per bf16 byte: twice the A100's bandwidth, not its peak."""
    work = Work(unit="image", flops_per_unit=1e9, bytes_per_unit=1e9)
    answer = predicted([make.record(4, work=work)], target("A100-SXM4-80GB"))
    assert answer.throughput.high == pytest.approx(0.4 * 2 * 2e12 / 1e9)
    assert "3 % to 40 % of the memory bandwidth of 1 x A100-SXM4-80GB" in answer.because


def test_between_kinds_half_the_bytes_lift_what_fp32_traffic_would_hold_down() -> None:
    """167 MB an image in fp32 are 83 in bf16: an A100 PCIe's peak binds, not its bandwidth.

    At 4 bytes an element both it and a chip of 2.4 times the peak would stop at the same bandwidth.
    """
    work = Work(unit="image", flops_per_unit=FLOPS, bytes_per_unit=166787192.0)
    record = make.record(3, work=work)
    slow = target("A100-SXM4-80GB", peaks={"bf16": 312e12}, bandwidth_bytes_per_s=2.039e12)
    fast = target("A100-SXM4-80GB", peaks={"bf16": 756e12}, bandwidth_bytes_per_s=2.039e12)
    assert predicted([record], slow).throughput.high == pytest.approx(0.4 * 312e12 / FLOPS)
    assert predicted([record], fast).throughput.high == pytest.approx(0.4 * 4.078e12 / 166787192)


@pytest.mark.parametrize(
    ("flops", "peak", "published"),
    [
        (FLOPS, 125e12, 1200.0),
        (FLOPS, 312e12, 2470.0),
        (8.178368512e9, 125e12, 3382.0),
        (8.178368512e9, 65e12, 1198.0),
        (8.178368512e9, 125e12, 595.0),
    ],
)
def test_between_kinds_published_figures_lie_inside(
    flops: float, peak: float, published: float
) -> None:
    """NVIDIA DeepLearningExamples, ResNet-50 v1.5 in PyTorch, mixed precision: V100, A100, T4."""
    work = Work(unit="image", flops_per_unit=flops)
    answer = predicted([make.record(4, work=work)], target("A30", peaks={"fp16": peak}))
    assert answer.throughput.low is not None
    assert answer.throughput.high is not None
    assert answer.throughput.low < published < answer.throughput.high
    if published != 595.0:  # At batch 8 launches are the limit; the others are large.
        assert answer.throughput.value < published


def test_between_kinds_several_accelerators_lose_something_in_training_only() -> None:
    """Eight promise eight times the high end and middle; the low end loses a factor of 8^0.1."""
    for record, loss in (
        (make.record(4, work=NO_BYTES), 8**0.1),
        (make.record(4, work=NO_BYTES, scenario="offline"), 1.0),
    ):
        one = predicted([record], target("A30")).throughput
        eight = predicted([record], target("A30", 8)).throughput
        assert one.low is not None
        assert one.high is not None
        assert eight.value == pytest.approx(8 * one.value)
        assert eight.high == pytest.approx(8 * one.high)
        assert eight.low == pytest.approx(8 * one.low / loss)


def test_more_cores_count_less_than_in_proportion() -> None:
    """32 times the cores: at most 32 times and 11 %, at least 32^0.75 less 11 %."""
    answer = predicted([make.record(4)], cores(64))
    estimate = answer.throughput
    assert estimate.value == pytest.approx(128)
    assert estimate.low == pytest.approx(4 * 32**0.75 / 1.11)
    assert estimate.high == pytest.approx(128 * 1.11)


def test_sixteen_bits_stand_in_for_each_other_and_it_is_said() -> None:
    """bf16 measured on an A100 becomes fp16 on a T4, which has no bf16."""
    answer = predicted([make.gpu_record(1000)], target("T4"))
    assert answer.precision == "fp16"
    assert "in fp16" in answer.because


def _a30_and_h100() -> list[Record]:
    a30 = make.accelerator(name="NVIDIA A30", memory_bytes=24 * make.GIB)
    h100 = make.accelerator(name="NVIDIA H100 SXM5")
    return [
        make.gpu_record(3000, system=make.system(accelerators=(h100,))),
        make.gpu_record(400, system=make.system(accelerators=(a30,))),
    ]


def test_the_nearest_silicon_is_asked_and_the_others_correct_it() -> None:
    """An A100 is 800 by the A30 and over 1,000 by the H100: said nearer to its sibling's."""
    h100, a30 = _a30_and_h100()
    by_h100 = predicted([h100], target("A100-SXM4-80GB")).throughput.value
    both = predicted([h100, a30], target("A100-SXM4-80GB"))
    assert both.nearest == "A30"
    assert both.supports == 2
    assert 800 < both.throughput.value < math.sqrt(800 * by_h100)
    assert "corrected by 1 other measured chip" in both.because


def test_another_reference_narrows_the_interval() -> None:
    """Two chips measured say more than one."""
    h100, a30 = _a30_and_h100()
    one, two = (
        predicted(records, target("A100-SXM4-80GB")).throughput for records in ([a30], [a30, h100])
    )
    assert one.high is not None
    assert two.high is not None
    assert two.high / two.value < one.high / one.value


def test_the_fastest_configuration_of_the_nearest_silicon_counts() -> None:
    """Batch 32 at 400 and batch 256 at 1,000 images/s: the latter is scaled."""
    slow, fast = make.gpu_record(400, batch_size=32), make.gpu_record(1000)
    answer = predicted([slow, fast], target("A30"))
    assert answer.batch_size == 256
    assert answer.throughput.value == pytest.approx(500)


def test_of_one_chip_the_nearest_number_is_asked() -> None:
    """One A100 at 1,000 and eight at 6,700 images/s: two are twice the one, not a quarter."""
    records = [make.gpu_record(1000), make.gpu_record(6700, count=8, used=8)]
    assert predicted(records, target("A100-SXM4-80GB", 2)).throughput.value == pytest.approx(2000)
    assert predicted(records, target("A100-SXM4-80GB", 7)).throughput.value == pytest.approx(
        6700 * 7 / 8
    )


def test_two_accelerators_measured_count_as_two() -> None:
    """2,000 images/s on two A100 are 1,000 on two A30."""
    answer = predicted([make.gpu_record(2000, count=2, used=2)], target("A30", 2))
    assert answer.throughput.value == pytest.approx(1000)


def test_noise_of_the_measurement_widens_the_prediction() -> None:
    """Three processes 20 % apart make a wider interval than three that agree."""
    spread, steady = (
        predicted([make.gpu_record(rate, repeat=i) for i, rate in enumerate(rates)], target("A30"))
        for rates in ((800.0, 1000.0, 1200.0), (1000.0, 1000.0, 1000.0))
    )
    assert spread.throughput.high is not None
    assert steady.throughput.high is not None
    assert spread.throughput.high > steady.throughput.high


def test_an_unknown_architecture_is_refused() -> None:
    """A chip of no known architecture, or without matrix units, is no kin of an A100."""
    for name, architecture in (("X1", None), ("P100-SXM2-16GB", "Pascal")):
        chips = {**SILICON.chips, name: make.chip(name, 20e12, 0.7e12, architecture=architecture)}
        silicon = SILICON.model_copy(update={"chips": chips})
        there = silicon.of_offer(make.gpu_offer(accelerator=name))
        assert there is not None
        answer = predict([make.gpu_record()], there, silicon)
        assert isinstance(answer, Refusal)
        assert answer.code == "unknown_architecture"
        assert "nothing published tells how" in answer.because


@pytest.mark.parametrize(
    ("records", "silicon", "code"),
    [
        ([make.record(failure=make.out_of_memory())], "A30", "no_records"),
        ([make.record(caveats=(make.caveat("invalid"),))], "A30", "no_records"),
        ([], "A30", "no_records"),
        ([make.gpu_record(work=NOT_COUNTED)], "A30", "not_counted"),
        ([make.record(work=NOT_COUNTED)], "A30", "not_counted"),
        ([make.record(work=Work(unit="image", bytes_per_unit=1.0))], "A30", "not_counted"),
        ([make.gpu_record(precision="int8")], "A30", "no_peak"),
        ([make.gpu_record()], "TPU-v5e", "other_software"),
        ([make.record(4.0)], "TPU-v5e", "other_software"),
        ([make.record(4.0, scenario="single_stream")], "A30", "latency"),
    ],
)
def test_what_gives_no_right_to_predict(records: list[Record], silicon: str, code: str) -> None:
    """Failed, invalid, uncounted, a precision unknown there, other software, latency."""
    assert refused(records, target(silicon)).code == code


def test_a_vendors_own_software_carries_over_to_its_next_chip() -> None:
    """Measured on a TPU, a TPU twice as fast in everything does twice as much."""
    tpu = make.accelerator(name="TPU v5e", vendor="google", memory_bytes=None, pci_id=None)
    chips = {**SILICON.chips}
    chips["TPU-v5e"] = chips["TPU-v5e"].model_copy(update={"aliases": ("TPU v5e",)})
    chips["TPU-v5p"] = make.chip("TPU-v5p", 400e12, 1.6e12, architecture="TPU-v5", vendor="Google")
    silicon = SILICON.model_copy(update={"chips": chips})
    there = silicon.of_offer(make.gpu_offer(accelerator="TPU-v5p"))
    assert there is not None
    record = make.gpu_record(500, system=make.system(accelerators=(tpu,)))
    answer = predict([record], there, silicon)
    assert isinstance(answer, Prediction)
    assert answer.throughput.value == pytest.approx(1000)


def test_uncounted_work_still_scales_on_its_own_chip() -> None:
    """Nothing needs counting to say that eight A100 do eight times one."""
    answer = predicted([make.gpu_record(1000, work=NOT_COUNTED)], target("A100-SXM4-80GB", 8))
    assert answer.throughput.value == pytest.approx(8000)


def test_a_source_without_any_ceiling_is_refused() -> None:
    """An unlisted accelerator with nothing measured scales to nothing."""
    unlisted = make.system(accelerators=(make.accelerator(name="Unlisted", pci_id=None),))
    assert refused([make.gpu_record(system=unlisted)], target("A30")).code == "no_peak"


def test_a_quota_makes_fewer_cores() -> None:
    """A quota of two threads on two-threaded cores is one core: two cores do twice as much."""
    limited = make.record(2, system=make.system(cpu=make.cpu(quota_threads=2.0)))
    assert predicted([limited], cores(2)).throughput.value == pytest.approx(4)


@given(
    rate=st.floats(1e-3, 6000),
    peak=st.floats(1e9, 1e16),
    bandwidth=st.floats(1e9, 1e14),
    factor=st.floats(1, 1e3),
)
def test_faster_silicon_is_never_predicted_slower(
    rate: float, peak: float, bandwidth: float, factor: float
) -> None:
    """More peak, or more bandwidth, never lowers a prediction; the interval always holds it."""
    records = [make.gpu_record(rate)]

    def value(peak: float, bandwidth: float) -> float:
        estimate = predicted(
            records, target("A30", peaks={"bf16": peak}, bandwidth_bytes_per_s=bandwidth)
        ).throughput
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low < estimate.value < estimate.high
        return estimate.value

    base = value(peak, bandwidth)
    assert value(peak * factor, bandwidth) >= base * (1 - 1e-9)
    assert value(peak, bandwidth * factor) >= base * (1 - 1e-9)
