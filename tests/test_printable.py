"""What leaves for a terminal, a spreadsheet or a screen's JSON steers none of them."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchbench import printable
from tests import payloads


@pytest.mark.parametrize("name", payloads.NAMES)
def test_no_name_steers_a_terminal(name: str) -> None:
    """Neither as text of several lines, nor as one line, nor as what a driver says."""
    assert not payloads.steers(printable.text(name))
    for shown in (printable.line(name), printable.name(name)):
        assert not payloads.steers(shown)
        assert "\n" not in shown
    assert len(printable.name(name)) <= 200


@given(st.text())
def test_no_text_at_all_steers_a_terminal(text: str) -> None:
    """And what is plain stays as it is."""
    assert not payloads.steers(printable.text(text))
    if text.isprintable():
        assert printable.text(text) == text


@pytest.mark.parametrize("name", payloads.NAMES)
def test_no_cell_runs(name: str) -> None:
    """Read back by a CSV reader, no cell begins like a formula."""
    (row,) = csv.reader(io.StringIO(printable.table([[name]])))
    assert not payloads.runs(row[0] if row else "")


@given(st.text())
def test_no_text_at_all_runs_in_a_cell(text: str) -> None:
    """Whatever it is made of; and a row stays one row."""
    rows = list(csv.reader(io.StringIO(printable.table([[text, "b"]]))))
    assert len(rows) == 1
    assert rows[0][1] == "b"
    assert not payloads.runs(rows[0][0])


def test_the_control_would_run() -> None:
    """Each formula of the corpus is one as it stands."""
    assert all(payloads.runs(name) for name in payloads.FORMULAS)
    assert not payloads.runs("-1.5")
    assert [printable.cell(one) for one in (None, -1.5, 3, "-1.5", "a-b")] == [
        *("", "-1.5", "3", "-1.5", "a-b")
    ]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_json_says_the_same_and_steers_nothing(text: str) -> None:
    """Parsed again it is the same value."""
    document = json.dumps({"name": text}, ensure_ascii=False, indent=1)
    shown = printable.json_text(document)
    assert json.loads(shown) == {"name": text}
    assert not payloads.steers(shown)


@pytest.mark.parametrize("name", payloads.NAMES)
def test_no_renderable_steers_a_terminal(name: str) -> None:
    """Titles, cells and texts; rich's own colours stay."""
    table = Table(title=name)
    table.add_column(name)
    table.add_row(name)
    for shown in (table, Text(name), name):
        console = Console(file=io.StringIO(), width=100, markup=False, emoji=False)
        console.print(printable.Harmless(shown), highlight=False)
        assert not payloads.steers(console.file.getvalue())  # type: ignore[attr-defined]


def test_colours_stay() -> None:
    """On a terminal a red word is red, by rich's escape and no other."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=40)
    console.print(printable.Harmless(Text("a\x1b[32mb", style="red")))
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert shown.count("\x1b") == 2
    assert "\x1b[31m" in shown
    assert "\x1b[32m" not in shown
