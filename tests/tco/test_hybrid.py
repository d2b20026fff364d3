"""How many servers belong to the base: the newsvendor's rule against trying them all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchbench.tco import breakeven, cloud, hybrid, owned
from benchbench.tco.case import Case
from benchbench.tco.demand import Demand
from tests.tco.cases_tco import case, demand


def steps(levels: list[float], months: int = 48) -> Demand:
    """Each level for the same share of the hours."""
    return Demand(np.array(levels), np.full(len(levels), 1 / len(levels)), months)


def brute_force(given_case: Case, most: int) -> list[float]:
    """The cost of every base there is."""
    return [hybrid.cost_of(given_case, hybrid.flows(given_case, k)) for k in range(most + 1)]


def base_of(given_case: Case) -> tuple[int, int]:
    """The base the rule finds, and the servers at the peak."""
    most = int(given_case.demand.machines_at_peak(given_case.server_capacity).max())
    costs = breakeven.hourly_costs(given_case, owned.full_fleet(given_case))
    ratio = costs.against_on_demand() if costs else None
    return hybrid.owned_base(given_case, 2.0 if ratio is None else ratio, most), most


@settings(max_examples=40, deadline=None)
@given(
    levels=st.lists(st.integers(0, 12), min_size=1, max_size=12),
    price=st.floats(0.05, 20),
    capacity=st.sampled_from([1.0, 2.0, 3.5]),
    staff=st.sampled_from([0.0, 0.5]),
)
def test_the_base_is_the_cheapest_of_all(
    levels: list[int], price: float, capacity: float, staff: float
) -> None:
    """Brute force over K finds nothing cheaper, with uneven sizes and a minimum of staff."""
    values = {
        "cloud.price_usd_per_hour": price,
        "owned.minimum_fte": staff,
        "owned.staff_wage_usd": 100_000.0,
    }
    wanted = case(values, demand=steps([float(one) for one in levels]), server_capacity=capacity)
    base, most = base_of(wanted)
    costs = brute_force(wanted, most)
    assert costs[base] == pytest.approx(min(costs), rel=1e-9, abs=1e-6)


def test_the_newsvendors_rule_alone_is_exact_where_all_is_linear() -> None:
    """Levels 1 to 20 in equal shares: K* is the last k with P(demand ≥ k) ≥ c_f/(p - v)."""
    wanted = case(demand=steps([float(level) for level in range(1, 21)]))
    costs = breakeven.hourly_costs(wanted, np.ones(48))
    assert costs is not None
    ratio = costs.against_on_demand()
    assert ratio is not None
    found = hybrid.critical_count(wanted.demand, 1.0, ratio, 20)
    assert found == sum((21 - k) / 20 >= ratio for k in range(1, 21))
    assert found == int(np.argmin(brute_force(wanted, 20)))


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.5, 0.9, 1.0, 1.5])
def test_the_critical_count_is_the_last_that_is_needed_enough(ratio: float) -> None:
    """Bisection agrees with a scan."""
    curve = steps([0.0, 2.0, 2.0, 5.0, 9.0])
    scan = sum(curve.share_needing(k, 1.0) >= ratio for k in range(1, 10))
    assert hybrid.critical_count(curve, 1.0, ratio, 9) == scan


def test_a_thousand_cores_one_day_a_year_own_only_the_base() -> None:
    """Of 100 servers of ten cores one is always busy, 99 are busy on one day."""
    wanted = case(
        demand=demand(1000.0, 1 / 365, low=10.0), server_capacity=10.0, cloud_capacity=10.0
    )
    base, most = base_of(wanted)
    assert (base, most) == (1, 100)


def test_commitments_cover_what_is_used_more_than_they_cost() -> None:
    """At 40 % off, instances used 60 % of the time: one always, one 70 %, one 10 %."""
    wanted = case(
        {"cloud.commitment_discount": 0.4},
        demand=Demand(np.array([3.0, 2.0, 1.0]), np.array([0.1, 0.6, 0.3]), 36),
        commitment_months=36,
    )
    assert hybrid.committed_base(wanted) == 2


@settings(max_examples=30, deadline=None)
@given(
    levels=st.lists(st.integers(0, 10), min_size=1, max_size=8),
    discount=st.floats(0.0, 0.9),
    decline=st.floats(-0.1, 0.25),
)
def test_the_committed_base_is_the_cheapest_of_all(
    levels: list[int], discount: float, decline: float
) -> None:
    """Brute force over the base, with prices that move."""
    wanted = case(
        {"cloud.commitment_discount": discount, "cloud.price_decline_per_year": decline},
        demand=steps([float(one) for one in levels]),
        commitment_months=36,
    )
    costs = [hybrid.cost_of(wanted, cloud.committed(wanted, k)) for k in range(max(levels) + 1)]
    assert costs[hybrid.committed_base(wanted)] == pytest.approx(min(costs), abs=1e-6)


def test_without_a_committed_price_nothing_is_committed() -> None:
    """No term, no base."""
    assert hybrid.committed_base(case()) == 0
