"""Demand as somebody observed it: a CSV with one row per hour, complete or refused."""

import csv
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from benchbench import untrusted
from benchbench.errors import DataError
from benchbench.tco.money import Array

_HOUR = timedelta(hours=1)
_CLOCK_CHANGES = {3, 4, 9, 10, 11}
"""Months in which clocks are changed somewhere."""
_SMALL_HOURS = 4
_MOST_HOURS = 200_000
"""Of twenty years."""
_MOST = 1e15
Row = tuple[int, list[str]]
"""Line number and cells."""


def from_csv(path: Path) -> tuple[Array, Array, int]:
    """Levels, the share of hours at each, and how many hours: the last column of each row.

    Raises DataError naming the line of a value that is not a finite number ≥ 0, of a row with
    more or fewer cells than the first, and of one whose time is not an hour after the last.
    """
    rows = _rows(path)
    _check_shape(path, rows)
    if rows and _heading(*rows[0]):
        rows = rows[1:]
    if not rows:
        message = f"{path} holds no hours; write one row per hour, the demand in the last column"
        raise DataError(message)
    _check_times(path, rows)
    hours = [_level(path, number, cells[-1]) for number, cells in rows]
    levels, counts = np.unique(np.array(hours), return_counts=True)
    return levels[::-1].copy(), counts[::-1] / counts.sum(), len(hours)


def _rows(path: Path) -> list[Row]:
    """Without the empty lines at the end."""
    if not path.is_file():
        message = f"no demand file {path}; demand.csv is a path relative to the scenario file"
        raise DataError(message)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = untrusted.lines(file, str(path))
            rows = list(enumerate(islice(csv.reader(lines), _MOST_HOURS + 1), 1))
    except (UnicodeDecodeError, csv.Error) as error:
        message = f"{path} is not a text file of numbers; save it as CSV in UTF-8"
        raise DataError(message) from error
    if len(rows) > _MOST_HOURS:
        raise DataError(f"{path} has more than {_MOST_HOURS} rows; one row per hour is enough")
    while rows and not any(rows[-1][1]):
        rows.pop()
    return rows


def _check_shape(path: Path, rows: list[Row]) -> None:
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            message = f"{path}:{number} is blank; write the hour's demand, 0 where there was none"
            raise DataError(message)
        if len(cells) != len(rows[0][1]):
            message = (
                f"{path}:{number} has {len(cells)} cells and the first line {len(rows[0][1])}; "
                "mend that line"
            )
            raise DataError(message)


def _heading(number: int, cells: list[str]) -> bool:
    return number == 1 and not any(letter.isdigit() for letter in cells[-1])


def _check_times(path: Path, rows: list[Row]) -> None:
    """Where the first column is a time, an hour left out or told twice is no year of hours."""
    times = list(_times(path, rows))
    for (_, before), (number, time) in pairwise(times):
        if time - before != _HOUR:
            message = (
                f"{path}:{number}: {time.isoformat()} is not one hour after "
                f"{before.isoformat()}{_because(before, time)}; write every hour once and in "
                "order, in UTC"
            )
            raise DataError(message)


def _because(before: datetime, time: datetime) -> str:
    """What such a step usually is."""
    step = time - before
    at_night = time.month in _CLOCK_CHANGES and time.hour <= _SMALL_HOURS
    if at_night and step in {0 * _HOUR, 2 * _HOUR}:
        return " (daylight saving time begins or ends here?)"
    if step == 0 * _HOUR:
        return " (the hour stands there twice)"
    return f" ({int(step / _HOUR) - 1} hours are missing)" if step > _HOUR else ""


def _times(path: Path, rows: list[Row]) -> Iterator[tuple[int, datetime]]:
    first = _time(rows[0][1])
    for number, cells in rows if first is not None else ():
        time = _time(cells)
        if time is None or (time.tzinfo is None) != (first is None or first.tzinfo is None):
            message = f"{path}:{number}: {cells[0]!r} is not a time like that of the first hour"
            raise DataError(f"{message}; write it as 2026-01-31T13:00")
        yield number, time


def _time(cells: list[str]) -> datetime | None:
    if len(cells) == 1 or cells[0].strip().isdigit():
        return None
    try:
        return datetime.fromisoformat(cells[0].strip())
    except ValueError:
        return None


def _level(path: Path, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= _MOST:
        message = f"{path}:{number}: {text!r} is not an hour's demand; write a number of 0 or more"
        raise DataError(message)
    return value
