"""What a recommendation answers."""

from typing import Literal

from pydantic import Field

from benchbench.catalog.offer import Offer, PriceKind
from benchbench.predict import Step
from benchbench.recommend.goal import Goal
from benchbench.record import Caveat, Model, Precision, Validity
from benchbench.stats import Basis, Estimate


class Configuration(Model):
    """The setting of the records behind a figure: a recommendation says which it assumes."""

    backend: str
    precision: Precision
    batch_size: int | None
    """Of the record; a prediction assumes it too. None across kinds: one that fills the target."""
    device: str
    """The silicon measured, by its canonical or reported name."""
    measured_precision: Precision | None = None
    """Of the record, where the figure is for another precision."""
    validity: Validity = "valid"
    """Of the record: one with warnings is marked wherever it is shown."""


class Room(Model):
    """The memory the work was measured to need against what the instance has."""

    where: Literal["host", "accelerator"]
    """Of the whole instance, or of each accelerator."""
    needed_bytes: int
    offered_bytes: int | None

    @property
    def used_fraction(self) -> float | None:
        """Needed over offered."""
        return None if not self.offered_bytes else self.needed_bytes / self.offered_bytes


class Share(Model):
    """What an instance does of one workload of a mix."""

    workload: str
    throughput: Estimate
    """Units per second if it did nothing else."""
    busy_fraction: float
    """Of the instance's time."""
    basis: Basis
    configuration: Configuration
    because: str


class Spot(Model):
    """What interruptions make of a spot price."""

    hours_between_interruptions: Estimate
    """Of one instance. Between measured traces and what the provider's table would allow."""
    usd_per_useful_hour: Estimate
    """Of one instance, checkpoints, lost work and restarts paid for."""
    on_demand_usd_per_hour: float | None
    """Of the same instance, in its region or else the cheapest."""


class Candidate(Model):
    """An offer that does the job, with what it costs."""

    rank: int
    offer: Offer
    basis: Basis
    configuration: Configuration
    throughput: Estimate
    """Units per second of one whole instance."""
    replicas: int
    usd_per_hour: float
    """All replicas."""
    usd_per_unit: Estimate
    """At full load; with a rate, all replicas' price over the units asked for."""
    cost_usd: Estimate | None = None
    """For the goal's `units`."""
    time_s: Estimate | None = None
    """For the goal's `units`, with `replicas` instances."""
    floor_usd_per_unit: float | None = None
    """What a unit would cost at 100 % of the datasheet's peak: the price of low utilisation."""
    tied_with_best: bool = False
    pareto: bool = False
    """Nothing else here is both cheaper and faster."""
    step: Step | None = None
    """How far the prediction reaches; None when measured."""
    because: str
    """Where the throughput comes from, in one sentence."""
    shares: tuple[Share, ...] = ()
    """One per workload of a mix."""
    rooms: tuple[Room, ...] = ()
    latency_s: float | None = None
    """At the goal's percentile: measured, or the cautious end of what is predicted."""
    lost_fraction: float | None = None
    """Time a training run or a job on spot instances adds for checkpoints and interruptions."""
    scaling_fraction: float | None = None
    """Of perfect, where several instances train one model: a model of the network, assumed."""
    beside_usd: float | None = None
    """Storage and egress in `cost_usd`; per month where the goal is a rate."""
    spot: Spot | None = None


class Rejected(Model):
    """An offer that does not do the job, and why."""

    key: str
    provider: str
    region: str
    instance: str
    price_kind: PriceKind
    code: str
    because: str


class Reason(Model):
    """A code, how many offers it rejects, and one of them."""

    code: str
    offers: int
    instance: str
    because: str


class Relaxation(Model):
    """The smallest change of a limit, the others kept, that admits an offer."""

    limit: str
    """As the goal names it: `deadline_s`, `providers`."""
    allowed: str
    needed: str
    change_fraction: float | None = None
    """Of the limit; None where it is no number."""
    admits: str
    """An instance and its place."""
    sentence: str


class Member(Model):
    """One kind of instance in a mixed fleet."""

    offer: Offer
    replicas: int
    """Spares included."""
    usd_per_hour: float
    """All of them."""
    units_per_s: dict[str, float]
    """What it is planned to carry, per workload."""
    basis: Basis


class Fleet(Model):
    """Several kinds of instances together, for less than any one kind or where no one kind does."""

    members: tuple[Member, ...]
    usd_per_hour: float
    usd_per_unit: float
    optimal: bool
    """False: the search stopped first; `at_least_usd_per_hour` bounds what more search could save.
    """
    at_least_usd_per_hour: float
    one_kind_usd_per_hour: float | None
    """Of the best fleet of one kind; None where none does the job."""
    because: str


class Recommendation(Model):
    """The answer. `candidates` are ranked, cheapest per unit first.

    Every offer of the catalogue is in `candidates` or counted in `reasons`. The cheapest region
    speaks for an instance; its other regions, and what is ranked too low to show, are rejected
    saying so. `rejected` lists the rejected offers, all or the first of each code.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    goal: Goal
    unit: str
    candidates: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...]
    reasons: tuple[Reason, ...] = ()
    binding: str | None = None
    """With no candidate: the limit that excludes most, and the smallest change that admits one."""
    relaxations: tuple[Relaxation, ...] = ()
    """With no candidate: one per limit that can be relaxed alone, the smallest first."""
    fleet: Fleet | None = None
    """Where quotas or a mix demand it, or no one kind of instance does the job."""
    caveats: tuple[Caveat, ...] = ()
    indicative: bool
    """True when a quick measurement is behind it."""
    as_of: str
    """The day it was made, ISO."""
