"""A gpuhunt catalogue CSV: one line is one price, on demand or spot.

Columns: instance_name, location, price, cpu, memory, gpu_count, gpu_name, gpu_memory, spot (memory
in GiB as it writes it; `spot` is True or False).
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

_COLUMNS = ("instance_name", "location", "price", "cpu", "memory", "gpu_count", "gpu_name", "spot")


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """The provider is in the file's name only: it must be given."""
    provider = given.named_provider()
    return of_table(file, given, _COLUMNS, lambda row: _offers(row, provider))


def _offers(row: dict[str, str], provider: str) -> tuple[Draft, ...]:
    spot = row["spot"].casefold()
    if spot not in {"true", "false"}:
        raise ValueError(f"spot {row['spot'][:40]!r} is neither True nor False")
    count = optional(row["gpu_count"], "gpu_count") or 0.0
    memory = optional(row.get("gpu_memory"), "gpu_memory")
    return (
        {
            "provider": provider,
            "region": row["location"],
            "instance": row["instance_name"],
            "vcpu": optional(row["cpu"], "cpu"),
            "memory_bytes": gib(row["memory"]),
            "price_kind": "spot" if spot == "true" else "on_demand",
            "price_usd_per_hour": row["price"],
            **accelerated(row["gpu_name"], count, memory),
        },
    )
