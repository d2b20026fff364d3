"""How many samples others needed to train to a target: published reference convergence points."""

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from benchbench.catalog import tables
from benchbench.errors import DataError
from benchbench.record import Model, Positive, Record, Scalar


class Point(Model):
    """Several trainings with one global batch size, and when each met the target."""

    workload: str
    requires: dict[str, Scalar] = {}
    """Parameters a record must have for the points to be about its work."""
    target: str
    batch_size: Annotated[int, Field(gt=0)]
    """Of all devices together."""
    epochs: Annotated[tuple[Positive, ...], Field(min_length=3)]
    samples_per_epoch: Positive
    source: str
    source_url: str
    as_of: date

    @property
    def samples(self) -> tuple[float, ...]:
        """Of each training until the target, the fewest first."""
        return tuple(sorted(epochs * self.samples_per_epoch for epochs in self.epochs))

    def concerns(self, record: Record) -> bool:
        """Whether the record trains the very model the points are about."""
        return (self.workload, "train") == (record.workload, record.scenario) and all(
            record.parameters.get(name) == value for name, value in self.requires.items()
        )


def load(path: Path | None = None) -> tuple[Point, ...]:
    """The bundled points by rising batch, or another file's; raises DataError naming the entry."""
    table = tables.read("convergence.toml", path)
    points = [
        _point({**shared, **fields}, name)
        for name, shared in table.items()
        for fields in shared.pop("points", [])
    ]
    return tuple(sorted(points, key=lambda point: point.batch_size))


def _point(fields: dict[str, object], name: str) -> Point:
    try:
        return Point.model_validate(tables.tuples(fields))
    except ValidationError as error:
        raise DataError(tables.fault(f"convergence point of {name}", error)) from error
