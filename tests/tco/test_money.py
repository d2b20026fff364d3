"""Closed forms against numpy-financial, scipy and published arithmetic."""

import math

import numpy as np
import numpy_financial as npf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from benchbench.tco.money import (
    annuity_factor,
    break_even_month,
    break_even_utilisation,
    discount_factors,
    equivalent_annual_cost,
    present_value,
    spot_effective_price,
)


def test_present_value_is_that_of_numpy_financial() -> None:
    """Monthly discounting equals npv at the equivalent monthly rate."""
    flows = np.array([1000.0, -50.0, 70.0, 90.0, -20.0])
    expected = npf.npv(1.09 ** (1 / 12) - 1, flows)
    assert present_value(flows, 0.09) == pytest.approx(expected, rel=1e-12)


def test_a_dollar_in_a_year_costs_a_years_interest() -> None:
    """Twelve months at 9 % discount by 1.09."""
    assert discount_factors(0.09, 12)[12] == pytest.approx(1 / 1.09)


def test_present_value_of_many_draws_is_that_of_each() -> None:
    """Rates of shape (draws, 1) give one value per draw."""
    flows = np.array([100.0, 10.0, 10.0])
    rates = np.array([[0.0], [0.05], [0.2]])
    together = present_value(flows, rates)
    assert together == pytest.approx([float(present_value(flows, rate)) for rate in rates[:, 0]])


@given(st.floats(0.001, 0.5), st.integers(1, 40))
def test_annuity_factor_is_that_of_numpy_financial(rate: float, periods: int) -> None:
    """`pmt` repays a loan of 1 with the same payment."""
    assert annuity_factor(rate, periods) == pytest.approx(-npf.pmt(rate, periods, 1.0), rel=1e-9)


def test_an_annuity_without_interest_is_an_equal_share() -> None:
    """At 0 % the payment is 1/n, and the formula is continuous there."""
    assert annuity_factor(0.0, 4) == 0.25
    assert annuity_factor(1e-9, 4) == pytest.approx(0.25)


def test_equivalent_annual_cost_repays_capital_less_resale() -> None:
    """The present value of the yearly payments is the capital less the discounted resale."""
    yearly = equivalent_annual_cost(300_000, 55_000, 0.09, 4)
    assert yearly == pytest.approx(-npf.pmt(0.09, 4, 300_000, -55_000), rel=1e-12)


@given(
    fixed=st.floats(0.01, 100),
    availability=st.floats(0.5, 1),
    price=st.floats(0.02, 100),
    share=st.floats(0, 0.9),
)
def test_break_even_is_the_root_of_the_difference(
    fixed: float, availability: float, price: float, share: float
) -> None:
    """Scipy finds the same utilisation from the two hourly costs alone."""
    variable = price * share
    found = break_even_utilisation(fixed, availability, price, variable)
    assert found is not None

    def difference(used: float) -> float:
        return fixed + availability * used * variable - availability * used * price

    assert found == pytest.approx(brentq(difference, 0, 1e6, xtol=1e-12, rtol=1e-12), rel=1e-6)


@pytest.mark.parametrize("price", [0.5, 0.4])
def test_owning_never_wins_when_renting_is_cheaper_than_running(price: float) -> None:
    """P ≤ v: None, however busy."""
    assert break_even_utilisation(1.0, 1.0, price, 0.5) is None


def test_break_even_above_one_is_said_not_hidden() -> None:
    """$3 an hour fixed against $2 rent needs 150 %."""
    assert break_even_utilisation(3.0, 1.0, 2.0, 0.0) == 1.5


def test_break_even_month_is_the_first_that_lasts() -> None:
    """100 down and 10 a month against 30 a month: level after five months."""
    own = np.array([100.0] + [10.0] * 12)
    rent = np.array([0.0] + [30.0] * 12)
    assert break_even_month(own, rent) == 5


def test_a_crossing_undone_by_a_replacement_does_not_count() -> None:
    """Ahead in month 5, behind again in month 6 for good: never."""
    own = np.array([100.0, 10, 10, 10, 10, 10, 300, 10])
    rent = np.array([0.0] + [30.0] * 7)
    assert break_even_month(own, rent) is None


def test_cheaper_from_the_start_is_month_zero() -> None:
    """Nothing down and less a month."""
    assert break_even_month(np.array([0.0, 1.0]), np.array([0.0, 2.0])) == 0


def test_spot_price_by_hand() -> None:
    """δ = 0.1 h, M = 5 h: τ = 1 h, so 1 + 0.1 + (0.5 + 0.25)/5 = 1.25 times the price."""
    assert spot_effective_price(2.0, 5.0, 0.1, 0.25) == pytest.approx(2.5)


def test_the_interval_of_young_is_the_best_one() -> None:
    """No other checkpoint interval gives less overhead (scanned)."""
    checkpoint, mean, restart = 0.05, 3.0, 0.1
    scanned = [
        1 + checkpoint / tau + (tau / 2 + restart) / mean for tau in np.linspace(0.05, 3, 2000)
    ]
    found = float(np.asarray(spot_effective_price(1.0, mean, checkpoint, restart)))
    assert found <= min(scanned) + 1e-12
    assert math.isclose(found, min(scanned), rel_tol=1e-4)


def test_a_spot_instance_without_state_only_loses_its_restart() -> None:
    """No checkpoint to write: 1 + R/M."""
    assert spot_effective_price(1.0, 4.0, 0.0, 1.0) == pytest.approx(1.25)
