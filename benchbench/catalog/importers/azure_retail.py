"""Azure Retail Prices: JSON pages of items, each one meter in one region.

Consumption gives on-demand and, where the SKU says so, spot; a reservation's price is for its whole
term; savings plans stand inside the item. A file is one page or several on end; the pages a page
points to (`NextPageLink`) are followed by the fetching side, not here.
"""

import io
import re
from collections.abc import Iterator
from typing import IO, Any

from benchbench.catalog.importers.entry import (
    HOURS_PER_YEAR,
    NOT_JSON,
    Draft,
    Entry,
    Given,
    items,
    number,
    refused,
)
from benchbench.errors import DataError

_TAIL = 4096
_YEARS = {"1 Year": 1, "3 Years": 3}


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """Item by item; raises DataError where the file is not JSON."""
    position = 0
    try:
        for item in items(file, given, "Items.item"):
            position += 1
            yield _entry(position, item)
    except NOT_JSON as error:
        raise DataError(
            f"{given.file} is not Azure's JSON after item {position}: {error}; fetch it anew"
        ) from error
    if not position:
        raise DataError(f"{given.file} holds no Items; is it a page of Azure's retail prices?")
    if next_page(file):
        yield Entry(position, note="its last page points to another one, which is not in the file")


def next_page(file: IO[bytes]) -> bool:
    """Whether the last page names one after it."""
    file.seek(max(0, file.seek(0, io.SEEK_END) - _TAIL))
    links = re.findall(rb'"NextPageLink"\s*:\s*(null|")', file.read())
    return bool(links) and links[-1] == b'"'


def _entry(position: int, item: Any) -> Entry:  # noqa: ANN401  JSON
    try:
        return Entry(position, tuple(_offers(item)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        missing = isinstance(error, KeyError)
        return refused(position, f"{error} is missing" if missing else str(error))


def _offers(item: dict[str, Any]) -> list[Draft]:
    if item["serviceName"] != "Virtual Machines":
        raise ValueError(f"a price of {str(item['serviceName'])[:40]!r}, not of an instance")
    if item.get("currencyCode", "USD") != "USD":
        raise ValueError(f"priced in {str(item['currencyCode'])[:10]!r}, not in USD")
    if "Windows" in item["productName"] or "Low Priority" in item["skuName"]:
        raise ValueError("for Windows, or of the withdrawn low-priority kind")
    if "Dedicated" in item["productName"] or not item.get("armSkuName"):
        raise ValueError("a dedicated host or another thing that is no instance")
    base = {
        "provider": "azure",
        "region": item["armRegionName"],
        "instance": item["armSkuName"],
        "as_of": str(item.get("effectiveStartDate", ""))[:10],
    }
    return [{**base, "price_kind": kind, "price_usd_per_hour": usd} for kind, usd in _prices(item)]


def _prices(item: dict[str, Any]) -> Iterator[tuple[str, float]]:
    price = number(item["retailPrice"], "retailPrice")
    if item["type"] == "Reservation":
        years = _years(item.get("reservationTerm"))
        yield f"reserved_{years}y", price / (years * HOURS_PER_YEAR)
        return
    if item["type"] != "Consumption" or item["unitOfMeasure"] != "1 Hour":
        raise ValueError(f"of type {str(item['type'])[:40]!r}, not by the hour of consumption")
    yield "spot" if "Spot" in item["skuName"] else "on_demand", price
    for plan in item.get("savingsPlan") or ():
        yield f"savings_{_years(plan.get('term'))}y", number(plan["retailPrice"], "retailPrice")


def _years(term: object) -> int:
    if str(term) not in _YEARS:
        raise ValueError(f"term {str(term)[:40]!r} is neither one nor three years")
    return _YEARS[str(term)]
