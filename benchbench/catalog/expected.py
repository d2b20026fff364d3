"""What competent people get on known devices: what a result is held against, with its evidence."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Literal, Protocol, Self

from pydantic import Field, ValidationError, model_validator

from benchbench.catalog import tables
from benchbench.errors import DataError
from benchbench.record import Model, Positive, Precision, Record, Scenario


class Device(Protocol):
    """The silicon a result was measured on."""

    @property
    def chip_name(self) -> str | None:
        """Its canonical name; None where it is not identified."""

    @property
    def kind(self) -> Literal["accelerator", "cpu"] | None:
        """None where it is not identified."""


class Expectation(Model):
    """A range per device, in units per second or as a share of the datasheet's dense peak."""

    workload: str
    scenario: Scenario
    kind: Literal["accelerator", "cpu"]
    silicon: tuple[str, ...] = ()
    """Canonical names; empty: any device of this kind without a row of its own."""
    precisions: tuple[Precision, ...]
    backends: tuple[str, ...] = ()
    """Empty: any."""
    batch_size_from: int = Field(default=1, ge=1)
    """Smaller batches are slower for a reason of their own."""
    quantity: Literal["throughput", "mfu"]
    low: Positive
    high: Positive
    evidence: str
    source: str
    source_url: str | None = None
    as_of: date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            message = f"low {self.low} lies above high {self.high}"
            raise ValueError(message)
        if not self.silicon and self.quantity != "mfu":
            message = "a row for any device must be a share of its peak"
            raise ValueError(message)
        return self

    def concerns(self, record: Record, silicon: Device) -> bool:
        """Whether the record's configuration is one of those the range is about."""
        return (
            (self.workload, self.scenario, self.kind)
            == (record.workload, record.scenario, silicon.kind)
            and record.precision in self.precisions
            and (not self.backends or record.backend in self.backends)
            and record.batch_size >= self.batch_size_from
            and (not self.silicon or silicon.chip_name in self.silicon)
        )


def find(known: Iterable[Expectation], record: Record, silicon: Device) -> Expectation | None:
    """The row about this very device, else the one about its kind, else None."""
    fitting = [one for one in known if one.concerns(record, silicon)]
    return next((one for one in fitting if one.silicon), next(iter(fitting), None))


def load(path: Path | None = None) -> tuple[Expectation, ...]:
    """The bundled rows, or another file's; raises DataError naming the row."""
    rows = tables.entries(tables.read("expected.toml", path), "expected")
    return tuple(_row(index, fields) for index, fields in enumerate(rows, start=1))


def _row(index: int, fields: dict[str, object]) -> Expectation:
    try:
        return Expectation.model_validate(tables.tuples(fields))
    except ValidationError as error:
        raise DataError(tables.fault(f"expectation {index}", error)) from error
