"""A SkyPilot catalogue CSV → offers: one on-demand and one spot row per priced line.

Columns read: InstanceType, vCPUs, MemoryGiB, AcceleratorName, AcceleratorCount, Price, SpotPrice,
Region and, where there is one, AvailabilityZone (the format of SkyPilot's catalogue v5 to v8).
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from benchbench.catalog.chips import Chip
from benchbench.catalog.importers import names
from benchbench.catalog.offer import Offer
from benchbench.catalog.rows import RejectedRow
from benchbench.errors import DataError, UsageError

GIB = 2**30
_COLUMNS = ("InstanceType", "vCPUs", "MemoryGiB", "AcceleratorName", "AcceleratorCount", "Region")


@dataclass(frozen=True)
class Imported:
    """The offers of one file, and the lines that could not be used."""

    offers: tuple[Offer, ...]
    rejected: tuple[RejectedRow, ...]


def read(path: Path, provider: str, as_of: date, chips: dict[str, Chip]) -> Imported:
    """`provider` and `as_of` are not in the file; raises UsageError, DataError."""
    offers: list[Offer] = []
    rejected: list[RejectedRow] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
                raise DataError(f"{path} lacks columns {', '.join(missing)}; is it SkyPilot's?")
            for row in reader:
                try:
                    offers.extend(_offers(row, provider, as_of, chips))
                except (ValueError, ValidationError) as error:
                    reason = str(error).splitlines()[0]
                    rejected.append(RejectedRow(path.name, reader.line_num, reason))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; give a readable CSV") from error
    return Imported(tuple(offers), tuple(rejected))


def _offers(
    row: dict[str, str], provider: str, as_of: date, chips: dict[str, Chip]
) -> Iterator[Offer]:
    count = _number(row["AcceleratorCount"]) or 0.0
    chip = _chip(row, chips) if count else None
    base = Offer(
        provider=provider,
        region=row["Region"],
        zone=row.get("AvailabilityZone") or None,
        instance=row["InstanceType"],
        vcpu=_number(row["vCPUs"]),
        memory_bytes=_bytes(row["MemoryGiB"]),
        accelerator=chip.name if chip else None,
        variant=chip.variant if chip else None,
        accelerator_count=count,
        accelerator_memory_bytes=chip.memory_bytes if chip else None,
        price_kind="on_demand",
        source="skypilot-catalog",
        as_of=as_of,
        confidence="medium",
    )
    if (price := _number(row.get("Price", ""))) is not None:
        yield _priced(base, "on_demand", price)
    if (price := _number(row.get("SpotPrice", ""))) is not None:
        yield _priced(base, "spot", price)


def _priced(offer: Offer, kind: str, price: float) -> Offer:
    fields = offer.model_dump() | {"price_kind": kind, "price_usd_per_hour": price}
    return Offer.model_validate(fields)


def _chip(row: dict[str, str], chips: dict[str, Chip]) -> Chip:
    name = names.canonical(row["AcceleratorName"])
    if name is None or name not in chips:
        raise ValueError(f"accelerator {row['AcceleratorName'][:40]!r} has no canonical name")
    return chips[name]


def _number(text: str | None) -> float | None:
    return float(text) if text and text.strip() else None


def _bytes(text: str) -> int | None:
    gib = _number(text)
    return None if gib is None else round(gib * GIB)
