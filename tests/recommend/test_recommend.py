"""Recommendations worked out by hand, and what must hold whatever the figures are."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchbench.catalog import catalogue
from benchbench.catalog.offer import Offer
from benchbench.errors import UsageError
from benchbench.recommend import Candidate, Goal, Recommendation, Rejected, recommend
from benchbench.record import Memory, Record, Work
from tests import factories as make

SILICON = make.silicon()
FLOPS = 24.299077632e9


def answer(records: Sequence[Record], offers: Sequence[Offer], **limits: Any) -> Recommendation:
    """The recommendation for ResNet-50 training on the tests' day."""
    most = limits.pop("most", 40)
    goal = Goal(**{"workload": "resnet50-train", **limits})
    catalog = catalogue.from_offers(offers)
    return recommend(records, catalog, SILICON, goal, today=make.TODAY, most=most)


def only(found: Recommendation) -> Candidate:
    """The only candidate."""
    assert len(found.candidates) == 1, found
    return found.candidates[0]


def out(found: Recommendation) -> Rejected:
    """The only rejected offer."""
    assert not found.candidates
    assert len(found.rejected) == 1
    return found.rejected[0]


def noisy(*rates: float) -> list[Record]:
    """One configuration measured once per rate on an A100."""
    return [make.gpu_record(rate, repeat=index) for index, rate in enumerate(rates)]


# What a candidate costs


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
    one = only(answer([make.gpu_record(1000)], [make.gpu_offer()], units=7.2e6, deadline_s=3600.0))
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
            [make.gpu_record(1000)],
            [make.gpu_offer()],
            rate_per_s=rate,
            headroom=headroom,
            spare_replicas=spare,
        )
    )
    assert one.replicas == replicas
    assert one.usd_per_hour == pytest.approx(4 * replicas)
    assert one.usd_per_unit.value == pytest.approx(4 * replicas / (3600 * rate))


def test_replicas_rest_on_the_low_end() -> None:
    """Three processes at 900, 1,000 and 1,100/s: Student's low end is 752, so 800/s need two."""
    one = only(answer(noisy(900, 1000, 1100), [make.gpu_offer()], rate_per_s=800.0, headroom=1.0))
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


# Measured or predicted


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


@pytest.mark.parametrize(("cores", "basis"), [(2.0, "measured"), (4.0, "predicted")])
def test_a_cpu_is_measured_at_its_usable_cores(cores: float, basis: str) -> None:
    """Two Milan cores measured stand for two Milan cores."""
    assert only(answer([make.record()], [make.offer(cores=cores, vcpu=None)])).basis == basis


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
    assert only(answer([make.record(system=system)], [offer])).basis == basis


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


# What must never recommend


def test_an_invalid_record_never_recommends() -> None:
    """A record marked invalid, however fast, is ignored; alone it recommends nothing."""
    lie = make.gpu_record(9000, caveats=(make.caveat("invalid"),), batch_size=512)
    assert only(answer([lie, make.gpu_record(1000)], [make.gpu_offer()])).throughput.value < 1001
    assert out(answer([lie], [make.gpu_offer()])).code == "not_predicted"


def test_a_failed_record_never_recommends() -> None:
    """Out of memory at batch 512 leaves the smaller batch that worked."""
    failed = make.gpu_record(batch_size=512, failure=make.out_of_memory())
    one = only(answer([failed, make.gpu_record(1000)], [make.gpu_offer()]))
    assert one.configuration.batch_size == 256


def test_a_missing_price_never_ranks() -> None:
    """No price is not a low price."""
    offers = [make.gpu_offer(instance="x", price_usd_per_hour=None), make.gpu_offer()]
    found = answer([make.gpu_record()], offers)
    assert only(found).offer.instance == "a100x1"
    assert [one.code for one in found.rejected] == ["no_price"]


@pytest.mark.parametrize("price", [0.0, -1.0, math.inf, math.nan])
def test_a_hostile_price_never_ranks(price: float) -> None:
    """Zero, negative, infinite and NaN prices in a frame are no prices."""
    catalog = catalogue.from_offers([make.gpu_offer(), make.gpu_offer(instance="x")])
    catalog.frame.loc[catalog.frame["instance"] == "x", "price_usd_per_hour"] = price
    goal = Goal(workload="resnet50-train")
    found = recommend([make.gpu_record()], catalog, SILICON, goal, today=make.TODAY)
    assert only(found).offer.instance == "a100x1"
    assert [one.code for one in found.rejected] == ["no_price"]


