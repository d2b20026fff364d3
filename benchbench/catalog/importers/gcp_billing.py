"""Google's Billing Catalog: JSON pages of SKUs, each the price of one core, GiB or GPU in regions.

No SKU is an instance: a machine type costs its cores and its memory. The types without a GPU, with
their sizes, are those already known; each for which both parts have a price in a region becomes an
offer, under the SKU of its cores. What no known type is made of is refused.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from benchbench.catalog.importers.entry import GIB, NOT_JSON, Draft, Entry, Given, items, refused
from benchbench.errors import DataError

_PART = re.compile(
    r"(?:Spot Preemptible )?(?P<family>[A-Z]\d[A-Z]?)(?: (?:Predefined|AMD|Arm))*"
    r" Instance (?P<part>Core|Ram) running in"
)
_KINDS = {
    "OnDemand": "on_demand",
    "Preemptible": "spot",
    "Commit1Yr": "cud_1y",
    "Commit3Yr": "cud_3y",
}
Place = tuple[str, str, str]
"""Family, region, kind of price."""


@dataclass(frozen=True)
class _Sku:
    position: int
    family: str
    part: str
    kind: str
    regions: tuple[str, ...]
    usd: float


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """Raises DataError where the file is not the catalogue's JSON."""
    skus: list[_Sku] = []
    position = 0
    try:
        for position, item in enumerate(items(file, given, "skus.item"), 1):
            try:
                skus.append(_sku(position, item))
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                missing = isinstance(error, (KeyError, IndexError))
                yield refused(position, f"{error} is missing" if missing else str(error))
    except NOT_JSON as error:
        raise DataError(
            f"{given.file} is not Google's JSON after SKU {position}: {error}; fetch it anew"
        ) from error
    if not position:
        raise DataError(f"{given.file} holds no skus; is it a page of Google's billing catalogue?")
    yield from _assembled(skus, _types(given))


def _sku(position: int, item: dict[str, Any]) -> _Sku:
    category = item["category"]
    if category["resourceFamily"] != "Compute":
        raise ValueError(f"of {str(category['resourceFamily'])[:40]!r}, not of an instance")
    match = _PART.match(item["description"])
    if match is None:
        raise ValueError("no core and no memory of a machine family")
    if category["usageType"] not in _KINDS:
        raise ValueError(f"usage of kind {str(category['usageType'])[:40]!r}")
    rates = item["pricingInfo"][0]["pricingExpression"]["tieredRates"]
    price = rates[-1]["unitPrice"]
    if price.get("currencyCode", "USD") != "USD":
        raise ValueError("not priced in USD")
    usd = int(price.get("units", 0)) + int(price.get("nanos", 0)) * 1e-9
    if usd <= 0:
        raise ValueError("the price is not above 0")
    kind = _KINDS[category["usageType"]]
    regions = tuple(map(str, item["serviceRegions"]))
    return _Sku(position, match["family"].casefold(), match["part"], kind, regions, usd)


def _types(given: Given) -> dict[str, list[dict[str, Any]]]:
    """Known machine types without accelerators, by family."""
    frame = given.catalog().where(provider="gcp").frame
    plain = frame[frame["accelerator"].isna() & frame["vcpu"].notna()]
    kept = plain.drop_duplicates(subset=["instance"])[["instance", "vcpu", "memory_bytes"]]
    by_family: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in kept.astype(object).to_dict("records"):
        by_family[one["instance"].partition("-")[0]].append({str(k): v for k, v in one.items()})
    return by_family


def _assembled(skus: list[_Sku], types: dict[str, list[dict[str, Any]]]) -> Iterator[Entry]:
    memory = {
        (sku.family, region, sku.kind): sku.usd
        for sku in skus
        if sku.part == "Ram"
        for region in sku.regions
    }
    for sku in skus:
        known = types.get(sku.family, [])
        if not known:
            yield refused(sku.position, f"no machine type of the family {sku.family!r} is known")
        elif sku.part == "Ram":
            yield Entry(sku.position)
        else:
            offers = tuple(_offers(sku, known, memory))
            why = () if offers else ("no price of the memory beside these cores",)
            yield Entry(sku.position, offers, why)


def _offers(sku: _Sku, known: list[dict[str, Any]], memory: dict[Place, float]) -> Iterator[Draft]:
    for region in sku.regions:
        per_gib = memory.get((sku.family, region, sku.kind))
        for one in known if per_gib is not None else ():
            usd = one["vcpu"] * sku.usd + one["memory_bytes"] / GIB * (per_gib or 0.0)
            place = {"provider": "gcp", "region": region, "price_kind": sku.kind}
            yield {**one, **place, "price_usd_per_hour": usd}
