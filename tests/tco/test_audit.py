"""A finished answer is held against itself: a changed figure contradicts the others."""

from typing import Any

import pytest

from benchbench.catalog import catalogue
from benchbench.tco import audit, engine, scenario
from benchbench.tco.answer import TcoAnswer
from tests.tco.cases_tco import TODAY, document, p5


@pytest.fixture(scope="module")
def answer() -> TcoAnswer:
    """An explored one."""
    return engine.evaluate(
        scenario.parse(document()),
        catalog=catalogue.from_offers([p5()]),
        today=TODAY,
        draws=50,
        explored=True,
    )


def found(answer: TcoAnswer) -> list[str]:
    """What does not agree."""
    return [message for message in audit.checks(answer) if message]


def test_the_engine_s_answer_holds(answer: TcoAnswer) -> None:
    """Several hundred claims, none contradicted."""
    checked = list(audit.checks(answer))
    assert len(checked) > 100
    assert found(answer) == []


def _first(answer: TcoAnswer, **changes: Any) -> TcoAnswer:
    one, *others = answer.alternatives
    return answer.model_copy(update={"alternatives": (one.model_copy(update=changes), *others)})


def test_a_total_is_the_sum_of_its_payments(answer: TcoAnswer) -> None:
    """A dollar more is found."""
    total = answer.alternatives[0].total_usd
    assert total is not None
    (said,) = found(_first(answer, total_usd=total * 1.01))
    assert "the total says" in said


def test_a_present_value_is_discounted_at_the_stated_rate(answer: TcoAnswer) -> None:
    """One per cent less is found, and who is the cheapest with it."""
    npv = answer.alternatives[0].npv_usd
    assert npv is not None
    assert any("the present value says" in one for one in found(_first(answer, npv_usd=npv * 0.5)))


def test_the_cheapest_has_the_least_present_value(answer: TcoAnswer) -> None:
    """Another name is found."""
    dearest = max(
        (one for one in answer.alternatives if one.npv_usd is not None),
        key=lambda one: one.npv_usd or 0.0,
    )
    assert dearest.name != answer.cheapest
    (said,) = found(answer.model_copy(update={"cheapest": dearest.name}))
    assert "is called the cheapest" in said


def test_the_break_even_follows_from_its_rates(answer: TcoAnswer) -> None:
    """A tenth more is found."""
    even = answer.break_even
    assert even.utilisation is not None
    changed = even.model_copy(update={"utilisation": even.utilisation * 1.1})
    (said,) = found(answer.model_copy(update={"break_even": changed}))
    assert said.startswith("the break-even utilisation says")


def test_a_point_s_cheapest_way_is_its_least_cost(answer: TcoAnswer) -> None:
    """One changed figure of the grid is found."""
    grid = answer.what_if
    assert grid is not None
    name = str(grid.cheapest[0])
    first, *others = grid.usd_per_useful_hour[name]
    assert first is not None
    costs = {**grid.usd_per_useful_hour, name: (first * 100, *others)}
    changed = grid.model_copy(update={"usd_per_useful_hour": costs})
    assert "what if, point 0" in found(answer.model_copy(update={"what_if": changed}))[0]


def test_the_own_point_is_the_answer(answer: TcoAnswer) -> None:
    """A figure changed there contradicts the alternatives' table."""
    grid = answer.what_if
    assert grid is not None
    here = grid.at(*grid.here)
    costs = list(grid.usd_per_useful_hour["on_demand"])
    assert costs[here] is not None
    costs[here] = (costs[here] or 0.0) * 1.02
    changed = grid.model_copy(
        update={"usd_per_useful_hour": {**grid.usd_per_useful_hour, "on_demand": tuple(costs)}}
    )
    said = found(answer.model_copy(update={"what_if": changed}))
    assert any("at the scenario's own point" in one for one in said)
