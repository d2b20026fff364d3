"""The whole answer: reconciled to the cent, unmoved by what should not move it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy_financial as npf
import pytest
from hypothesis import example as such_as
from hypothesis import given, settings
from hypothesis import strategies as st

from benchbench.catalog import catalogue, quotes
from benchbench.catalog.defaults import Default, load
from benchbench.tco import cloud, engine, hybrid, owned, plan, prepare, scenario
from benchbench.tco.answer import TcoAnswer
from tests.tco.cases_tco import TODAY, answer, cost, document, named, p5

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "reports" / "examples" / "scenarios"
MARKET = [
    p5(),
    p5(provider="lambda", region="us", instance="gpu_8x_h100_sxm5", price_usd_per_hour=31.92),
    p5(
        provider="nebius",
        region="eu-north1",
        instance="gpu-h100-sxm_8gpu-128vcpu-1600gb",
        price_usd_per_hour=23.6,
    ),
]
FREE = {"staff_usd_per_year": 0}


def example(name: str, draws: int = 0) -> TcoAnswer:
    """One of our own scenarios, answered with a catalogue of one instance."""
    return engine.evaluate(
        scenario.load(EXAMPLES / f"{name}.toml"),
        catalog=catalogue.from_offers([p5(), p5(price_kind="spot", price_usd_per_hour=20.0)]),
        today=TODAY,
        draws=draws,
    )


def quickstart(draws: int = 0) -> TcoAnswer:
    """The bundled default scenario."""
    return engine.evaluate(
        scenario.load(), catalog=catalogue.from_offers(MARKET), today=TODAY, draws=draws
    )


def rate(found: TcoAnswer) -> float:
    """The cost of capital the answer used."""
    return next(row.value for row in found.assumptions if row.key == "finance.cost_of_capital")


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"cloud": {"commitment_discount": 0.4, "support_fraction": 0.1}},
        {"demand": {"shape": "growth", "growth_per_year": 0.7, "amount": 3}},
        {"owned": {"site": "own", "dual_running_months": 3, "migration_usd": 12_345.67}},
        {"demand": {"shape": "business_hours", "amount": 7.5, "base": 2}},
        {"owned": {"life_years": 1.5}, "cloud": {"spot_allowed": True, "spot_usd_per_hour": 20.0}},
    ],
)
def test_the_parts_add_up_to_the_total_every_month(sections: dict[str, Any]) -> None:
    """To the cent: components to months, months to the total and to the present value."""
    found = answer(**sections)
    for one in found.alternatives:
        if one.infeasible_because is not None:
            assert (one.total_usd, one.npv_usd, one.months) == (None, None, {})
            continue
        months = [sum(month) for month in zip(*one.months.values(), strict=True)]
        assert len(months) == found.horizon_months + 1
        assert sum(months) == pytest.approx(one.total_usd, abs=0.005)
        expected = npf.npv((1 + rate(found)) ** (1 / 12) - 1, months)
        assert one.npv_usd == pytest.approx(expected, abs=0.005)


def test_the_cheapest_is_the_least_present_cost() -> None:
    """Among those that work."""
    found = answer()
    costs = {one.name: one.npv_usd for one in found.alternatives if one.npv_usd is not None}
    assert found.cheapest == min(costs, key=lambda name: costs[name])


def priced(factor: float) -> TcoAnswer:
    """The answer with every amount of money times a factor."""
    money = {
        "capex_usd": 300_000.0,
        "electricity_usd_per_kwh": 0.08,
        "colocation_usd_per_kw_month": 195.0,
        "room_usd_per_kw": 12_000.0,
        "staff_wage_usd": 96_800.0,
        "software_usd_per_accelerator_year": 100.0,
    }
    return answer(
        cloud={"price_usd_per_hour": 55.04 * factor, "committed_usd_per_hour": 24.0 * factor},
        owned={name: value * factor for name, value in money.items()},
        demand={"amount": 6, "base": 2},
    )


def test_doubling_every_price_changes_no_decision() -> None:
    """All costs double; the choice, the base, and the break-evens stay."""
    once, twice = priced(1.0), priced(2.0)
    assert once.cheapest == twice.cheapest
    assert once.hybrid_base_servers == twice.hybrid_base_servers
    assert once.break_even.utilisation == pytest.approx(twice.break_even.utilisation)
    assert once.break_even.month_cash == twice.break_even.month_cash
    for one, two in zip(once.alternatives, twice.alternatives, strict=True):
        if one.npv_usd is not None:
            assert two.npv_usd == pytest.approx(2 * one.npv_usd)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 0.95), st.floats(0.001, 0.05))
def test_more_use_never_raises_the_owned_cost_per_hour(busy: float, more: float) -> None:
    """The same servers, spread over more useful hours."""
    used = [
        named(answer(demand={"busy_fraction": share}), "colocated").usd_per_useful_hour
        for share in (busy, busy + more)
    ]
    assert used[0] is not None
    assert used[1] is not None
    assert used[1] <= used[0] + 1e-9


def test_more_expensive_power_never_makes_owning_cheaper() -> None:
    """Monotone in a price."""
    costs = [
        cost(answer(owned={"electricity_usd_per_kwh": price}), "colocated")
        for price in (0.0, 0.08, 0.2, 0.5)
    ]
    assert costs == sorted(costs)


def test_the_answer_breaks_even_where_it_says() -> None:
    """At the break-even utilisation both plans cost the same (no lead time, no commitment)."""
    share = answer(owned={"lead_months": 0}).break_even.utilisation
    assert share is not None
    found = answer(owned={"lead_months": 0}, demand={"busy_fraction": share})
    assert cost(found, "colocated") == pytest.approx(cost(found, "on_demand"), rel=1e-9)


def test_the_curve_passes_through_the_alternatives() -> None:
    """Cost per useful hour at this utilisation is what the cash flow says."""
    found = answer(owned={"lead_months": 0}, demand={"busy_fraction": 0.6})
    point = next(point for point in found.curve if point.utilisation == 0.6)
    for name in ("on_demand", "colocated"):
        assert point.usd_per_useful_hour[name] == pytest.approx(
            named(found, "on_demand" if name == "on_demand" else "colocated").usd_per_useful_hour
        )


def test_rent_below_the_cost_of_running_says_never() -> None:
    """P ≤ v."""
    found = answer(cloud={"price_usd_per_hour": 0.2})
    assert found.break_even.utilisation is None
    assert "never wins" in found.break_even.sentence


def test_a_break_even_above_one_is_said_plainly() -> None:
    """A server would have to work more hours than there are."""
    found = answer(cloud={"price_usd_per_hour": 15.0})
    assert found.break_even.utilisation is not None
    assert found.break_even.utilisation > 1
    assert "cannot win" in found.break_even.sentence


def test_no_work_costs_nothing_and_says_so() -> None:
    """Zero demand: no server, no bill, no break-even."""
    found = answer(demand={"amount": 0}, draws=10)
    assert found.cheapest == "on_demand"
    assert cost(found, "on_demand") == 0
    assert named(found, "on_demand").usd_per_useful_hour is None
    assert found.utilisation == 0
    assert found.uncertainty is None
    assert "no work" in found.sentences[0]


def test_one_hour_a_month_is_rented() -> None:
    """A single machine-hour a month costs its price."""
    found = answer(
        demand={"amount": None, "machine_hours_per_month": 1.0},
        cloud={"price_decline_per_year": 0.0},
        finance={"horizon_months": 1},
    )
    assert found.cheapest == "on_demand"
    assert named(found, "on_demand").total_usd == pytest.approx(55.04)


def test_thirty_years_replace_the_servers_again_and_again() -> None:
    """Five years of life: bought at 2, 62, … months; every figure stays finite."""
    found = answer(finance={"horizon_months": 360}, owned={"life_years": 5, **FREE})
    bought = np.flatnonzero(named(found, "colocated").months["servers"])
    assert bought.tolist() == [2, 62, 122, 182, 242, 302]
    assert json.loads(found.model_dump_json())["horizon_months"] == 360


def test_servers_that_come_too_late_are_no_alternative() -> None:
    """A lead time beyond the horizon, with the reason."""
    found = answer(owned={"lead_months": 12}, finance={"horizon_months": 6}, draws=10)
    late = named(found, "colocated")
    assert late.infeasible_because == "the servers would arrive after the horizon"
    assert found.cheapest == "on_demand"
    assert found.break_even.utilisation is None


def test_a_measured_price_beats_a_default() -> None:
    """What the scenario says is in the assumptions, without a range."""
    found = answer(owned={"power_kw": 6.5, "pue": [1.1, 1.2, 1.3]})
    rows = {row.key: row for row in found.assumptions}
    assert (rows["owned.power_kw"].value, rows["owned.power_kw"].low) == (6.5, None)
    assert (rows["owned.pue"].low, rows["owned.pue"].high) == (1.1, 1.3)
    assert rows["owned.pue"].source == "stated in the scenario"


def test_every_assumption_has_a_source_and_every_key_is_its_scenario_field() -> None:
    """So that a reader can check it, and set it."""
    for row in quickstart().assumptions:
        assert row.source
        section, field = row.key.split(".")
        assert field in type(getattr(scenario.Scenario(), section)).model_fields


def test_the_quickstart_line_by_line() -> None:
    """$300,000 and what comes with it over four years, from the cited defaults by hand."""
    months = named(quickstart(), "colocated").months
    assert months["servers"][2] == 300_000
    assert months["spares"][2] == pytest.approx(0.05 * 300_000)
    assert months["network"][2] == pytest.approx(300_000 * 0.025 / 0.975)
    assert months["resale"][48] == pytest.approx(-300_000 * 0.28 ** (46 / 36))
    assert months["staff"][3] == pytest.approx(0.5 * 96_800 * 1.4 / 12)
    assert months["maintenance"][3] == pytest.approx(300_000 * 0.05 / 12)
    assert months["colocation"][3] == pytest.approx(10.2 * 194.95 * 1.75)
    working = 0.6 * 0.99
    kilowatts = 10.2 * (0.3 + (0.75 - 0.3) * working)
    assert months["power"][3] == pytest.approx(730 * kilowatts * 1.54 * 0.0826)


def test_the_quickstart_breaks_even_at_a_defensible_use() -> None:
    """(c_f)/(a (p - v)) from the answer's own lines, and below one."""
    found = quickstart()
    hourly = found.break_even.hourly
    assert hourly is not None
    by_hand = hourly.owned_fixed / (
        hourly.availability * (hourly.on_demand - hourly.owned_variable)
    )
    assert found.break_even.utilisation == pytest.approx(by_hand)
    assert 0.3 < by_hand < 1
    assert set(found.break_even.utilisation_against) == {"committed"}


