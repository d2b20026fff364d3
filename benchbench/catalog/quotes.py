"""Servers one can buy: price range, power, rack units and what is in them."""

from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from benchbench.catalog import tables
from benchbench.catalog.offer import Confidence
from benchbench.errors import DataError
from benchbench.record import Model, Positive


class Quote(Model):
    """One server; prices in USD for all of it."""

    key: str
    name: str
    accelerator: str | None = None
    """Canonical name in `accelerators.toml`."""
    accelerator_count: Annotated[int, Field(ge=0)]
    cpu_model: str | None = None
    cores: int | None = None
    memory_bytes: int | None = None
    capex_low_usd: Positive
    capex_usd: Positive
    capex_high_usd: Positive
    power_kw: Positive
    """The most it draws."""
    rack_units: int
    source: str
    source_url: str | None = None
    as_of: date
    confidence: Confidence
    note: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.capex_low_usd <= self.capex_usd <= self.capex_high_usd:
            message = "capex_usd does not lie between capex_low_usd and capex_high_usd"
            raise ValueError(message)
        if (self.accelerator is None) != (self.accelerator_count == 0):
            message = "accelerator and accelerator_count contradict each other"
            raise ValueError(message)
        return self


def load(path: Path | None = None) -> dict[str, Quote]:
    """All quotes by key (`dgx-h100-8`); raises DataError naming the entry."""
    quotes: dict[str, Quote] = {}
    for key, fields in tables.read("quotes.toml", path).items():
        try:
            quotes[key] = Quote.model_validate({"key": key, **tables.entry(key, fields)})
        except ValidationError as error:
            raise DataError(tables.fault(f"quote {key!r}", error)) from error
    return quotes
