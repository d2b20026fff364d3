"""What every importer takes and gives, and the parts they share."""

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import IO, TYPE_CHECKING, Any

import ijson

from benchbench import untrusted
from benchbench.catalog import silicon
from benchbench.catalog.chips import Chip
from benchbench.catalog.importers import names
from benchbench.errors import DataError, UsageError

if TYPE_CHECKING:
    import _csv

    from benchbench.catalog.catalogue import Catalog

GIB = 2**30
HOURS_PER_MONTH = 730.0
HOURS_PER_YEAR = 8760.0
MOST_JSON_BYTES = 2**28
MOST_ITEM_BYTES = 2**26
MOST_GIB = 2**33
"""No memory comes near it; in bytes it fits 64 bits."""
NOT_JSON = (ijson.JSONError, ArithmeticError, RecursionError, ValueError)
"""What ends the reading of a file: broken JSON, text that is no UTF-8, a number without end."""

Draft = Mapping[str, Any]
"""An offer's fields, not yet checked; `source`, `as_of` and `confidence` may be left out."""


@dataclass(frozen=True)
class Given:
    """What the file does not say."""

    file: str
    """Its name, for messages."""
    as_of: date
    provider: str | None = None
    known: "Callable[[], Catalog] | None" = None
    """The offers there are already: sizes, and prices that savings are taken from."""

    def catalog(self) -> "Catalog":
        """The offers there are already."""
        from benchbench.catalog import catalogue  # noqa: PLC0415  it reads all of them

        return catalogue.load() if self.known is None else self.known()

    def named_provider(self) -> str:
        """Raises UsageError where it was not given."""
        if self.provider is None:
            raise UsageError(f"{self.file} does not say whose prices it holds; give --provider")
        return self.provider.casefold()


@dataclass(frozen=True)
class Entry:
    """One row of a source: the offers it holds, and what in it cannot be used."""

    number: int
    """The line in a CSV as an editor counts, else the position of the record, from 1."""
    offers: tuple[Draft, ...] = ()
    faults: tuple[str, ...] = ()
    note: str = ""
    """Of the whole source, as that a part of it was not given; such an entry is no row."""


Importer = Callable[[IO[bytes], Given], Iterator[Entry]]


def small_json(file: IO[bytes], given: Given) -> Any:  # noqa: ANN401  JSON
    """All of a document that is a few megabytes as published; raises DataError, ValueError."""
    if file.seek(0, io.SEEK_END) > MOST_JSON_BYTES:
        raise DataError(f"{given.file} is beyond {MOST_JSON_BYTES} bytes; give the published file")
    file.seek(0)
    return untrusted.parse_json(file.read())


def items(file: IO[bytes], given: Given, prefix: str) -> Iterator[Any]:
    """Each item of a list in JSON documents on end; raises DataError for one without end."""
    watched = untrusted.Watched(file, given.file, MOST_ITEM_BYTES)
    for item in ijson.items(watched, prefix, use_float=True, multiple_values=True):
        watched.since = 0
        yield item


def refused(number: int, why: str) -> Entry:
    """A row that holds no offer."""
    return Entry(number, faults=(why,))


def of_table(
    file: IO[bytes],
    given: Given,
    columns: tuple[str, ...],
    read: Callable[[dict[str, str]], Entry | tuple[Draft, ...]],
) -> Iterator[Entry]:
    """A CSV, line by line; a ValueError of `read` is the reason the line is refused for."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", errors="replace")
    try:
        yield from _lines(csv.reader(untrusted.lines(text, given.file)), given, columns, read)
    finally:
        text.detach()  # the file stays the caller's to close


def _lines(
    reader: "_csv.Reader",
    given: Given,
    columns: tuple[str, ...],
    read: Callable[[dict[str, str]], Entry | tuple[Draft, ...]],
) -> Iterator[Entry]:
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise DataError(
            f"{given.file} is not CSV: {error}; is it the kind of file named?"
        ) from error
    if missing := [name for name in columns if name not in header]:
        raise DataError(
            f"{given.file} lacks columns {', '.join(missing)}; is it the kind of file named?"
        )
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield refused(number, f"not CSV: {error}")
            continue
        if cells:
            yield _line(number, header, cells, read)


def _line(
    number: int,
    header: list[str],
    cells: list[str],
    read: Callable[[dict[str, str]], Entry | tuple[Draft, ...]],
) -> Entry:
    if len(cells) != len(header):
        return refused(number, f"{len(cells)} fields, not {len(header)}")
    try:
        found = read({name: cell.strip() for name, cell in zip(header, cells, strict=True)})
    except ValueError as error:
        return refused(number, str(error).splitlines()[0])
    if isinstance(found, Entry):
        return Entry(number, found.offers, found.faults)
    return Entry(number, found)


def number(text: Any, name: str = "number") -> float:  # noqa: ANN401  a cell or a JSON value
    """Finite; raises ValueError naming it."""
    try:
        found = float(text)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"{name} {str(text)[:40]!r} is not a number")
    return found


def optional(text: Any, name: str = "number") -> float | None:  # noqa: ANN401  as above
    """None where nothing is written."""
    return None if text is None or str(text).strip() in {"", "NA", "N/A"} else number(text, name)


def gib(text: Any) -> int | None:  # noqa: ANN401  as above
    """Bytes of a size in GiB."""
    size = optional(text, "memory")
    if size is not None and abs(size) > MOST_GIB:
        raise ValueError(f"memory of {size:g} GiB is impossible")
    return None if size is None else round(size * GIB)


@cache
def chips() -> dict[str, Chip]:
    """The bundled table of accelerators."""
    return silicon.load().chips


def accelerated(
    label: str, count: float, memory_gib: float | None = None, *, name: str | None = None
) -> dict[str, Any]:
    """The columns of an accelerator by its seller's label; raises ValueError where unknown."""
    if not label or not count:
        return {}
    chip = chips().get(name or names.canonical(label, memory_gib) or label)
    if chip is None:
        raise ValueError(f"accelerator {label[:40]!r} has no canonical name")
    return {
        "accelerator": chip.name,
        "variant": chip.variant,
        "accelerator_count": count,
        "accelerator_memory_bytes": round(chip.memory_bytes * max(0.0, min(count, 1.0))),
    }
