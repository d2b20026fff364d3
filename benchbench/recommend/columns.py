"""The catalogue's columns as arrays: texts as numbers into their distinct values.

Half a million offers hold a few hundred distinct texts a column: what is asked of a text is asked
of the distinct ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchbench.catalog.offer import Offer
from benchbench.recommend.ranges import Bools, Floats, Indices

if TYPE_CHECKING:
    from benchbench.catalog.catalogue import Catalog

_HOURS_PER_YEAR = 8760.0
_TERM_HOURS = {
    f"{kind}_{years}y": years * _HOURS_PER_YEAR
    for years in (1, 3)
    for kind in ("reserved", "savings", "cud")
}


@dataclass(frozen=True)
class Text:
    """A column of texts; a code of -1 is unknown."""

    codes: NDArray[Any]
    names: Sequence[str]

    @classmethod
    def of(cls, column: "pd.Series[Any]") -> Self:
        """Of any column of texts, categories as they are."""
        if isinstance(column.dtype, pd.CategoricalDtype):
            return cls(column.cat.codes.to_numpy(), [str(name) for name in column.cat.categories])
        codes, names = pd.factorize(column)
        return cls(codes, [str(name) for name in names])

    def at(self, row: int) -> str | None:
        """The text in one row."""
        code = int(self.codes[row])
        return None if code < 0 else self.names[code]

    def where(self, wanted: Callable[[str], bool]) -> Bools:
        """The rows whose text is `wanted`; unknown is not."""
        return self.each(np.array([*map(wanted, self.names), False], bool))

    def each(self, values: NDArray[Any]) -> NDArray[Any]:
        """`values` has one entry per name and a last one for unknown."""
        return np.asarray(values[self.codes])


@dataclass(frozen=True)
class Offers:
    """The offers of a catalogue, column by column; each is read when it is first asked for."""

    catalog: "Catalog"
    _texts: dict[str, Text] = field(default_factory=dict)
    _numbers: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.catalog.frame)

    def text(self, name: str) -> Text:
        """A column of texts."""
        if name not in self._texts:
            self._texts[name] = Text.of(self.catalog.frame[name])
        return self._texts[name]

    def number(self, name: str) -> Floats:
        """A column of numbers; NaN is unknown."""
        if name not in self._numbers:
            column = self.catalog.frame[name]
            self._numbers[name] = column.to_numpy(np.float64, na_value=np.nan)
        return self._numbers[name]

    def offer(self, row: int) -> Offer:
        """One offer as a value."""
        return self.catalog.offer(row)

    def hourly_usd(self) -> Floats:
        """Price per hour, what is paid upfront spread over the term; NaN where none is known."""
        price = self.number("price_usd_per_hour")
        price = np.where(np.isfinite(price) & (price > 0), price, np.nan)
        kind = self.text("price_kind")
        hours = kind.each(np.array([*(_TERM_HOURS.get(k, np.nan) for k in kind.names), np.nan]))
        return np.asarray(price + np.nan_to_num(self.number("upfront_usd") / hours), float)

    def on_demand_usd(self) -> Floats:
        """The on-demand price of each offer's instance: in its region, else the cheapest."""
        if "on_demand_usd" not in self._numbers:
            self._numbers["on_demand_usd"] = self._on_demand_usd()
        return self._numbers["on_demand_usd"]

    def _on_demand_usd(self) -> Floats:
        on_demand = self.text("price_kind").where("on_demand".__eq__)
        price = np.where(on_demand, self.hourly_usd(), np.nan)
        price = np.where(np.isfinite(price), price, np.inf)
        found, rows = np.full(len(self), np.inf), np.arange(len(self))
        for columns in (("provider", "region", "instance", "os"), ("provider", "instance", "os")):
            groups = self.groups(columns, rows)
            cheapest = np.full(int(groups.max(initial=-1)) + 1, np.inf)
            np.minimum.at(cheapest, groups, price)
            found = np.where(np.isfinite(found), found, cheapest[groups])
        return np.where(np.isfinite(found), found, np.nan)

    def place(self, row: int) -> str:
        """`aws us-east-1, on demand`."""
        provider, region = self.text("provider").at(row), self.text("region").at(row)
        kind = self.text("price_kind").at(row) or ""
        return f"{provider} {region}, {kind.replace('_', ' ')}"

    def groups(self, names: Sequence[str], rows: Indices, *more: Indices) -> Indices:
        """The number of the group of each of `rows`: equal in all these columns and in `more`."""
        group = np.zeros(len(rows), np.int64)
        for codes in (*(self._codes(name)[rows] for name in names), *more):
            group = pd.factorize(group * (int(codes.max(initial=-1)) + 2) + codes + 1)[0]
        return np.asarray(group, np.intp)

    def _codes(self, name: str) -> Indices:
        if name in self.catalog.frame and pd.api.types.is_numeric_dtype(self.catalog.frame[name]):
            return np.asarray(pd.factorize(self.number(name))[0], np.int64)
        return np.asarray(self.text(name).codes, np.int64)


def first_of_each(groups: Indices) -> Indices:
    """The first row of each group, in the order of the groups' numbers."""
    first = np.full(int(groups.max(initial=-1)) + 1, len(groups), np.intp)
    np.minimum.at(first, groups, np.arange(len(groups)))
    return first