def test_the_quickstart_names_the_use_from_which_each_cloud_is_beaten() -> None:
    """On demand below 100 %; the cheaper the other cloud, the busier; three years reserved never.

    By hand: c_f / (a · (p - v)) with each p falling 12 % a year as the levelised price does.
    """
    found = quickstart()
    hourly = found.break_even.hourly
    assert hourly is not None
    cheaper = {one.offer.split("/")[0]: one for one in found.rivals}
    for provider, price in (("lambda", 31.92), ("nebius", 23.6)):
        levelised = hourly.on_demand * price / 55.04
        by_hand = hourly.owned_fixed / (hourly.availability * (levelised - hourly.owned_variable))
        assert cheaper[provider].break_even_utilisation == pytest.approx(by_hand)
    assert found.break_even.utilisation == pytest.approx(0.58, abs=0.02)
    assert cheaper["lambda"].break_even_utilisation == pytest.approx(1.01, abs=0.03)
    assert cheaper["nebius"].break_even_utilisation == pytest.approx(1.38, abs=0.05)
    assert hourly.committed is not None
    assert hourly.committed < hourly.owned_fixed


def test_the_quickstart_is_the_same_every_time() -> None:
    """Ten thousand draws, byte for byte."""
    first, second = (quickstart(draws=10_000).model_dump_json() for _ in range(2))
    assert first == second


