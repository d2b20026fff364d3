"""AWS Price List, the bulk JSON of EC2: products by SKU, then terms by SKU.

Read twice as a stream, so that memory holds only the products that are instances: Linux, shared
tenancy, nothing pre-installed, used capacity. On-demand, and standard reservations without upfront.
"""

from collections.abc import Container, Iterator
from contextlib import suppress
from typing import IO, Any

import ijson

from benchbench import untrusted
from benchbench.catalog.importers.entry import (
    NOT_JSON,
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
    instances: dict[str, tuple[int, Draft]] = {}
    position = 0
    try:
        for position, (sku, product) in enumerate(
            ijson.kvitems(untrusted.Watched(file, given.file), "products"), 1
        ):
            found = _product(product)
            if isinstance(found, str):
                yield refused(position, found)
            else:
                instances[sku] = position, found
        prices = _prices(file, given, instances)
    except (*NOT_JSON, AttributeError, KeyError, TypeError) as error:
        raise DataError(f"{given.file} is not AWS's price list: {error}; fetch it anew") from error
    if not position:
        raise DataError(f"{given.file} holds no products; is it AWS's bulk price list?")
    for sku, (at, base) in instances.items():
        yield _entry(at, base, prices.get(sku, {}))


def _product(product: dict[str, Any]) -> Draft | str:
    """The instance, or why it is none."""
    attributes = product.get("attributes", {})
    try:
        return _unwanted(product.get("productFamily"), attributes) or _base(attributes)
    except ValueError as error:
        return str(error)


def _prices(
    file: IO[bytes], given: Given, instances: Container[str]
) -> dict[str, dict[str, float]]:
    """By SKU and kind of price."""
    prices: dict[str, dict[str, float]] = {}
    for kind in ("OnDemand", "Reserved"):
        file.seek(0)
        watched = untrusted.Watched(file, given.file)
        for sku, terms in ijson.kvitems(watched, f"terms.{kind}", use_float=True):
            if sku in instances:
                with suppress(ValueError):  # no number: then it has no price of this kind
                    prices.setdefault(sku, {}).update(dict(_by_the_hour(kind, terms)))
    return prices


def _unwanted(family: object, attributes: dict[str, Any]) -> str:
    if not str(family).startswith("Compute Instance"):
        return f"a product of the family {str(family)[:40]!r}, not an instance"
    for name, allowed in _WANTED.items():
        if attributes.get(name) not in allowed:
            return f"{name} is {str(attributes.get(name))[:40]!r}, not {allowed[0]!r}"
    return ""


def _by_the_hour(kind: str, terms: dict[str, Any]) -> Iterator[tuple[str, float]]:
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


def _entry(position: int, base: Draft, prices: dict[str, float]) -> Entry:
    if not prices:
        return refused(position, "no price by the hour")
    offers: tuple[Draft, ...] = tuple(
        {**base, "price_kind": kind, "price_usd_per_hour": usd} for kind, usd in prices.items()
    )
    return Entry(position, offers)


def _base(attributes: dict[str, Any]) -> Draft:
    memory = str(attributes.get("memory", "")).replace(",", "").removesuffix("GiB").strip()
    return {
        "provider": "aws",
        "region": attributes.get("regionCode", ""),
        "instance": attributes.get("instanceType", ""),
        "vcpu": optional(attributes.get("vcpu"), "vcpu"),
        "memory_bytes": gib(memory),
    }
