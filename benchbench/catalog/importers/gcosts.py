"""gcosts' prices of Google's machine types: on-demand, spot, and per month with a commitment.

The CSV form only, with the columns instance_type, vcpus, ram_gb, gpu, gpu_count, region, od_usd_hr,
spot_usd_hr, month_cud1y, month_cud3y. Its published `pricing.yml` holds the same figures by region;
benchbench carries no YAML reader, so that file must be turned into these columns first.
"""

from collections.abc import Iterator
from typing import IO

from benchbench.catalog.importers.entry import (
    HOURS_PER_MONTH,
    Entry,
    Given,
    accelerated,
    gib,
    number,
    of_table,
    optional,
)
from benchbench.catalog.importers.karpenter import stale_spot
from benchbench.errors import UsageError

_COLUMNS = ("instance_type", "vcpus", "ram_gb", "region", "od_usd_hr", "spot_usd_hr")
_CHIPS = {
    "a100": "A100-SXM4-40GB",
    "a100-80gb": "A100-SXM4-80GB",
    "h100-80gb": "H100-SXM5-80GB",
    "h100-80gb-mega": "H100-SXM5-80GB",
    "rtx6000": "RTX-PRO-6000-BSE",
    "rtx-pro-6000": "RTX-PRO-6000-BSE",
    "h200-141gb": "H200-SXM-141GB",
    "p100": "P100-PCIe-16GB",
    "v100": "V100-SXM2-16GB",
}


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """Raises UsageError for the YAML form."""
    if given.file.endswith((".yml", ".yaml")):
        raise UsageError(f"{given.file} is YAML, which benchbench does not read; give the CSV form")
    return of_table(file, given, _COLUMNS, _read)


def _read(row: dict[str, str]) -> Entry:
    label, count = row.get("gpu", ""), optional(row.get("gpu_count"), "gpu_count") or 0.0
    base = {
        "provider": "gcp",
        "region": row["region"],
        "instance": row["instance_type"],
        "vcpu": optional(row["vcpus"], "vcpus"),
        "memory_bytes": gib(row["ram_gb"]),
        **accelerated(label, count, name=_CHIPS.get(label)),
    }
    on_demand = number(row["od_usd_hr"], "od_usd_hr")
    spot = optional(row["spot_usd_hr"], "spot_usd_hr")
    stale = stale_spot(spot, on_demand)
    prices = {
        "on_demand": on_demand,
        "spot": None if stale else spot,
        "cud_1y": _hourly(row.get("month_cud1y")),
        "cud_3y": _hourly(row.get("month_cud3y")),
    }
    offers = tuple(
        {**base, "price_kind": kind, "price_usd_per_hour": price}
        for kind, price in prices.items()
        if price is not None
    )
    return Entry(0, offers, stale)


def _hourly(text: str | None) -> float | None:
    month = optional(text, "price per month")
    return None if month is None else month / HOURS_PER_MONTH
