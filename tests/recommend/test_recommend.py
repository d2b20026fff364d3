"""Recommendations worked out by hand: costs, and what counts as measured."""

import math

import pytest

from benchbench.catalog.offer import Offer
from benchbench.record import Scenario
from tests import factories as make
from tests.recommend.ask import FLOPS, answer, noisy, only, out


def test_a_measured_offer_costs_price_over_throughput() -> None:
    """$4 an hour at 1,000 images/s: 4 / 3.6 million dollars an image; the floor at full peak."""
    one = only(answer([make.gpu_record(1000)], [make.gpu_offer()]))
    assert one.basis == "measured"
    assert one.throughput.value == pytest.approx(1000)
    assert one.usd_per_unit.value == pytest.approx(4 / 3.6e6)
    assert one.usd_per_unit.basis == "measured"
    assert one.usd_per_hour == pytest.approx(4)
    assert one.replicas == 1
    assert one.floor_usd_per_unit == pytest.approx(4 / 3600 / (300e12 / FLOPS))


def test_the_work_takes_units_over_throughput() -> None:
    """7.2 million images at 1,000/s: two hours and $8 on one instance."""
    one = only(answer([make.gpu_record(1000)], [make.gpu_offer()], units=7.2e6))
    assert one.time_s is not None
    assert one.cost_usd is not None
    assert one.time_s.value == pytest.approx(7200)
    assert one.cost_usd.value == pytest.approx(8)


def test_a_deadline_buys_replicas() -> None:
    """7.2 million images at 1,000/s within an hour need two; the bill stays $8."""
    served = make.gpu_record(1000, scenario="offline")
    one = only(answer([served], [make.gpu_offer()], units=7.2e6, deadline_s=3600.0))
    assert one.replicas == 2
    assert one.time_s is not None
    assert one.cost_usd is not None
    assert one.time_s.value == pytest.approx(3600)
    assert one.cost_usd.value == pytest.approx(8)
    assert one.usd_per_hour == pytest.approx(8)


@pytest.mark.parametrize(
    ("rate", "headroom", "spare", "replicas"),
    [
        (700.0, 0.7, 0, 1),
        (701.0, 0.7, 0, 2),
        (1000.0, 1.0, 0, 1),
        (1.0, 0.7, 1, 2),
        (2100.0, 0.7, 1, 4),
    ],
)
def test_a_rate_needs_replicas_with_headroom_and_spares(
    rate: float, headroom: float, spare: int, replicas: int
) -> None:
    """ceil(rate / (1,000 x headroom)) + spare."""
    one = only(
        answer(
            [make.gpu_record(1000, scenario="offline")],
            [make.gpu_offer()],
            rate_per_s=rate,
            headroom=headroom,
            spare_replicas=spare,
        )
    )
    assert one.replicas == replicas
    assert one.usd_per_hour == pytest.approx(4 * replicas)
    assert one.usd_per_unit.value == pytest.approx(4 * replicas / (3600 * rate))


@pytest.mark.parametrize(
    ("scenario", "spare", "admitted"), [("train", 0, 1), ("train", 1, 1), ("offline", 0, 2)]
)
def test_training_stays_on_one_instance_unless_told(
    scenario: Scenario, spare: int, admitted: int
) -> None:
    """At 5,000 images/s one A100 is too slow and eight are not; inference may take several."""
    offers = [make.gpu_offer(), make.gpu_offer(8)]
    record = make.gpu_record(1000, scenario=scenario)
    found = answer([record], offers, rate_per_s=4000.0, max_replicas=None, spare_replicas=spare)
    assert len(found.candidates) == admitted
    assert "multi_node" not in {caveat.code for caveat in found.caveats}
    if scenario == "train":
        assert found.goal.max_replicas == 1 + spare
        assert [one.code for one in found.rejected] == ["replicas"]


