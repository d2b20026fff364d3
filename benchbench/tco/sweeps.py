"""How the answer moves with the size of the work and with how far one looks."""

from collections.abc import Sequence
from dataclasses import replace

from benchbench.tco import hybrid
from benchbench.tco.answer import SweepPoint
from benchbench.tco.case import Case
from benchbench.tco.money import HOURS_PER_MONTH, discount_factors
from benchbench.tco.plan import infeasible, plan, ways

SCALES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0)
"""Times the scenario's demand."""
HORIZONS = (12, 24, 36, 48, 60, 72, 84)
"""Months."""
_NO_WORK = 1e-6


def against_scale(case: Case, scales: Sequence[float] = SCALES) -> tuple[SweepPoint, ...]:
    """The same work, smaller and larger; each size with its own best plan."""
    return tuple(point(_scaled(case, factor), factor) for factor in scales)


def against_horizon(case: Case, horizons: Sequence[int] = HORIZONS) -> tuple[SweepPoint, ...]:
    """The same work, looked at for fewer and for more months."""
    return tuple(point(until(case, months), months) for months in horizons)


def _scaled(case: Case, factor: float) -> Case:
    demand = replace(case.demand, levels=case.demand.levels * factor)
    servers = None if case.servers is None else max(1, round(case.servers * factor))
    return replace(case, demand=demand, servers=servers)


def until(case: Case, months: int) -> Case:
    """The same work for another number of months; a shape that changes keeps its last month."""
    levels = case.demand.levels
    if levels.ndim > 1:
        shown = [min(month, levels.shape[0] - 1) for month in range(months)]
        levels = levels[shown]
    return replace(case, demand=replace(case.demand, months=months, levels=levels))


def point(case: Case, at: float) -> SweepPoint:
    """Cost per useful accelerator-hour (server-hour) of each way; None where it is none."""
    decided = plan(case)
    discount = discount_factors(case["finance.cost_of_capital"], case.horizon)
    hours = float((case.demand.mean() * HOURS_PER_MONTH) @ discount[1:])
    hours *= max(1, case.accelerators) / case.server_capacity
    costs = {
        name: hybrid.cost_of(case, flows)
        for name, flows in ways(case, decided).items()
        if infeasible(decided, name) is None
    }
    return SweepPoint(
        at=at,
        usd_per_useful_hour={
            str(name): cost / hours if hours > _NO_WORK else None for name, cost in costs.items()
        },
        cheapest=min(costs, key=lambda name: costs[name]),
        hybrid_base_servers=decided.owned,
    )
