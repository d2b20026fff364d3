"""Observed hours: counted when complete, refused by line when not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchbench.errors import DataError
from benchbench.tco.observed import from_csv


def written(folder: Path, *rows: str) -> Path:
    """A file of rows."""
    path = folder / "hours.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_csv_is_counted_by_hour(tmp_path: Path) -> None:
    """Levels fall, equal ones are merged, a heading and a time column are allowed."""
    path = tmp_path / "hours.csv"
    path.write_text("hour,cores\n0,4\n1,4\n2,10\n3,0\n", encoding="utf-8")
    levels, weights, hours = from_csv(path)
    assert levels.tolist() == [10, 4, 0]
    assert weights.tolist() == [0.25, 0.5, 0.25]
    assert hours == 4


@pytest.mark.parametrize("bad", ["-1", "nan", "many", "inf"])
def test_a_bad_hour_is_named_by_its_line(tmp_path: Path, bad: str) -> None:
    """File, line and text are in the sentence."""
    path = tmp_path / "hours.csv"
    path.write_text(f"1\n2\n{bad}\n", encoding="utf-8")
    with pytest.raises(DataError, match=rf"hours\.csv:3: '{bad}'"):
        from_csv(path)


def test_a_missing_or_empty_file_names_the_next_step(tmp_path: Path) -> None:
    """No file, and a file without hours."""
    with pytest.raises(DataError, match="relative to the scenario"):
        from_csv(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("cores\n", encoding="utf-8")
    with pytest.raises(DataError, match="one row per hour"):
        from_csv(tmp_path / "empty.csv")


def test_hours_in_order_are_taken(tmp_path: Path) -> None:
    """Over midnight, with a heading and empty lines at the end."""
    path = written(
        tmp_path, "time,cores", "2026-01-31T22:00,1", "2026-01-31T23:00,2", "2026-02-01 00:00,2", ""
    )
    assert from_csv(path)[2] == 3


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (["2026-01-01T00:00,1", "2026-01-01T02:00,1"], r":2: .* not one hour after"),
        (["2026-01-01T00:00,1", "2026-01-01T00:00,1"], r":2: .* not one hour after"),
        (["2026-01-01T01:00,1", "2026-01-01T00:00,1"], r":2: .* not one hour after"),
        (["2026-03-29T01:00,1", "2026-03-29T03:00,1"], r":2: .*daylight saving.*in UTC"),
        (["2026-10-25T02:00,1", "2026-10-25T02:00,1"], r":2: .*daylight saving.*in UTC"),
        (["2026-06-01T00:00,1", "2026-06-01T05:00,1"], r":2: .*4 hours are missing"),
        (["2026-06-01T00:00,1", "2026-06-01T00:00,1"], r":2: .*stands there twice"),
        (["2026-01-01T00:00,1", "soon,1"], r":2: 'soon' is not a time"),
        (["2026-01-01T00:00,1", "2026-01-01T01:00+00:00,1"], r":2: .* is not a time"),
        (["cores", "1", "", "2"], r":3 is blank"),
        (["hour,cores", "0,1", "1,", "2,1"], r":3: '' is not an hour's demand"),
        (["hour,cores", "0,1", "1", "2,1"], r":3 has 1 cells and the first line 2"),
    ],
)
def test_an_incomplete_file_is_refused_by_line(
    tmp_path: Path, rows: list[str], sentence: str
) -> None:
    """A gap, an hour told twice, disorder, a cell too few: none is a complete year."""
    with pytest.raises(DataError, match=rf"hours\.csv{sentence}"):
        from_csv(written(tmp_path, *rows))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01", b"PK\x03\x04\x9c\n1\n"])
def test_a_spreadsheet_is_not_a_csv(tmp_path: Path, content: bytes) -> None:
    """Bytes that are no text."""
    path = tmp_path / "hours.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match="save it as CSV in UTF-8"):
        from_csv(path)


def test_a_leap_year_has_8784_hours(tmp_path: Path) -> None:
    """All of 2024, hour by hour; each weighs the same."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    times = (start + timedelta(hours=hour) for hour in range(8784))
    rows = [f"{time.isoformat()},{time.month}" for time in times]
    levels, weights, hours = from_csv(written(tmp_path, "time,cores", *rows))
    assert hours == 8784
    assert weights[levels == 2] == pytest.approx([29 * 24 / 8784])


def test_clock_changes_with_their_offset_are_no_gap(tmp_path: Path) -> None:
    """Berlin in spring and in autumn, as local time says it with the offset."""
    spring = ["2026-03-29T01:00+01:00,1", "2026-03-29T03:00+02:00,1"]
    autumn = ["2026-10-25T02:00+02:00,1", "2026-10-25T02:00+01:00,1"]
    assert [from_csv(written(tmp_path, *rows))[2] for rows in (spring, autumn)] == [2, 2]