def test_other_work_under_the_same_name_is_left_out() -> None:
    """Half the FLOPs per image at twice the speed is another image; it is said so."""
    small = Work(unit="image", flops_per_unit=FLOPS / 2)
    records = [
        make.gpu_record(1000),
        make.gpu_record(900, batch_size=128),
        make.gpu_record(2000, work=small, parameters={"image_size": 112}),
    ]
    found = answer(records, [make.gpu_offer()])
    assert only(found).throughput.value == pytest.approx(1000)
    assert "other_work" in {caveat.code for caveat in found.caveats}


# A reason for every rejection


@pytest.mark.parametrize(
    ("records", "offer", "limits", "code", "said"),
    [
        ([make.gpu_record()], make.gpu_offer(), {"providers": ("gcp",)}, "provider", "gcp"),
        ([make.gpu_record()], make.gpu_offer(), {"regions": ("eu-",)}, "region", "us-east-1"),
        ([make.gpu_record()], make.gpu_offer(price_kind="spot"), {}, "price_kind", "on_demand"),
        ([make.gpu_record()], make.gpu_offer(os="windows"), {}, "os", "windows"),
        ([make.gpu_record()], make.gpu_offer(price_usd_per_hour=None), {}, "no_price", "price"),
        ([make.gpu_record()], make.gpu_offer(accelerator="X9"), {}, "no_silicon", "X9"),
        (
            [make.gpu_record()],
            make.gpu_offer(accelerator_memory_bytes=16 * make.GIB),
            {},
            "memory",
            "batch 256 needs 20.0 GiB, measured on A100-SXM4-80GB; each accelerator has 16.0 GiB",
        ),
        (
            [make.record()],
            make.offer(memory_bytes=make.GIB),
            {},
            "memory",
            "batch 8 needs 2.00 GiB, measured on EPYC-Milan; this instance has 1.00 GiB",
        ),
        (
            [make.gpu_record(failure=make.out_of_memory())],
            make.gpu_offer(),
            {},
            "failed_here",
            "out of memory on A100-SXM4-80GB (torch-eager, bf16, batch 256)",
        ),
        (
            [make.gpu_record(work=Work(unit="image"))],
            make.gpu_offer(accelerator="H100-SXM5-80GB"),
            {},
            "not_predicted",
            "nobody counted",
        ),
        (
            [make.gpu_record(1000)],
            make.gpu_offer(),
            {"rate_per_s": 7000.0, "max_replicas": 9},
            "replicas",
            "needs 10 instances; the limit on instances is 9 instances",
        ),
        (
            [make.gpu_record(1000)],
            make.gpu_offer(),
            {"units": 36e6, "deadline_s": 3600.0, "max_replicas": 2},
            "deadline",
            "needs 5.00 h; the deadline with 2 instances is 1.00 h",
        ),
        (
            [make.gpu_record(1000)],
            make.gpu_offer(),
            {"units": 36e6, "budget_usd": 30.0},
            "budget",
            "needs $40.00; the budget is $30.00",
        ),
        (
            [make.gpu_record(1000)],
            make.gpu_offer(),
            {"budget_usd_per_hour": 2.0},
            "budget_per_hour",
            "needs $4.00 per hour; the budget is $2.00 per hour",
        ),
        (
            noisy(1000, 500),
            make.gpu_offer(),
            {"rate_per_s": 1.0},
            "replicas",
            "varies too much",
        ),
    ],
)
def test_every_rejection_names_its_reason(
    records: list[Record], offer: Offer, limits: dict[str, Any], code: str, said: str
) -> None:
    """The code, and a sentence with the figures that decided."""
    rejected = out(answer(records, [offer], **limits))
    assert rejected.code == code
    assert said in rejected.because
    assert rejected.key == offer.key


def test_several_broken_limits_are_all_named() -> None:
    """Too dear per hour and in total: both figures stand in the reason."""
    found = answer(
        [make.gpu_record(1000)],
        [make.gpu_offer()],
        units=36e6,
        budget_usd=30.0,
        budget_usd_per_hour=2.0,
    )
    assert "$4.00 per hour" in out(found).because
    assert "$40.00" in out(found).because


