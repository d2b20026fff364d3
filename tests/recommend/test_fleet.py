"""The mixed fleet against brute force, and when it is offered."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchbench.recommend.fleet import Kinds, cheapest
from benchbench.recommend.goal import Quota
from tests import factories as make
from tests.recommend.ask import answer


def carries(count: tuple[int, ...], rate: np.ndarray, needed: np.ndarray) -> bool:
    """Whether so many of each kind carry two workloads.

    The first workload takes the kinds that are relatively best at it, in that order; what is left
    of the instances must carry the second. For two workloads no other division does better.
    """
    first, second = rate
    left, other = float(needed[0]), 0.0
    with np.errstate(divide="ignore"):
        advantage = np.where(second > 0, first / np.where(second > 0, second, 1), np.inf)
    for kind in np.argsort(-advantage):
        take = 0.0 if first[kind] == 0 else min(count[kind], left / first[kind])
        left -= take * first[kind]
        other += (count[kind] - take) * second[kind]
    return bool(left <= 1e-9 and other >= needed[1] - 1e-9)


def by_force(kinds: Kinds, needed: np.ndarray, spares: int) -> float | None:
    """The least cost over every count that can matter."""
    most = [range(int(needed.sum() / 1.0) + 2)] * len(kinds.price)
    best = None
    for count in itertools.product(*most):
        total = np.array([n + spares * (n > 0) for n in count], float)
        if (kinds.sizes @ total > kinds.quota + 1e-9).any() or not carries(
            count, kinds.rate, needed
        ):
            continue
        cost = float(total @ kinds.price)
        best = cost if best is None else min(best, cost)
    return best


@given(
    price=st.lists(st.integers(1, 9), min_size=3, max_size=3),
    first=st.lists(st.integers(0, 3), min_size=3, max_size=3),
    second=st.lists(st.integers(0, 3), min_size=3, max_size=3),
    needed=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    quota=st.integers(0, 4),
    spares=st.integers(0, 1),
)
@settings(max_examples=40, deadline=None)
def test_the_fleet_is_the_cheapest_that_brute_force_finds(
    price: list[int],
    first: list[int],
    second: list[int],
    needed: tuple[int, int],
    quota: int,
    spares: int,
) -> None:
    """Two workloads, three kinds, a quota on the first kind, at most six instances in all."""
    kinds = Kinds(
        np.array(price, float),
        np.array([first, second], float),
        np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]),
        np.array([quota, 6.0]),
    )
    wanted = np.array(needed, float)
    expected = by_force(kinds, wanted, spares)
    found = cheapest(kinds, wanted, spares)
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert found.optimal
    assert found.usd_per_hour == pytest.approx(expected)


def served(rate: float = 1000.0, **changes: Any) -> Any:
    """An A100 that serves images."""
    return make.gpu_record(rate, scenario="offline", **changes)


OFFERS = [
    make.gpu_offer(1, instance="small", price_usd_per_hour=4.0),
    make.gpu_offer(2, instance="double", price_usd_per_hour=9.0),
]


def test_a_quota_makes_room_for_a_second_kind() -> None:
    """Three small ones may be had and five are needed: two doubles beside one small one."""
    limits = {"rate_per_s": 4500.0, "headroom": 1.0}
    free = answer([served()], OFFERS, **limits)
    assert free.candidates[0].offer.instance == "small"
    assert free.fleet is None
    quota = Quota(instance="small", most=3)
    found = answer([served()], OFFERS, **limits, quotas=(quota,))
    assert [one.offer.instance for one in found.candidates] == ["double"]
    assert found.rejected[0].because == ("needs 5 instances; the quota (small) is 3 instances")
    assert found.fleet is not None
    members = {one.offer.instance: one.replicas for one in found.fleet.members}
    assert members == {"small": 3, "double": 1} or found.fleet.usd_per_hour <= 21
    assert found.fleet.one_kind_usd_per_hour == pytest.approx(27)
    assert found.fleet.usd_per_hour < 27


def test_a_mix_may_take_each_workload_where_it_is_cheap() -> None:
    """Images on an A100 and text on the CPU it was measured on, against one kind for both."""
    text = make.record(
        4.0,
        workload="text",
        scenario="offline",
        system=make.system(cloud=make.rented("aws", "c6a.xlarge")),
    )
    on_gpu = make.gpu_record(8.0, workload="text", scenario="offline")
    offers = [*OFFERS, make.offer(price_usd_per_hour=0.1)]
    mix = ({"workload": "resnet50-train", "weight": 999.0}, {"workload": "text", "weight": 1.0})
    found = answer([served(), text, on_gpu], offers, mix=mix, rate_per_s=1000.0, headroom=1.0)
    assert found.goal.workload == "resnet50-train + text"
    best = found.candidates[0]
    assert best.offer.instance == "small"
    assert best.throughput.value == pytest.approx(1 / (0.999 / 1000 + 0.001 / 8))
    assert sum(share.busy_fraction for share in best.shares) == pytest.approx(1)
    assert found.fleet is not None
    carried = {one.offer.instance: one.units_per_s for one in found.fleet.members}
    assert set(carried) == {"small", "c6a.xlarge"}
    assert carried["small"]["resnet50-train"] == pytest.approx(999)
    assert sum(each.get("text", 0) for each in carried.values()) == pytest.approx(1)
    assert found.fleet.usd_per_hour == pytest.approx(4.1)
    assert best.usd_per_hour == pytest.approx(8)


def test_no_fleet_trains_one_model() -> None:
    """Unlike machines do not share a training run, whatever the quota."""
    quota = Quota(instance="small", most=1)
    found = answer([make.gpu_record()], OFFERS, rate_per_s=9000.0, quotas=(quota,))
    assert found.fleet is None


def test_a_quota_counts_accelerators_of_a_family() -> None:
    """Four A100 in all: two doubles; a third would be six."""
    limits = {"rate_per_s": 4100.0, "headroom": 1.0}
    quota = Quota(accelerator="A100", of="accelerators", most=4)
    found = answer([served()], OFFERS, **limits, quotas=(quota,))
    assert not found.candidates
    assert {one.code for one in found.rejected} == {"quota"}
    assert found.relaxations[0].limit == "quotas"
    assert "A quota (A100) of 5 accelerators instead of 4 accelerators" in (found.binding or "")
