"""What if machines were busier, renting dearer, or one looked further? A grid of whole answers."""

from collections.abc import Sequence
from dataclasses import replace
from math import floor, log10

import numpy as np

from benchbench.tco import owned, sweeps
from benchbench.tco.answer import SweepPoint, WhatIf
from benchbench.tco.case import Case
from benchbench.tco.demand import Demand
from benchbench.tco.money import Array

UTILISATIONS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
PRICE_FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5)
HORIZONS = (12, 24, 36, 48, 60)
_RENTS = (
    "cloud.price_usd_per_hour",
    "cloud.committed_usd_per_hour",
    "cloud.shorter_committed_usd_per_hour",
    "cloud.spot_usd_per_hour",
)
_DIGITS = 6


def grid(case: Case) -> WhatIf | None:
    """The case at every combination, its own among them; None where nothing is to be done."""
    own = utilisation(case, owned.full_fleet(case))
    if not 0 < own <= 1:
        return None
    axes = _with(UTILISATIONS, own), PRICE_FACTORS, _with(HORIZONS, case.horizon)
    looked_at = [sweeps.until(case, int(months)) for months in axes[2]]
    points = [
        sweeps.point(dearer(busy, factor), factor)
        for used in axes[0]
        for factor_of in [[busier(one, used) for one in looked_at]]
        for factor in axes[1]
        for busy in factor_of
    ]
    names = dict.fromkeys(name for point in points for name in point.usd_per_useful_hour)
    return WhatIf(
        utilisations=axes[0],
        price_factors=axes[1],
        horizons=tuple(map(int, axes[2])),
        here=(axes[0].index(own), axes[1].index(1.0), axes[2].index(case.horizon)),
        usd_per_useful_hour={name: _costs(points, name) for name in names},
        cheapest=tuple(point.cheapest for point in points),
    )


def utilisation(case: Case, fleet: Array) -> float:
    """Of the delivered `fleet` (months,), over the months it stands; 0 without one."""
    standing = fleet.sum() * case.server_capacity
    served = case.demand.served(fleet * case.server_capacity).sum()
    return float(served / standing) if standing else 0.0


def busier(case: Case, to: float) -> Case:
    """The same peak and the same fleet, which works `to` of the time.

    Less work: some hours fall idle. More: some hours are worked at all the fleet can carry.
    """
    arrived = replace(case, lead_months=0)
    fleet = owned.full_fleet(case)
    fleet = fleet if fleet.any() else owned.full_fleet(arrived)
    now = utilisation(case, fleet)
    if now in {to, 0}:
        return case
    if to < now:
        return replace(case, demand=_mixed(case.demand, np.zeros(case.horizon), to / now))
    most = owned.full_fleet(arrived) * case.server_capacity
    return replace(case, demand=_mixed(case.demand, most, (1.0 - to) / (1.0 - now)))


def _mixed(demand: Demand, level: Array, kept: float) -> Demand:
    """A share `kept` of the hours as they were, the others at `level` (months,)."""
    weights = np.concatenate(
        [kept * demand.weights, np.full((*demand.weights.shape[:-1], 1), 1.0 - kept)], axis=-1
    )
    if demand.levels.ndim == 1 and (not level.any() or (demand.flat and np.ptp(level) == 0)):
        levels = np.append(demand.levels, level[0])
        return replace(demand, levels=levels, weights=weights)
    levels = np.column_stack([demand.by_month(), level])
    return replace(demand, levels=levels, weights=weights, growth_per_year=0.0)


def dearer(case: Case, factor: float) -> Case:
    """Every price of renting times `factor`."""
    rents = {key: case[key] * factor for key in _RENTS if key in case.values}
    return case.with_values(rents)


def _with(usual: Sequence[float], own: float) -> tuple[float, ...]:
    """The scenario's own value takes the place of a usual one too near to tell apart."""
    apart = [value for value in usual if abs(value - own) > 0.02 * own]
    return tuple(sorted([*apart, own]))


def _costs(points: Sequence[SweepPoint], name: str) -> tuple[float | None, ...]:
    return tuple(_rounded(point.usd_per_useful_hour.get(name)) for point in points)


def _rounded(value: float | None) -> float | None:
    """More digits than anybody reads would make the page too large to mail."""
    if not value:
        return value
    return round(value, _DIGITS - 1 - floor(log10(abs(value))))
