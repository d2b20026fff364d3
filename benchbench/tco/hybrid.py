"""Own what is always busy, rent the rest: how many machines belong to the base."""

from collections.abc import Callable
from functools import cache, partial

from benchbench.tco import cloud, owned
from benchbench.tco.case import Case, Flows, total
from benchbench.tco.demand import Demand
from benchbench.tco.money import present_value

_STEPS = (64, 16, 4, 1)
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


def mix(case: Case, ratio: float, most: int, committed: int) -> tuple[int, int]:
    """Servers to own and instances to commit to beside them, the cheapest pair.

    The screening curve's order: own what is busiest, commit to what comes next, rent the rest.
    Found downhill from both ends, since what is owned and what is committed replace each other.
    """
    base = owned_base(case, ratio, most)
    if case.commitment_months is None:
        return base, 0
    instances = int(case.demand.machines_at_peak(case.cloud_capacity).max())
    per_server = max(1, round(case.server_capacity / case.cloud_capacity))
    cost = cache(partial(_cost, case))
    left = max(0, min(instances, committed - base * per_server))
    starts = {(base, 0), (base, left), (0, min(committed, instances))}
    ends = [_downhill_pair(cost, start, (most, instances), per_server) for start in sorted(starts)]
    return min(ends, key=lambda pair: cost(*pair))


def _downhill_pair(
    cost: Callable[[int, int], float], start: tuple[int, int], most: tuple[int, int], each: int
) -> tuple[int, int]:
    """To the pair no single step and no exchange of a server for its instances makes cheaper."""
    best = start
    for step in _STEPS:
        while True:
            moves = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, -each), (-1, each))
            near = [(best[0] + step * k, best[1] + step * m) for k, m in moves]
            inside = [pair for pair in near if 0 <= pair[0] <= most[0] and 0 <= pair[1] <= most[1]]
            better = min(inside, key=lambda pair: cost(*pair), default=best)
            if cost(*better) >= cost(*best):
                break
            best = better
    return best


def _cost(case: Case, servers: int, committed: int) -> float:
    return cost_of(case, flows(case, servers, committed))


def flows(case: Case, servers: int, committed: int = 0) -> Flows:
    """`servers` owned from delivery on, `committed` instances beside, the rest on demand."""
    return owned.flows(case, owned.delivered(case, servers), committed)


def cost_of(case: Case, components: Flows) -> float:
    """Present value of one certain plan."""
    return float(
        present_value(total(components, case.horizon), case["finance.cost_of_capital"]).item()
    )
