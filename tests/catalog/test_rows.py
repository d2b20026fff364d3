"""Lines of a CSV become typed rows, or are named with their reason."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchbench import bundled
from benchbench.catalog import catalogue, rows
from benchbench.errors import DataError, UsageError

GOOD = {
    "provider": "acme",
    "region": "eu-1",
    "instance": "big",
    "price_kind": "on_demand",
    "price_usd_per_hour": "1.5",
    "source": "quote",
    "as_of": "2026-01-31",
    "confidence": "high",
}


def write(path: Path, *records: dict[str, str], separator: str = ",", start: str = "") -> Path:
    """A CSV whose header is the union of the records' keys."""
    header = list(dict.fromkeys(key for record in records for key in record))
    lines = [separator.join(header)]
    lines += [separator.join(record.get(key, "") for key in header) for record in records]
    path.write_bytes((start + "\n".join(lines) + "\n").encode())
    return path


def reasons(path: Path) -> list[str]:
    """Why rows of the file were rejected."""
    return [row.reason for row in rows.read([path]).rejected]


def test_one_row(tmp_path: Path) -> None:
    """What is written is what is read; what is not written is unknown."""
    path = write(tmp_path / "a.csv", GOOD | {"memory_bytes": "8589934592", "vcpu": "4"})
    offer = catalogue.load([path], bundled_too=False).offer(0)
    assert (offer.memory_bytes, offer.vcpu, offer.cores) == (8 * 2**30, 4.0, None)
    assert (offer.price_usd_per_hour, offer.as_of) == (1.5, date(2026, 1, 31))
    assert (offer.os, offer.accelerator, offer.accelerator_count) == ("linux", None, 0.0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"price_usd_per_hour": "0"}, "price_usd_per_hour is not above 0"),
        ({"price_usd_per_hour": "-1"}, "price_usd_per_hour is not above 0"),
        ({"price_usd_per_hour": "nan"}, "price_usd_per_hour is not a finite number"),
        ({"price_usd_per_hour": "inf"}, "price_usd_per_hour is not a finite number"),
        ({"price_usd_per_hour": "$3"}, "price_usd_per_hour is not a finite number"),
        ({"provider": ""}, "provider is empty"),
        ({"as_of": "31.01.2026"}, "as_of is not a date (YYYY-MM-DD)"),
        ({"as_of": ""}, "as_of is empty"),
        ({"memory_bytes": "16 GiB"}, "memory_bytes is not a whole number"),
        ({"memory_bytes": "1.5"}, "memory_bytes is not a whole number"),
        ({"memory_bytes": "1e30"}, "memory_bytes is not a whole number"),
        ({"memory_bytes": "-4"}, "memory_bytes is not above 0"),
        ({"interruption_low_fraction_per_month": "5"}, "is not between 0 and 1"),
        ({"accelerator_count": "8"}, "accelerator_count without an accelerator"),
        ({"accelerator": "T4"}, "accelerator without an accelerator_count"),
        ({"price_kind": "free"}, "price_kind is none of on_demand, spot"),
        ({"confidence": "sure"}, "confidence is none of high, medium, low"),
    ],
)
@pytest.mark.fault("catalogue")
def test_bad_rows(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    """Each fault rejects its row, and only that row, with the reason."""
    path = write(tmp_path / "a.csv", GOOD, GOOD | {"instance": "bad"} | change)
    read = rows.read([path])
    assert [row.line for row in read.rejected] == [3]
    assert reason in read.rejected[0].reason
    assert list(read.frame["instance"]) == ["big"]


@pytest.mark.fault("catalogue")
def test_missing_price_is_unknown(tmp_path: Path) -> None:
    """An empty price is no zero: the offer exists, its price is unknown."""
    path = write(tmp_path / "a.csv", GOOD | {"price_usd_per_hour": ""})
    assert catalogue.load([path], bundled_too=False).offer(0).price_usd_per_hour is None


@pytest.mark.fault("catalogue")
def test_separator_and_mark(tmp_path: Path) -> None:
    """A spreadsheet's semicolons, its byte order mark and carriage returns are understood."""
    path = write(tmp_path / "a.csv", GOOD, separator=";", start="\ufeff")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(rows.read([path]).frame) == 1


@pytest.mark.fault("catalogue")
def test_decimal_comma_is_refused(tmp_path: Path) -> None:
    """1,5 in a file with semicolons is not guessed at."""
    path = write(tmp_path / "a.csv", GOOD | {"price_usd_per_hour": "1,5"}, separator=";")
    assert reasons(path) == ["price_usd_per_hour is not a finite number"]


def test_wrong_number_of_fields(tmp_path: Path) -> None:
    """A line with a field too many does not shift the others."""
    path = write(tmp_path / "a.csv", GOOD, GOOD | {"instance": "a,b"}, GOOD | {"instance": "c"})
    read = rows.read([path])
    assert [(row.line, row.reason) for row in read.rejected] == [(3, "9 fields, not 8")]
    assert list(read.frame["instance"]) == ["big", "c"]


def test_line_numbers_count_blank_lines(tmp_path: Path) -> None:
    """The line named is the one an editor shows."""
    path = write(tmp_path / "a.csv", GOOD, GOOD | {"price_usd_per_hour": "x"})
    path.write_text(path.read_text().replace("\nacme", "\n\nacme", 1))
    assert [row.line for row in rows.read([path]).rejected] == [4]


def test_columns_in_any_order(tmp_path: Path) -> None:
    """The header says which column is which."""
    turned = dict(reversed(GOOD.items()))
    first, second = write(tmp_path / "a.csv", GOOD), write(tmp_path / "b.csv", turned)
    assert rows.read([first]).frame.equals(rows.read([second]).frame)


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("provider,region", "lacks columns 'instance'"),
        (",".join(GOOD) + ",memory_gb", "has unknown columns 'memory_gb'"),
        (",".join(GOOD) + ",region", "repeats columns 'region'"),
        ("", "lacks columns"),
    ],
)
def test_header(tmp_path: Path, header: str, fault: str) -> None:
    """A header that cannot be used is refused, naming the columns."""
    path = tmp_path / "a.csv"
    path.write_text(header + "\n")
    with pytest.raises(DataError, match=fault):
        rows.read([path])


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is the user's mistake."""
    with pytest.raises(UsageError, match=r"none\.csv"):
        rows.read([tmp_path / "none.csv"])


