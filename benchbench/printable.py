"""Text from elsewhere on its way out: to a terminal, a spreadsheet, a JSON document on a screen.

A name may hold what steers a terminal (escape sequences, one-character C1 controls), what turns a
line round or hides in it (bidirectional and zero-width marks), or what a spreadsheet would run.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

UNSEEN = "\N{REPLACEMENT CHARACTER}"
_KEPT = frozenset("\n\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}")
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")  # noqa: RUF001 - full-width ones run too
"""What a spreadsheet would run; the apostrophe in front makes it a text (OWASP, CSV injection)."""
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_LONGEST_NAME = 200


def text(words: str) -> str:
    """Line breaks stay; whatever else is not seen is replaced."""
    if words.isprintable():
        return words
    return "".join(mark if mark.isprintable() or mark in _KEPT else UNSEEN for mark in words)


def line(words: str) -> str:
    """As `text`, in one line: a name must not write a second one."""
    return text(" ".join(words.splitlines()) if "\n" in words or "\r" in words else words)


def legible(words: str) -> str:
    """In one line, with single blanks."""
    return line(" ".join(words.split()))


def name(words: str) -> str:
    """What a driver or a firmware calls something: legible, and at most 200 marks."""
    return legible(words)[:_LONGEST_NAME]


def json_text(document: str) -> str:
    r"""The same JSON, with what is not seen written as `\u009b`."""
    if document.isascii() and document.replace("\n", "").isprintable():
        return document
    return "".join(
        mark if mark.isprintable() or mark == "\n" else _escaped(mark) for mark in document
    )


def _escaped(mark: str) -> str:
    r"""As JSON has it: beyond the first plane as two surrogates."""
    units = mark.encode("utf-16-be", errors="surrogatepass")
    pairs = (units[at : at + 2] for at in range(0, len(units), 2))
    return "".join(f"\\u{int.from_bytes(pair):04x}" for pair in pairs)


def cell(value: object) -> str:
    """A cell of a CSV: empty where unknown, and a text that a spreadsheet would run is quoted."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    shown = line(value)
    runs = FORMULA.match(shown) and not _NUMBER.fullmatch(shown)
    return f"'{shown}" if runs else shown


def table(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV, every cell harmless."""
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerows([cell(one) for one in row] for row in rows)
    return written.getvalue()


@dataclass(frozen=True)
class Harmless:
    """A renderable of rich whose own words steer nothing; rich's colours stay."""

    shown: "RenderableType"

    def __rich_console__(
        self, console: "Console", options: "ConsoleOptions"
    ) -> "Iterator[Segment]":
        """The same segments; control segments are rich's own."""
        for segment in console.render(self.shown, options):
            if segment.control is None and not segment.text.isprintable():
                yield segment._replace(text=text(segment.text))
            else:
                yield segment
