"""The AWS price feed as ec2.shop stores it: on-demand and standard reservations without upfront.

Columns: region, instance_type, vcpus, memory ("16 GiB"), od_usd_hr, ri1y_noupfront_usd_hr,
ri3y_noupfront_usd_hr.
"""

from collections.abc import Iterator
from typing import IO

from benchbench.catalog.importers.entry import Draft, Entry, Given, gib, of_table, optional

_KINDS = {
    "on_demand": "od_usd_hr",
    "reserved_1y": "ri1y_noupfront_usd_hr",
    "reserved_3y": "ri3y_noupfront_usd_hr",
}


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """One row is a type in a region."""
    columns = ("region", "instance_type", "vcpus", "memory", *_KINDS.values())
    return of_table(file, given, columns, _offers)


def _offers(row: dict[str, str]) -> tuple[Draft, ...]:
    base = {
        "provider": "aws",
        "region": row["region"],
        "instance": row["instance_type"],
        "vcpu": optional(row["vcpus"], "vcpus"),
        "memory_bytes": gib(row["memory"].removesuffix("GiB").replace(",", "").strip()),
    }
    found = tuple(
        {**base, "price_kind": kind, "price_usd_per_hour": price}
        for kind, column in _KINDS.items()
        if (price := optional(row[column], column)) is not None
    )
    if not found:
        raise ValueError("no price")
    return found
