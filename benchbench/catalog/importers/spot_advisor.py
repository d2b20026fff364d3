"""AWS Spot Advisor: savings against on-demand in per cent, and how often instances are interrupted.

The spot price is derived: the known on-demand price less the savings. Read as the feed's own JSON
(`spot_advisor` by region, system and type, each with `r`, the range, and `s`, the savings) or as a
CSV with region, os, instance_type, savings_pct_vs_od, interruption_range_index.
"""

from collections.abc import Iterator
from typing import IO, Any

from benchbench.catalog.importers.entry import (
    Draft,
    Entry,
    Given,
    number,
    of_table,
    refused,
    small_json,
)
from benchbench.errors import DataError

RANGES = ((0.0, 0.05), (0.05, 0.1), (0.1, 0.15), (0.15, 0.2), (0.2, None))
"""Interrupted in a month, by the feed's index."""
_COLUMNS = ("region", "os", "instance_type", "savings_pct_vs_od", "interruption_range_index")
Prices = dict[tuple[str, str], tuple[float, str]]


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """Windows, and types without a known on-demand price in the region, are refused."""
    prices = _on_demand(given)
    if file.read(1) != b"{":
        file.seek(0)
        return of_table(file, given, _COLUMNS, lambda row: _offer(row, prices))
    file.seek(0)
    return _feed(file, given, prices)


def _on_demand(given: Given) -> Prices:
    frame = given.catalog().where(provider="aws", price_kind="on_demand").frame
    columns = (frame[name].astype(object) for name in ("region", "instance"))
    days = frame["as_of"].dt.strftime("%Y-%m-%d")
    values = zip(frame["price_usd_per_hour"], days, strict=True)
    return dict(zip(zip(*columns, strict=True), values, strict=True))


def _offer(row: dict[str, Any], prices: Prices) -> tuple[Draft, ...]:
    if row["os"].casefold() != "linux":
        raise ValueError(f"for {row['os'][:40]!r}, not Linux")
    place = (row["region"], row["instance_type"])
    savings = number(row["savings_pct_vs_od"], "savings")
    if not 0 < savings < 100:  # noqa: PLR2004  per cent
        raise ValueError(f"savings of {savings:g} % are impossible or none")
    if place not in prices:
        raise ValueError("no on-demand price is known there to take the savings from")
    index = int(number(row["interruption_range_index"], "interruption_range_index"))
    if not 0 <= index < len(RANGES):
        raise ValueError(f"interruption range {index} is unknown")
    low, high = RANGES[index]
    return (
        {
            "provider": "aws",
            "region": place[0],
            "instance": place[1],
            "price_kind": "spot",
            "price_usd_per_hour": prices[place][0] * (1 - savings / 100),
            "interruption_low_fraction_per_month": low,
            "interruption_high_fraction_per_month": high,
            "confidence": "low",
        },
    )


def _feed(file: IO[bytes], given: Given, prices: Prices) -> Iterator[Entry]:
    try:
        regions = small_json(file, given)["spot_advisor"]
        rows = [
            {
                "region": region,
                "os": system,
                "instance_type": name,
                "savings_pct_vs_od": one.get("s"),
                "interruption_range_index": one.get("r"),
            }
            for region, systems in regions.items()
            for system, types in systems.items()
            for name, one in types.items()
        ]
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise DataError(f"{given.file} is not the Spot Advisor's feed; give its JSON") from error
    for position, row in enumerate(rows, 1):
        try:
            yield Entry(position, _offer(row, prices))
        except ValueError as error:
            yield refused(position, str(error))