def test_uncertainty_agrees_with_the_answer_where_nothing_is_uncertain() -> None:
    """Narrow ranges: the median saving is the difference of the present costs."""
    defaults = {
        key: row.model_copy(update={"low": row.value, "high": row.value})
        for key, row in load().items()
    }
    near = {"capex_usd": [299_999.0, 300_000.0, 300_001.0], "availability": 0.99}
    fixed = {"idle_fraction": 0.3, "installation_fraction": 0.02, "network_fraction": 0.0}
    parsed = scenario.parse(document(owned={**near, **fixed, "colocation_small_factor": 1.75}))
    found = engine.evaluate(parsed, defaults=defaults, today=TODAY, draws=500)
    assert found.uncertainty is not None
    saved = cost(found, "on_demand") - cost(found, "colocated")
    assert found.uncertainty.saving_usd_p50 == pytest.approx(saved, abs=5)
    assert found.uncertainty.probability_own_cheaper in {0.0, 1.0}


def test_the_elastic_case_is_for_the_cloud() -> None:
    """1,000 cores one day a year: renting costs a small part of owning the peak."""
    found = example("elastic-1000-cores")
    assert found.cheapest == "on_demand"
    assert cost(found, "colocated") > 10 * cost(found, "on_demand")
    assert found.utilisation < 0.02
    assert found.hybrid_base_servers == 0


