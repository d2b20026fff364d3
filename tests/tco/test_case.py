"""A case under other numbers: the same decisions, the demand following its busy share."""

import numpy as np
import pytest

from benchbench.tco.case import BUSY, from_month_one, monthly, total
from tests.tco.cases_tco import case


def test_other_values_leave_the_decisions_and_the_rest_alone() -> None:
    """Only what is named changes, and only in the copy."""
    first = case({"owned.pue": 1.5}, lead_months=3)
    second = first.with_values({"owned.pue": 1.1})
    assert (first["owned.pue"], second["owned.pue"]) == (1.5, 1.1)
    assert second.lead_months == 3
    assert second["owned.capex_usd"] == first["owned.capex_usd"]
    assert second.demand is first.demand


def test_a_busy_share_reaches_the_demand() -> None:
    """Twice the hours at the same level."""
    busier = case().with_values({BUSY: 1.0})
    assert busier.demand.mean() == pytest.approx(2 * case().demand.mean())


def test_draws_of_a_busy_share_give_a_demand_each() -> None:
    """(draws, 1) in, (draws, months) out."""
    drawn = case().with_values({BUSY: np.array([[0.1], [0.2], [0.3]])})
    assert drawn.demand.mean().shape == (3, 48)
    assert drawn.demand.mean()[:, 0] == pytest.approx([0.1, 0.2, 0.3])


def test_the_start_costs_nothing_of_a_monthly_amount() -> None:
    """Month 0 is the day of the decision."""
    assert from_month_one(np.array([5.0, 6.0])).tolist() == [0, 5, 6]
    assert from_month_one(np.ones((3, 2))).shape == (3, 3)


def test_a_yearly_amount_is_paid_in_twelfths_while_active() -> None:
    """$1,200 a year is $100 a month, in the active months."""
    active = np.where(case().month > 12, 1.0, 0.0)
    paid = monthly(case(), 1200.0, active)
    assert paid[12] == 0
    assert paid[13] == 100
    assert paid.sum() == 3600


def test_components_of_draws_and_of_certainty_add_up() -> None:
    """(months + 1,) and (draws, months + 1) broadcast; nothing is zero."""
    flows = {"a": np.array([1.0, 2.0]), "b": np.array([[1.0, 1.0], [2.0, 2.0]])}
    assert total(flows, 1).tolist() == [[2, 3], [3, 4]]
    assert total({}, 3).tolist() == [0, 0, 0, 0]
