"""From the lines of a CSV file to typed columns; a bad line is named with its reason.

A file in order is parsed column by column, half a million rows in about a second. Whatever is
doubtful in it (a fault, an unusual separator of columns, a cell with spaces around it) sends the
whole file the careful way, line by line, which knows what is wrong and where.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, get_args

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from benchbench import printable, untrusted
from benchbench.catalog.offer import Confidence, Offer, PriceKind
from benchbench.errors import DataError, UsageError

COLUMNS = tuple(Offer.model_fields)
REQUIRED = tuple(name for name, field in Offer.model_fields.items() if field.is_required())
KEY = ["provider", "region", "zone", "instance", "os", "price_kind"]
INTEGERS = ("memory_bytes", "accelerator_memory_bytes", "local_storage_bytes")
FLOATS = (
    "vcpu",
    "cores",
    "accelerator_count",
    "network_bits_per_s",
    "price_usd_per_hour",
    "upfront_usd",
    "interruption_low_fraction_per_month",
    "interruption_high_fraction_per_month",
    "quota_default",
)
NUMBERS = (*INTEGERS, *FLOATS)
TEXTS = tuple(name for name in COLUMNS if name not in (*NUMBERS, "as_of"))
FRACTIONS = ("interruption_low_fraction_per_month", "interruption_high_fraction_per_month")
MUST_BE_POSITIVE = ("price_usd_per_hour", "vcpu", "cores", *INTEGERS)
CHUNK = 50_000
MOST_AT_ONCE_BYTES = 2**30
"""A larger file is read line by line, in bounded memory."""
TOO_LARGE = 2**62
"""No size in bytes comes near it; a 64-bit integer holds it."""


@dataclass(frozen=True)
class RejectedRow:
    """A line that could not be used, and why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class Part:
    """What the files gave."""

    frame: pd.DataFrame
    rejected: tuple[RejectedRow, ...]


@dataclass(frozen=True)
class Line:
    """One line of a file: its fields in the order of `COLUMNS`, or what is wrong with it."""

    file: str
    number: int
    """As an editor counts; the header is line 1."""
    fields: list[str]
    fault: str = ""


def read(paths: Sequence[Path]) -> Part:
    """CSV files; `,` or `;`, with or without a byte order mark. Raises UsageError, DataError."""
    texts = [text for path in paths if (text := _columns(path)) is not None]
    if len(texts) == len(paths) > 0 and (frame := _sound(joined(texts))) is not None:
        return Part(frame, ())
    parts = [_whole(path) or _line_by_line(path) for path in paths]
    frame = joined([part.frame for part in parts])
    return Part(frame, tuple(row for part in parts for row in part.rejected))


def joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One frame of several with the same types of columns; texts stay categories."""
    if not frames:
        return typed(_text([]))
    columns: dict[str, Any] = {}
    for name in COLUMNS:
        parts = [frame[name] for frame in frames]
        if isinstance(parts[0].dtype, pd.CategoricalDtype):
            columns[name] = _texts(pd.Series(union_categoricals(parts, sort_categories=True)))
        else:
            columns[name] = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(columns)


def _whole(path: Path) -> Part | None:
    """A file read column by column; None where anything in it is doubtful."""
    text = _columns(path)
    frame = None if text is None else _sound(text)
    return None if frame is None else Part(frame, ())


def _columns(path: Path) -> pd.DataFrame | None:
    """Its cells, texts as categories and numbers as floats; None where that cannot be done."""
    try:
        if path.stat().st_size > MOST_AT_ONCE_BYTES:
            return None
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, separator = _header(file.readline())
            if not set(REQUIRED) <= set(header) <= set(COLUMNS) or header[-1] not in REQUIRED:
                return None  # a row cut short must lack a required cell, or it would pass unseen
            text = pd.read_csv(
                file,
                names=header,
                sep=separator,
                dtype={name: "float64" if name in NUMBERS else "category" for name in header},
                keep_default_na=False,
                na_values=[""],
                low_memory=False,
            )
    except (OSError, ValueError):  # the careful way says what is wrong
        return None
    if not isinstance(text.index, pd.RangeIndex):  # rows with more cells than the header
        return None
    full = text.reindex(columns=list(COLUMNS))
    kinds = {name: full[name] if name in NUMBERS else _texts(full[name]) for name in COLUMNS}
    return pd.DataFrame(kinds).astype(dict.fromkeys(NUMBERS, "float64"))


def _sound(text: pd.DataFrame) -> pd.DataFrame | None:
    """The typed columns of cells that are all in order."""
    if any(_padded(text[name]) for name in (*TEXTS, "as_of")):
        return None
    if (text["price_usd_per_hour"] == 1).all() or text[list(REQUIRED)].isna().any(axis=None):
        return None  # a column of TRUE is parsed as one of ones
    frame = typed(text)
    unread = any(frame[name].count() < text[name].count() for name in (*NUMBERS, "as_of"))
    return None if unread or any(mask.any() for mask, _ in _value_faults(frame)) else frame


def _padded(column: "pd.Series[Any]") -> bool:
    """Whether a cell has spaces around it."""
    return any(name != name.strip() for name in column.cat.categories)


def _line_by_line(path: Path) -> Part:
    lines = _lines(path)
    frames: list[pd.DataFrame] = []
    rejected: list[RejectedRow] = []
    while chunk := list(islice(lines, CHUNK)):
        frame, bad = _chunk(chunk)
        frames.append(frame)
        rejected += bad
    return Part(joined(frames), tuple(rejected))


def _header(line: str) -> tuple[list[str], str]:
    """The names of the columns, and what separates them."""
    separator = ";" if line.count(";") > line.count(",") else ","
    return [name.strip() for name in line.strip().split(separator)], separator


def _lines(path: Path) -> Iterator[Line]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _parsed(file, path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; give a readable CSV") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text; save it as CSV in UTF-8") from error


def _parsed(file: TextIO, path: Path) -> Iterator[Line]:
    header, separator = _header(file.readline())
    _check_header(header, path)
    at = [header.index(name) if name in header else -1 for name in COLUMNS]
    as_is = header == list(COLUMNS)
    reader = csv.reader(untrusted.lines(file, path.name), delimiter=separator)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(path.name, reader.line_num + 1, [], f"not CSV: {error}")
            continue
        number = reader.line_num + 1
        if fields and len(fields) != len(header):
            yield Line(path.name, number, [], f"{len(fields)} fields, not {len(header)}")
        elif fields:
            cells = [cell.strip() for cell in fields]
            ordered = cells if as_is else [cells[i] if i >= 0 else "" for i in at]
            yield Line(path.name, number, ordered)


def _check_header(header: Sequence[str], path: Path) -> None:
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    repeated = sorted({name for name in header if header.count(name) > 1})
    for names, fault in ((missing, "lacks"), (unknown, "has unknown"), (repeated, "repeats")):
        if names:
            listed = ", ".join(repr(name) for name in names)
            raise DataError(
                f"{path} {fault} columns {listed}; the columns are {', '.join(COLUMNS)}"
            )


def _chunk(chunk: Sequence[Line]) -> tuple[pd.DataFrame, list[RejectedRow]]:
    whole = [line for line in chunk if not line.fault]
    frame, reasons = judged(_text([line.fields for line in whole]))
    bad = [RejectedRow(line.file, line.number, line.fault) for line in chunk if line.fault]
    bad += [
        RejectedRow(line.file, line.number, reason)
        for line, reason in zip(whole, reasons, strict=True)
        if reason
    ]
    return frame, bad


def judged(text: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The usable rows, typed, under their positions; and what is wrong with each, or nothing.

    `text` has the columns of `Offer`, every cell a text, empty where nothing is written.
    """
    frame = typed(text)
    reasons = _reasons(text, frame).to_numpy()
    return frame[reasons == ""], list(reasons)


def _text(fields: list[list[str]]) -> pd.DataFrame:
    return pd.DataFrame(fields, columns=list(COLUMNS), dtype=object)


def typed(text: pd.DataFrame) -> pd.DataFrame:
    """All columns of `Offer` with their types; what is empty or cannot be read is unknown.

    Texts are categories, sizes nullable integers, other numbers floats, `as_of` a date.
    """
    columns: dict[str, Any] = {}
    for name in COLUMNS:
        column = text[name]
        if name in INTEGERS:
            number = _numbers(column)
            whole = (number % 1 == 0) & (number.abs() < TOO_LARGE)
            columns[name] = number.where(whole).astype("Int64")
        elif name in FLOATS:
            columns[name] = _numbers(column)
        else:
            columns[name] = _dates(column) if name == "as_of" else _texts(column)
    columns["os"] = _texts(text["os"], missing="linux")
    columns["accelerator_count"] = columns["accelerator_count"].fillna(0.0)
    return pd.DataFrame(columns, index=text.index)