@pytest.mark.fault("catalogue")
def test_not_text(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused with what to do."""
    path = tmp_path / "a.csv"
    path.write_bytes(",".join(GOOD).encode() + b"\n\xff\xfe,\n")
    with pytest.raises(DataError, match="save it as CSV in UTF-8"):
        rows.read([path])


@pytest.mark.fault("catalogue")
def test_chunks_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading piece by piece gives the same rows and the same line numbers."""
    records = [GOOD | {"instance": f"i{n}", "vcpu": "x" if n == 5 else ""} for n in range(10)]
    path = write(tmp_path / "a.csv", *records)
    whole = rows.read([path])
    monkeypatch.setattr(rows, "CHUNK", 3)
    pieces = rows.read([path])
    assert pieces.frame.equals(whole.frame)
    assert pieces.rejected == whole.rejected
    assert [row.line for row in pieces.rejected] == [7]


@settings(max_examples=20, deadline=None)
@given(
    text=st.text(
        st.characters(exclude_characters='\r\n,;"\0', exclude_categories=["Cs"]), max_size=30
    )
)
@pytest.mark.fault("catalogue")
def test_any_price_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever stands there, a row is kept with a positive price or none, or is rejected."""
    path = write(tmp_path_factory.mktemp("x") / "a.csv", GOOD | {"price_usd_per_hour": text})
    read = rows.read([path])
    assert len(read.frame) + len(read.rejected) == 1
    prices = read.frame["price_usd_per_hour"].dropna()
    assert (prices > 0).all()


def test_both_ways_read_the_same() -> None:
    """The bundled files read column by column are what they are read line by line."""
    for path in (bundled.folder("instance_catalog") / "offers").glob("*.csv"):
        whole, lines = rows._whole(path), rows._line_by_line(path)
        assert whole is not None
        pd.testing.assert_frame_equal(rows.joined([whole.frame]), lines.frame)


@pytest.mark.parametrize(
    "change",
    [
        {"price_usd_per_hour": "TRUE"},
        {"price_usd_per_hour": "inf"},
        {"price_usd_per_hour": " 1.5 "},
        {"provider": " acme"},
        {"provider": ""},
        {"as_of": "yesterday"},
        {"memory_bytes": "1.5"},
        {"instance": "a,b"},
        {"instance": "\u202egpj"},
        {"price_kind": "free"},
    ],
)
def test_what_is_doubtful_is_read_line_by_line(tmp_path: Path, change: dict[str, str]) -> None:
    """The fast way takes no file that the careful way would read otherwise."""
    path = write(tmp_path / "a.csv", GOOD | change)
    whole, lines = rows._whole(path), rows._line_by_line(path)
    if whole is not None:
        pd.testing.assert_frame_equal(rows.joined([whole.frame]), lines.frame)
    assert whole is None or lines.rejected == ()


def test_a_row_cut_short_is_seen(tmp_path: Path) -> None:
    """A row that lacks its last cells is rejected, whatever the order of the columns."""
    for header in (list(GOOD), [*GOOD, "zone"]):
        path = tmp_path / "a.csv"
        cells = [GOOD.get(name, "a") for name in header]
        path.write_text(",".join(header) + "\n" + ",".join(cells[:-1]) + "\n")
        assert len(rows.read([path]).rejected) == 1
