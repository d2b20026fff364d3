"""SpareCores' table of server prices, as CSV: one line is one allocation in one zone.

Columns: vendor_id, region_id, zone_id, server_id, operating_system, allocation (ondemand or spot),
unit (hour or month), price, price_upfront, currency.
"""

from collections.abc import Iterator
from typing import IO

from benchbench.catalog.importers.entry import (
    HOURS_PER_MONTH,
    Draft,
    Entry,
    Given,
    number,
    of_table,
    optional,
)

_COLUMNS = ("vendor_id", "region_id", "server_id", "allocation", "unit", "price", "currency")
_ALLOCATIONS = {"ondemand": "on_demand", "spot": "spot"}
_HOURS = {"hour": 1.0, "month": HOURS_PER_MONTH}


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """Other currencies than the US dollar, and other systems than Linux, are refused."""
    return of_table(file, given, _COLUMNS, _offers)


def _offers(row: dict[str, str]) -> tuple[Draft, ...]:
    if row["currency"] != "USD":
        raise ValueError(f"priced in {row['currency'][:10]!r}, not in USD")
    if (system := row.get("operating_system", "linux").casefold()) != "linux":
        raise ValueError(f"for {system[:40]!r}, not Linux")
    if row["allocation"] not in _ALLOCATIONS:
        raise ValueError(f"allocation {row['allocation'][:40]!r} is unknown")
    if row["unit"] not in _HOURS:
        raise ValueError(f"unit {row['unit'][:40]!r} is unknown")
    return (
        {
            "provider": row["vendor_id"],
            "region": row["region_id"],
            "zone": row.get("zone_id", ""),
            "instance": row["server_id"],
            "price_kind": _ALLOCATIONS[row["allocation"]],
            "price_usd_per_hour": number(row["price"], "price") / _HOURS[row["unit"]],
            "upfront_usd": optional(row.get("price_upfront")),
        },
    )
