"""A changed digit is found: in stored results, and in the data and the words of a report."""

import json
from pathlib import Path

import pytest

from benchbench import verify
from benchbench.errors import DataError
from benchbench.record import Ceiling, Record
from benchbench.store import Store
from tests import factories as make

EXAMPLE = Path(__file__).parents[1] / "reports" / "examples" / "quickstart"


def stored(folder: Path, *records: Record) -> verify.Verification:
    """What is found in a store of these."""
    for record in records:
        Store(folder).write(record)
    return verify.store(folder)


def test_real_results_hold() -> None:
    """The committed sample."""
    found = verify.store(EXAMPLE)
    assert found.records == 2
    assert found.claims > found.records
    assert found.findings == ()


def test_an_edited_document_is_found(tmp_path: Path) -> None:
    """Its name holds the hash of what it said."""
    name = Store(tmp_path).write(make.record(10.0))
    path = tmp_path / name
    path.write_text(path.read_text().replace('"batch_size": 8', '"batch_size": 9'))
    (finding,) = verify.store(tmp_path).findings
    assert finding.where == name
    assert "edited" in finding.message


def test_a_ceiling_must_be_the_median_of_its_samples(tmp_path: Path) -> None:
    """101 is not the middle of 98, 99 and 100."""
    wrong: Ceiling = make.ceiling(101.0, low=98.0, high=102.0, samples=(98.0, 99.0, 100.0))
    (finding,) = stored(tmp_path, make.record(ceilings=(wrong,))).findings
    assert "101.000 FLOP/s" in finding.message
    assert "99.0000 FLOP/s" in finding.message


def test_units_must_be_those_of_the_steps(tmp_path: Path) -> None:
    """20 steps of 8 images are 160, not 320."""
    flattered = make.measurement(10.0, units_completed=320.0)
    (finding,) = stored(tmp_path, make.record(measurement=flattered)).findings
    assert "320" in finding.message


def test_a_file_that_is_no_report_is_refused(tmp_path: Path) -> None:
    """In one sentence with the remedy."""
    page = tmp_path / "page.html"
    page.write_text("<html><body>nothing</body></html>")
    with pytest.raises(DataError, match="benchbench report"):
        verify.page(page)


def test_the_document_says_what_was_recomputed(tmp_path: Path) -> None:
    """By its schema."""
    found = json.loads(stored(tmp_path, make.record()).model_dump_json(by_alias=True))
    assert found["schema"] == 1
    assert found["findings"] == []
