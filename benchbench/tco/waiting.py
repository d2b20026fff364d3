"""What it is worth to wait for the next generation of servers, renting meanwhile."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from benchbench.catalog.defaults import Default
from benchbench.tco import hybrid, inputs, owned
from benchbench.tco.answer import Waiting
from benchbench.tco.case import Case, Flows, total
from benchbench.tco.demand import Demand
from benchbench.tco.money import MONTHS_PER_YEAR, Array
from benchbench.tco.plan import Plan, clouds

_MEANWHILE = ("bridge", "egress", "storage", "support", "synchronising", "engineers", "tax")
"""What owning pays before its own machines arrive, and renting pays too."""


def value(case: Case, decided: Plan, defaults: Mapping[str, Default]) -> Waiting | None:
    """Owning now against owning after one generation; None where the horizon ends before."""
    generation = inputs.find(defaults, "hardware.generation_months")
    fall = inputs.find(defaults, "hardware.price_performance_fall_yr")
    months = round(generation.value or 0)
    arrives = case.lead_months + months
    if not decided.fleet.any() or arrives >= case.horizon:
        return None
    cheaper = (1.0 - (fall.value or 0.0)) ** (months / MONTHS_PER_YEAR)
    later = replace(
        case,
        lead_months=arrives,
        values={**case.values, "owned.capex_usd": case["owned.capex_usd"] * cheaper},
    )
    owning = owned.flows(later, owned.full_fleet(later))
    cost = hybrid.cost_of(case, {"all": _bridged(later, owning)})
    now = hybrid.cost_of(case, owned.flows(case, decided.fleet))
    return Waiting(
        months=months,
        price_per_work=cheaper,
        cost_now_usd=now,
        cost_later_usd=cost,
        value_usd=now - cost,
        source=f"{generation.source}; {fall.source}",
    )


def _bridged(case: Case, owning: Flows) -> Array:
    """The plan's months, those before delivery replaced by the cheapest rent for so long."""
    before = np.arange(case.horizon + 1) <= case.lead_months
    kept = [np.where(before & (name in _MEANWHILE), 0.0, flow) for name, flow in owning.items()]
    short = replace(case, demand=_first(case, case.lead_months))
    rents = clouds(short, hybrid.committed_base(short))
    best = min(rents.values(), key=lambda flows: hybrid.cost_of(short, flows))
    rent = np.zeros(case.horizon + 1)
    rent[: short.horizon + 1] = total(best, short.horizon)
    return np.asarray(sum(kept) + rent)


def _first(case: Case, months: int) -> Demand:
    demand = case.demand
    levels = demand.levels[:months] if demand.levels.ndim > 1 else demand.levels
    return replace(demand, months=months, levels=levels)
