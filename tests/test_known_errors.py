"""Every published measuring error in the method's table has a test that fails without its guard."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
METHOD = TESTS.parents[1] / "shared" / "design" / "method.md"


def rows(text: str) -> Iterator[str]:
    """The first column of the table below the heading about real-world errors."""
    _, _, section = text.partition("Real-world errors")
    for line in section.splitlines():
        first = line.strip("| ").split(" | ")[0]
        if line.startswith("|") and first != "Error" and set(first) - set("-|"):
            yield first


def marked(folder: Path) -> set[str]:
    """The rows that tests name in `known_error`."""
    calls = (
        node
        for path in folder.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    )
    return {
        ast.literal_eval(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "known_error"
    }


@pytest.mark.skipif(not METHOD.exists(), reason="the design documents are not beside the checkout")
def test_no_marker_names_an_error_the_table_does_not_have() -> None:
    """A row reworded in the table is reworded here."""
    assert marked(TESTS) <= set(rows(METHOD.read_text(encoding="utf-8")))


@pytest.mark.skipif(not METHOD.exists(), reason="the design documents are not beside the checkout")
def test_every_error_of_the_table_has_a_test() -> None:
    """Twelve rows, each named by at least one test."""
    table = set(rows(METHOD.read_text(encoding="utf-8")))
    assert len(table) >= 12
    assert table - marked(TESTS) == set()
