"""The order of the answer, its ties and front, and its doubts."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchbench.catalog.offer import Offer
from benchbench.recommend import Candidate
from benchbench.record import Memory, Record
from tests import factories as make
from tests.recommend.ask import answer, noisy, only, out


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


@pytest.mark.parametrize("rented", [True, False])
def test_what_was_measured_stays_in_the_ranking(*, rented: bool) -> None:
    """At rank 3 of 3 with one place: what staying on this CPU costs is seen, at its rank."""
    cloud = make.rented("aws", "c6a.xlarge") if rented else None
    offers = [
        make.gpu_offer(instance="a", price_usd_per_hour=0.1),
        make.gpu_offer(instance="b", price_usd_per_hour=0.2),
        make.offer(),
    ]
    found = answer([make.record(3, system=make.system(cloud=cloud))], offers, most=1)
    assert [(one.rank, one.offer.instance) for one in found.candidates] == [
        (1, "a"),
        (3, "c6a.xlarge"),
    ]
    assert [one.step for one in found.candidates] == ["other_kind", None if rented else "same_chip"]
    assert [one.instance for one in found.rejected] == ["b"]


def test_the_very_machine_stays_before_a_cheaper_one_of_its_chip() -> None:
    """c6a.xlarge was measured; a cheaper look-alike ranks above it and does not stand in for it."""
    system = make.system(cloud=make.rented("aws", "c6a.xlarge"))
    cheap = make.gpu_offer(instance="a", price_usd_per_hour=0.1)
    offers = [cheap, make.offer(), make.offer(instance="like", price_usd_per_hour=0.09)]
    found = answer([make.record(3, system=system)], offers, most=1)
    assert [one.offer.instance for one in found.candidates] == ["a", "c6a.xlarge"]


@pytest.mark.parametrize(
    ("offers", "said"),
    [
        ([make.gpu_offer()], "their intervals rest on an assumed share of the peak, not validated"),
        ([make.gpu_offer(), make.offer()], "the intervals of 1 rest on an assumed share"),
        ([make.offer()], "not measured; the intervals hold 80 %"),
    ],
)
def test_only_validated_intervals_hold_80_percent(offers: list[Offer], said: str) -> None:
    """From a CPU to an accelerator nothing validated them."""
    found = answer([make.record(3)], offers)
    assert said in {caveat.code: caveat.message for caveat in found.caveats}["predicted"]


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


def test_a_quick_run_on_another_kind_is_behind_what_has_no_batch() -> None:
    """An A100 predicted from a quick CPU run claims no batch, and is indicative all the same."""
    found = answer([make.record(3, effort="quick")], [make.gpu_offer()])
    setting = only(found).configuration
    assert (setting.batch_size, setting.precision, setting.measured_precision) == (
        None,
        "bf16",
        "fp32",
    )
    assert found.indicative


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