def test_training_on_several_instances_is_a_model_and_doubted() -> None:
    """Asked for by number it is answered; what the exchange costs is said to be assumed.

    100 MB over 100 Gbit/s: 2 (n-1)/n x 8 ms beside steps of 256 ms; the low end loses n^-0.1 more.
    4,000/s over 0.7 need eight: 8 x 1,000 x 8^-0.1 / (1 + 14/256) = 6,161, seven would do 5,466.
    """
    offer = make.gpu_offer(network_bits_per_s=100e9)
    found = answer(
        [make.gpu_record(1000)], [offer], rate_per_s=4000.0, max_replicas=8, gradient_bytes=100e6
    )
    one = only(found)
    assert one.replicas == 8
    assert one.scaling_fraction == pytest.approx(1 / (1 + 14 / 256))
    doubt = {caveat.code: caveat for caveat in found.caveats}["multi_node"]
    assert "assumed to scale to 95 % of perfect" in doubt.message
    assert "one larger instance" in doubt.remedy


@pytest.mark.parametrize(("gradients", "network"), [(None, 100e9), (100e6, None)])
def test_training_on_several_needs_its_exchange_known(
    gradients: float | None, network: float | None
) -> None:
    """Without the size of the gradients or the network nothing is promised."""
    offer = make.gpu_offer(network_bits_per_s=network)
    limits = {"rate_per_s": 4000.0, "max_replicas": 8, "gradient_bytes": gradients}
    assert "exchange gradients" in out(answer([make.gpu_record(1000)], [offer], **limits)).because


def test_replicas_rest_on_the_low_end() -> None:
    """Three processes at 900, 1,000 and 1,100/s: Student's low end is 752, so 800/s need two."""
    records = noisy(900, 1000, 1100, scenario="offline")
    one = only(answer(records, [make.gpu_offer()], rate_per_s=800.0, headroom=1.0))
    assert one.throughput.low == pytest.approx(1000 - 4.302653 * 100 / math.sqrt(3), rel=1e-4)
    assert one.replicas == 2


def test_a_small_demand_takes_the_small_instance() -> None:
    """At one image a second the eight-fold instance is dearer, though equal at full load."""
    offers = [make.gpu_offer(8, price_usd_per_hour=30.0), make.gpu_offer(1)]
    found = answer([make.gpu_record(1000)], offers, rate_per_s=1.0)
    assert [one.offer.accelerator_count for one in found.candidates] == [1, 8]


def test_what_is_paid_upfront_is_spread_over_the_term() -> None:
    """$8,760 upfront for a year adds $1 an hour."""
    offer = make.gpu_offer(price_kind="reserved_1y", upfront_usd=8760.0)
    found = answer([make.gpu_record()], [offer], price_kinds=("reserved_1y",))
    assert only(found).usd_per_hour == pytest.approx(5)


@pytest.mark.parametrize(
    ("offer", "basis"),
    [
        (make.gpu_offer(1), "measured"),
        (make.gpu_offer(2), "predicted"),
        (make.gpu_offer(0.5), "predicted"),
        (make.gpu_offer(accelerator="A30", accelerator_memory_bytes=24 * make.GIB), "predicted"),
        (make.offer(memory_bytes=64 * make.GIB), "predicted"),
    ],
)
def test_measured_means_this_silicon_in_this_number(offer: Offer, basis: str) -> None:
    """One A100 measured stands for one A100 and nothing else."""
    one = only(answer([make.gpu_record()], [offer]))
    assert one.basis == one.throughput.basis == one.usd_per_unit.basis == basis


@pytest.mark.parametrize(
    ("instance_type", "basis", "said"),
    [
        ("c6a.xlarge", "measured", "measured on this instance type"),
        ("m6a.xlarge", "predicted", "the same silicon as measured, 4.00 images/s on 2 cores"),
        (None, "predicted", "the same silicon as measured, 4.00 images/s on 2 cores"),
    ],
)
def test_a_cpu_is_measured_on_its_very_instance_type_only(
    instance_type: str | None, basis: str, said: str
) -> None:
    """Two Milan cores elsewhere are the same silicon, within 11 %, and not measured."""
    cloud = None if instance_type is None else make.rented("aws", instance_type)
    one = only(answer([make.record(4, system=make.system(cloud=cloud))], [make.offer()]))
    assert one.basis == one.throughput.basis == basis
    assert one.throughput.value == pytest.approx(4)
    assert said in one.because
    if basis == "predicted":
        assert one.throughput.high == pytest.approx(4.44)


