"""Own what is always busy, rent the rest: how many machines belong to the base."""

from collections.abc import Callable
from functools import cache

from benchbench.tco import cloud, owned
from benchbench.tco.case import Case, Flows, total
from benchbench.tco.demand import Demand
from benchbench.tco.money import present_value

NEVER = 2.0
"""A share of hours no machine reaches."""


def critical_count(demand: Demand, capacity: float, ratio: float, most: int) -> int:
    """The largest k with P(demand ≥ k) ≥ `ratio`, the fixed cost over the saving per hour used.

    The newsvendor's K* = F^-1(1 - c_f/(p - v)) (Arrow, Harris, Marschak 1951); P falls with k.
    """
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if demand.share_needing(middle, capacity) >= ratio:
            low = middle
        else:
            high = middle - 1
    return low


def descend(cost: Callable[[int], float], start: int, most: int) -> int:
    """From `start` to the whole number whose neighbours both cost more; 0 and `most` compete.

    The marginal rule ignores what is not linear (a minimum of staff, a retail price of housing).
    """
    cost = cache(cost)
    return min((_downhill(cost, start, most), 0, most), key=cost)


def _downhill(cost: Callable[[int], float], start: int, most: int) -> int:
    best = start
    while True:
        near = [count for count in (best - 1, best, best + 1) if 0 <= count <= most]
        better = min(near, key=cost)
        if cost(better) >= cost(best):
            return best
        best = better


def committed_base(case: Case) -> int:
    """How many instances to commit to: those used more than the commitment costs."""
    if case.commitment_months is None:
        return 0
    committed = float(cloud.committed_prices(case).sum())
    on_demand = float((cloud.prices(case) * cloud.committed_months(case)).sum())
    ratio = committed / on_demand if on_demand else NEVER
    most = int(case.demand.machines_at_peak(case.cloud_capacity).max())
    start = critical_count(case.demand, case.cloud_capacity, ratio, most)
    return descend(lambda base: cost_of(case, cloud.committed(case, base)), start, most)


def owned_base(case: Case, ratio: float, most: int) -> int:
    """How many servers to own; `ratio` is c_f / (a · (p - v)) of one of them."""
    start = critical_count(case.demand, case.server_capacity, ratio, most)
    return descend(lambda count: cost_of(case, flows(case, count)), start, most)


def flows(case: Case, servers: int) -> Flows:
    """`servers` owned from delivery on, the rest rented on demand."""
    return owned.flows(case, owned.delivered(case, servers))


def cost_of(case: Case, components: Flows) -> float:
    """Present value of one certain plan."""
    return float(
        present_value(total(components, case.horizon), case["finance.cost_of_capital"]).item()
    )
