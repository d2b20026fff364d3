"""What if: other utilisations, prices and horizons, each a whole answer of the engine."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.catalog import catalogue
from benchbench.tco import engine, owned, scenario, sweeps, whatif
from benchbench.tco.answer import TcoAnswer
from benchbench.tco.case import Case
from benchbench.tco.money import Array
from tests.tco.cases_tco import TODAY, case, demand, document, p5


def fleet(given: Case) -> Array:
    """What would be owned."""
    return owned.full_fleet(given)


@given(to=st.floats(0.01, 1.0), busy=st.floats(0.05, 0.95), high=st.floats(0.3, 9.7))
def test_any_utilisation_is_reached_with_the_same_peak(to: float, busy: float, high: float) -> None:
    """The fleet stays; the share of the time it works is the one asked for."""
    before = case(demand=demand(high, busy))
    after = whatif.busier(before, to)
    assert fleet(after) == pytest.approx(fleet(before))
    assert whatif.utilisation(after, fleet(after)) == pytest.approx(to)
    assert after.demand.weights.sum(axis=-1) == pytest.approx(1.0)


@pytest.mark.parametrize("to", [0.2, 0.9])
def test_growing_demand_reaches_it_too(to: float) -> None:
    """A fleet that grows year by year; what it could carry grows with it."""
    before = case(demand=demand(2.0, 0.5, growth_per_year=0.3), lead_months=3)
    after = whatif.busier(before, to)
    assert fleet(after) == pytest.approx(fleet(before))
    assert whatif.utilisation(after, fleet(after)) == pytest.approx(to)


def test_half_the_busy_hours_are_half_the_rent() -> None:
    """On demand one pays for hours with work: from 50 % to 25 % use the bill halves."""
    before = case()
    after = whatif.busier(before, 0.25)
    hours = [one.demand.machine_hours(1.0).sum() for one in (before, after)]
    assert hours[1] == pytest.approx(hours[0] / 2)


def test_the_own_utilisation_changes_nothing() -> None:
    """The same case, not one that is nearly the same."""
    before = case()
    assert whatif.busier(before, 0.5) is before


def test_every_rent_follows_the_price_and_nothing_else_does() -> None:
    """On demand, committed and spot; not the server."""
    rents = {"cloud.committed_usd_per_hour": 6.0, "cloud.spot_usd_per_hour": 3.0}
    found = whatif.dearer(case(rents), 1.5)
    assert [found[f"cloud.{kind}_usd_per_hour"] for kind in ("price", "committed", "spot")] == [
        15.0,
        9.0,
        4.5,
    ]
    assert found["owned.capex_usd"] == 100_000.0


def answered(**sections: Any) -> TcoAnswer:
    """The steady question, explored."""
    return engine.evaluate(
        scenario.parse(document(**sections)),
        catalog=catalogue.from_offers([p5()]),
        today=TODAY,
        draws=200,
        explored=True,
    )


@pytest.fixture(scope="module")
def explored() -> TcoAnswer:
    """Once for all."""
    return answered()


def test_the_scenario_s_own_point_is_its_answer(explored: TcoAnswer) -> None:
    """Every alternative's cost per useful hour, to the six digits kept."""
    grid = explored.what_if
    assert grid is not None
    here = grid.at(*grid.here)
    told = {one.name: one.usd_per_useful_hour for one in explored.alternatives if one.months}
    assert len(told) >= 3
    for name, usd in told.items():
        assert grid.usd_per_useful_hour[name][here] == pytest.approx(usd, rel=1e-5)
    assert grid.cheapest[here] == explored.cheapest
    assert grid.utilisations[grid.here[0]] == explored.utilisation


def test_rent_rises_with_its_price_and_owning_costs_less_the_more_it_works(
    explored: TcoAnswer,
) -> None:
    """Monotone along two of the axes."""
    grid = explored.what_if
    assert grid is not None
    shape = (len(grid.utilisations), len(grid.price_factors), len(grid.horizons))
    rent = np.array(grid.usd_per_useful_hour["on_demand"], float).reshape(shape)
    assert (np.diff(rent, axis=1) > 0).all()
    own = np.array(grid.usd_per_useful_hour["colocated"], float).reshape(shape)
    assert (np.diff(own, axis=0) < 0).all()


def test_a_point_is_a_scenario_of_its_own(explored: TcoAnswer) -> None:
    """25 % dearer and 36 months, answered anew: the same figures."""
    grid = explored.what_if
    assert grid is not None
    dear = document(cloud={"price_usd_per_hour": 55.04 * 1.25}, finance={"horizon_months": 36})
    again = engine.evaluate(
        scenario.parse(dear), catalog=catalogue.from_offers([p5()]), today=TODAY, draws=0
    )
    at = grid.at(grid.here[0], grid.price_factors.index(1.25), grid.horizons.index(36))
    rent = next(one for one in again.alternatives if one.name == "on_demand")
    found = grid.usd_per_useful_hour["on_demand"][at]
    assert found == pytest.approx(rent.usd_per_useful_hour, rel=1e-5)


def test_no_work_has_no_grid() -> None:
    """Nothing to be more or less of."""
    nothing = case(demand=demand(0.0, 0.0))
    assert whatif.grid(nothing) is None


def test_an_answer_is_explored_only_when_asked() -> None:
    """A terminal does not wait for what only a page shows."""
    plain = engine.evaluate(
        scenario.parse(document()), catalog=catalogue.from_offers([p5()]), today=TODAY, draws=0
    )
    assert plain.what_if is None
    assert not any(one.paid_usd_p5 for one in plain.alternatives)


def test_bands_hold_the_payments_of_the_likely_values(explored: TcoAnswer) -> None:
    """In every month, ordered, one value per month from the start."""
    for one in explored.alternatives:
        if not one.months:
            continue
        paid = np.cumsum(np.sum([list(flow) for flow in one.months.values()], axis=0))
        low, high = np.array(one.paid_usd_p5), np.array(one.paid_usd_p95)
        assert low.shape == high.shape == paid.shape
        assert (low <= high).all()
        assert low[-1] < high[-1]


def test_horizons_cut_a_shape_that_changes() -> None:
    """Months beyond its last keep it."""
    levels = np.arange(48.0)[:, None] + 1.0
    shaped = replace(demand(), levels=levels, weights=np.array([1.0]))
    assert sweeps.until(case(demand=shaped), 60).demand.levels[-1] == 48.0
