"""The report as Markdown: all of the page's words and numbers, and nothing that is markup."""

import html
import re

import markdown as python_markdown

from benchbench.report.blocks import Cell, Column, Part, Row, Section, Table
from benchbench.report.markdown import render
from benchbench.report.view import View
from tests.report import sample


def shown(text: str) -> str:
    """As a reader sees it, without tags."""
    page = python_markdown.markdown(text, extensions=["tables"])
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def flat(text: str) -> str:
    """Words alone, as `shown` has them."""
    return " ".join(text.split())


def test_every_answer_and_every_heading_is_there() -> None:
    """The first screen, the sections, the parts."""
    view = sample.view()
    text = shown(render(view))
    for answer in view.answers:
        assert flat(answer.sentence) in text
        assert all(flat(detail) in text for detail in answer.details)
    for section in view.sections:
        assert flat(section.lede) in text
        assert all(flat(part.title) in text for part in section.parts)


def test_doubts_keep_their_remedy() -> None:
    """As on the page."""
    text = shown(render(sample.view()))
    assert "The hypervisor took 3.1 % of the time from this guest (steal)." in text
    assert "Measure on a dedicated instance, or at another hour." in text


def test_the_same_view_gives_the_same_text() -> None:
    """Byte for byte."""
    assert render(sample.view()) == render(sample.view())


def test_what_is_left_out_on_paper_is_named_and_left_out() -> None:
    """Hundreds of rows belong in the page, not in a comment."""
    long = Table(
        "All", (Column("Offer"),), (Row((Cell("x9"),)),), off_paper="300 more: in the page."
    )
    text = render(view(long))
    assert "300 more: in the page." in text
    assert "x9" not in text


def test_measured_and_predicted_never_look_alike() -> None:
    """A mark and a word."""
    rows = tuple(Row((Cell("1", basis=basis),)) for basis in ("measured", "predicted"))
    text = render(view(Table("Both", (Column("Figure"),), rows)))
    assert "| 1, ● measured |" in text
    assert "| 1, ○ predicted |" in text


def test_a_hostile_name_is_only_a_name() -> None:
    """No tag, no second cell, no control character."""
    name = "<script>a|b</script>\x1b[31m\u202e"
    text = render(view(Table(name, (Column(name),), (Row((Cell(name),)),))))
    assert "<script" not in text
    assert all(mark.isprintable() or mark == "\n" for mark in text)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [2, 2, 2]


def view(block: Table) -> View:
    """A report of one table."""
    part = Part("part", "Part", (block,))
    section = Section("section", "Section", "What it says.", (part,))
    return View(
        "Title", "2026-01-15", "0.1.0", indicative=False, answers=(), sections=(section,), data="{}"
    )