def _texts(column: "pd.Series[Any]", missing: str = "") -> "pd.Series[Any]":
    """As categories; `missing` in place of what is not written."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        codes, names = pd.factorize(column.mask(column == "", None), sort=True)
        column = pd.Series(
            pd.Categorical.from_codes(codes, pd.Index(names, dtype=object)), index=column.index
        )
    if missing and missing not in column.cat.categories:
        column = column.cat.add_categories(missing)
    filled = column.fillna(missing) if missing else column
    return filled.cat.rename_categories(pd.Index(filled.cat.categories, dtype=object))


def _dates(column: "pd.Series[Any]") -> "pd.Series[pd.Timestamp]":
    """Each day that occurs is read once."""
    codes, days = pd.factorize(column)
    read = pd.to_datetime(pd.Series(days, dtype=object), format="%Y-%m-%d", errors="coerce")
    return pd.Series(read.reindex(codes).to_numpy("datetime64[us]"), index=column.index)


def _numbers(column: "pd.Series[Any]") -> "pd.Series[float]":
    number = pd.to_numeric(column, errors="coerce").astype("float64")
    return number.where(np.isfinite(number))


def _reasons(text: pd.DataFrame, frame: pd.DataFrame) -> pd.Series:
    """Per row what is wrong with it, the first fault found; empty where nothing is."""
    reasons = pd.Series("", index=frame.index, dtype=object)
    for mask, reason in _faults(text, frame):
        if mask.any():
            reasons = reasons.mask(mask & (reasons == ""), reason)
    return reasons


def _faults(text: pd.DataFrame, frame: pd.DataFrame) -> Iterator[tuple[pd.Series, str]]:
    for name in REQUIRED:
        yield text[name] == "", f"{name} is empty"
    for name in (*NUMBERS, "as_of"):
        kind = {"as_of": "a date (YYYY-MM-DD)"}.get(name, "a finite number")
        kind = "a whole number" if name in INTEGERS else kind
        yield (text[name] != "") & frame[name].isna(), f"{name} is not {kind}"
    yield from _value_faults(frame)


def _value_faults(frame: pd.DataFrame) -> Iterator[tuple[pd.Series, str]]:
    for name, allowed in (("price_kind", PriceKind), ("confidence", Confidence)):
        choices = get_args(allowed)
        yield ~frame[name].isin(choices), f"{name} is none of {', '.join(choices)}"
    for name in TEXTS:
        yield frame[name].isin(_hostile(frame[name])), f"{name} holds what a text never needs"
    for name in MUST_BE_POSITIVE:
        yield (frame[name] <= 0).fillna(value=False), f"{name} is not above 0"
    for name in ("accelerator_count", "upfront_usd", "network_bits_per_s", "quota_default"):
        yield frame[name] < 0, f"{name} is negative"
    for name in FRACTIONS:
        yield (frame[name] < 0) | (frame[name] > 1), f"{name} is not between 0 and 1"
    without_name = frame["accelerator"].isna() & (frame["accelerator_count"] > 0)
    yield without_name, "accelerator_count without an accelerator"
    without_count = frame["accelerator"].notna() & (frame["accelerator_count"] == 0)
    yield without_count, "accelerator without an accelerator_count"


def _hostile(column: "pd.Series[Any]") -> list[str]:
    """Control and direction marks, and what a spreadsheet would run as a formula."""
    return [
        name
        for name in column.cat.categories
        if not name.isprintable() or "\ufffd" in name or printable.FORMULA.match(name)
    ]


def to_offer(row: "pd.Series[Any]") -> Offer:
    """One typed row as a value."""
    known = {str(name): _plain(value) for name, value in row.items() if not pd.isna(value)}
    return Offer(**known)


def _plain(value: Any) -> Any:  # noqa: ANN401  a cell is of any type
    if isinstance(value, pd.Timestamp):
        return value.date()
    return value.item() if isinstance(value, np.generic) else value
