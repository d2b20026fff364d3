"""What is turned down, and that every reason names its figures."""

import math
from typing import Any

import pytest

from benchbench.catalog import catalogue
from benchbench.catalog.offer import Offer
from benchbench.errors import UsageError
from benchbench.recommend import Goal, Recommendation, recommend
from benchbench.record import Record, Work
from tests import factories as make
from tests.recommend.ask import FLOPS, SILICON, answer, noisy, only, out


@pytest.mark.fault("death")
def test_an_invalid_record_never_recommends() -> None:
    """A record marked invalid, however fast, is ignored; alone it recommends nothing."""
    lie = make.gpu_record(9000, caveats=(make.caveat("invalid"),), batch_size=512)
    assert only(answer([lie, make.gpu_record(1000)], [make.gpu_offer()])).throughput.value < 1001
    assert out(answer([lie], [make.gpu_offer()])).code == "not_predicted"


@pytest.mark.fault("death")
def test_a_failed_record_never_recommends() -> None:
    """Out of memory at batch 512 leaves the smaller batch that worked."""
    failed = make.gpu_record(batch_size=512, failure=make.out_of_memory())
    one = only(answer([failed, make.gpu_record(1000)], [make.gpu_offer()]))
    assert one.configuration.batch_size == 256


@pytest.mark.fault("catalogue")
def test_a_missing_price_never_ranks() -> None:
    """No price is not a low price."""
    offers = [make.gpu_offer(instance="x", price_usd_per_hour=None), make.gpu_offer()]
    found = answer([make.gpu_record()], offers)
    assert only(found).offer.instance == "a100x1"
    assert [one.code for one in found.rejected] == ["no_price"]


@pytest.mark.parametrize("price", [0.0, -1.0, math.inf, math.nan])
@pytest.mark.fault("catalogue")
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
            [make.record(4)],
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
            [make.gpu_record(1000, scenario="offline")],
            make.gpu_offer(),
            {"rate_per_s": 7000.0, "max_replicas": 9},
            "replicas",
            "needs 10 instances; the limit on instances is 9 instances",
        ),
        (
            [make.gpu_record(1000, scenario="offline")],
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
            noisy(1000, 500, scenario="offline"),
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
@pytest.mark.fault("death")
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
    one = only(answer([make.record(4)], [make.offer(memory_bytes=None)]))
    assert one.throughput.value == pytest.approx(4)


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


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (
            {"budget_usd_per_hour": 2.0},
            "A budget of $3.06 per hour instead of $2.00 per hour (+53 %) would admit p3.2xlarge",
        ),
        (
            {"units": 36e6, "budget_usd": 10.0},
            "A budget of $30.60 instead of $10.00 (+210 %) would admit p3.2xlarge",
        ),
        (
            {"units": 36e6, "deadline_s": 3600.0, "max_replicas": 2},
            "A deadline with 2 instances of 5.00 h instead of 1.00 h (+400 %) would admit",
        ),
        ({"providers": ("gcp",)}, "Providers: any instead of gcp would admit p3.2xlarge"),
        ({"regions": ("eu-",)}, "Regions: any instead of eu- would admit p3.2xlarge"),
        ({"regions": ("eu-",), "providers": ("gcp",)}, "provider excludes 2 of 2 offers"),
    ],
)
def test_the_binding_limit_names_the_smallest_relaxation(limits: dict[str, Any], said: str) -> None:
    """Of two offers at $3.06 and $4 an hour, the nearer one is named."""
    offers = [make.gpu_offer(), make.gpu_offer(instance="p3.2xlarge", price_usd_per_hour=3.06)]
    found = answer([make.gpu_record(1000, scenario="offline")], offers, **limits)
    assert not found.candidates
    assert found.binding is not None
    assert said in found.binding


def test_each_limit_that_alone_is_in_the_way_is_named_smallest_change_first() -> None:
    """One offer is 50 % too dear, another is elsewhere, a third only sold as spot."""
    offers = [
        make.gpu_offer(instance="dear", price_usd_per_hour=3.0),
        make.gpu_offer(instance="far", price_usd_per_hour=1.0, region="eu-west-1"),
        make.gpu_offer(instance="brief", price_usd_per_hour=1.0, price_kind="spot"),
    ]
    found = answer([make.gpu_record()], offers, budget_usd_per_hour=2.0, regions=("us-",))
    assert [(one.limit, one.admits.split()[0]) for one in found.relaxations] == [
        ("budget_usd_per_hour", "dear"),
        ("regions", "far"),
        ("price_kinds", "brief"),
    ]
    assert found.relaxations[0].change_fraction == pytest.approx(0.5)


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
    assert (
        "$4.00 per hour instead of $2.00 per hour (+100 %) and a budget of $40.00" in found.binding
    )


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


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"deadline_s": 1.0}, "add units"),
        ({"budget_usd": 1.0}, "add units"),
        ({"egress_bytes": "15TB"}, "a rate"),
        ({"stored_bytes": "lots"}, "stored_bytes: 'lots' is no amount of data"),
        ({"workload": "a", "mix": ({"workload": "b"},)}, "exclude one another"),
        ({"workload": ""}, "a mix of several"),
        ({"spare_replicas": 64}, "spare"),
        ({"workload": "nothing"}, "benchbench run nothing"),
        ({"scenario": "server"}, "server"),
    ],
)
def test_a_goal_that_cannot_be_met_names_the_next_step(limits: dict[str, Any], said: str) -> None:
    """Contradictions and unmeasured workloads are the user's to mend."""
    with pytest.raises(UsageError, match=said):
        answer([make.gpu_record()], [make.gpu_offer()], **limits)


def test_a_price_hardly_known_is_left_out_unless_asked_for() -> None:
    """A marketplace's snapshot does not head the list by default; `low` lets it in."""
    offers = [make.gpu_offer(instance="rumour", price_usd_per_hour=0.01, confidence="low")]
    refused = out(answer([make.gpu_record()], offers))
    assert refused.code == "confidence"
    assert "--confidence low" in refused.because
    assert only(answer([make.gpu_record()], offers, confidence="low")).offer.instance == "rumour"


def test_asking_for_spot_takes_its_prices_as_known_as_they_are() -> None:
    """Spot prices are never better known than low."""
    offers = [make.gpu_offer(price_kind="spot", confidence="low")]
    assert only(answer([make.gpu_record()], offers, price_kinds=("spot",))).rank == 1
    strict = answer([make.gpu_record()], offers, price_kinds=("spot",), confidence="medium")
    assert out(strict).code == "confidence"
