"""Tables as Markdown, CSV and GitHub's annotations: read back by who reads them in earnest."""

import csv
import html
import re
from dataclasses import dataclass
from io import StringIO

import markdown as python_markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.formats import (
    Field,
    Grid,
    Sheet,
    annotations,
    comma_separated,
    markdown,
)
from benchbench.printable import legible
from benchbench.record import Caveat

HOSTILE = [
    "a|b",
    "[bold]x[/red]",
    "<script>alert(1)</script>",
    "`rm -rf`",
    "*x* _y_ __z__",
    "\x1b[31mred\x1b[0m",
    "a\u202eb",
    "two\nlines",
    "\\",
    "::error::no",
    "##[error]no",
    "# no heading",
    "&amp;",
]


@dataclass(frozen=True)
class Row:
    """What a table of these tests is about."""

    name: str
    rate: float | None = None


FIELDS = (
    Field[Row](lambda row: row.name, "name", "name"),
    Field[Row](lambda row: row.rate, "rate", "rate_per_s", lambda row: f"{row.rate} images/s"),
    Field[Row](lambda row: len(row.name), name="letters"),
    Field[Row](lambda _: None, "", text=lambda _: "● measured"),
)


def sheet(*names: str, doubts: tuple[Caveat, ...] = (), failures: tuple[str, ...] = ()) -> Sheet:
    """One table of these names."""
    grid = Grid.of("Results", FIELDS, [Row(name, 4.0) for name in names])
    return Sheet((grid,), doubts=doubts, failures=failures)


def cells(text: str) -> list[list[str]]:
    """The table as a Markdown reader shows it."""
    page = python_markdown.markdown(text, extensions=["tables"])
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [
        [html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


def test_people_and_programs_get_their_own_columns() -> None:
    """A column may be for both; a count of letters is for programs, a mark for people."""
    head, row = cells(markdown(sheet("resnet50")))
    assert head == ["name", "rate", ""]
    assert row == ["resnet50", "4.0 images/s", "● measured"]
    assert comma_separated(sheet("resnet50")) == "name,rate_per_s,letters\nresnet50,4.0,8\n"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_one_cell_of_text(name: str) -> None:
    """No markup, no second cell, no control: as read by Python-Markdown."""
    _, row = cells(markdown(sheet(name)))
    assert row[0] == legible(name)
    assert len(row) == 3


@given(st.text())
def test_any_text_stays_in_its_cell(name: str) -> None:
    """The number of cells never depends on what is in them."""
    lines = markdown(sheet(name)).splitlines()
    row = lines[-1]
    unescaped = re.findall(r"(?<!\\)(?:\\\\)*\|", row)
    assert len(unescaped) == 4
    assert row.isprintable()


@pytest.mark.parametrize("name", ["=1+1", "+A1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_runs_no_name(name: str) -> None:
    """OWASP's list of what begins a formula; a quote before it makes it text."""
    _, row = csv.reader(StringIO(comma_separated(sheet(name))))
    assert row[0] == f"'{name.strip()}"


def test_a_negative_number_stays_a_number() -> None:
    """Only text can be a formula."""
    grid = Grid.of("x", FIELDS, [Row("x", -1.5)])
    _, row = csv.reader(StringIO(comma_separated(Sheet((grid,)))))
    assert float(row[1]) == -1.5


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_csv_reads_back(name: str, rate: float) -> None:
    """Every float to the last bit, every text but what was made legible."""
    grid = Grid.of("x", FIELDS, [Row(name, rate)])
    _, row = csv.reader(StringIO(comma_separated(Sheet((grid,)))))
    assert float(row[1]) == rate
    assert row[0].removeprefix("'") == legible(name).removeprefix("'")


def test_tables_of_equal_columns_share_a_header() -> None:
    """One CSV has one header; what no table has is an empty file."""
    two = Sheet((*sheet("a").grids, *sheet("b").grids))
    assert comma_separated(two).splitlines() == ["name,rate_per_s,letters", "a,4.0,1", "b,4.0,1"]
    assert comma_separated(Sheet(())) == ""


def test_doubts_and_failures_become_annotations() -> None:
    """As actions/toolkit writes them: the level by severity, `%` and separators escaped."""
    doubt = Caveat(
        code="disturbed", severity="warning", message="50 % stolen\nby others", remedy="wait"
    )
    said = annotations(sheet("x", doubts=(doubt,), failures=("B is slower",)))
    assert said.splitlines() == [
        "::error title=benchbench::B is slower",
        "::warning title=disturbed::50 %25 stolen by others; wait",
    ]


@pytest.mark.parametrize("name", ["::error::no", "##[error]no", "::add-mask::x", "\n::error::no"])
def test_no_name_is_a_command_to_github(name: str) -> None:
    """The runner obeys lines that begin with `::`, and `##[` anywhere."""
    hostile = Sheet(sheet(name).grids, sentences=(name,), failures=(name,))
    text = markdown(hostile)
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert "##[" not in text


def test_a_doubt_is_listed_with_its_remedy() -> None:
    """Below the tables."""
    doubt = Caveat(code="x", severity="note", message="seen", remedy="do this")
    assert markdown(sheet("x", doubts=(doubt,))).endswith("- **note**: seen. *do this*\n")
