"""What a goal may also name: latency, data, spot, memory, quotas; each by hand."""

import math
from typing import Any

import pytest

from benchbench.catalog.interruption import lost_fraction
from benchbench.recommend.columns import Offers
from benchbench.record import Record, Work
from tests import factories as make
from tests.recommend.ask import FLOPS, answer, only, out


def queried(seconds: float, queries: int = 700, rate: float = 1000.0, **changes: Any) -> Record:
    """An A100 that answered queries of equal latency."""
    seen = make.measurement(rate, units_per_step=256.0, latency_s=(seconds,) * queries)
    return make.gpu_record(rate, scenario="server", measurement=seen, **changes)


def test_a_measured_latency_within_the_bound_is_shown() -> None:
    """40 ms at p99 against 50."""
    one = only(answer([queried(0.04)], [make.gpu_offer()], latency_s=0.05))
    assert one.latency_s == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (queried(0.06), "p99 of 60.0 ms was measured (batch 256); the bound is 50.0 ms"),
        (queried(0.04, queries=600), "p99 is known from 662 queries on; 600 were measured"),
        (make.gpu_record(scenario="offline"), "no latency was measured (offline)"),
    ],
)
def test_a_latency_beyond_the_bound_or_unknown_is_out(record: Record, said: str) -> None:
    """Too slow, too few queries, or none at all."""
    rejected = out(answer([record], [make.gpu_offer()], latency_s=0.05))
    assert rejected.code == "latency"
    assert said in rejected.because


def test_the_fastest_setting_that_keeps_the_bound_is_taken() -> None:
    """Batch 256 delivers more and is too slow; batch 8 keeps it."""
    small = queried(0.02, rate=500.0, batch_size=8)
    one = only(answer([queried(0.06), small], [make.gpu_offer()], latency_s=0.05))
    assert one.configuration.batch_size == 8
    assert one.throughput.value == pytest.approx(500)


def test_a_predicted_latency_is_judged_at_its_cautious_end() -> None:
    """An H100 at least 3.0 / 1.35-fold or so faster: 40 ms there fit where 60 ms do not here."""
    offer = make.gpu_offer(accelerator="H100-SXM5-80GB", instance="h100")
    found = only(answer([queried(0.06)], [offer], latency_s=0.06))
    assert found.throughput.low is not None
    assert found.latency_s == pytest.approx(0.06 * 1000 / found.throughput.low)


def test_the_least_latency_that_would_do_is_named() -> None:
    """60 ms instead of 50: a fifth more."""
    found = answer([queried(0.06)], [make.gpu_offer()], latency_s=0.05)
    assert found.binding == (
        "A latency of 60.0 ms instead of 50.0 ms (+20 %) would admit a100x1 "
        "(aws us-east-1, on demand)."
    )


def test_data_is_billed_with_the_job() -> None:
    """10,240 GiB out of AWS are billed at 9 cents; 1,024 GiB kept 730 h at 2.3."""
    gib = float(make.GIB)
    one = only(
        answer(
            [make.gpu_record(1000)],
            [make.gpu_offer()],
            units=730 * 3.6e6,
            egress_bytes=10_240 * gib,
            stored_bytes=1024 * gib,
        )
    )
    billed = 10_240 * 0.09 + 1024 * 0.023
    assert one.beside_usd == pytest.approx(billed)
    assert one.cost_usd is not None
    assert one.cost_usd.value == pytest.approx(730 * 4 + billed)


def test_data_at_a_rate_is_billed_by_the_month() -> None:
    """The same month of egress beside one instance, spread over its units."""
    one = only(
        answer(
            [make.gpu_record(1000, scenario="offline")],
            [make.gpu_offer()],
            rate_per_s=700.0,
            egress_bytes=10_240.0 * make.GIB,
        )
    )
    month = 730 * 4 + 10_240 * 0.09
    assert one.usd_per_unit.value == pytest.approx(month / (730 * 3600 * 700))