def test_a_smaller_batch_fits_where_the_best_does_not() -> None:
    """A30 has 24 GiB: batch 256 measured at 60 GiB is out, batch 32 at 10 GiB is predicted."""
    big = make.gpu_record(
        measurement=make.measurement(1000, peak_device_memory_bytes=60 * make.GIB)
    )
    small = make.gpu_record(
        batch_size=32, measurement=make.measurement(600, peak_device_memory_bytes=10 * make.GIB)
    )
    offer = make.gpu_offer(accelerator="A30", accelerator_memory_bytes=24 * make.GIB)
    one = only(answer([big, small], [offer]))
    assert one.configuration.batch_size == 32
    assert one.throughput.value == pytest.approx(300)


@pytest.mark.parametrize(
    ("kind", "failed_batch", "admitted"),
    [
        ("out_of_memory", 256, False),
        ("out_of_memory", 128, False),
        ("out_of_memory", 512, True),
        ("not_finite", 256, False),
        ("not_finite", 128, True),
    ],
)
def test_a_failure_on_that_silicon_excludes_what_would_repeat_it(
    kind: str, failed_batch: int, *, admitted: bool
) -> None:
    """Out of memory repeats at any batch as large, other failures only at their own."""
    a30 = make.system(
        accelerators=(make.accelerator(name="NVIDIA A30", memory_bytes=24 * make.GIB),)
    )
    failure = make.out_of_memory(kind=kind)
    failed = make.gpu_record(system=a30, batch_size=failed_batch, failure=failure)
    offer = make.gpu_offer(accelerator="A30", accelerator_memory_bytes=24 * make.GIB)
    found = answer([failed, make.gpu_record()], [offer])
    assert bool(found.candidates) is admitted
    if not admitted:
        assert out(found).code == "failed_here"


def test_a_later_success_outweighs_a_failure() -> None:
    """The same setting worked on the same silicon: the failure was an accident."""
    failed = make.gpu_record(failure=make.out_of_memory(), effort="quick")
    assert only(answer([failed, make.gpu_record()], [make.gpu_offer()])).basis == "measured"


def test_unknown_sizes_exclude_nothing() -> None:
    """An offer of unknown memory is not too small."""
    assert only(answer([make.record()], [make.offer(memory_bytes=None)])).basis == "measured"


def test_every_offer_is_accounted_for_once() -> None:
    """Candidates and rejections together are the catalogue."""
    offers = [
        make.gpu_offer(count, accelerator=name, instance=f"{name}-{count}", region=region)
        for count in (1, 2, 8)
        for name in ("A100-SXM4-80GB", "A30", "X9")
        for region in ("us-east-1", "eu-west-1")
    ]
    found = answer([make.gpu_record()], offers, budget_usd_per_hour=9.0, most=1)
    keys = [one.offer.key for one in found.candidates] + [one.key for one in found.rejected]
    assert sorted(keys) == sorted(one.key for one in offers)
    assert {one.code for one in found.rejected} >= {
        "no_silicon",
        "budget_per_hour",
        "same_instance",
    }


def test_the_cheapest_region_speaks_for_an_instance() -> None:
    """Of three regions the cheapest is ranked; the others name it."""
    prices = {"us-east-1": 4.0, "eu-west-1": 3.5, "ap-east-1": 5.0}
    offers = [make.gpu_offer(region=r, price_usd_per_hour=p) for r, p in prices.items()]
    found = answer([make.gpu_record()], offers)
    assert only(found).offer.region == "eu-west-1"
    assert all("eu-west-1: $3.50" in one.because for one in found.rejected)


# When nothing fits


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (
            {"budget_usd_per_hour": 2.0},
            "budget of $2.00 per hour: $3.06 per hour would admit p3.2xlarge",
        ),
        (
            {"units": 36e6, "budget_usd": 10.0},
            "budget of $10.00: $30.60 would admit p3.2xlarge",
        ),
        (
            {"units": 36e6, "deadline_s": 3600.0, "max_replicas": 2},
            "deadline with 2 instances of 1.00 h: 5.00 h would admit",
        ),
        ({"providers": ("gcp",)}, "provider excludes 2 of 2 offers"),
        ({"regions": ("eu-",), "providers": ("aws",)}, "region excludes 2 of 2 offers"),
    ],
)
def test_the_binding_limit_names_the_smallest_relaxation(limits: dict[str, Any], said: str) -> None:
    """Of two offers at $3.06 and $4 an hour, the nearer one is named."""
    offers = [make.gpu_offer(), make.gpu_offer(instance="p3.2xlarge", price_usd_per_hour=3.06)]
    found = answer([make.gpu_record(1000)], offers, **limits)
    assert not found.candidates
    assert found.binding is not None
    assert said in found.binding


