"""gpuhunt's prices of TPU chips: JSON by kind and region, USD per chip-hour."""

from collections.abc import Iterator
from typing import IO, Any

from benchbench.catalog.importers.entry import (
    Entry,
    Given,
    accelerated,
    optional,
    refused,
    small_json,
)
from benchbench.catalog.importers.karpenter import stale_spot
from benchbench.errors import DataError


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """Each offer is one chip; types are multiples of it."""
    try:
        rows = [
            (label, region, price)
            for label, regions in small_json(file, given).items()
            for region, price in regions.items()
        ]
    except (ValueError, AttributeError, RecursionError) as error:
        raise DataError(f"{given.file} is not gpuhunt's TPU table; give its JSON") from error
    for position, (label, region, price) in enumerate(rows, 1):
        try:
            yield _entry(position, label, region, price)
        except (ValueError, AttributeError) as error:
            yield refused(position, str(error))


def _entry(position: int, label: str, region: str, price: dict[str, Any]) -> Entry:
    generation = label.removeprefix("TPU ").partition(" ")[0]
    on_demand = optional(price.get("On Demand (USD)"), "on-demand price")
    spot = optional(price.get("Spot (USD)"), "spot price")
    stale = stale_spot(spot, on_demand)
    kind = label.removeprefix("TPU ").replace(" ", "-")
    base = {"provider": "gcp", "region": region, "instance": f"tpu-{kind}-1-chip"}
    base |= accelerated(label, 1.0, name=f"TPU-{generation}")
    prices = (("on_demand", on_demand), ("spot", None if stale else spot))
    offers = tuple(
        {**base, "price_kind": name, "price_usd_per_hour": one}
        for name, one in prices
        if one is not None
    )
    return Entry(position, offers, stale if offers else (*stale, "no price"))
