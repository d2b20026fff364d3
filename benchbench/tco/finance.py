"""Who pays for the purchase, and when: cash, a loan or a lease; and what the tax office bears."""

from collections.abc import Iterator

import numpy as np

from benchbench.tco.case import Case, Flows
from benchbench.tco.money import (
    MONTHS_PER_YEAR,
    Array,
    Value,
    annuity_factor,
    balance_fraction,
    monthly_rate,
)

PURCHASES = ("servers", "network", "spares", "installation")
"""What is bought, and written off over the years for tax."""
_NO_EXPENSE = (*PURCHASES, "loan", "principal")
_RESIDUAL_KNOWN_AT_MONTHS = 36.0
LEASE_PAYMENT = "finance.lease_usd_per_server_month"
"""Present only where the scenario says it."""


def funded(case: Case, capital: Flows, bought: Array) -> Flows:
    """The same purchases, paid for as the scenario says; `bought` counts servers by month."""
    if case.funding == "loan":
        return {**capital, **_loan(case, spent(capital))}
    if case.funding == "lease":
        kept = {name: flow for name, flow in capital.items() if name not in {"servers", "resale"}}
        return {**kept, "lease": _lease(case, bought)}
    return capital


def spent(flows: Flows) -> Array:
    """What the purchases cost, month by month."""
    return np.asarray(sum(flows[name] for name in PURCHASES if name in flows))


def _loan(case: Case, purchases: Array) -> Flows:
    """Level payments over the term; what is still owed at the horizon is repaid there."""
    taken = case["finance.loan_fraction"] * purchases
    owed = outstanding(case, purchases)
    before = np.concatenate([np.zeros((*owed.shape[:-1], 1)), owed[..., :-1]], axis=-1)
    principal = before + taken - owed
    if case.sells_at_end:
        principal[..., -1] += owed[..., -1]
    rate = monthly_rate(case["finance.borrowing_rate"])
    return {"loan": -taken, "principal": principal, "interest": np.asarray(rate * before)}


def outstanding(case: Case, purchases: Array) -> Array:
    """What is owed at the end of each month 0 … horizon; 0 without a loan."""
    owed = np.zeros_like(purchases)
    if case.funding != "loan":
        return owed
    rate = monthly_rate(case["finance.borrowing_rate"])
    for amount, age in _each(case, purchases):
        left = balance_fraction(rate, case.loan_months, np.maximum(age, 0.0))
        owed = owed + np.where(age >= 0, case["finance.loan_fraction"] * amount * left, 0.0)
    return owed


def _lease(case: Case, bought: Array) -> Array:
    """A level payment for each server's life, after which it goes back to the lessor."""
    paid = np.zeros_like(bought)
    for count, age in _each(case, bought):
        months = _life(case, age)
        active = (age > 0) & (age <= months)
        paid = paid + np.where(active, count * _lease_payment(case, months), 0.0)
    return paid


def _lease_payment(case: Case, months: Value) -> Value:
    """Stated, or what brings the lessor the borrowing rate on price less residual value."""
    if LEASE_PAYMENT in case.values:
        return case[LEASE_PAYMENT]
    rate = monthly_rate(case["finance.borrowing_rate"])
    back = residual_fraction(case, months) * (1.0 + rate) ** -months
    return np.asarray(case["owned.capex_usd"] * (1.0 - back) * annuity_factor(rate, months))


def residual_fraction(case: Case, age_months: Value) -> Value:
    """Share of the price a server still brings: a constant yearly loss through the 3-year figure.

    With 0.28 after three years it gives 65, 43, 28, 18 and 12 % after one to five years: within
    the published resale ranges of the H100 in every year (60-65, 40-45, 25-35, 15-20, 10-15).
    """
    return case["owned.residual_fraction_3y"] ** (age_months / _RESIDUAL_KNOWN_AT_MONTHS)


def taxed(case: Case, flows: Flows) -> Flows:
    """With what the tax office bears of every expense and write-off; the same without a rate."""
    if not case.taxed:
        return flows
    expensed = sum(
        (flow for name, flow in flows.items() if name not in _NO_EXPENSE),
        start=np.zeros(case.horizon + 1),
    )
    deducted = expensed
    if any(name in flows for name in PURCHASES):
        deducted = deducted + _written_off(case, spent(flows))
    return {**flows, "tax": np.asarray(-case["finance.tax_rate"] * deducted)}


def kept_after_tax(case: Case) -> Value:
    """The share of an expense the company bears itself."""
    return 1.0 - case["finance.tax_rate"] if case.taxed else 1.0


def _written_off(case: Case, purchases: Array) -> Array:
    """In equal parts over the tax life, the rest when it is sold."""
    total = np.zeros_like(purchases)
    last = np.arange(case.horizon + 1) == case.horizon
    for amount, age in _each(case, purchases):
        sold = (age >= _life(case, age)) & (~last | case.sells_at_end)
        left = np.where(sold, 0.0, _book_fraction(case, age))
        used = (age > 0) & (age <= _life(case, age))
        total = total + np.where(used, amount * (_book_fraction(case, age - 1.0) - left), 0.0)
    return total


def book_value(case: Case, purchases: Array) -> Array:
    """What is not yet written off of what is still in use, at the end of months 0 … horizon."""
    total = np.zeros_like(purchases)
    last = np.arange(case.horizon + 1) == case.horizon
    for amount, age in _each(case, purchases):
        life = _life(case, age)
        used = (age >= 0) & ((age < life) | (last & (age == life)))
        total = total + np.where(used, amount * _book_fraction(case, age), 0.0)
    return total


def _book_fraction(case: Case, age: Array) -> Array:
    years = np.maximum(age, 0.0) / MONTHS_PER_YEAR
    return np.asarray(np.maximum(0.0, 1.0 - years / case["finance.tax_life_years"]))


def _each(case: Case, amounts: Array) -> Iterator[tuple[Array, Array]]:
    """Each month's purchase (…, 1) with its age in months 0 … horizon, negative before."""
    for start in np.flatnonzero(amounts.reshape(-1, amounts.shape[-1]).any(axis=0)):
        age = np.arange(case.horizon + 1, dtype=np.float64) - start
        yield amounts[..., start : start + 1], age


def _life_months(case: Case) -> Value:
    return np.rint(case["owned.life_years"] * MONTHS_PER_YEAR)


def _life(case: Case, age: Array) -> Value:
    """Months in use of what was bought at age 0: a whole life, or what the horizon leaves."""
    return np.asarray(np.minimum(_life_months(case), age[-1]))
