"""An answer's tables as text: Markdown, CSV, or what GitHub Actions reads. Pure.

A `Sheet` holds every value twice: as people read it (`units` made the text) and as programs do (in
the unit its column's name ends with). What is not printable is replaced before it is written.
"""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Generic, Self, TypeVar

from benchbench.record import Caveat

T = TypeVar("T")
Value = str | int | float | None

_UNSEEN = "\N{REPLACEMENT CHARACTER}"
_MARKDOWN = re.compile(r"([\\`*|\[\]])|(?<![^\W_])(_)|(_)(?![^\W_])")
"""What begins a span or ends a cell; an underscore inside a word begins nothing."""
_BEGINS = ("#", ":", "+", "-", ">")
"""What makes a line a heading, a list or a quotation; `::` is a command to GitHub Actions."""
_FORMULA = ("=", "+", "-", "@")
"""What makes a spreadsheet run a cell (OWASP, CSV injection); tabs and returns never get there."""
_LEVELS = {"invalid": "error", "warning": "warning", "note": "notice"}


@dataclass(frozen=True)
class Field(Generic[T]):
    """One column of a table of `T`, for people, for programs, or for both."""

    value: Callable[[T], Value]
    label: str | None = None
    """Its heading; None: not for people."""
    name: str | None = None
    """Its name in CSV, unit last; None: not for programs."""
    text: Callable[[T], str] | None = None
    """As people read it; the value itself where there is no better."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, and how people read it."""

    value: Value
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: `labels` head it for people, `names` for programs, None where it is not theirs."""

    title: str
    labels: tuple[str | None, ...]
    names: tuple[str | None, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @classmethod
    def of(cls, title: str, fields: Sequence[Field[T]], items: Iterable[T]) -> Self:
        """One row per item."""
        return cls(
            title,
            tuple(field.label for field in fields),
            tuple(field.name for field in fields),
            tuple(tuple(_cell(field, item) for field in fields) for item in items),
        )

    def for_people(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows of text."""
        kept = [index for index, label in enumerate(self.labels) if label is not None]
        headings = [self.labels[index] or "" for index in kept]
        return headings, [[row[index].text for index in kept] for row in self.rows]

    def for_programs(self) -> tuple[list[str], list[list[Value]]]:
        """Names and rows of values."""
        kept = [index for index, name in enumerate(self.names) if name is not None]
        names = [self.names[index] or "" for index in kept]
        return names, [[row[index].value for index in kept] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Sheet:
    """An answer: its tables, what it says in sentences, and what is wrong with it."""

    grids: tuple[Grid, ...]
    sentences: tuple[str, ...] = ()
    doubts: tuple[Caveat, ...] = ()
    failures: tuple[str, ...] = ()
    """Why the command will not exit with 0, one sentence each."""


def _cell(field: Field[T], item: T) -> Cell:
    value = field.value(item)
    if field.label is None:
        return Cell(value, "")
    return Cell(value, field.text(item) if field.text else "" if value is None else str(value))


def legible(text: str) -> str:
    """On one line and printable: what steers a terminal or turns a line round is replaced."""
    spaced = " ".join(text.split())
    return "".join(mark if mark.isprintable() else _UNSEEN for mark in spaced)


def markdown(sheet: Sheet) -> str:
    """Tables, sentences and doubts in GitHub's Markdown."""
    blocks = [*map(_grid, sheet.grids), *map(paragraph, sheet.sentences)]
    blocks += [_list(_failure(one) for one in sheet.failures)] if sheet.failures else []
    blocks += [_list(map(_doubt, sheet.doubts))] if sheet.doubts else []
    return "\n\n".join(block for block in blocks if block) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of text not yet escaped."""
    lines = [list(headings), ["---"] * len(headings), *rows]
    return "\n".join(
        f"| {' | '.join(cells if index == 1 else map(escaped, cells))} |"
        for index, cells in enumerate(lines)
    )


def escaped(text: str) -> str:
    """Text that Markdown takes for text, on one line."""
    marked = _MARKDOWN.sub(r"\\\g<0>", legible(text))
    return marked.replace("&", "&amp;").replace("<", "&lt;")


def paragraph(text: str) -> str:
    """The same where a line begins: no heading, no list, no command to whoever reads a log."""
    inert = escaped(text)
    return f"\\{inert}" if inert.startswith(_BEGINS) else inert


def _grid(grid: Grid) -> str:
    headings, rows = grid.for_people()
    return f"### {escaped(grid.title)}\n\n{table(headings, rows)}"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _failure(sentence: str) -> str:
    return f"**{escaped(sentence)}**"


def _doubt(one: Caveat) -> str:
    return f"**{one.severity}**: {escaped(one.message)}. *{escaped(one.remedy)}*"


def comma_separated(sheet: Sheet) -> str:
    """The values under one header; tables with other columns than the first are left out."""
    if not sheet.grids:
        return ""
    first = sheet.grids[0]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(first.for_programs()[0])
    for grid in sheet.grids:
        if grid.names == first.names:
            writer.writerows([_safe(value) for value in row] for row in grid.for_programs()[1])
    return text.getvalue()


def _safe(value: Value) -> Value:
    """A number as it is; text that no spreadsheet runs."""
    if not isinstance(value, str):
        return value
    text = legible(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def annotations(sheet: Sheet) -> str:
    """A workflow command of GitHub Actions per doubt and failure, each on its line."""
    said = [("error", "benchbench", one) for one in sheet.failures]
    said += [
        (_LEVELS[one.severity], one.code, f"{one.message}; {one.remedy}") for one in sheet.doubts
    ]
    return "".join(
        f"::{level} title={_property(title)}::{_data(message)}\n" for level, title, message in said
    )


def _data(text: str) -> str:
    """As actions/toolkit escapes a message."""
    return legible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
