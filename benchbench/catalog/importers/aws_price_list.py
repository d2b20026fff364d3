"""AWS Price List, the bulk JSON of EC2: products by SKU, then terms by SKU.

Read twice as a stream, so that memory holds only the products that are instances: Linux, shared
tenancy, nothing pre-installed, used capacity. On-demand, and standard reservations without upfront.
"""

from collections.abc import Iterator
from typing import IO, Any

import ijson

from benchbench.catalog.importers.entry import (
    Draft,
    Entry,
    Given,
    gib,
    number,
    optional,
    refused,
)
from benchbench.errors import DataError

_WANTED = {
    "operatingSystem": ("Linux",),
    "tenancy": ("Shared",),
    "preInstalledSw": ("NA",),
    "capacitystatus": ("Used",),
    "marketoption": ("OnDemand", None),
}
_TERMS = {"1yr": "reserved_1y", "3yr": "reserved_3y"}


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """One entry per product. `file` must be seekable; raises DataError where it is not the list."""
    try:
        instances, others = _products(file)
        file.seek(0)
        prices: dict[str, dict[str, float]] = {}
        for kind in ("OnDemand", "Reserved"):
            for sku, terms in ijson.kvitems(file, f"terms.{kind}", use_float=True):
                if sku in instances:
                    prices.setdefault(sku, {}).update(_prices(kind, terms))
            file.seek(0)
    except (ijson.JSONError, AttributeError, TypeError) as error:
        raise DataError(f"{given.file} is not AWS's price list: {error}; fetch it anew") from error
    if not instances and not others:
        raise DataError(f"{given.file} holds no products; is it AWS's bulk price list?")
    yield from others
    for sku, (position, attributes) in instances.items():
        yield _entry(position, attributes, prices.get(sku, {}))


def _products(file: IO[bytes]) -> tuple[dict[str, tuple[int, dict[str, Any]]], list[Entry]]:
    instances: dict[str, tuple[int, dict[str, Any]]] = {}
    others: list[Entry] = []
    for position, (sku, product) in enumerate(ijson.kvitems(file, "products"), 1):
        attributes = product.get("attributes", {})
        if why := _unwanted(product.get("productFamily"), attributes):
            others.append(refused(position, why))
        else:
            instances[sku] = position, attributes
    return instances, others


def _unwanted(family: object, attributes: dict[str, Any]) -> str:
    if not str(family).startswith("Compute Instance"):
        return f"a product of the family {str(family)[:40]!r}, not an instance"
    for name, allowed in _WANTED.items():
        if attributes.get(name) not in allowed:
            return f"{name} is {str(attributes.get(name))[:40]!r}, not {allowed[0]!r}"
    return ""


def _prices(kind: str, terms: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for term in terms.values():
        attributes = term.get("termAttributes", {})
        for dimension in term["priceDimensions"].values():
            usd = number(dimension["pricePerUnit"].get("USD"), "pricePerUnit")
            if dimension.get("unit") != "Hrs" or usd <= 0:
                continue
            if kind == "OnDemand":
                yield "on_demand", usd
            elif (
                attributes.get("OfferingClass") == "standard"
                and attributes.get("PurchaseOption") == "No Upfront"
                and (name := _TERMS.get(attributes.get("LeaseContractLength", "")))
            ):
                yield name, usd


def _entry(position: int, attributes: dict[str, Any], prices: dict[str, float]) -> Entry:
    try:
        base = _base(attributes)
    except ValueError as error:
        return refused(position, str(error))
    if not prices:
        return refused(position, "no price by the hour")
    offers: tuple[Draft, ...] = tuple(
        {**base, "price_kind": kind, "price_usd_per_hour": usd} for kind, usd in prices.items()
    )
    return Entry(position, offers)


def _base(attributes: dict[str, Any]) -> dict[str, Any]:
    memory = str(attributes.get("memory", "")).replace(",", "").removesuffix("GiB").strip()
    return {
        "provider": "aws",
        "region": attributes.get("regionCode", ""),
        "instance": attributes.get("instanceType", ""),
        "vcpu": optional(attributes.get("vcpu"), "vcpu"),
        "memory_bytes": gib(memory),
    }
