"""Several instances: on their own, or training one model; interruptions against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.catalog.interruption import longest_hours_between, lost_fraction
from benchbench.recommend.ranges import Range
from benchbench.recommend.team import Interruptions, Team, never

ONE = np.ones(1)


def training(
    step_s: float = 0.256, gradients: float | None = 100e6, network: float = 100e9
) -> Team:
    """One offer that trains: steps of 256 ms, 100 MB over 100 Gbit/s (8 ms one way)."""
    return Team.training(ONE * step_s, gradients, ONE * network, never(1))


def test_the_ring_moves_twice_the_gradients_less_a_share() -> None:
    """On 4 of them 2 x 3/4 x 8 ms beside 256 ms: 95.5 %; hidden behind the backward pass, all."""
    found = training().efficiency(4.0)
    assert found.value[0] == pytest.approx(256 / (256 + 12))
    assert found.high[0] == 1
    assert found.low[0] == pytest.approx(256 / 268 * 4**-0.1)


def test_a_slow_network_cannot_be_hidden() -> None:
    """At 1 Gbit/s the exchange takes 1.2 s: a third of the step and all of it in a row at best."""
    found = training(network=1e9).efficiency(4.0)
    assert found.high[0] == pytest.approx(0.256 / (0.256 / 3 + 1.2))


def test_one_instance_exchanges_nothing() -> None:
    """Even where neither the gradients nor the network is known."""
    unknown = Team.training(ONE, None, ONE * np.nan, never(1))
    assert unknown.efficiency(1.0).value[0] == 1
    assert np.isnan(unknown.efficiency(2.0).value[0])


@given(
    step=st.floats(0.01, 10),
    network=st.floats(1e8, 1e12),
    wanted=st.floats(0.1, 30),
    spot_hours=st.none() | st.floats(10, 1000),
)
def test_the_fewest_are_enough_and_one_fewer_is_not(
    step: float, network: float, wanted: float, spot_hours: float | None
) -> None:
    """Against counting up from one."""
    hours = Range.exactly(ONE * (np.inf if spot_hours is None else spot_hours))
    team = Team.training(ONE * step, 1e8, ONE * network, Interruptions(hours, 1 / 12, 1 / 6))
    rate = ONE * 10
    found = team.fewest(rate, 10 * wanted)[0]
    counted = next(
        (n for n in range(1, 400) if team.relied_on(rate, float(n))[0] >= 10 * wanted), None
    )
    if counted is not None:
        assert found == counted


def test_young_and_daly() -> None:
    """δ = 5 min, R = 10 min, M = 24 h: τ = 2 h exactly, 1/24 + (1 + 1/6)/24 lost."""
    assert lost_fraction(24.0, 1 / 12, 1 / 6) == pytest.approx(1 / 24 + (1 + 1 / 6) / 24)
    assert lost_fraction(24.0, 0.0, 1 / 6) == pytest.approx(1 / 144)


@given(hours=st.floats(1, 1e4), delta=st.floats(0.001, 0.2), factor=st.floats(0.5, 2))
def test_no_other_interval_between_checkpoints_loses_less(
    hours: float, delta: float, factor: float
) -> None:
    """τ = √(2δM) is the least of δ/τ + τ/2M."""
    interval = math.sqrt(2 * delta * hours) * factor
    other = delta / interval + interval / 2 / hours
    assert lost_fraction(hours, delta, 0.0) <= other * (1 + 1e-12)


def test_a_share_interrupted_in_a_month_bounds_the_time_between() -> None:
    """A fifth in 730 h: 730 / -ln 0.8 = 3,271 h."""
    assert longest_hours_between(0.2) == pytest.approx(3271.4, abs=0.1)


def test_each_of_n_stops_all_who_train_together() -> None:
    """Four together are interrupted four times as often; four on their own are not."""
    stops = Interruptions(Range.exactly(ONE * 96), 1 / 12, 1 / 6)
    together = Team.training(ONE, 1e8, ONE * 1e11, stops)
    alone = Team.independent(1, stops)
    assert together.lost(4.0).value[0] == pytest.approx(lost_fraction(24.0, 1 / 12, 1 / 6))
    assert alone.lost(4.0).value[0] == pytest.approx(lost_fraction(96.0, 1 / 12, 1 / 6))


def test_never_interrupted_loses_nothing() -> None:
    """Infinite hours between are no hours lost, not an unknown number."""
    assert Team.independent(2).lost(3.0).high.tolist() == [0, 0]
