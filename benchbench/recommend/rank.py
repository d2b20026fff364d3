"""Order, ties and the Pareto front."""

from typing import TYPE_CHECKING

import numpy as np

from benchbench.recommend.price import Bools, Floats, Indices, Range

if TYPE_CHECKING:
    import pandas as pd

_SAME_INSTANCE = ["provider", "instance", "price_kind"]


def order(frame: "pd.DataFrame", usd_per_unit: Floats, usd_per_hour: Floats) -> Indices:
    """Cheapest per unit first, then per hour, then by name: the same input, the same order."""
    names = [frame[name].to_numpy(str) for name in ("price_kind", "instance", "region", "provider")]
    return np.asarray(np.lexsort((*names, usd_per_hour, usd_per_unit)), np.intp)


def speaker(frame: "pd.DataFrame") -> Indices:
    """For each row of a ranked frame, the position of the first row of the same instance."""
    groups = frame.groupby(_SAME_INSTANCE, sort=False, dropna=False).ngroup().to_numpy()
    _, first = np.unique(groups, return_index=True)
    return np.asarray(first[groups], np.intp)


def pareto(cost: Floats, time: Floats) -> Bools:
    """True where nothing else is at most as dear and at most as slow, and better in one."""
    front = np.zeros(len(cost), bool)
    by_cost = np.lexsort((time, cost))
    best_time, best_cost = np.inf, np.nan
    for at in by_cost:
        equal = time[at] == best_time and cost[at] == best_cost
        if time[at] < best_time or equal:
            front[at] = True
            best_time, best_cost = time[at], cost[at]
    return front


def tied(cost: Range) -> Bools:
    """True where the interval overlaps the first one's; a figure without one is its own."""
    low = np.where(np.isnan(cost.low), cost.value, cost.low)
    high = np.where(np.isnan(cost.high), cost.value, cost.high)
    return np.asarray(low <= high[0], bool) if len(low) else np.zeros(0, bool)
