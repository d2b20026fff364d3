"""What every answer is set in: tables of 80 columns, plain text, doubts with their remedies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from benchbench import printable, units
from benchbench.sheets import within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import RenderableType

    from benchbench.formats import Grid
    from benchbench.record import Caveat
    from benchbench.stats import Estimate


def plain(text: str, style: str = "") -> Text:
    """A name is no markup, and what steers a terminal or turns the line round is not printed."""
    return Text(printable.text(text), style=style)


def caveats(doubts: Iterable[Caveat]) -> list[RenderableType]:
    """Each doubt with its remedy."""
    style = {"note": "dim", "warning": "yellow", "invalid": "red"}
    return [
        part
        for one in doubts
        for part in (
            Text(f"{one.severity}: {one.message}", style=style[one.severity]),
            indented(f"→ {one.remedy}", style[one.severity]),
        )
    ]


def indented(text: str, style: str = "") -> Padding:
    """Below what it belongs to, also where it goes on in a second line."""
    return Padding(plain(text, style), (0, 0, 0, 2), expand=False)


def of_grid(grid: Grid) -> Table:
    """What of a table people read."""
    headings, rows = grid.for_people()
    table = blank_table("", *headings)
    table.title = plain(grid.title)
    for cells in rows:
        table.add_row(*map(plain, cells))
    return table


def blank_table(title: str, *columns: str) -> Table:
    """Without rows yet; a long name folds."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def estimated(estimate: Estimate | None, text: Callable[[float | None], str]) -> str:
    """The value in words with what is known of it: "3.2 images/s ±2 %"."""
    return units.UNKNOWN if estimate is None else within(text(estimate.value), estimate)
