"""Both places to own in, the hybrid's neighbours, the screening curve, sweeps, rivals, waiting."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchbench.catalog import catalogue, defaults
from benchbench.errors import DataError
from benchbench.tco import breakeven, cloud, engine, hybrid, owned, plan, scenario, sweeps, waiting
from benchbench.tco.breakeven import HourlyCosts
from benchbench.tco.case import Case, total
from tests.tco.cases_tco import TODAY, answer, case, cost, demand, document, named, p5
from tests.tco.test_hybrid import steps

ROOM = {
    "owned.room_usd_per_kw": 10_000.0,
    "owned.room_life_years": 15.0,
    "owned.room_upkeep_fraction_per_year": 0.04,
}


def committing(values: dict[str, float] | None = None, **changes: Any) -> Case:
    """Levels 1 to 10 in equal shares; 45 % off for three years."""
    fields: dict[str, Any] = {
        "demand": steps([float(level) for level in range(1, 11)], 36),
        "commitment_months": 36,
    }
    return case({"cloud.commitment_discount": 0.45, **(values or {})}, **{**fields, **changes})


def test_a_room_of_ones_own_pays_its_building_and_its_upkeep() -> None:
    """A kilowatt at $10,000 over 15 years at 10 %, and 4 % a year: by the annuity."""
    built = replace(case(ROOM), builds_room=True, colocation=False)
    flows = owned.flows(built, np.ones(48))
    yearly = 10_000 * (0.1 / (1 - 1.1**-15) + 0.04)
    assert flows["room"][1] == pytest.approx(yearly / 12)
    assert "colocation" not in flows


def test_both_places_are_alternatives() -> None:
    """A colocation scenario shows the room, a scenario with a room the colocation."""
    for site in ("colocation", "own"):
        names = {one.name for one in answer(owned={"site": site}).alternatives}
        assert {"owned", "colocated"} <= names
    there = named(answer(owned={"site": "own"}), "owned")
    assert "room" not in there.months


def test_the_yearly_payment_has_the_same_present_value() -> None:
    """48 months: the annuity over four years discounts back to the present cost."""
    rent = named(answer(finance={"cost_of_capital": 0.1}), "on_demand")
    assert rent.annuity_usd_per_year is not None
    assert rent.npv_usd == pytest.approx(
        sum(rent.annuity_usd_per_year / 1.1**y for y in (1, 2, 3, 4))
    )


def test_the_hybrid_with_commitments_is_the_cheapest_of_all_pairs() -> None:
    """Brute force over servers and instances."""
    for price in (3.0, 6.0, 10.0):
        given = committing({"cloud.price_usd_per_hour": price})
        decided = plan.plan(given)
        costs = {
            (k, m): hybrid.cost_of(given, hybrid.flows(given, k, m))
            for k in range(11)
            for m in range(11 - k)
        }
        assert costs[decided.owned, decided.beside] == pytest.approx(min(costs.values()))


def test_the_hybrids_neighbours_cost_no_less() -> None:
    """One server fewer and one more."""
    found = answer(
        demand={"shape": "business_hours", "amount": 8, "base": 3, "busy_fraction": None},
        cloud={"commitment_discount": 0.2},
    )
    near = {one.servers: one.npv_usd for one in found.hybrid_neighbours}
    assert found.hybrid_base_servers is not None
    assert set(near) <= {found.hybrid_base_servers + step for step in (-1, 0, 1)}
    assert near[found.hybrid_base_servers] == min(near.values())


def test_the_screening_curve_is_the_lower_envelope() -> None:
    """Fixed plus variable of each kind of machine, compared at every thousandth."""
    costs = HourlyCosts(
        fixed=4.0,
        variable=0.5,
        on_demand=10.0,
        committed=5.5,
        spot=None,
        cloud_fixed=0.0,
        availability=0.99,
    )
    bands = breakeven.screening(costs, "colocated")
    assert bands[0].from_utilisation == 0
    assert bands[-1].to_utilisation == 1
    for used in np.linspace(0.0005, 0.9995, 1000):
        band = next(one for one in bands if one.from_utilisation <= used <= one.to_utilisation)
        best = min(10.0 * used, 5.5, costs.owning(used) * used)
        at = band.fixed_usd_per_hour + band.variable_usd_per_hour * used
        assert at == pytest.approx(best, abs=1e-9)


def test_the_merit_order_has_three_tiers_where_each_has_its_place() -> None:
    """Dear to own and cheap to run, then committed, then on demand for the peaks."""
    costs = HourlyCosts(5.0, 0.0, 12.0, 3.0, None, 0.0, 1.0, uncommitted=3.0)
    names = [band.name for band in breakeven.screening(costs, "owned")]
    assert names == ["on_demand", "committed", "owned"]


def test_break_even_of_draws_is_that_of_each_draw() -> None:
    """Vectorised against one by one, with a resale, a price that falls and power."""
    base = case({"cloud.price_decline_per_year": 0.1, "owned.residual_fraction_3y": 0.2})
    drawn = {
        "owned.capex_usd": np.array([[50_000.0], [100_000.0], [200_000.0]]),
        "cloud.price_usd_per_hour": np.array([[10.0], [0.01], [20.0]]),
        "owned.availability": np.array([[0.95], [0.99], [1.0]]),
        "finance.cost_of_capital": np.array([[0.0], [0.1], [0.2]]),
    }
    found = breakeven.utilisation_of_draws(base.with_values(drawn), np.ones(48))
    for row, share in enumerate(found):
        one = base.with_values({key: float(values[row, 0]) for key, values in drawn.items()})
        single = breakeven.hourly_costs(one, np.ones(48))
        assert single is not None
        exact = single.against_on_demand()
        assert np.isnan(share) if exact is None else share == pytest.approx(exact)


def test_the_sweep_passes_through_the_answer() -> None:
    """At once the demand, and at the scenario's horizon, the alternatives are the answer's."""
    found = answer(finance={"horizon_months": 36})
    points = (
        next(one for one in found.scale if one.at == 1),
        next(one for one in found.horizons if one.at == 36),
    )
    for point in points:
        assert point.cheapest == found.cheapest
        for name, paid in point.usd_per_useful_hour.items():
            alone = next(one for one in found.alternatives if one.name == name)
            assert paid == pytest.approx(alone.usd_per_useful_hour)


def test_a_larger_fleet_spreads_its_minimum_of_staff() -> None:
    """The owned cost per useful hour falls with scale while people are a minimum."""
    given = case({"owned.minimum_fte": 1.0, "owned.staff_wage_usd": 100_000.0}, demand=demand(10.0))
    points = sweeps.against_scale(replace(given, values={**given.values, **ROOM}), (0.1, 1.0, 4.0))
    paid = [point.usd_per_useful_hour["colocated"] or 0.0 for point in points]
    assert paid[0] > paid[1] > paid[2] > 0


def test_experiments_keep_their_month_of_change_in_every_horizon() -> None:
    """A curve by month is cut, or goes on with its last month."""
    bursty = {"shape": "bursty", "amount": 4, "busy_fraction": 0.2, "production_amount": 2}
    found = answer(demand={**bursty, "production_after_months": 12})
    assert [point.at for point in found.horizons] == list(sweeps.HORIZONS)


def test_nothing_gained_by_waiting_where_prices_stand_still() -> None:
    """Equal servers later cost the rent in between: owning wins now, so waiting costs."""
    given = case(
        {"cloud.price_usd_per_hour": 20.0, **ROOM},
        demand=demand(busy=1.0),
    )
    known = dict(defaults.load())
    fall = known["hardware.price_performance_fall_yr"].model_copy(update={"value": 0.0})
    found = waiting.value(given, plan.plan(given), {**known, fall.key: fall})
    assert found is not None
    assert found.price_per_work == 1.0
    assert found.value_usd < 0


def test_waiting_by_hand() -> None:
    """$10 an hour for 24 months, then a server at 52 % of its price for the other 24."""
    given = case({"finance.cost_of_capital": 0.0, "owned.power_kw": 0.0, **ROOM})
    given = replace(given, demand=demand(busy=1.0))
    found = waiting.value(given, plan.plan(given), defaults.load())
    assert found is not None
    assert found.cost_later_usd == pytest.approx(24 * 730 * 10 + 100_000 * 0.724**2)
    assert found.cost_now_usd == pytest.approx(100_000)


def test_waiting_beyond_the_horizon_is_no_choice() -> None:
    """Twenty-four months of sixteen."""
    given = case(ROOM, demand=demand(busy=1.0, months=16))
    assert waiting.value(given, plan.plan(given), defaults.load()) is None


def rivals(*names: str) -> Any:
    """The default question beside another cloud's H100."""
    other = p5(provider="lambda", region="us", instance="h100x8", price_usd_per_hour=24.0)
    half = p5(
        provider="nebius",
        region="eu",
        instance="h100x4",
        accelerator_count=4.0,
        price_usd_per_hour=9.0,
    )
    parsed = scenario.parse(
        document(
            cloud={"price_usd_per_hour": None, "compare": list(names)}, owned={"lead_months": 0}
        )
    )
    known = catalogue.from_offers([p5(), other, half])
    return engine.evaluate(parsed, catalog=known, today=TODAY, draws=0)


