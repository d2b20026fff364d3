"""A changed digit is found: in stored results, and in the data and the words of a report."""

import base64
import gzip
import json
import re
from datetime import date
from pathlib import Path

import pytest

from benchbench import decide, verify
from benchbench.errors import DataError
from benchbench.record import Ceiling, Record
from benchbench.report import page as rendering
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


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed sample's page, written now."""
    page = tmp_path_factory.mktemp("report") / "report.html"
    today = date(2026, 11, 25)
    page.write_text(decide.page(decide.records(EXAMPLE), scenario=None, today=today).html)
    return page


def test_a_report_holds_what_it_says(report: Path) -> None:
    """Every figure from the samples, every word and mark of the page from its data."""
    found = verify.page(report)
    assert found.findings == ()
    assert found.claims > 1000


def _forged(report: Path) -> tuple[str, str, str]:
    """The page with one digit of a throughput changed where it is first said, before and after."""
    html = report.read_text()
    said = re.search(r"(\d\.\d\d) images/s", html)
    assert said is not None
    forged = f"{float(said[1]) + 0.01:.2f}"
    return html.replace(said[0], f"{forged} images/s", 1), said[1], forged


def test_a_changed_word_is_found(report: Path, tmp_path: Path) -> None:
    """One digit on the page, the data under it as they were."""
    page = tmp_path / "forged.html"
    html, said, forged = _forged(report)
    page.write_text(html)
    assert any(said in one.message and forged in one.message for one in verify.page(page).findings)


def test_a_changed_point_of_the_what_if_grid_is_found(report: Path, tmp_path: Path) -> None:
    """Each of its figures is on the page, so each can be held against the data."""
    html = report.read_text()
    points = re.findall(r'data-point="[\d-]+" data-values="([\d. ]+)"', html)
    assert len(points) > 150
    page = tmp_path / "forged.html"
    last = points[-1]
    page.write_text(html.replace(last, f"9{last}", 1))
    assert any(f"9{last.split()[0]}" in one.message for one in verify.page(page).findings)


def test_a_payment_changed_in_the_data_contradicts_its_total(report: Path, tmp_path: Path) -> None:
    """A page written anew from forged costs still has to add up."""
    html = report.read_text()
    before, packed, after = re.split(r"(?<=gzip\">)(.*?)(?=</script>)", html, maxsplit=1)
    data = json.loads(gzip.decompress(base64.b64decode(packed)))
    months = data["tco"]["alternatives"][0]["months"]
    component = next(iter(months))
    months[component][1] *= 2
    page = tmp_path / "forged.html"
    page.write_text(before + rendering.packed(json.dumps(data)) + after)
    assert any("the total says" in one.message for one in verify.page(page).findings)


@pytest.mark.parametrize(
    ("part", "said", "forged"),
    [
        ("records", '"units_per_step": 8.0', '"units_per_step": 9.0'),
        ("figures", '"throughput": {"value": ', '"throughput": {"value": 1'),
    ],
)
def test_a_changed_digit_of_the_data_is_found(
    report: Path, tmp_path: Path, part: str, said: str, forged: str
) -> None:
    """In a sample, or in a figure made of them."""
    before, packed, after = re.split(
        r"(?<=gzip\">)(.*?)(?=</script>)", report.read_text(), maxsplit=1
    )
    data = json.loads(gzip.decompress(base64.b64decode(packed)))
    text = json.dumps(data[part])
    assert said in text
    data[part] = json.loads(text.replace(said, forged, 1))
    page = tmp_path / "forged.html"
    page.write_text(before + rendering.packed(json.dumps(data)) + after)
    assert verify.page(page).findings


def test_a_page_of_another_version_is_judged_by_its_figures(report: Path, tmp_path: Path) -> None:
    """Its words may differ for good reasons; the note says that they were not compared."""
    page = tmp_path / "older.html"
    html, _, _ = _forged(report)
    page.write_text(html.replace('content="benchbench ', 'content="benchbench 0.0.'))
    found = verify.page(page)
    assert found.findings == ()
    assert any("its words were not compared" in note for note in found.notes)