def test_where_the_price_of_data_is_unknown_nothing_is_promised() -> None:
    """A missing price is not a low one."""
    offers = [make.gpu_offer(), make.gpu_offer(provider="nobody", price_usd_per_hour=0.1)]
    found = answer([make.gpu_record()], offers, units=1e6, egress_bytes="1TB")
    assert only(found).offer.provider == "aws"
    assert [one.code for one in found.rejected] == ["no_data_price"]


SPOT = make.gpu_offer(
    price_kind="spot",
    price_usd_per_hour=1.0,
    interruption_low_fraction_per_month=0.05,
    interruption_high_fraction_per_month=0.10,
)


def test_spot_is_a_range_not_a_point() -> None:
    """From 0.8 h between interruptions (traces) to 730 / -ln 0.95 = 14,232 h (the table)."""
    found = answer(
        [make.gpu_record(1000)],
        [SPOT, make.gpu_offer()],
        price_kinds=("spot", "on_demand"),
        units=3.6e6,
        checkpoint_s=300.0,
        restart_s=600.0,
    )
    best = found.candidates[0]
    assert best.spot is not None
    hours, paid = best.spot.hours_between_interruptions, best.spot.usd_per_useful_hour
    most = 730 / -math.log(0.95)
    assert hours.low == pytest.approx(0.8)
    assert hours.high == pytest.approx(most)
    assert hours.value == pytest.approx(math.sqrt(3 * most))
    assert paid.basis == "assumed"
    assert paid.low == pytest.approx(1 + lost_fraction(most, 1 / 12, 1 / 6))
    assert paid.high == pytest.approx(1 + lost_fraction(0.8, 1 / 12, 1 / 6))
    assert best.spot.on_demand_usd_per_hour == pytest.approx(4)
    assert best.cost_usd is not None
    assert best.cost_usd.value == pytest.approx(1 + lost_fraction(hours.value, 1 / 12, 1 / 6))


def test_spot_that_costs_more_than_on_demand_is_a_dont() -> None:
    """A discount of 1 % does not pay for the work lost."""
    dear = SPOT.model_copy(update={"price_usd_per_hour": 3.96})
    found = answer(
        [make.gpu_record()],
        [dear, make.gpu_offer()],
        price_kinds=("spot", "on_demand"),
        units=1e9,
        checkpoint_s=300.0,
        restart_s=600.0,
    )
    assert only(found).offer.price_kind == "on_demand"
    assert found.rejected[0].code == "spot_dearer"
    assert "on demand it is $4.00" in found.rejected[0].because


@pytest.mark.parametrize(
    ("high", "most", "code"),
    [(0.10, 0.1, None), (0.10, 0.05, "interruption"), (None, 0.5, "interruption")],
)
def test_a_limit_on_interruptions_needs_them_known(
    high: float | None, most: float, code: str | None
) -> None:
    """Up to 10 % a month; unknown cannot be shown to keep any limit."""
    offer = SPOT.model_copy(update={"interruption_high_fraction_per_month": high})
    found = answer(
        [make.gpu_record()],
        [offer],
        price_kinds=("spot",),
        max_interruption_fraction_per_month=most,
    )
    assert [one.code for one in found.rejected] == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"min_memory_bytes": "256GiB"}, "has 128 GiB of memory; at least 256 GiB is wanted"),
        (
            {"min_accelerator_memory_bytes": "141GB"},
            "has 80.0 GiB of memory per accelerator; at least 131 GiB is wanted",
        ),
    ],
)
def test_memory_may_be_asked_for(limits: dict[str, Any], said: str) -> None:
    """Beyond what was measured to be needed."""
    assert out(answer([make.gpu_record()], [make.gpu_offer()], **limits)).because == said


def test_what_is_used_of_the_memory_is_shown() -> None:
    """20 of 80 GiB on the accelerator."""
    one = only(answer([make.gpu_record()], [make.gpu_offer()]))
    room = next(room for room in one.rooms if room.where == "accelerator")
    assert room.used_fraction == pytest.approx(0.25)


def test_a_record_with_warnings_is_marked() -> None:
    """On the candidate itself, whether measured or predicted from it."""
    doubtful = make.gpu_record(caveats=(make.caveat(),))
    found = answer([doubtful], [make.gpu_offer(), make.gpu_offer(2)])
    assert {one.configuration.validity for one in found.candidates} == {"valid_with_warnings"}


