"""Every fault we promise to survive has tests, and the page that lists them is theirs."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import fault_table

DESIGN = Path(__file__).parents[2] / "shared" / "design" / "reliability.md"


def rows(text: str) -> Iterator[str]:
    """The first column of the design's table."""
    for line in text.splitlines():
        first = line.strip("| ").split(" | ")[0]
        if line.startswith("|") and first != "Fault" and set(first) - set("-|"):
            yield first


def test_every_fault_has_a_test_and_every_mark_a_fault() -> None:
    """None of the table without a proof, none of the proofs without a row."""
    assert set(fault_table.proofs()) == set(fault_table.FAULTS)


def test_every_proof_states_its_fact() -> None:
    """A page of empty lines would prove nothing to a reader."""
    facts = [one.fact for found in fault_table.proofs().values() for one in found]
    assert all(facts)
    assert len(facts) >= 60


@pytest.mark.skipif(not DESIGN.exists(), reason="the design documents are not beside the checkout")
def test_the_design_asks_for_nothing_more() -> None:
    """Each row of its table is one of ours, word for word."""
    asked = set(rows(DESIGN.read_text(encoding="utf-8")))
    assert len(asked) == 11
    assert asked <= {one.what for one in fault_table.FAULTS.values()}


def test_the_committed_page_is_what_the_tests_say() -> None:
    """Write it anew with: python scripts/fault_table.py."""
    written = fault_table.page(fault_table.proofs())
    assert fault_table.PAGE.read_text(encoding="utf-8") == written


def test_a_mark_is_found_wherever_it_stands(tmp_path: Path) -> None:
    """Among other marks, several on one test; a test without a mark proves no fault."""
    file = tmp_path / "tests" / "test_x.py"
    file.parent.mkdir()
    file.write_text(
        "@pytest.mark.slow\n@pytest.mark.fault('a')\n@pytest.mark.fault('b')\n"
        "def test_one():\n    '''It holds.\n\n    More.\n    '''\n"
        "def test_two():\n    '''Nothing.'''\n"
    )
    found = fault_table.proofs(tmp_path / "tests")
    assert {fault: [one.name for one in named] for fault, named in found.items()} == {
        "a": ["test_one"],
        "b": ["test_one"],
    }
    assert found["a"][0].fact == "It holds."
    assert found["a"][0].file == "tests/test_x.py"
