"""Negotiated prices as per cent off what is known, in a plain CSV.

Columns: provider, percent_off and, where the discount is narrower, instance (a beginning: `p5.`),
region (a beginning), price_kind. Each line gives an offer for every known one it fits, under the
source `discounts`, which wins over the list price when both are loaded.
"""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from benchbench.catalog.importers.entry import Draft, Entry, Given, number, of_table

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("provider", "percent_off")


def entries(file: IO[bytes], given: Given) -> Iterator[Entry]:
    """A line that fits no known offer is refused."""
    frame = given.catalog().frame
    return of_table(file, given, _COLUMNS, lambda row: _offers(row, frame))


def _offers(row: dict[str, str], frame: "pd.DataFrame") -> tuple[Draft, ...]:
    percent = number(row["percent_off"], "percent_off")
    if not 0 < percent < 100:  # noqa: PLR2004  per cent
        raise ValueError(f"{percent:g} per cent off is not between 0 and 100")
    fits = (frame["provider"] == row["provider"].casefold()) & frame["price_usd_per_hour"].notna()
    for column in ("instance", "region"):
        fits &= frame[column].str.startswith(row.get(column, "")).eq(True)  # noqa: FBT003
    if kind := row.get("price_kind"):
        fits &= frame["price_kind"] == kind
    found = frame[fits]
    if found.empty:
        raise ValueError("fits no known offer; see the names with: benchbench catalog show")
    unchanged = found.drop(columns=["source", "source_url"]).astype(object)
    records = unchanged.where(unchanged.notna(), None).to_dict("records")
    return tuple(
        {
            **{str(name): value for name, value in one.items()},
            "price_usd_per_hour": one["price_usd_per_hour"] * (1 - percent / 100),
            "as_of": one["as_of"].strftime("%Y-%m-%d"),
        }
        for one in records
    )
