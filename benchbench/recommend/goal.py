"""What is asked of a recommendation: the work, how fast, and within which limits."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from benchbench import untrusted
from benchbench.catalog.offer import Confidence, PriceKind
from benchbench.catalog.tables import tuples
from benchbench.errors import DataError, UsageError
from benchbench.record import Model, NonNegative, Positive, Scenario
from benchbench.stats import QUERIES_NEEDED

_PREFIXES = "KMGTP"
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*(?:([KMGTP])(i?))?B?", re.IGNORECASE)


def size_bytes(text: str) -> float:
    """`15TB` is 15 · 10^12 bytes, `15TiB` 15 · 2^40; raises UsageError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no amount of data; write it as 500GB, 15TB or 64GiB")
    number, prefix, binary = match.groups()
    power = _PREFIXES.index(prefix.upper()) + 1 if prefix else 0
    return float(number) * float((1024 if binary else 1000) ** power)


def _as_bytes(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return size_bytes(value)
    except UsageError as error:
        raise ValueError(str(error)) from error


Bytes = Annotated[
    Positive,
    BeforeValidator(_as_bytes),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]},
        mode="validation",
    ),
]
"""A number of bytes, or a text such as `15TB` or `64GiB`."""


def _published(percent: float) -> float:
    if percent not in QUERIES_NEEDED:
        message = f"choose among {', '.join(f'{one:g}' for one in QUERIES_NEEDED)}"
        raise ValueError(message)
    return percent


LatencyPercent = Annotated[
    float, AfterValidator(_published), WithJsonSchema({"enum": list(QUERIES_NEEDED)})
]


class Part(Model):
    """One workload of a mix; its bound on latency is its own."""

    workload: str
    scenario: Scenario | None = None
    weight: Positive = 1.0
    """Its share of all units; weights need not add up to 1."""
    latency_s: Positive | None = None
    latency_percent: LatencyPercent = 99.0


class Quota(Model):
    """How much of something one may rent at a time; what is left out matches everything."""

    most: NonNegative
    of: Literal["instances", "vcpu", "accelerators"] = "instances"
    """What `most` counts."""
    provider: str | None = None
    region: str | None = None
    """A prefix."""
    instance: str | None = None
    accelerator: str | None = None
    """A canonical name, or its beginning up to a hyphen: `H100` is all its boards."""
    price_kind: PriceKind | None = None


