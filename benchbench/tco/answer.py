"""What a cost comparison answers: alternatives month by month, break-even, and how sure."""

from typing import Literal

from pydantic import Field

from benchbench.record import Model
from benchbench.stats import Basis
from benchbench.tco.questions import Reason

AlternativeName = Literal[
    "on_demand", "committed", "spot", "owned", "colocated", "hybrid", "vendor"
]


class Assumption(Model):
    """One input with its range and where it is from. `basis` is measured, predicted or assumed."""

    key: str
    label: str = ""
    """What people call it; the engine fills it in."""
    value: float
    low: float | None = None
    high: float | None = None
    unit: str
    source: str
    as_of: str | None = None
    basis: Basis


class Alternative(Model):
    """One way to get the work done.

    `months[k][i]` is what component k costs in USD in month i (0 is the start).
    A negative amount is money received (residual value).
    """

    name: AlternativeName
    label: str
    infeasible_because: str | None = None
    months: dict[str, tuple[float, ...]] = {}
    total_usd: float | None = None
    npv_usd: float | None = None
    """Present value of what is paid, a positive number being a cost."""
    annuity_usd_per_year: float | None = None
    """The equal yearly payment of the same present value."""
    usd_per_unit: float | None = None
    usd_per_useful_hour: float | None = None
    """Per accelerator-hour (or server-hour) of demand served."""
    paid_usd_p5: tuple[float, ...] = ()
    """Paid since the start, in month 0 … horizon: below it in one draw of twenty; absent unless
    explored."""
    paid_usd_p95: tuple[float, ...] = ()
    """The same, above it in one draw of twenty."""


class CurvePoint(Model):
    """Cost per useful hour at one utilisation, per alternative; None where it does not exist."""

    utilisation: float
    usd_per_useful_hour: dict[str, float | None]


class SweepPoint(Model):
    """Cost per useful hour at another scale or horizon, each with its own best plan."""

    at: float
    """Times the demand, or months."""
    usd_per_useful_hour: dict[str, float | None]
    """A way that is none there is left out."""
    cheapest: AlternativeName
    hybrid_base_servers: int


class WhatIf(Model):
    """The answer at other utilisations, cloud prices and horizons; each point has its best plan.

    Points stand in the order of utilisation, then price, then horizon: that of
    `utilisations[i]`, `price_factors[j]`, `horizons[k]` is number
    `(i · len(price_factors) + j) · len(horizons) + k`.
    """

    utilisations: tuple[float, ...]
    """Of the owned fleet: the peak stays, the hours with work become fewer or more."""
    price_factors: tuple[float, ...]
    """Times every price of renting."""
    horizons: tuple[int, ...]
    """Months."""
    here: tuple[int, int, int]
    """Which of each is the scenario's own."""
    usd_per_useful_hour: dict[str, tuple[float | None, ...]]
    """Per alternative, to six digits; None where it is no way to do the work."""
    cheapest: tuple[AlternativeName, ...]

    def at(self, utilisation: int, price: int, horizon: int) -> int:
        """The number of the point with these indices."""
        return (utilisation * len(self.price_factors) + price) * len(self.horizons) + horizon


class Band(Model):
    """Where on the screening curve one kind of machine is the cheapest."""

    name: AlternativeName
    fixed_usd_per_hour: float
    """Worked or not."""
    variable_usd_per_hour: float
    """What a worked hour adds."""
    from_utilisation: float
    to_utilisation: float


class Neighbour(Model):
    """What the hybrid costs with so many servers of its own."""

    servers: int
    npv_usd: float


class Rival(Model):
    """Another cloud's on-demand price for the same work."""

    offer: str
    usd_per_hour: float
    """Of one instance, today."""
    levelised_usd_per_hour: float | None
    """For one owned server's work, over the horizon."""
    npv_usd: float
    usd_per_useful_hour: float | None
    break_even_utilisation: float | None
    """From which use owning beats it; above 1 no use is enough, None: never."""
    source: str
    as_of: str


class OwnServer(Model):
    """The server owned, at what an hour of it costs all in at this scenario's use."""

    key: str
    accelerator: str | None
    accelerators: int
    cores: float | None
    memory_bytes: int | None
    usd_per_hour: float
    """Standing, whether it works or not: fixed, and the power of the hours it works."""


