"""All offers in one frame, column by column: read and checked without a Python loop, filtered.

`load(paths)` reads half a million offers in one to two seconds, nearly all of it parsing.
`Catalog.frame` is what fast code works on, one column per field of `Offer`:

- texts (`rows.TEXTS`) are pandas categories of strings; a code of -1 is unknown, and after a filter
  categories may be left that no row uses;
- sizes in bytes (`rows.INTEGERS`) are nullable Int64, other numbers (`rows.FLOATS`) float64 where
  NaN is unknown; `as_of` is a date (datetime64);
- the index counts from 0.

`Catalog.offer(row)` makes one `Offer` when it is asked for; iterate over few.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

import pandas as pd

from benchbench import bundled
from benchbench.catalog import rows
from benchbench.catalog.offer import Offer
from benchbench.catalog.rows import RejectedRow

Wanted = str | Sequence[str] | None


@dataclass(frozen=True)
class Catalog:
    """Offers as a frame with the columns of `Offer`, and the rows that could not be used."""

    frame: pd.DataFrame
    rejected: tuple[RejectedRow, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def __iter__(self) -> Iterator[Offer]:
        return (self.offer(index) for index in range(len(self)))

    def offer(self, index: int) -> Offer:
        """The offer in row `index`, counted from 0."""
        return rows.to_offer(self.frame.iloc[index])

    def where(
        self,
        *,
        provider: Wanted = None,
        region_prefix: Wanted = None,
        instance: Wanted = None,
        price_kind: Wanted = None,
        gpu: Wanted = None,
    ) -> Self:
        """The offers that fit all that is given; several values of one argument are either-or.

        `gpu` is a canonical name or its beginning up to a hyphen: `H100` takes all its boards.
        """
        frame = self.frame
        keep = pd.Series(data=True, index=frame.index)
        for column, wanted in (
            ("provider", provider),
            ("instance", instance),
            ("price_kind", price_kind),
        ):
            if wanted is not None:
                keep &= frame[column].isin(_tuple(wanted))
        if region_prefix is not None:
            keep &= frame["region"].str.startswith(_tuple(region_prefix))
        if gpu is not None:
            hyphened = tuple(f"{name}-" for name in _tuple(gpu))
            begins = frame["accelerator"].str.startswith(hyphened).eq(True)  # noqa: FBT003
            keep &= frame["accelerator"].isin(_tuple(gpu)) | begins
        return type(self)(frame[keep].reset_index(drop=True), self.rejected)


def _tuple(wanted: str | Sequence[str]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)


def load(
    paths: Sequence[Path] = (), *, bundled_too: bool = True, imported: Sequence[Path] = ()
) -> Catalog:
    """The bundled offers, imported ones and those of the user's CSV files.

    Of several rows with the same key a user's counts, else the youngest, an imported one before a
    bundled one of the same day. Raises UsageError for a file that cannot be read, DataError for
    columns that are missing or unknown.
    """
    ours = sorted(bundled.folder("instance_catalog").glob("offers/*.csv")) if bundled_too else []
    published, own = rows.read((*ours, *imported)), rows.read(paths)
    frame = published.frame
    if imported:
        frame = frame.sort_values("as_of", kind="stable", ignore_index=True)
    if paths:
        frame = rows.joined([frame, own.frame])
    repeated = frame.duplicated(subset=rows.KEY, keep="last")
    return Catalog(frame[~repeated].reset_index(drop=True), published.rejected + own.rejected)


def from_offers(offers: Sequence[Offer]) -> Catalog:
    """A catalogue of the given offers."""
    records: list[dict[str, Any]] = [offer.model_dump() for offer in offers]
    return Catalog(rows.typed(pd.DataFrame(records, columns=list(Offer.model_fields))))


def newest(catalog: Catalog) -> date | None:
    """When its youngest price was read."""
    return None if not len(catalog) else catalog.frame["as_of"].max().date()