def test_the_published_exit_pays_back_within_a_year() -> None:
    """$3.2 million a year to $1.3 million on $700,000 of servers: cash within twelve months."""
    found = example("cpu-fleet-exit")
    rent, own = named(found, "on_demand"), named(found, "owned")
    assert sum(rent.months["on_demand"][1:13]) == pytest.approx(3.2e6, rel=1e-4)
    assert sum(own.months["servers"]) == pytest.approx(700_000)
    last_year = sum(sum(flow[-12:]) for name, flow in own.months.items() if name != "resale")
    assert 1.3e6 < last_year < 1.5e6
    assert found.cheapest == "owned"
    assert found.break_even.month_cash is not None
    assert found.break_even.month_cash <= 12


def test_the_storage_exit_reaches_the_published_order() -> None:
    """$74.6 million in two years of running apart from the cloud, within a factor of two.

    As an income statement sees it: payments of 24 months once both no longer run, the purchase
    written off over four years instead of paid at once.
    """
    found = example("storage-exit")
    rent, own = named(found, "on_demand"), named(found, "colocated")
    capital = {"servers", "network", "spares", "installation", "resale", "migration"}
    paid = sum(sum(flow[10:34]) for name, flow in own.months.items() if name not in capital)
    bought = sum(sum(own.months.get(name, ())) for name in ("servers", "network", "spares"))
    saved = sum(map(sum, ([flow[10:34] for flow in rent.months.values()]))) - paid - bought / 2
    assert 74.6e6 / 2 < saved < 74.6e6 * 2


def test_a_lab_that_comes_in_bursts_rents() -> None:
    """A third of the hours for a year, then eight accelerators: no server of its own."""
    found = example("bursty-lab")
    assert found.cheapest in {"spot", "committed", "on_demand"}
    assert found.hybrid_base_servers == 0


def test_a_daily_cycle_owns_its_base() -> None:
    """64 at noon and 16 at night: more than the night's two servers, fewer than the day's eight."""
    found = example("inference-64-gpus")
    assert found.hybrid_base_servers is not None
    assert 2 <= found.hybrid_base_servers < 8


def test_five_engineers_more_decide_for_the_service() -> None:
    """64 vCPU of work: the machines cost little, the people do not."""
    found = example("managed-data-platform", draws=500)
    assert found.cheapest == "vendor"
    assert found.buying is not None
    assert found.buying.probability_own_cheaper > 0.9
    assert found.buying.tornado[0].key in {"vendor.self_hosted_fte", "vendor.engineer_usd_per_year"}
    assert any("needs 1 person, running it oneself 6 people" in said for said in found.sentences)


def test_steady_work_beats_on_demand_prices() -> None:
    """85 % busy is above the break-even use."""
    found = example("steady-8xh100")
    assert found.break_even.utilisation is not None
    assert found.utilisation > found.break_even.utilisation
    assert cost(found, "colocated") < cost(found, "on_demand")


def test_growth_needs_more_servers_later() -> None:
    """Purchases are spread over the years."""
    found = answer(demand={"shape": "growth", "growth_per_year": 1.0, "amount": 1})
    assert np.count_nonzero(named(found, "colocated").months["servers"]) > 1