def test_a_training_run_pays_for_its_checkpoints() -> None:
    """One A100 fails every 8,760 / 0.09 h (Llama 3's share a year)."""
    one = only(
        answer(
            [make.gpu_record(1000)],
            [make.gpu_offer()],
            units=3.6e6,
            checkpoint_s=300.0,
            restart_s=600.0,
        )
    )
    lost = lost_fraction(8760 / 0.09, 1 / 12, 1 / 6)
    assert one.lost_fraction == pytest.approx(lost)
    assert one.cost_usd is not None
    assert one.cost_usd.value == pytest.approx(4 * (1 + lost))


@pytest.mark.fault("catalogue")
def test_another_unit_of_time_or_money_changes_no_answer() -> None:
    """Cents and a thousandth of an image: the same order, ties, front and replicas."""
    offers = [make.gpu_offer(n, price_usd_per_hour=p) for n, p in ((1, 4.0), (2, 7.0), (8, 40.0))]
    rates = (900.0, 1000.0, 1100.0)
    one = answer(
        [make.gpu_record(r, repeat=i, scenario="offline") for i, r in enumerate(rates)],
        offers,
        units=1e9,
        deadline_s=1e5,
    )
    small = Work(unit="image", flops_per_unit=FLOPS / 1000, bytes_per_unit=0.3e6)
    dear = [
        o.model_copy(update={"price_usd_per_hour": (o.price_usd_per_hour or 0) * 100})
        for o in offers
    ]
    records = [
        make.gpu_record(
            1000 * r,
            repeat=i,
            scenario="offline",
            work=small,
            measurement=make.measurement(
                1000 * r, units_per_step=256_000.0, peak_device_memory_bytes=20 * make.GIB
            ),
        )
        for i, r in enumerate(rates)
    ]
    two = answer(records, dear, units=1e12, deadline_s=1e5)

    def told(found: Any) -> list[tuple[Any, ...]]:
        return [
            (c.offer.instance, c.replicas, c.tied_with_best, c.pareto) for c in found.candidates
        ]

    assert told(one) == told(two)
    for a, b in zip(one.candidates, two.candidates, strict=True):
        assert b.cost_usd is not None
        assert a.cost_usd is not None
        assert b.cost_usd.value == pytest.approx(100 * a.cost_usd.value)


def test_hostile_names_are_only_names() -> None:
    """Markup, terminal escapes, formulas and separators come back as they are."""
    names = ["<script>", "\x1b[31mred", "=1+1", "a/b/../c", "a\u202eb", ""]
    offers = [make.gpu_offer(instance=name or " ", provider=name or " ") for name in names]
    found = answer([make.gpu_record()], offers, most=99)
    assert {one.offer.instance for one in found.candidates} == {name or " " for name in names}


def test_texts_are_the_same_by_category_or_not() -> None:
    """A catalogue that holds its texts as categories is the same catalogue."""
    from benchbench.catalog import catalogue

    plain = catalogue.from_offers([make.gpu_offer(), make.offer(zone=None)])
    frame = plain.frame.copy()
    for name in ("provider", "region", "instance", "accelerator", "zone"):
        frame[name] = frame[name].astype("category")
    one, two = Offers(plain), Offers(catalogue.Catalog(frame))
    for name in ("provider", "region", "instance", "accelerator", "zone"):
        assert [one.text(name).at(row) for row in (0, 1)] == [
            two.text(name).at(row) for row in (0, 1)
        ]


def test_a_cost_unknown_because_of_the_deadline_breaks_no_budget() -> None:
    """Ten hours on one, several cannot be judged: the deadline is said, the budget is not."""
    limits = {"units": 36e6, "deadline_s": 3600.0, "budget_usd": 1e6, "max_replicas": 4}
    rejected = out(answer([make.gpu_record(1000)], [make.gpu_offer()], **limits))
    assert rejected.because == "needs 10.0 h; the deadline with 4 instances is 1.00 h"
