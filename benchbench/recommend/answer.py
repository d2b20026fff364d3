"""What is asked of a recommendation, and what it answers."""

from typing import Annotated, Literal

from pydantic import Field

from benchbench.catalog.offer import Confidence, Offer, PriceKind
from benchbench.predict import Step
from benchbench.record import Caveat, Model, Precision, Scenario
from benchbench.stats import Basis, Estimate


class Goal(Model):
    """What must be done, and within which limits. None means no limit."""

    workload: str
    scenario: Scenario | None = None
    rate_per_s: Annotated[float, Field(gt=0)] | None = None
    """Sustain this many units per second."""
    units: Annotated[float, Field(gt=0)] | None = None
    """Finish this much work (images, sequences, tokens)."""
    deadline_s: Annotated[float, Field(gt=0)] | None = None
    budget_usd: Annotated[float, Field(gt=0)] | None = None
    """For `units`, in total."""
    budget_usd_per_hour: Annotated[float, Field(gt=0)] | None = None
    max_replicas: Annotated[int, Field(gt=0)] | None = None
    """None: 64; for training one, besides the spares, because several would exchange gradients over
    a network that nobody measured, and independent machines do not train one model. A number allows
    several, counted as if they scaled perfectly, which a caveat says."""
    providers: tuple[str, ...] = ()
    """Any case."""
    regions: tuple[str, ...] = ()
    """Prefixes: `us-`, `europe-west4`."""
    price_kinds: tuple[PriceKind, ...] = ("on_demand",)
    confidence: Confidence | None = None
    """Prices known less well are left out. None: medium, or low where spot is asked for, because
    nobody knows spot prices better than that."""
    headroom: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Load a replica is planned to carry, as a share of what it can."""
    spare_replicas: Annotated[int, Field(ge=0)] = 0

    @property
    def least_confidence(self) -> Confidence:
        """What a price must at least have."""
        if self.confidence is not None:
            return self.confidence
        return "low" if "spot" in self.price_kinds else "medium"


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


class Rejected(Model):
    """An offer that does not do the job, and why."""

    key: str
    provider: str
    region: str
    instance: str
    price_kind: PriceKind
    code: str
    because: str


class Recommendation(Model):
    """The answer. `candidates` are ranked, cheapest per unit first.

    Every offer of the catalogue is in `candidates` or in `rejected`. The cheapest region speaks for
    an instance; its other regions, and what is ranked too low to show, are rejected saying so.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    goal: Goal
    unit: str
    candidates: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...]
    binding: str | None = None
    """With no candidate: the limit that excludes most, and the smallest change that admits one."""
    caveats: tuple[Caveat, ...] = ()
    indicative: bool
    """True when a quick measurement is behind it."""
    as_of: str
    """The day it was made, ISO."""
