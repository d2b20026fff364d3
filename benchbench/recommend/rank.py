"""Order, ties and the Pareto front."""

import numpy as np

from benchbench.recommend.columns import Offers
from benchbench.recommend.ranges import Bools, Floats, Indices, Range


def order(offers: Offers, at: Indices, usd_per_unit: Floats, usd_per_hour: Floats) -> Indices:
    """Cheapest per unit first, then per hour, then by name: the same input, the same order.

    Unknown costs sort last.
    """
    names = [
        _alphabetic(offers, name)[at] for name in ("price_kind", "instance", "region", "provider")
    ]
    return np.asarray(np.lexsort((*names, usd_per_hour, usd_per_unit)), np.intp)


def _alphabetic(offers: Offers, name: str) -> Indices:
    """Each row's place among the distinct texts in alphabetical order."""
    column = offers.text(name)
    place = np.argsort(np.argsort(np.array([*column.names, ""], str), kind="stable"))
    return np.asarray(column.each(place), np.intp)


def speaker(offers: Offers, at: Indices) -> Indices:
    """For each of the ranked rows `at`, the number of the first row of the same instance."""
    groups = offers.groups(("provider", "instance", "price_kind"), at)
    _, first = np.unique(groups, return_index=True)
    return np.asarray(first[groups], np.intp)


def pareto(cost: Floats, time: Floats) -> Bools:
    """True where nothing else is at most as dear and at most as slow, and better in one."""
    by_cost = np.lexsort((time, cost))
    c, t = cost[by_cost], time[by_cost]
    fastest_so_far = np.fmin.accumulate(np.concatenate([[np.inf], t]))[:-1]
    better = (t < fastest_so_far) & ~np.isnan(c)
    last = np.maximum.accumulate(np.where(better, np.arange(len(c)), 0))
    twin = (t == t[last]) & (c == c[last])
    front = np.zeros(len(cost), bool)
    front[by_cost] = better | twin
    return front


def tied(cost: Range) -> Bools:
    """True where the interval overlaps the first one's; a figure without one is its own."""
    low = np.where(np.isnan(cost.low), cost.value, cost.low)
    high = np.where(np.isnan(cost.high), cost.value, cost.high)
    return np.asarray(low <= high[0], bool) if len(low) else np.zeros(0, bool)
