"""Find offers as people ask for them: a GPU in short, Europe, 80GB, at most $5.

What is misspelt is answered with what there is, never with an empty table.
"""

import difflib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from benchbench.catalog import egress
from benchbench.catalog.catalogue import Catalog
from benchbench.catalog.offer import OfferList
from benchbench.errors import UsageError
from benchbench.record import Model, NonNegative

_EUROPE = (
    "eu europe westeurope northeurope uk france germany sweden norway poland italy spain "
    "switzerland austria belgium denmark fin"
)
_UNITED_STATES = (
    "us eastus westus centralus southcentralus northcentralus westcentralus usgov usdod"
)
_ASIA_PACIFIC = (
    "ap asia southeastasia eastasia japan korea australia centralindia southindia westindia "
    "jioindia indonesia malaysia newzealand"
)
CONTINENTS = {
    "eu": tuple(_EUROPE.split()),
    "us": tuple(_UNITED_STATES.split()),
    "ap": tuple(_ASIA_PACIFIC.split()),
}
"""Beginnings of what providers call their regions there."""
_EUROPEAN = "at be bg cz de dk ee es fi fr gr hr hu ie it lt lv nl no pl pt ro se si sk uk"
_ASIAN = "au hk id in jp kr my nz sg th tw vn"
_COUNTRIES = {"eu": tuple(_EUROPEAN.split(" ")), "ap": tuple(_ASIAN.split(" "))}
"""Whole names, of who calls a region by its country."""
NEAREST = 5


class Wanted(Model):
    """What is asked for; everything given must hold, one of several values of a field is enough."""

    gpus: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    price_kinds: tuple[str, ...] = ()
    instance: str | None = None
    min_memory_bytes: NonNegative | None = None
    """Of all accelerators of an instance; main memory where it has none."""
    max_usd_per_hour: NonNegative | None = None


def wanted(**asked: Any) -> Wanted:  # noqa: ANN401 - pydantic checks them
    """What is asked for, checked; raises UsageError."""
    try:
        return Wanted(**asked)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{first['loc'][0]}: {first['msg'].lower()}; write a number") from error


def find(catalog: Catalog, wanted: Wanted) -> Catalog:
    """The offers that fit, the cheapest first; raises UsageError naming what comes near."""
    frame = catalog.frame
    keep = np.ones(len(frame), bool)
    for column, values, fits in (
        ("provider", wanted.providers, _is),
        ("price_kind", wanted.price_kinds, _is),
        ("accelerator", wanted.gpus, _is_chip),
        ("region", wanted.regions, _is_there),
        ("instance", () if wanted.instance is None else (wanted.instance,), _is_instance),
    ):
        if values:
            keep &= _rows(frame[column], values, fits)
    if wanted.min_memory_bytes is not None:
        keep &= _memory(frame) >= wanted.min_memory_bytes
    if wanted.max_usd_per_hour is not None:
        keep &= (frame["price_usd_per_hour"] <= wanted.max_usd_per_hour).to_numpy(bool)
    if not keep.any():
        raise UsageError("no offer fits all of these filters together; leave one out")
    found = frame[keep].sort_values("price_usd_per_hour", kind="stable", ignore_index=True)
    return Catalog(found, catalog.rejected)


def listed(catalog: Catalog, most: int | None) -> OfferList:
    """The first `most` as values; all of them where None."""
    shown = len(catalog) if most is None else min(most, len(catalog))
    return OfferList(offers=tuple(catalog.offer(row) for row in range(shown)), total=len(catalog))


def memory(text: str) -> float:
    """Bytes of `80GB`; instances and accelerators are sold in GB of 2**30 bytes."""
    return egress.amount(text, gb_bytes=egress.GIB)[0]


def nearest(name: str, known: Sequence[str]) -> list[str]:
    """What comes near a name nobody knows, at most five."""
    by_case = {one.casefold(): one for one in known}
    wanted = name.casefold()
    holding = [one for folded, one in sorted(by_case.items()) if wanted in folded]
    close = difflib.get_close_matches(wanted, by_case, NEAREST, 0.5)
    return list(dict.fromkeys((*holding, *(by_case[one] for one in close))))[:NEAREST]


def _rows(
    column: "pd.Series[str]", values: Sequence[str], fits: Callable[[str, str], bool]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Each distinct text is asked once."""
    names = [str(name) for name in column.cat.categories]
    taken = np.zeros(len(names) + 1, bool)
    for value in values:
        of_value = np.array([*(fits(name, value) for name in names), False], bool)
        if not of_value.any():
            raise _unknown(str(column.name), value, names)
        taken |= of_value
    return np.asarray(taken[column.cat.codes.to_numpy()], bool)


def _unknown(column: str, value: str, names: Sequence[str]) -> UsageError:
    near = nearest(value, names) or sorted(names)[:NEAREST]
    what = column.replace("_", " ")
    return UsageError(f"no offer with the {what} {value!r}; the nearest: {', '.join(near)}")


def _is(name: str, wanted: str) -> bool:
    return name.casefold() == wanted.casefold().replace("-", "_" if "_" in name else "-")


def _is_chip(name: str, wanted: str) -> bool:
    name, wanted = name.casefold(), wanted.casefold()
    return name == wanted or name.startswith(f"{wanted}-")


def _is_there(name: str, wanted: str) -> bool:
    name, wanted = name.casefold(), wanted.casefold()
    begins = name.startswith(CONTINENTS.get(wanted, wanted))
    return begins or name in _COUNTRIES.get(wanted, ())


def _is_instance(name: str, wanted: str) -> bool:
    return bare(name) == bare(wanted)


def bare(instance: str) -> str:
    """An instance's name as it is compared: any case, with or without Azure's `Standard_`."""
    return instance.casefold().removeprefix("standard_")


def _memory(frame: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Bytes; NaN, which is not enough, where unknown."""
    each = frame["accelerator_memory_bytes"].to_numpy(np.float64, na_value=np.nan)
    number = frame["accelerator_count"].to_numpy(np.float64)
    own = frame["memory_bytes"].to_numpy(np.float64, na_value=np.nan)
    return np.where(frame["accelerator"].isna(), own, each * np.maximum(number, 1.0))