def test_four_instance_types_of_one_cpu_are_not_all_measured() -> None:
    """A machine that names no instance type is none of those that look like it."""
    offers = [make.offer(instance=name) for name in ("c6a.xlarge", "m6a.xlarge", "n2d", "D4as")]
    found = answer([make.record(4)], offers)
    assert {one.basis for one in found.candidates} == {"predicted"}


def test_one_accelerator_of_eight_measured_is_a_prediction_for_eight() -> None:
    """A single-GPU run on an eight-GPU instance says 8 x, predicted, even on that very type."""
    cloud = make.rented("aws", "a100x8")
    system = make.gpu_system(8, cloud=cloud)
    one = only(answer([make.gpu_record(1000, system=system)], [make.gpu_offer(8)]))
    assert one.basis == "predicted"
    assert one.throughput.value == pytest.approx(8000)


def test_the_very_instance_type_needs_no_known_silicon() -> None:
    """A record from `aws m9.huge` stands for it, though the catalogue knows no such CPU."""
    system = make.system(
        cpu=make.cpu(model="Unlisted", model_number=99), cloud=make.rented("aws", "m9.huge")
    )
    offers = [
        make.offer(instance="m9.huge", cpu_model="Unlisted"),
        make.offer(instance="m9.other", cpu_model="Unlisted"),
    ]
    found = answer([make.record(system=system)], offers)
    assert only(found).offer.instance == "m9.huge"
    assert "this instance type" in only(found).because
    assert [one.code for one in found.rejected] == ["no_silicon"]


@pytest.mark.parametrize(("quota", "basis"), [(None, "measured"), (2.0, "predicted")])
def test_a_container_with_half_the_threads_is_not_the_instance(
    quota: float | None, basis: str
) -> None:
    """On `c6a.xlarge` whose guest hides hyper-threads: four threads are all, two are half."""
    cpu = make.cpu(cores=4, usable_cores=4, threads_per_core=1, quota_threads=quota)
    system = make.system(cpu=cpu, cloud=make.rented("aws", "c6a.xlarge"))
    offer = make.offer(cores=None, cpu_model="EPYC-Genoa")
    assert only(answer([make.record(4, system=system)], [offer])).basis == basis


def test_measured_beats_predicted_for_the_same_offer() -> None:
    """With A100 and A30 both measured, neither is predicted from the other."""
    a30 = make.gpu_record(
        400,
        system=make.system(
            accelerators=(make.accelerator(name="NVIDIA A30", memory_bytes=24 * make.GIB),)
        ),
    )
    offers = [make.gpu_offer(), make.gpu_offer(accelerator="A30", instance="a30")]
    found = answer([make.gpu_record(1000), a30], offers)
    rates = {one.offer.instance: one.throughput.value for one in found.candidates}
    assert rates == {"a100x1": pytest.approx(1000), "a30": pytest.approx(400)}
    assert {one.basis for one in found.candidates} == {"measured"}


def test_left_out_silicon_is_predicted_near_its_truth() -> None:
    """A30 at 480/s in truth, A100 at 1,000/s measured: predicted 500, the truth in the interval."""
    offer = make.gpu_offer(accelerator="A30", accelerator_memory_bytes=24 * make.GIB)
    one = only(answer([make.gpu_record(1000)], [offer]))
    assert one.throughput.low is not None
    assert one.throughput.high is not None
    assert one.throughput.low < 480 < one.throughput.high


def test_the_best_configuration_is_the_one_with_the_best_low_end() -> None:
    """Batch 512 at 900..1,100/s (low end 752) loses to batch 256 at a steady 990/s."""
    shaky = [
        make.gpu_record(rate, repeat=index, batch_size=512)
        for index, rate in enumerate((900.0, 1000.0, 1100.0))
    ]
    one = only(answer([*shaky, make.gpu_record(990)], [make.gpu_offer()]))
    assert one.configuration.batch_size == 256
