"""The arithmetic of replicas, dollars and seconds, on arrays."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.recommend import Goal
from benchbench.recommend.price import Priced, priced
from benchbench.recommend.ranges import Range

RATES = st.floats(1e-3, 1e6)
PRICES = st.floats(1e-3, 1e3)
FACTORS = st.floats(1.01, 100)


def terms(low: float, value: float, high: float, price: float, **goal: Any) -> Priced:
    """What the goal takes of one offer."""
    ends = (np.array([end], float) for end in (low, value, high))
    return priced(Range(*ends), np.array([price]), Goal(workload="any", **goal))


@given(price=PRICES, rate=RATES, factor=FACTORS)
def test_dearer_costs_more_and_faster_costs_less(price: float, rate: float, factor: float) -> None:
    """Dollars per unit are price / (3600 x throughput): up with the one, down with the other."""

    def cost(price: float, rate: float) -> float:
        return float(terms(rate, rate, rate, price).usd_per_unit.value[0])

    assert cost(price, rate) == pytest.approx(price / (3600 * rate))
    assert cost(price * factor, rate) > cost(price, rate) > cost(price, rate * factor)


@given(low=RATES, up=FACTORS, demand=RATES, headroom=st.floats(0.1, 1), spare=st.integers(0, 3))
def test_the_fleet_carries_the_demand_at_the_low_end(
    low: float, up: float, demand: float, headroom: float, spare: int
) -> None:
    """Enough replicas without the spares, and one fewer would not do."""
    found = terms(
        low,
        low * up,
        low * up * up,
        1.0,
        rate_per_s=demand,
        headroom=headroom,
        spare_replicas=spare,
    )
    working = found.replicas[0] - spare
    assert working * low * headroom >= demand * (1 - 1e-6)
    assert working == 1 or (working - 1) * low * headroom < demand * (1 + 1e-6)


@given(low=RATES, up=FACTORS, units=st.floats(1, 1e12), deadline=st.floats(1, 1e7))
def test_the_deadline_holds_at_the_low_end(
    low: float, up: float, units: float, deadline: float
) -> None:
    """The slow end of the time is within the deadline; the bill does not depend on replicas."""
    found = terms(low, low * up, low * up * up, 3.6, units=units, deadline_s=deadline)
    assert found.time_s is not None
    assert found.cost_usd is not None
    assert found.time_s.high[0] <= deadline * (1 + 1e-6)
    assert found.cost_usd.value[0] == pytest.approx(units / (low * up) / 1000)


def test_an_interval_turns_round() -> None:
    """8 to 12 units a second at $3.60 an hour: 1/12,000 to 1/8,000 dollars each."""
    cost = terms(8, 10, 12, 3.6).usd_per_unit
    assert cost.low[0] == pytest.approx(1 / 12000)
    assert cost.value[0] == pytest.approx(1 / 10000)
    assert cost.high[0] == pytest.approx(1 / 8000)


def test_with_a_rate_the_interval_is_of_the_fleet() -> None:
    """12 to 20/s for 60/s at full headroom: five bought, three would do at the fast end."""
    found = terms(12, 15, 20, 3.6, rate_per_s=60.0, headroom=1.0)
    assert found.replicas[0] == 5
    assert found.usd_per_unit.value[0] == pytest.approx(5 * 3.6 / 3600 / 60)
    assert found.usd_per_unit.low[0] == pytest.approx(3 * 3.6 / 3600 / 60)


@pytest.mark.parametrize("low", [0.0, np.nan])
def test_no_low_end_gives_no_interval(low: float) -> None:
    """An interval down to 0, or none, leaves the value alone."""
    cost = terms(low, 10, 12 if low == 0 else np.nan, 3.6).usd_per_unit
    assert cost.value[0] == pytest.approx(1 / 10000)
    assert np.isnan(cost.low[0])
    assert np.isnan(cost.high[0])


def test_a_throughput_that_may_be_nothing_promises_no_rate() -> None:
    """No number of replicas is enough; unknown, not infinite."""
    assert np.isnan(terms(0, 10, 20, 1.0, rate_per_s=1.0).replicas[0])


def test_rounding_buys_no_extra_replica() -> None:
    """0.3 / 0.1 is three, whatever the last bit says."""
    assert terms(0.1, 0.1, 0.1, 1.0, rate_per_s=0.3, headroom=1.0).replicas[0] == 3