def test_two_limits_that_bind_together_are_both_named() -> None:
    """Nothing is admitted by relaxing one of them."""
    found = answer(
        [make.gpu_record(1000)],
        [make.gpu_offer()],
        units=36e6,
        budget_usd=10.0,
        budget_usd_per_hour=2.0,
    )
    assert found.binding is not None
    assert "$4.00 per hour and $40.00 would admit a100x1" in found.binding


def test_the_answer_survives_its_own_json() -> None:
    """What is printed as JSON reads back as the same answer: finite numbers, known fields."""
    found = answer(noisy(1000, 500), [make.gpu_offer(), make.gpu_offer(8), make.offer()], units=1e6)
    assert Recommendation.model_validate_json(found.model_dump_json(by_alias=True)) == found


def test_an_empty_catalogue_says_so() -> None:
    """No offer: no candidate, no rejection, a sentence."""
    found = answer([make.gpu_record()], [])
    assert (found.candidates, found.rejected) == ((), ())
    assert found.binding is not None
    assert "no offer" in found.binding


# Refused at the door


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"deadline_s": 1.0}, "--units"),
        ({"budget_usd": 1.0}, "--units"),
        ({"spare_replicas": 64}, "spare"),
        ({"workload": "nothing"}, "benchbench run nothing"),
        ({"scenario": "server"}, "server"),
    ],
)
def test_a_goal_that_cannot_be_met_names_the_next_step(limits: dict[str, Any], said: str) -> None:
    """Contradictions and unmeasured workloads are the user's to mend."""
    with pytest.raises(UsageError, match=said):
        answer([make.gpu_record()], [make.gpu_offer()], **limits)


# Order, ties, front


def test_overlapping_intervals_are_a_tie() -> None:
    """1,000 ± 25 % images/s at $4 and $4.4 are tied, at $40 not."""
    records = noisy(900, 1000, 1100)
    offers = [
        make.gpu_offer(instance=name, price_usd_per_hour=price)
        for name, price in (("a", 4.0), ("b", 4.4), ("c", 40.0))
    ]
    found = answer(records, offers)
    assert [one.tied_with_best for one in found.candidates] == [True, True, False]


def test_ranks_count_from_one_in_order_of_cost() -> None:
    """Cheapest per unit first; equal costs by name."""
    offers = [
        make.gpu_offer(instance=name, price_usd_per_hour=price)
        for name, price in (("c", 5.0), ("b", 4.0), ("a", 4.0))
    ]
    found = answer([make.gpu_record()], offers)
    assert [(one.rank, one.offer.instance) for one in found.candidates] == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
    ]


def test_beyond_the_best_the_rest_says_its_rank() -> None:
    """With one place, the second offer is struck out as rank 2; on the front it would stay."""
    offers = [make.gpu_offer(instance=n, price_usd_per_hour=p) for n, p in (("a", 4.0), ("b", 5.0))]
    found = answer([make.gpu_record()], offers, most=1)
    assert only(found).offer.instance == "a"
    assert found.rejected[0].because == "does the job at rank 2, 1.25 times the best's cost"
    bigger = [offers[0], make.gpu_offer(8, price_usd_per_hour=40.0)]
    both = answer([make.gpu_record()], bigger, most=1)
    assert [one.pareto for one in both.candidates] == [True, True]


FLEETS = st.lists(
    st.tuples(st.sampled_from([0.5, 1, 2, 4, 8]), st.integers(1, 40)), min_size=1, max_size=12
)


def priced_offers(fleet: Sequence[tuple[float, float]], factor: float = 1.0) -> list[Offer]:
    """A100 instances of these counts and prices."""
    return [
        make.gpu_offer(count, instance=f"i{index}", price_usd_per_hour=price * factor)
        for index, (count, price) in enumerate(fleet)
    ]


