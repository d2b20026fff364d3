"""The planning values of the cost model: default, range, source and date of each."""

from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchbench.catalog import tables
from benchbench.catalog.offer import Confidence
from benchbench.errors import DataError
from benchbench.record import Model


class Tier(Model):
    """One step of a tiered monthly price; what clouds bill as a GB is 2**30 bytes."""

    width_gib: float | None = None
    """How much this step holds, after the steps before it; None: all the rest."""
    usd_per_gib: float


class Default(Model):
    """A planning value with its range; a row without a value is an anchor to compare with."""

    key: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str
    tiers: tuple[Tier, ...] = ()
    """In place of `value` where the price is tiered and cumulative per month."""
    source: str
    url: str | None = None
    as_of: date
    """The first day of the period the source speaks of; of a range, of its last year."""
    confidence: Confidence
    note: str | None = None


def load(path: Path | None = None) -> dict[str, Default]:
    """All defaults by key (`capex.dgx_h100_8x`); raises DataError naming the entry."""
    groups = tables.read("defaults.toml", path)
    return {
        f"{group}.{name}": _default(f"{group}.{name}", fields)
        for group, entries in groups.items()
        for name, fields in tables.entry(group, entries).items()
    }


def _default(key: str, fields: dict[str, Any]) -> Default:
    try:
        return Default.model_validate({"key": key, **tables.entry(key, fields)})
    except ValidationError as error:
        raise DataError(tables.fault(f"default {key!r}", error)) from error
