"""Where owning begins to win: per machine-hour, per utilisation and by month."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise

import numpy as np

from benchbench.tco import cloud, finance, owned
from benchbench.tco.answer import AlternativeName, Band
from benchbench.tco.case import Case, total
from benchbench.tco.money import (
    HOURS_PER_MONTH,
    Array,
    Value,
    break_even_month,
    break_even_utilisation,
    discount_factors,
)


@dataclass(frozen=True)
class HourlyCosts:
    """Levelised over the horizon (present cost ÷ present server-hours): USD per server-hour.

    A rented hour is what does the work of one owned server in an hour.
    """

    fixed: float
    """c_f: owning, worked or not."""
    variable: float
    """v: what a worked hour adds."""
    on_demand: float
    """p"""
    committed: float | None
    """Paid round the clock, like `fixed`, in the months a commitment covers."""
    spot: float | None
    cloud_fixed: float
    """Egress, storage and people of the cloud side."""
    availability: float
    uncommitted: float = 0.0
    """What a worked hour adds to `committed`: on demand, in the months no commitment covers."""
    fixed_parts: Mapping[str, float] = field(default_factory=dict)
    """What `fixed` is made of, by component."""

    def owning(self, utilisation: float) -> float:
        """Per useful hour, an outage covered from the cloud: c_f/u + a·v + (1 - a)·p."""
        cover = (1.0 - self.availability) * self.on_demand
        return self.fixed / utilisation + self.availability * self.variable + cover

    def renting(self, utilisation: float) -> float:
        """On demand, per useful hour."""
        return self.on_demand + self.cloud_fixed / utilisation

    def committing(self, utilisation: float) -> float | None:
        """Per useful hour of a machine committed only if that is cheaper than on demand."""
        if self.committed is None:
            return None
        best = min(self.on_demand, self.committed / utilisation + self.uncommitted)
        return best + self.cloud_fixed / utilisation

    def interruptible(self, utilisation: float) -> float | None:
        """On spot instances, per useful hour."""
        return None if self.spot is None else self.spot + self.cloud_fixed / utilisation

    def against_on_demand(self) -> float | None:
        """u* = (c_f - cloud_fixed) / (a · (p - v)); None: never."""
        fixed = self.fixed - self.cloud_fixed
        return break_even_utilisation(fixed, self.availability, self.on_demand, self.variable)

    def against_spot(self) -> float | None:
        """Where `owning` meets `interruptible`; None: never, or no spot price."""
        if self.spot is None:
            return None
        margin = self.spot - self.owning(1.0) + self.fixed
        return max(0.0, self.fixed - self.cloud_fixed) / margin if margin > 0 else None

    def against_best_mix(self) -> float | None:
        """Where owning begins to beat both on-demand and committed; None: never.

        From u = committed / (p - uncommitted) on a committed machine is the cheaper rent. Owning
        that has not won there wins above only through the hours the commitment leaves on demand.
        """
        start = self.against_on_demand()
        if start is None or start > 1 or self.committed is None:
            return start
        if start * (self.on_demand - self.uncommitted) <= self.committed + 1e-9:
            return start
        margin = self.uncommitted - self.owning(1.0) + self.fixed
        behind = self.fixed - self.committed - self.cloud_fixed
        return behind / margin if margin > 0 else None


def screening(costs: HourlyCosts, own: AlternativeName) -> tuple[Band, ...]:
    """The lower envelope of fixed + variable · utilisation, from idle to always busy.

    Masse, Gibrat 1957; Murphy, Soyster 1983: which machine belongs to which part of a duration
    curve. What all ways of renting pay alike is left out of all.
    """
    lines: dict[AlternativeName, tuple[float, float]] = {
        "on_demand": (0.0, costs.on_demand),
        own: (costs.fixed - costs.cloud_fixed, costs.owning(1.0) - costs.fixed),
    }
    if costs.committed is not None:
        lines["committed"] = (costs.committed, costs.uncommitted)
    edges = {0.0, 1.0}
    for (f, v), (g, w) in combinations(lines.values(), 2):
        meets = (g - f) / (v - w) if v != w else -1.0
        edges |= {meets} if 0 < meets < 1 else set()
    bands: list[Band] = []
    for low, high in pairwise(sorted(edges)):
        middle = (low + high) / 2
        best = min(lines, key=lambda name: lines[name][0] + lines[name][1] * middle)
        if bands and bands[-1].name == best:
            low = bands.pop().from_utilisation  # noqa: PLW2901  the band goes on
        fixed, variable = lines[best]
        bands.append(
            Band(
                name=best,
                fixed_usd_per_hour=fixed,
                variable_usd_per_hour=variable,
                from_utilisation=low,
                to_utilisation=high,
            )
        )
    return tuple(bands)


def utilisation_of_draws(case: Case, fleet: Array) -> Array:
    """u* against on-demand for values drawn (draws, 1): (draws,); NaN: never."""
    discount = discount_factors(case["finance.cost_of_capital"], case.horizon)
    weight = fleet * HOURS_PER_MONTH * discount[..., 1:]
    hours = weight.sum(axis=-1)
    idle = replace(case, demand=replace(case.demand, levels=np.zeros_like(case.demand.levels)))
    own, rent = (
        (total(flows, case.horizon) * discount).sum(axis=-1) / hours
        for flows in (owned.flows(idle, fleet), cloud.on_demand(idle))
    )
    per_server = case.server_capacity / case.cloud_capacity * (1.0 + case["cloud.support_fraction"])
    borne = finance.kept_after_tax(case)
    price = (cloud.prices(case) * per_server * borne * weight).sum(axis=-1) / hours
    margin = price - np.squeeze(np.asarray(owned.variable_usd_per_hour(case) * borne))
    available = np.squeeze(np.asarray(case["owned.availability"]))
    share = np.maximum(0.0, own - rent) / (available * np.where(margin > 0, margin, 1.0))
    return np.where(margin > 0, share, np.nan)


def hourly_costs(case: Case, fleet: Array) -> HourlyCosts | None:
    """The levelised costs of `fleet` (months,); None for a fleet that never arrives."""
    discount = discount_factors(case["finance.cost_of_capital"], case.horizon)
    hours = float((fleet * HOURS_PER_MONTH) @ discount[1:])
    if hours <= 0:
        return None
    per_server = case.server_capacity / case.cloud_capacity
    plan = 1.0 + _number(case["cloud.support_fraction"])
    borne = _number(finance.kept_after_tax(case))

    def levelised(prices: Array) -> float:
        paid = float((prices * fleet * HOURS_PER_MONTH) @ discount[1:]) / hours
        return paid * per_server * plan * borne

    standing = replace(case, demand=replace(case.demand, levels=np.zeros_like(case.demand.levels)))
    term = case.commitment_months
    parts = {
        name: _present(flow, discount) / hours
        for name, flow in owned.flows(standing, fleet).items()
        if flow.any()
    }
    return HourlyCosts(
        fixed=sum(parts.values()),
        fixed_parts=parts,
        variable=_number(owned.variable_usd_per_hour(case)) * borne,
        on_demand=levelised(cloud.prices(case)),
        committed=None if term is None else levelised(cloud.committed_prices(case)),
        spot=levelised(cloud.spot_prices(case)) if _has_spot(case) else None,
        cloud_fixed=_present(total(cloud.on_demand(standing), case.horizon), discount) / hours,
        availability=_number(case["owned.availability"]),
        uncommitted=levelised(cloud.prices(case) * (1.0 - cloud.committed_months(case))),
    )


def _has_spot(case: Case) -> bool:
    return "cloud.spot_usd_per_hour" in case.values


def _present(flow: Array, discount: Array) -> float:
    return float(flow @ discount)


def _number(value: Value) -> float:
    return float(np.asarray(value).item())


@dataclass(frozen=True)
class Months:
    """When owning has paid for itself; None: never within the horizon."""

    cash: int | None
    discounted: int | None
    with_resale: int | None


def months(case: Case, fleet: Array, rent: Array) -> Months:
    """Three answers: in cash, in today's money, and if the fleet were sold on that day.

    `rent` is a whole flow (months + 1,); in the first two nothing is sold at the end.
    """
    discount = discount_factors(case["finance.cost_of_capital"], case.horizon)
    keeping = replace(case, sells_at_end=False)
    kept = total(owned.flows(keeping, fleet), case.horizon)
    left = owned.worth_if_sold(case, fleet) * discount
    held = np.diff(np.cumsum(kept * discount) - left, prepend=0.0)
    return Months(
        cash=break_even_month(kept, rent),
        discounted=break_even_month(kept * discount, rent * discount),
        with_resale=break_even_month(held, rent * discount),
    )