class Goal(Model):
    """What must be done, and within which limits. None means no limit."""

    workload: str
    """Of a mix: its workloads, joined by ` + `."""
    scenario: Scenario | None = None
    mix: tuple[Part, ...] = ()
    """Several workloads in place of one; a unit is then one of any of them, by weight."""
    rate_per_s: Positive | None = None
    """Sustain this many units per second."""
    units: Positive | None = None
    """Finish this much work (images, sequences, tokens)."""
    deadline_s: Positive | None = None
    latency_s: Positive | None = None
    """No more than this at `latency_percent`."""
    latency_percent: LatencyPercent = 99.0
    budget_usd: Positive | None = None
    """For `units`, in total."""
    budget_usd_per_hour: Positive | None = None
    max_replicas: Annotated[int, Field(gt=0)] | None = None
    """None: 64; for training one, besides the spares, because several exchange gradients over a
    network that nobody measured. A number allows several, by a model of that exchange."""
    gradient_bytes: Bytes | None = None
    """What training exchanges per step; None: as its workload counts it."""
    providers: tuple[str, ...] = ()
    """Any case."""
    regions: tuple[str, ...] = ()
    """Prefixes: `us-`, `europe-west4`."""
    price_kinds: tuple[PriceKind, ...] = ("on_demand",)
    confidence: Confidence | None = None
    """Prices known less well are left out. None: medium, or low where spot is asked for, because
    nobody knows spot prices better than that."""
    min_memory_bytes: Bytes | None = None
    min_accelerator_memory_bytes: Bytes | None = None
    """Of each accelerator."""
    max_interruption_fraction_per_month: Annotated[float, Field(ge=0, le=1)] | None = None
    """Of spot offers, as their provider publishes it."""
    quotas: tuple[Quota, ...] = ()
    headroom: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Load a replica is planned to carry, as a share of what it can."""
    spare_replicas: Annotated[int, Field(ge=0)] = 0
    egress_bytes: Bytes | None = None
    """Sent to the internet: for all of `units`, or in a month at a rate."""
    stored_bytes: Bytes | None = None
    """Kept with the provider while `units` are worked on, or all the time at a rate."""
    checkpoint_s: NonNegative = 300.0
    """To write a checkpoint of a training run, or of a job on spot instances."""
    restart_s: NonNegative = 600.0
    """From an interruption to useful work: a new instance, the load, the compilation."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        message = None
        if not self.workload:
            message = "a workload, or a mix of several, is needed"
        elif self.mix and self.workload != mix_name(part.workload for part in self.mix):
            message = "workload and mix exclude one another; write one of them"
        elif self.units is None and (self.deadline_s is not None or self.budget_usd is not None):
            message = "a deadline or a total budget is for an amount of work: add units"
        elif self.units is None and self.rate_per_s is None and self._moves_data:
            message = "egress and stored data are of an amount of work or a rate: add one of them"
        if message is not None:
            raise ValueError(message)
        return self

    @property
    def _moves_data(self) -> bool:
        return self.egress_bytes is not None or self.stored_bytes is not None

    @property
    def parts(self) -> tuple[Part, ...]:
        """One workload is a mix of one; a part without a bound on latency has the goal's."""
        latency = {"latency_s": self.latency_s, "latency_percent": self.latency_percent}
        parts = self.mix or (Part(workload=self.workload, scenario=self.scenario),)
        return tuple(
            part if part.latency_s is not None else part.model_copy(update=latency)
            for part in parts
        )

    @property
    def shares(self) -> tuple[float, ...]:
        """Of the units, one per part; they add up to 1."""
        weights = [part.weight for part in self.parts]
        return tuple(weight / sum(weights) for weight in weights)

    @property
    def least_confidence(self) -> Confidence:
        """What a price must at least have."""
        if self.confidence is not None:
            return self.confidence
        return "low" if "spot" in self.price_kinds else "medium"


def mix_name(workloads: Iterable[str]) -> str:
    """What a mix is called."""
    return " + ".join(workloads)


def read(path: Path) -> dict[str, Any]:
    """What a goal file says, unchecked but for its keys. Raises UsageError, DataError."""
    try:
        document = untrusted.settings(path)
    except OSError as error:
        raise UsageError(f"cannot read goal {path}: {error.strerror}; name another file") from error
    except ValueError as error:
        raise DataError(f"goal {path} is not valid TOML: {error}; mend that line") from error
    for key in document:
        if key not in Goal.model_fields:
            near = difflib.get_close_matches(key, Goal.model_fields, n=1, cutoff=0.5)
            known = f"did you mean {near[0]!r}?" if near else "see: benchbench schema goal"
            raise DataError(f"goal {path}: unknown key {key!r}; {known}")
    found: dict[str, Any] = tuples(document)
    return found


def value(text: str) -> Any:  # noqa: ANN401  whatever TOML makes of it
    """As in a goal file; what is not TOML there is a text."""
    try:
        return tuples(untrusted.parse_toml(f"value = {text}")["value"])
    except ValueError:
        return text


def _parts(written: object) -> Sequence[Any]:
    if not isinstance(written, tuple | list):
        raise UsageError("mix: write it as [[mix]] tables; see: benchbench recommend --help")
    return written


def _part(fields: Part | Mapping[str, Any]) -> Part:
    return fields if isinstance(fields, Part) else Part.model_validate(fields)


def parse(fields: Mapping[str, Any]) -> Goal:
    """A checked goal, a mix named after its workloads.

    Raises UsageError naming the field and what is wrong with it.
    """
    try:
        mix = tuple(_part(one) for one in _parts(fields.get("mix", ())))
        named = {"workload": mix_name(one.workload for one in mix)} if mix else {}
        return Goal.model_validate({**named, **fields, "mix": mix})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        place = f"{where}: " if where else ""
        raise UsageError(f"{place}{said}; see: benchbench recommend --help") from error
