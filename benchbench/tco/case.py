"""A scenario made ready to calculate: facts that are decided, and values that may be uncertain."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from benchbench.catalog.egress import Tier
from benchbench.tco.demand import Demand, two_levels
from benchbench.tco.money import MONTHS_PER_YEAR, Array, Value

Flows = dict[str, Array]
"""What each component costs: USD in months 0 … horizon, shape (…, horizon + 1)."""
BUSY = "demand.busy_fraction"
Funding = Literal["cash", "loan", "lease"]


@dataclass(frozen=True)
class Vendor:
    """A service that does the work for a fee; its numbers are values named `vendor.…`."""

    name: str
    units_per_hour: float
    """Of one unit of the demand's level."""
    lead_months: int


@dataclass(frozen=True)
class Case:
    """Everything the cash flows need. A value is one number, or one per draw: (draws, 1)."""

    demand: Demand
    values: Mapping[str, Value]
    cloud_capacity: float
    """Of one instance, in the demand's unit."""
    server_capacity: float
    accelerators: int
    """Of one server; 0 on a CPU server."""
    servers: int | None = None
    """Fixed by the user; None: what the peak needs."""
    commitment_months: int | None = None
    shorter_commitment_months: int | None = None
    """What is taken where `commitment_months` no longer fit; None: on demand then."""
    checkpoint_hours: float = 0.0
    restart_hours: float = 0.0
    tiers: tuple[Tier, ...] = ()
    colocation: bool = True
    pays_power: bool = True
    lead_months: int = 0
    dual_running_months: int = 0
    builds_room: bool = False
    """The machine room is charged for; False: it is there already."""
    funding: Funding = "cash"
    loan_months: int = 36
    taxed: bool = False
    sells_at_end: bool = True
    """Everything is sold, and a loan repaid, at the horizon."""
    vendor: Vendor | None = None

    def __getitem__(self, key: str) -> Value:
        return self.values[key]

    @property
    def horizon(self) -> int:
        """Months."""
        return self.demand.months

    @property
    def month(self) -> Array:
        """1 … horizon."""
        return np.arange(1, self.horizon + 1, dtype=np.float64)

    def with_values(self, values: Mapping[str, Value]) -> Self:
        """The same decisions under other numbers; the busy share reaches the demand."""
        demand = self.demand
        if BUSY in values:
            _, weights = two_levels(0.0, 0.0, values[BUSY])
            demand = replace(demand, weights=weights)
        return replace(self, values={**self.values, **values}, demand=demand)


def from_month_one(amounts: Array) -> Array:
    """Amounts of months 1 … n with nothing at the start: (…, n) → (…, n + 1)."""
    return np.concatenate([np.zeros((*amounts.shape[:-1], 1)), amounts], axis=-1)


def monthly(case: Case, yearly: Value, active: Array | float = 1.0) -> Array:
    """A twelfth of a yearly amount in every month, times what is active in it."""
    return from_month_one(np.asarray(yearly / MONTHS_PER_YEAR * active * np.ones(case.horizon)))


def total(flows: Flows, months: int) -> Array:
    """The sum of the components, month by month: (…, months + 1)."""
    return sum(flows.values(), start=np.zeros(months + 1))