def test_another_cloud_has_its_own_break_even() -> None:
    """At $24 instead of $55.04 owning must be busier; at its u* both cost the same."""
    found = rivals("lambda/h100x8")
    other = found.rivals[0]
    assert other.offer.startswith("lambda/")
    assert other.break_even_utilisation > found.break_even.utilisation
    assert other.npv_usd < cost(found, "on_demand")


def test_a_smaller_instance_is_compared_at_equal_work() -> None:
    """Two instances of four at $9 are one server's work at $18, and no egress is charged."""
    found = rivals("nebius/h100x4").rivals[0]
    assert found.usd_per_hour == 9.0
    assert found.levelised_usd_per_hour == pytest.approx(
        found.npv_usd
        / rivals("lambda/h100x8").rivals[0].npv_usd
        * rivals("lambda/h100x8").rivals[0].levelised_usd_per_hour
    )


def test_an_unknown_rival_is_named() -> None:
    """With the next step."""
    with pytest.raises(DataError, match=r"cloud\.compare: no on-demand price for 'acme/x1'"):
        rivals("acme/x1")


def test_renting_before_delivery_is_what_waiting_costs() -> None:
    """The cheapest rent of the first months: a commitment of twelve where one fits."""
    given = committing(
        {"cloud.shorter_commitment_discount": 0.4, **ROOM},
        shorter_commitment_months=12,
        demand=demand(1.0, 1.0, months=48),
    )
    found = waiting.value(given, plan.plan(given), defaults.load())
    assert found is not None
    short = replace(given, demand=demand(1.0, 1.0, months=24))
    committed = hybrid.cost_of(short, cloud.committed(short, 1))
    assert committed < total(cloud.on_demand(short), 24).sum()
    later = replace(
        given,
        lead_months=24,
        values={**given.values, "owned.capex_usd": 100_000 * found.price_per_work},
    )
    flows = owned.flows(later, np.where(np.arange(48) >= 24, 1.0, 0.0))
    own = {name: flow for name, flow in flows.items() if name != "bridge"}
    assert found.cost_later_usd == pytest.approx(committed + hybrid.cost_of(later, own))


def test_how_sure_the_break_even_is_said() -> None:
    """P5 to P95 of the use from which owning wins, below and above the likely one."""
    found = answer(500)
    sure = found.uncertainty
    assert sure is not None
    assert sure.break_even_p5 is not None
    assert sure.break_even_p50 is not None
    assert found.break_even.utilisation is not None
    assert sure.break_even_p5 < found.break_even.utilisation
    assert sure.break_even_p5 < sure.break_even_p50
    assert "In nine draws of ten, owning begins to beat on-demand between" in " ".join(
        found.sentences
    )