def test_a_csv_of_hours_is_a_demand(tmp_path: Path) -> None:
    """Two servers in one hour of four and one in the others."""
    (tmp_path / "hours.csv").write_text("2\n1\n1\n1\n", encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(
        '[demand]\nshape = "csv"\ncsv = "hours.csv"\n[cloud]\nprice_usd_per_hour = 10\n'
        'price_decline_per_year = 0.0\n[owned]\nsite = "own"\naccelerator = "H100"\n',
        encoding="utf-8",
    )
    found = engine.evaluate(scenario.load(path), today=TODAY, draws=0)
    assert named(found, "on_demand").months["on_demand"][1] == pytest.approx(1.25 * 730 * 10)
    assert found.utilisation == pytest.approx(0.625)
    assert "The demand curve rests on 4 hours, less than a week" in " ".join(found.sentences)


def test_a_missing_default_names_itself() -> None:
    """An edited table."""
    kept: dict[str, Default] = {key: row for key, row in load().items() if key != "finance.wacc"}
    with pytest.raises(Exception, match=r"finance\.wacc") as caught:
        engine.evaluate(scenario.parse(document()), defaults=kept, today=TODAY)
    assert type(caught.value).__name__ == "DataError"


def test_the_bundled_catalogue_answers_the_bundled_question() -> None:
    """What `benchbench quickstart` does: real prices, real quotes, ten thousand draws."""
    found = engine.evaluate(scenario.load(), catalog=catalogue.load(), today=TODAY)
    prices = {row.key: row for row in found.assumptions}
    assert prices["cloud.price_usd_per_hour"].value == 55.04
    assert found.uncertainty is not None
    assert found.uncertainty.draws == 10_000
    assert {one.name for one in found.alternatives} == {
        "on_demand",
        "committed",
        "colocated",
        "owned",
        "hybrid",
    }


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_is_answered_from_the_bundled_catalogue(path: Path) -> None:
    """And the document survives the trip through JSON."""
    found = engine.evaluate(scenario.load(path), catalog=catalogue.load(), today=TODAY, draws=100)
    assert TcoAnswer.model_validate_json(found.model_dump_json()) == found
    assert found.sentences


def test_demand_above_a_fixed_fleet_is_rented() -> None:
    """Two servers for a demand of three: the third comes from the cloud."""
    sized = answer(demand={"amount": 3}, owned={"servers": 2, "lead_months": 0})
    flows = named(sized, "colocated").months
    assert flows["servers"][0] == 600_000
    assert sum(flows["on_demand"]) > 0
    auto = answer(demand={"amount": 3}, owned={"lead_months": 0})
    assert "on_demand" not in named(auto, "colocated").months


def test_the_hybrid_owns_no_more_than_the_user_said() -> None:
    """Ten busy servers are worth owning, three may be bought."""
    work, dear = {"amount": 10, "busy_fraction": 1.0}, {"price_usd_per_hour": 90.0}
    free = answer(demand=work, cloud=dear)
    capped = answer(demand=work, cloud=dear, owned={"servers": 3})
    assert free.hybrid_base_servers == 10
    assert capped.hybrid_base_servers == 3
    assert sum(named(capped, "colocated").months["servers"]) == 900_000


@pytest.mark.parametrize("servers", ["auto", 1, 3])
@pytest.mark.parametrize("price", [20.0, 26.0, 30.0, 40.0, 60.0])
def test_no_two_sentences_contradict_each_other(price: float, servers: int | str) -> None:
    """Beating a commitment and not paying back against one are read from the same flows."""
    found = answer(
        demand={"shape": "peak_day", "amount": 5, "base": 2, "peak_days_per_year": 150},
        cloud={"price_usd_per_hour": 55.04, "committed_usd_per_hour": price},
        owned={"servers": servers},
    )
    text = " ".join(found.sentences)
    rent = named(found, "committed").npv_usd
    wins = rent is not None and cost(found, "colocated") <= rent
    assert ("also beats a commitment" in text) == wins
    assert not (wins and "Against renting with a committed base, owning does not pay" in text)


def test_the_renter_does_not_choose_with_hindsight() -> None:
    """The rent that is best as planned is kept in every draw, dearer or not."""
    parsed = scenario.parse(
        document(cloud={"commitment_discount": [0.0, 0.45, 0.6], "price_decline_per_year": 0.0})
    )
    setup = prepare.prepare(
        parsed,
        records=(),
        catalog=None,
        silicon=None,
        defaults=load(),
        quotes=quotes.load(),
        today=TODAY,
    )
    decided = plan.plan(setup.case)
    assert decided.rent == "committed"
    likely, worst = (
        float(engine.saving(setup.case, decided, {"cloud.commitment_discount": share}).item())
        for share in (0.45, 0.0)
    )
    signed = setup.case.with_values({"cloud.commitment_discount": 0.0})
    paid = hybrid.cost_of(signed, cloud.committed(signed, decided.committed))
    own = hybrid.cost_of(signed, owned.flows(signed, decided.fleet))
    assert worst == pytest.approx(paid - own)
    assert worst > likely
    assert paid > hybrid.cost_of(signed, cloud.on_demand(signed))


def test_spot_is_an_alternative_only_where_it_is_allowed() -> None:
    """With its own break-even."""
    spot = {"spot_usd_per_hour": 20.0, "spot_allowed": True}
    found = answer(cloud=spot)
    assert named(found, "spot").npv_usd is not None
    assert "spot" in found.break_even.utilisation_against
    assert "spot" not in {one.name for one in answer().alternatives}


def test_a_commitment_nobody_uses_enough_is_refused_with_a_reason() -> None:
    """10 % use and 20 % off."""
    found = answer(demand={"busy_fraction": 0.1}, cloud={"commitment_discount": 0.2})
    assert named(found, "committed").infeasible_because == (
        "no instance is used enough to pay for a commitment"
    )


def test_a_higher_cost_of_capital_never_favours_buying() -> None:
    """The money is spent at the start."""
    saved = []
    for rate_of_return in (0.0, 0.05, 0.1, 0.2):
        found = answer(
            finance={"cost_of_capital": rate_of_return}, owned={"lead_months": 0, **FREE}
        )
        own, rent = named(found, "colocated"), named(found, "on_demand")
        assert own.total_usd == pytest.approx(
            named(answer(owned={"lead_months": 0, **FREE}), "colocated").total_usd
        )
        saved.append(cost(found, "on_demand") - cost(found, "colocated"))
        assert rent.total_usd is not None
    assert saved == sorted(saved, reverse=True)


def test_longer_leads_rent_longer() -> None:
    """The bridge grows with the months of waiting."""
    bridges = [
        sum(named(answer(owned={"lead_months": lead}), "colocated").months.get("bridge", ()))
        for lead in (0, 1, 3, 6)
    ]
    assert bridges == sorted(bridges)
    assert bridges[0] == 0


def test_the_unit_cost_is_the_cost_over_the_work() -> None:
    """Without interest: dollars in cash over server-hours served."""
    found = answer(finance={"cost_of_capital": 0.0}, demand={"busy_fraction": 0.5})
    rent = named(found, "on_demand")
    assert rent.total_usd is not None
    assert rent.usd_per_unit == pytest.approx(rent.total_usd / (48 * 730 * 0.5))
    assert rent.usd_per_useful_hour == pytest.approx(rent.total_usd / (48 * 730 * 0.5 * 8))


@settings(max_examples=15, deadline=None, derandomize=True)
@such_as(amount=1.0, busy=1e-300, price=1.0, horizon=3)
@such_as(amount=1.0, busy=0.5, price=0.01, horizon=12)
@given(
    amount=st.one_of(st.just(0.0), st.floats(0.001, 30.0)),
    busy=st.floats(0.0, 1.0),
    price=st.floats(0.01, 200.0),
    horizon=st.integers(1, 120),
)
def test_every_question_has_an_answer(
    amount: float, busy: float, price: float, horizon: int
) -> None:
    """Odd sizes, cheap clouds, short horizons: a document, never a crash or a NaN."""
    committed = {"commitment_discount": 0.3} if horizon >= 12 else {}
    found = answer(
        20,
        demand={"amount": amount, "busy_fraction": busy},
        cloud={"price_usd_per_hour": price, **committed},
        finance={"horizon_months": horizon},
    )
    assert TcoAnswer.model_validate_json(found.model_dump_json()) == found
    assert found.sentences[0].endswith(".")
