"""From the lines of a CSV file to typed columns; a bad line is named with its reason."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, get_args

import numpy as np
import pandas as pd

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
TEXTS = tuple(name for name in COLUMNS if name not in (*INTEGERS, *FLOATS, "as_of"))
FRACTIONS = ("interruption_low_fraction_per_month", "interruption_high_fraction_per_month")
MUST_BE_POSITIVE = ("price_usd_per_hour", "vcpu", "cores", *INTEGERS)
CHUNK = 50_000


@dataclass(frozen=True)
class RejectedRow:
    """A line that could not be used, and why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class Part:
    """What one file gave."""

    frame: pd.DataFrame
    rejected: tuple[RejectedRow, ...]


def read(path: Path) -> Part:
    """One CSV file; `,` or `;`, with or without a byte order mark. Raises UsageError, DataError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(file, path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; give a readable CSV") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text; save it as CSV in UTF-8") from error


def _read(file: TextIO, path: Path) -> Part:
    header_line = file.readline()
    separator = ";" if header_line.count(";") > header_line.count(",") else ","
    header = [name.strip() for name in header_line.strip().split(separator)]
    _check_header(header, path)
    lines = _numbered(csv.reader(file, delimiter=separator))
    frames: list[pd.DataFrame] = []
    rejected: list[RejectedRow] = []
    while chunk := list(islice(lines, CHUNK)):
        frame, bad = _chunk(chunk, header)
        frames.append(frame)
        rejected.extend(RejectedRow(path.name, line, reason) for line, reason in bad)
    return Part(concat(frames), tuple(sorted(rejected, key=lambda row: row.line)))


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


def _numbered(reader: Any) -> Iterator[tuple[int, list[str] | str]]:  # noqa: ANN401  csv's reader has no public type
    """Line numbers as an editor counts them (the header is 1), with the fields or the fault."""
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num + 1, f"not CSV: {error}"
            continue
        if fields:
            yield reader.line_num + 1, fields


def _chunk(
    chunk: Sequence[tuple[int, list[str] | str]], header: Sequence[str]
) -> tuple[pd.DataFrame, list[tuple[int, str]]]:
    bad = [(line, fields) for line, fields in chunk if isinstance(fields, str)]
    whole = [(line, fields) for line, fields in chunk if not isinstance(fields, str)]
    wrong = [(line, fields) for line, fields in whole if len(fields) != len(header)]
    bad += [(line, f"{len(fields)} fields, not {len(header)}") for line, fields in wrong]
    good = [(line, fields) for line, fields in whole if len(fields) == len(header)]
    text = pd.DataFrame([fields for _, fields in good], columns=list(header), dtype=object)
    text.index = pd.Index([line for line, _ in good])
    text = text.apply(lambda column: column.str.strip()) if len(text) else text
    frame = typed(text.where(text != "", None))
    reasons = _reasons(text, frame)
    faulty = reasons != ""
    bad += list(zip(reasons.index[faulty], reasons[faulty], strict=True))
    return frame[~faulty], bad


def typed(text: pd.DataFrame) -> pd.DataFrame:
    """All columns of `Offer` with their types; what cannot be read becomes unknown."""
    columns: dict[str, Any] = {}
    for name in COLUMNS:
        column = text[name] if name in text else _default(name, text.index)
        if name in INTEGERS:
            number = pd.to_numeric(column, errors="coerce")
            whole = number.where(np.isfinite(number) & (number % 1 == 0) & (number.abs() < 2**62))
            columns[name] = whole.astype("Int64")
        elif name in FLOATS:
            number = pd.to_numeric(column, errors="coerce").astype("float64")
            columns[name] = number.where(np.isfinite(number))
        elif name == "as_of":
            columns[name] = pd.to_datetime(column, format="%Y-%m-%d", errors="coerce")
        else:
            columns[name] = column.astype("string")
    frame = pd.DataFrame(columns, index=text.index)
    frame["os"] = frame["os"].fillna("linux")
    frame["accelerator_count"] = frame["accelerator_count"].fillna(0.0)
    return frame


def _default(name: str, index: pd.Index) -> pd.Series:
    return pd.Series(Offer.model_fields[name].get_default(), index=index, dtype=object)


def _reasons(text: pd.DataFrame, frame: pd.DataFrame) -> pd.Series:
    """Per row what is wrong with it, the first fault found; empty where nothing is."""
    reasons = pd.Series("", index=frame.index, dtype=object)
    for mask, reason in _faults(text, frame):
        reasons = reasons.mask(mask & (reasons == ""), reason)
    return reasons


def _faults(text: pd.DataFrame, frame: pd.DataFrame) -> Iterator[tuple[pd.Series, str]]:
    for name in REQUIRED:
        yield text[name] == "", f"{name} is empty"
    for name in (*INTEGERS, *FLOATS, "as_of"):
        if name in text:
            kind = {"as_of": "a date (YYYY-MM-DD)"}.get(name, "a finite number")
            kind = "a whole number" if name in INTEGERS else kind
            yield (text[name] != "") & frame[name].isna(), f"{name} is not {kind}"
    for name, allowed in (("price_kind", PriceKind), ("confidence", Confidence)):
        choices = get_args(allowed)
        yield ~frame[name].isin(choices), f"{name} is none of {', '.join(choices)}"
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


def concat(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The frames below each other, numbered anew; typed even when there are none."""
    kept = [frame for frame in frames if len(frame)]
    if not kept:
        return typed(pd.DataFrame(columns=list(COLUMNS), dtype=object))
    return pd.concat(kept, ignore_index=True)


def to_offer(row: "pd.Series[Any]") -> Offer:
    """One typed row as a value."""
    known = {str(name): _plain(value) for name, value in row.items() if not pd.isna(value)}
    return Offer(**known)


def _plain(value: Any) -> Any:  # noqa: ANN401  a cell is of any type
    if isinstance(value, pd.Timestamp):
        return value.date()
    return value.item() if isinstance(value, np.generic) else value
