"""Loans, leases and tax against the closed forms of a textbook and of numpy-financial."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy_financial as npf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchbench.tco import breakeven, cloud, finance, hybrid, owned
from benchbench.tco.case import Case, total
from benchbench.tco.money import monthly_rate
from tests.tco.cases_tco import case, demand

FLEET = np.full(48, 2.0)


def funded(funding: Any, values: dict[str, float] | None = None, **changes: Any) -> Case:
    """Two servers of $100,000 each, half of them worth something after three years."""
    money = {
        "owned.residual_fraction_3y": 0.3,
        "finance.borrowing_rate": 0.08,
        "finance.loan_fraction": 0.8,
        "finance.tax_rate": 0.25,
        "finance.tax_life_years": 5.0,
    }
    return case({**money, **(values or {})}, funding=funding, **changes)


def test_a_loan_is_repaid_as_numpy_financial_says() -> None:
    """80 % of $200,000 over 36 months at 8 % a year: payment, interest and principal."""
    flows = owned.flows(funded("loan"), FLEET)
    rate = monthly_rate(0.08)
    months = np.arange(1, 37)
    assert flows["loan"][0] == -160_000
    assert flows["interest"][1:37] == pytest.approx(-npf.ipmt(rate, months, 36, 160_000.0))
    assert flows["principal"][1:37] == pytest.approx(-npf.ppmt(rate, months, 36, 160_000.0))
    assert not flows["interest"][37:].any()


def test_a_loan_at_the_cost_of_capital_changes_no_present_cost() -> None:
    """Money borrowed at what it is worth is worth nothing."""
    same = {"finance.borrowing_rate": 0.1}
    loan, cash = (
        hybrid.cost_of(one, owned.flows(one, FLEET))
        for one in (funded("loan", same), funded("cash"))
    )
    assert loan == pytest.approx(cash)


def test_a_loan_without_interest_is_repaid_in_equal_parts() -> None:
    """$160,000 over 36 months."""
    flows = owned.flows(funded("loan", {"finance.borrowing_rate": 0.0}), FLEET)
    assert flows["principal"][1:37] == pytest.approx([160_000 / 36] * 36)
    assert not flows["interest"].any()


def test_what_is_owed_at_the_horizon_is_repaid_there() -> None:
    """A loan of 60 months seen for 48: all of it comes back."""
    flows = owned.flows(funded("loan", loan_months=60), FLEET)
    assert flows["loan"].sum() + flows["principal"].sum() == pytest.approx(0, abs=1e-6)
    owed = npf.fv(monthly_rate(0.08), 48, npf.pmt(monthly_rate(0.08), 60, 160_000.0), 160_000.0)
    last = npf.ppmt(monthly_rate(0.08), 48, 60, 160_000.0)
    assert flows["principal"][48] == pytest.approx(-last - owed)


def test_a_lease_at_the_cost_of_capital_costs_what_buying_and_selling_costs() -> None:
    """The lessor earns exactly the interest; nothing is bought and nothing is sold."""
    leased, bought = funded("lease", {"finance.borrowing_rate": 0.1}), funded("cash")
    flows = owned.flows(leased, FLEET)
    assert not {"servers", "resale"} & set(flows)
    assert hybrid.cost_of(leased, flows) == pytest.approx(
        hybrid.cost_of(bought, owned.flows(bought, FLEET))
    )
    assert flows["lease"][1:] == pytest.approx([flows["lease"][1]] * 48)


def test_a_lease_the_user_states_is_paid_as_stated() -> None:
    """$3,000 a month for each of two servers."""
    stated = funded("lease", {finance.LEASE_PAYMENT: 3000.0})
    assert owned.flows(stated, FLEET)["lease"][1:] == pytest.approx([6000.0] * 48)


@settings(max_examples=30, deadline=None)
@given(
    funding=st.sampled_from(["cash", "loan", "lease"]),
    life=st.sampled_from([1.5, 3.0, 4.0, 6.0]),
    tax_life=st.sampled_from([1.0, 3.0, 5.0]),
    tax=st.floats(0.0, 0.5),
    lead=st.integers(0, 12),
)
def test_tax_bears_its_share_of_every_dollar_in_the_end(
    funding: str, life: float, tax_life: float, tax: float, lead: int
) -> None:
    """Undiscounted, all that is spent is deducted once, whoever funds it, however long it lives."""
    values = {
        "owned.life_years": life,
        "finance.tax_life_years": tax_life,
        "finance.tax_rate": tax,
        "owned.maintenance_fraction_per_year": 0.05,
    }
    before = funded(funding, values, lead_months=lead)
    taxed = replace(before, taxed=True)
    fleet = owned.delivered(before, 2)
    paid, kept = (total(owned.flows(one, fleet), 48).sum() for one in (before, taxed))
    assert kept == pytest.approx((1 - tax) * paid)
    rented = [total(cloud.on_demand(one), 48).sum() for one in (before, taxed)]
    assert rented[1] == pytest.approx((1 - tax) * rented[0])


def test_writing_off_is_a_fifth_a_year() -> None:
    """$200,000 over five years at 25 %: $833.33 of tax less each month."""
    flows = owned.flows(funded("cash", {"owned.power_kw": 0.0}, taxed=True), FLEET)
    assert flows["tax"][1] == pytest.approx(-0.25 * 200_000 / 60)


def test_after_tax_the_break_even_use_stays_where_writing_off_is_instant() -> None:
    """Both sides shrink alike when the purchase is an expense of nearly the first month."""
    values = {"finance.tax_life_years": 1 / 12, "owned.residual_fraction_3y": 0.0}
    found = [
        breakeven.hourly_costs(funded("cash", values, taxed=taxed), np.ones(48))
        for taxed in (False, True)
    ]
    shares = [one.against_on_demand() for one in found if one is not None]
    assert shares[1] == pytest.approx(shares[0], rel=0.01)


@settings(max_examples=25, deadline=None)
@given(
    funding=st.sampled_from(["cash", "loan", "lease"]),
    taxed=st.booleans(),
    life=st.sampled_from([1.5, 3.0, 4.0, 6.0]),
)
def test_keeping_and_then_selling_is_the_plan(funding: str, taxed: bool, life: float) -> None:  # noqa: FBT001  drawn
    """At the horizon, what was paid so far less what the fleet leaves is the whole plan's cost."""
    planned = funded(funding, {"owned.life_years": life}, taxed=taxed, loan_months=60)
    keeping = replace(planned, sells_at_end=False)
    paid = total(owned.flows(planned, FLEET), 48).sum()
    kept = total(owned.flows(keeping, FLEET), 48).sum()
    assert kept - owned.worth_if_sold(planned, FLEET)[-1] == pytest.approx(paid)


def test_draws_of_the_life_give_a_row_each() -> None:
    """Life, rate and tax drawn together are what each of them alone gives."""
    drawn = {
        "owned.life_years": np.array([[2.0], [4.0]]),
        "finance.borrowing_rate": np.array([[0.05], [0.1]]),
        "finance.tax_rate": np.array([[0.2], [0.3]]),
    }
    for funding in ("cash", "loan", "lease"):
        base = funded(funding, taxed=True)
        together = total(owned.flows(base.with_values(drawn), FLEET), 48)
        for row in range(2):
            one = base.with_values({key: float(value[row, 0]) for key, value in drawn.items()})
            assert together[row] == pytest.approx(total(owned.flows(one, FLEET), 48))


def test_demand_is_untouched_by_funding() -> None:
    """The fleet is that of the peak, whoever pays."""
    assert owned.full_fleet(funded("lease", demand=demand(3.0))).max() == 3
