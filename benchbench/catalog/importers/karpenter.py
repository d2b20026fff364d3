"""A price table as Karpenter's providers generate: region, type, on-demand and perhaps spot price.

Columns: cloud, region, instance_type, price_usd_hr and, where there is one, spot_usd_hr.
"""

import re
from collections.abc import Iterator
from typing import IO

from benchbench.catalog.importers.entry import Entry, Given, of_table, optional

_COLUMNS = ("cloud", "region", "instance_type", "price_usd_hr")
_HOST = re.compile(r"_Type ?\d+$")


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """Azure's dedicated hosts stand among its instances and are refused by their names."""
    return of_table(file, given, _COLUMNS, _read)


def _read(row: dict[str, str]) -> Entry:
    if _HOST.search(row["instance_type"]):
        raise ValueError("a dedicated host, not an instance")
    base = {
        "provider": row["cloud"].casefold(),
        "region": row["region"],
        "instance": row["instance_type"],
    }
    on_demand = optional(row["price_usd_hr"], "price_usd_hr")
    spot = optional(row.get("spot_usd_hr"), "spot_usd_hr")
    if on_demand is None and spot is None:
        raise ValueError("no price")
    offers = []
    if on_demand is not None:
        offers.append({**base, "price_kind": "on_demand", "price_usd_per_hour": on_demand})
    if spot is not None and not stale_spot(spot, on_demand):
        offers.append({**base, "price_kind": "spot", "price_usd_per_hour": spot})
    return Entry(0, tuple(offers), stale_spot(spot, on_demand))


def stale_spot(spot: float | None, on_demand: float | None) -> tuple[str, ...]:
    """A spot price above on-demand is out of date."""
    if spot is None or on_demand is None or spot <= on_demand:
        return ()
    return (f"spot price {spot:g} is above the on-demand price {on_demand:g}: out of date",)
