"""A SkyPilot catalogue CSV: one line has an on-demand and perhaps a spot price.

Columns read: InstanceType, vCPUs, MemoryGiB, AcceleratorName, AcceleratorCount, Price, SpotPrice,
Region and, where there is one, AvailabilityZone (the format of SkyPilot's catalogue v5 to v8).
"""

from collections.abc import Iterator
from typing import IO

from benchbench.catalog.importers.entry import (
    Draft,
    Entry,
    Given,
    accelerated,
    gib,
    of_table,
    optional,
)

_COLUMNS = ("InstanceType", "vCPUs", "MemoryGiB", "AcceleratorName", "AcceleratorCount", "Region")


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """The provider is in the file's name only: it must be given."""
    provider = given.named_provider()
    return of_table(file, given, _COLUMNS, lambda row: _offers(row, provider))


def _offers(row: dict[str, str], provider: str) -> tuple[Draft, ...]:
    count = optional(row["AcceleratorCount"], "AcceleratorCount") or 0.0
    base = {
        "provider": provider,
        "region": row["Region"],
        "zone": row.get("AvailabilityZone", ""),
        "instance": row["InstanceType"],
        "vcpu": optional(row["vCPUs"], "vCPUs"),
        "memory_bytes": gib(row["MemoryGiB"]),
        **accelerated(row["AcceleratorName"], count),
    }
    prices = (("on_demand", row.get("Price")), ("spot", row.get("SpotPrice")))
    found = tuple(
        {**base, "price_kind": kind, "price_usd_per_hour": price} for kind, price in prices if price
    )
    if not found:
        raise ValueError("no price")
    return found