@given(fleet=FLEETS, timed=st.booleans())
@settings(max_examples=8, deadline=None)
def test_the_front_is_what_brute_force_finds(
    fleet: list[tuple[float, float]], *, timed: bool
) -> None:
    """On the front: nothing else is at most as dear and as slow, and better in one of the two."""
    found = answer([make.gpu_record()], priced_offers(fleet), units=1e6 if timed else None)

    def axes(one: Candidate) -> tuple[float, float]:
        if one.cost_usd is not None and one.time_s is not None:
            return one.cost_usd.value, one.time_s.value
        return one.usd_per_unit.value, 1 / one.throughput.value

    for one in found.candidates:
        beaten = any(
            all(a <= b for a, b in zip(axes(other), axes(one), strict=True))
            and axes(other) != axes(one)
            for other in found.candidates
        )
        assert one.pareto is not beaten


@given(fleet=FLEETS, rate=st.none() | st.floats(0.1, 1e4))
@settings(max_examples=8, deadline=None)
def test_doubling_all_prices_keeps_the_ranking_and_doubles_the_cost(
    fleet: list[tuple[float, float]], rate: float | None
) -> None:
    """Another currency is the same decision."""
    limits = {"rate_per_s": rate, "max_replicas": 10**6}
    one = answer([make.gpu_record()], priced_offers(fleet), **limits)
    two = answer([make.gpu_record()], priced_offers(fleet, 2.0), **limits)
    assert [c.offer.instance for c in one.candidates] == [c.offer.instance for c in two.candidates]
    for cheap, dear in zip(one.candidates, two.candidates, strict=True):
        assert dear.usd_per_unit.value == pytest.approx(2 * cheap.usd_per_unit.value)
        assert dear.tied_with_best == cheap.tied_with_best
        assert dear.pareto == cheap.pareto


# Doubts


@pytest.mark.parametrize(
    ("records", "offer", "code"),
    [
        ([make.gpu_record(effort="quick")], make.gpu_offer(), "quick"),
        ([make.gpu_record()], make.gpu_offer(2), "predicted"),
        ([make.gpu_record()], make.gpu_offer(as_of=make.TODAY.replace(year=2025)), "stale_price"),
        ([make.gpu_record()], make.gpu_offer(), "few_repeats"),
        (
            [make.gpu_record(caveats=(make.caveat(),))],
            make.gpu_offer(),
            "measured_with_warnings",
        ),
        ([make.gpu_record()], make.gpu_offer(price_kind="spot"), "spot"),
        ([make.gpu_record()], make.gpu_offer(confidence="low"), "low_confidence_price"),
    ],
)
def test_each_doubt_is_raised(records: list[Record], offer: Offer, code: str) -> None:
    """With a remedy, in the caveats of the answer."""
    found = answer(records, [offer], price_kinds=("on_demand", "spot"))
    doubt = {caveat.code: caveat for caveat in found.caveats}[code]
    assert doubt.remedy
    assert found.indicative is (code == "quick")


def test_a_quick_run_elsewhere_leaves_a_standard_one_standing() -> None:
    """A quick batch 8 beside the standard batch 256 that is recommended."""
    quick = make.gpu_record(100, batch_size=8, effort="quick")
    assert not answer([quick, make.gpu_record(1000)], [make.gpu_offer()]).indicative
    assert answer([quick], [make.gpu_offer()]).indicative


def test_nothing_to_doubt_raises_nothing() -> None:
    """Three valid standard repeats, a fresh price, measured silicon: no caveat."""
    found = answer(noisy(1000, 1000, 1000), [make.gpu_offer()])
    assert found.caveats == ()


def test_an_old_machine_with_less_memory_does_not_speak_for_a_larger_one() -> None:
    """Out of memory in 16 GiB says nothing about the same CPU with 64 GiB."""
    failed = make.record(batch_size=8, failure=make.out_of_memory())
    worked = make.record(
        batch_size=8,
        system=make.system(
            cpu=make.cpu(model="AMD EPYC 9R14", model_number=17),
            memory=Memory(total_bytes=64 * make.GIB),
        ),
    )
    small = answer([failed, worked], [make.offer(memory_bytes=16 * make.GIB)])
    large = answer([failed, worked], [make.offer(memory_bytes=64 * make.GIB)])
    assert out(small).code == "failed_here"
    assert only(large).basis == "predicted"