class Waiting(Model):
    """Buying one hardware generation later, renting as cheaply as possible until then."""

    months: int
    price_per_work: float
    """Of the next generation's server, as a share of today's, for the same work."""
    cost_now_usd: float
    cost_later_usd: float
    value_usd: float
    """What waiting saves, in present USD; negative: it costs."""
    source: str


class HourlyRates(Model):
    """What the break-even utilisation is made of; USD per server-hour, levelised.

    Levelised: present cost over the horizon ÷ present server-hours, so that falling prices and
    the resale are in it. A rented hour is the one that does an owned server's work.
    """

    owned_fixed: float
    """Paid worked or not (c_f)."""
    owned_parts: dict[str, float] = {}
    """What that is made of, by component; a resale is negative."""
    owned_variable: float
    """What a worked hour adds (v)."""
    on_demand: float
    """p"""
    committed: float | None
    """Paid round the clock, in the months a commitment covers."""
    spot: float | None
    cloud_fixed: float
    """Egress, storage and people of the cloud side."""
    availability: float
    """Of an owned server (a)."""
    uncommitted: float = 0.0
    """What a worked hour adds to `committed`, in the months no commitment covers."""


class BreakEven(Model):
    """Where owning begins to win. None: never within the horizon, and `sentence` says so."""

    utilisation: float | None
    """Against on-demand: (c_f - cloud_fixed) / (a · (p - v)); above 1 no use is enough."""
    utilisation_against: dict[str, float | None] = {}
    """The same against `committed` (the cheaper of it and on-demand) and `spot`."""
    hourly: HourlyRates | None = None
    month_cash: int | None
    month_discounted: int | None
    month_with_resale: int | None
    sentence: str


class TornadoBar(Model):
    """How the saving of owning over the best cloud moves with one input, the others at default."""

    key: str
    label: str = ""
    """As the assumption's."""
    low_saving_usd: float
    high_saving_usd: float
    rank_correlation: float | None = None
    flips_at: float | None = None
    """The input's value at which the cheaper side changes, the others at default; None: none."""


class Uncertainty(Model):
    """Monte Carlo over the assumptions' ranges (PERT, fixed seed)."""

    draws: int
    probability_own_cheaper: float
    saving_usd_p5: float
    saving_usd_p50: float
    saving_usd_p95: float
    saving_usd_quantiles: tuple[float, ...] = ()
    """At 1, 3, … 99 %: fifty savings, each standing for one draw in fifty."""
    break_even_p5: float | None = None
    """Of the break-even utilisation against on-demand; None: never in that many draws."""
    break_even_p50: float | None = None
    break_even_p95: float | None = None
    tornado: tuple[TornadoBar, ...]


class TcoAnswer(Model):
    """The document `tco` prints."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    title: str
    horizon_months: int
    unit: str
    """Of work, or `hour` when demand is in machine-hours."""
    alternatives: tuple[Alternative, ...]
    cheapest: AlternativeName
    break_even: BreakEven
    utilisation: float
    """Of the owned fleet at the scenario's demand."""
    hybrid_base_servers: int | None = None
    hybrid_committed_instances: int | None = None
    """Committed to beside that base."""
    hybrid_neighbours: tuple[Neighbour, ...] = ()
    """One server fewer, as many, one more."""
    screening: tuple[Band, ...] = ()
    """Which machine is the cheapest for how busy a share of the work."""
    rivals: tuple[Rival, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    scale: tuple[SweepPoint, ...] = ()
    horizons: tuple[SweepPoint, ...] = ()
    what_if: WhatIf | None = None
    """Absent unless explored."""
    uncertainty: Uncertainty | None = None
    buying: Uncertainty | None = None
    """The same for buying the service against the cheapest way to run it oneself."""
    own_server: OwnServer | None = None
    waiting: Waiting | None = None
    reasons: tuple[Reason, ...] = ()
    """Build or buy beside the money; no figure rests on them."""
    assumptions: tuple[Assumption, ...]
    sentences: tuple[str, ...]
    """The answer in plain words, most important first."""
