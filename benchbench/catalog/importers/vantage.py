"""Vantage's instances.json of EC2: a list of types, each with prices by region and system.

One entry per type. Google's and Azure's files of the same site leave the accelerator's cost out.
"""

from collections.abc import Iterator
from typing import IO, Any

from benchbench.catalog.importers.entry import (
    NOT_JSON,
    Draft,
    Entry,
    Given,
    accelerated,
    gib,
    items,
    optional,
    refused,
)
from benchbench.errors import DataError

_RESERVED = {
    "yrTerm1Standard.noUpfront": "reserved_1y",
    "yrTerm3Standard.noUpfront": "reserved_3y",
}


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """Type by type; raises DataError where the file is not a list of them."""
    position = 0
    try:
        for item in items(file, given, "item"):
            position += 1
            yield _entry(position, item)
    except NOT_JSON as error:
        raise DataError(
            f"{given.file} is not Vantage's JSON after item {position}: {error}; fetch it anew"
        ) from error
    if not position:
        raise DataError(f"{given.file} holds no list of types; is it Vantage's instances.json?")


def _entry(position: int, item: Any) -> Entry:  # noqa: ANN401  JSON
    try:
        offers = tuple(_offers(item))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        missing = isinstance(error, KeyError)
        return refused(position, f"{error} is missing" if missing else str(error))
    return Entry(position, offers, () if offers else ("no Linux price in any region",))


def _offers(item: dict[str, Any]) -> Iterator[Draft]:
    count = optional(item.get("GPU"), "GPU") or 0.0
    label = str(item.get("GPU_model") or "").removeprefix("NVIDIA ").removeprefix("Tesla ")
    label = label.removesuffix(" Tensor Core")
    memory = optional(item.get("GPU_memory"), "GPU_memory")
    base = {
        "provider": "aws",
        "instance": item["instance_type"],
        "vcpu": optional(item.get("vCPU"), "vCPU"),
        "memory_bytes": gib(item.get("memory")),
        **accelerated(label, count, memory / count if memory and count else None),
    }
    for region, systems in item["pricing"].items():
        linux = systems.get("linux") or {}
        for kind, price in _prices(linux):
            yield {**base, "region": region, "price_kind": kind, "price_usd_per_hour": price}


def _prices(linux: dict[str, Any]) -> Iterator[tuple[str, float]]:
    found = {"on_demand": linux.get("ondemand"), "spot": linux.get("spot_min")}
    reserved = linux.get("reserved") or {}
    found |= {kind: reserved.get(name) for name, kind in _RESERVED.items()}
    for kind, text in found.items():
        price = optional(text, kind)
        if price:
            yield kind, price
