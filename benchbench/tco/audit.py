"""What must agree within a finished answer: its sums, its present values, its formula, its grid."""

import math
from collections.abc import Iterator

import numpy as np

from benchbench import units
from benchbench.tco.answer import Alternative, TcoAnswer, WhatIf
from benchbench.tco.money import break_even_utilisation, present_value

_RATE = "finance.cost_of_capital"
_EQUAL = 1e-6
_SIX_DIGITS = 1e-5


def checks(answer: TcoAnswer) -> Iterator[str | None]:
    """None for each claim that its own data bear out, a sentence for each that they do not."""
    rate = next((one.value for one in answer.assumptions if one.key == _RATE), None)
    for one in answer.alternatives:
        if one.months:
            yield from _sums(one, rate)
    yield _cheapest(answer)
    yield _break_even(answer)
    if answer.what_if is not None:
        yield from _grid(answer, answer.what_if)


def _sums(one: Alternative, rate: float | None) -> Iterator[str | None]:
    months = np.sum([np.asarray(amounts) for amounts in one.months.values()], axis=0)
    yield _differs(f"{one.label}: the total", one.total_usd, float(months.sum()))
    if rate is not None:
        found = float(present_value(months, rate))
        yield _differs(f"{one.label}: the present value", one.npv_usd, found)


def _differs(what: str, said: float | None, found: float) -> str | None:
    if said is not None and math.isclose(said, found, rel_tol=_EQUAL, abs_tol=0.005):
        return None
    return f"{what} says {units.usd(said)}; its payments give {units.usd(found)}"


def _cheapest(answer: TcoAnswer) -> str | None:
    costs = {
        one.name: one.npv_usd
        for one in answer.alternatives
        if one.npv_usd is not None and one.infeasible_because is None
    }
    least = min(costs, key=lambda name: costs[name] or 0.0, default=answer.cheapest)
    if least == answer.cheapest:
        return None
    return f"{answer.cheapest} is called the cheapest; {least} is"


def _break_even(answer: TcoAnswer) -> str | None:
    rates, said = answer.break_even.hourly, answer.break_even.utilisation
    if rates is None:
        return None
    fixed = rates.owned_fixed - rates.cloud_fixed
    found = break_even_utilisation(fixed, rates.availability, rates.on_demand, rates.owned_variable)
    if said == found or (said and found and math.isclose(said, found, rel_tol=_EQUAL)):
        return None
    stated, worked_out = units.percent(said, 4), units.percent(found, 4)
    return f"the break-even utilisation says {stated}; its hourly rates give {worked_out}"


def _grid(answer: TcoAnswer, grid: WhatIf) -> Iterator[str | None]:
    """Every point's cheapest way is its least cost, and the scenario's own point is its answer."""
    for at, said in enumerate(grid.cheapest):
        costs = {name: values[at] for name, values in grid.usd_per_useful_hour.items()}
        known = {name: usd for name, usd in costs.items() if usd is not None}
        paid = known.get(said)
        least = min(known.values(), default=None)
        agrees = paid is not None and least is not None and paid <= least * (1 + _SIX_DIGITS)
        yield None if agrees else f"what if, point {at}: {said} is called the cheapest and is not"
    here = grid.at(*grid.here)
    for one in answer.alternatives:
        worked_out = grid.usd_per_useful_hour.get(one.name, ())
        if one.usd_per_useful_hour is None or not worked_out:
            continue
        said_usd, found_usd = worked_out[here], one.usd_per_useful_hour
        same = said_usd is not None and math.isclose(said_usd, found_usd, rel_tol=_SIX_DIGITS)
        yield (
            None if same else f"what if: {one.label} at the scenario's own point is not its answer"
        )
