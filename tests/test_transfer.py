"""Merging is a union of sets, whatever is merged with whatever; exports are harmless tables."""

import csv
import io
import json
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from benchbench import transfer
from benchbench.cli import app
from benchbench.errors import UsageError
from benchbench.record import Record
from benchbench.store import Store
from tests import factories as make
from tests import payloads

RECORDS = (
    *(make.record(rate) for rate in (1.0, 2.0, 3.0, 4.0)),
    make.record(failure=make.out_of_memory()),
    make.gpu_record(),
)
DAMAGE = b"{"
_number = count()

few = settings(max_examples=20, deadline=None)
places = st.frozensets(st.integers(0, len(RECORDS) - 1))
"""Which of `RECORDS` a store holds."""


def call(*arguments: str) -> Result:
    """One command in this process."""
    return CliRunner().invoke(app, list(arguments))


def stored(which: Iterable[int], damaged: Iterable[int] = ()) -> str:
    """A new store, in memory, of these; some documents hold something else than they say."""
    url = f"memory://merge-{next(_number)}"
    store = Store(url)
    store.prepare()
    for index in which:
        name = store.write(RECORDS[index])
        if index in damaged:
            store._put(name, DAMAGE)
    return url


def held(url: str) -> dict[str, bytes]:
    """What a store holds, by name, byte for byte."""
    store = Store(url)
    return {name: store.text(name) for name in store._names()}


def merged(into: str, *sources: str) -> dict[str, bytes]:
    """The store after it took the others in."""
    for source in sources:
        Store(into).take_in(Store(source))
    return held(into)


@few
@given(places, places)
def test_merging_is_union(a: frozenset[int], b: frozenset[int]) -> None:
    """Neither more nor less than both, byte for byte."""
    assert merged(stored(a), stored(b)) == held(stored(a | b))


@few
@given(places, places)
def test_merging_commutes(a: frozenset[int], b: frozenset[int]) -> None:
    """A with B is B with A."""
    assert merged(stored(a), stored(b)) == merged(stored(b), stored(a))


@few
@given(places, places, places)
def test_merging_associates(a: frozenset[int], b: frozenset[int], c: frozenset[int]) -> None:
    """(A with B) with C is A with (B with C)."""
    left = stored(a)
    merged(left, stored(b))
    right = stored(b)
    merged(right, stored(c))
    assert merged(left, stored(c)) == merged(stored(a), right)


@few
@given(places, places)
def test_merging_twice_changes_nothing(a: frozenset[int], b: frozenset[int]) -> None:
    """With itself, with nothing, and with the same once more."""
    url, other = stored(a), stored(b)
    assert merged(url, url, stored(())) == held(stored(a))
    assert merged(url, other) == merged(url, other)


@few
@given(places, places, places)
def test_what_is_damaged_is_not_taken_and_can_be_healed(
    a: frozenset[int], b: frozenset[int], damaged: frozenset[int]
) -> None:
    """What is damaged stays where it is; a sound document takes its place."""
    into = merged(stored(a, damaged), stored(b))
    sound = {name for name, text in into.items() if text != DAMAGE}
    assert sound == set(held(stored((a - damaged) | b)))
    from_there = merged(stored(a), stored(b, damaged))
    assert from_there == held(stored(a | (b - damaged)))


@few
@given(places, places)
def test_merging_on_a_disk(
    tmp_path_factory: pytest.TempPathFactory, a: frozenset[int], b: frozenset[int]
) -> None:
    """The same on local folders, and into a bucket's stand-in and back."""
    folder = tmp_path_factory.mktemp("merge")
    for name, which in (("a", a), ("b", b)):
        for index in which:
            Store(folder / name).write(RECORDS[index])
    Store(folder / "a").take_in(Store(folder / "b"))
    assert held(str(folder / "a")) == held(stored(a | b))
    there = stored(())
    Store(there).take_in(Store(folder / "a"))
    assert held(there) == held(str(folder / "a"))


def test_what_lies_beside_a_document_comes_along(tmp_path: Path) -> None:
    """LoadGen's logs; and an older document keeps its bytes."""
    store = Store(tmp_path / "b")
    name = store.write(RECORDS[0])
    store.keep_beside(name, "loadgen", {"summary.txt": "VALID"})
    merger = transfer.merge(str(tmp_path / "a"), [str(tmp_path / "b"), "tests/data/schema-1"])
    assert len(merger.added) == 3
    beside = tmp_path / "a" / f"{name.removesuffix('.json')}.loadgen" / "summary.txt"
    assert beside.read_text() == "VALID"
    old = Path("tests/data/schema-1")
    assert all(
        (tmp_path / "a" / one.name).read_bytes() == one.read_bytes() for one in old.iterdir()
    )


def test_merge_command(tmp_path: Path) -> None:
    """It says what came, what was there and what it left; a misspelt source is an error."""
    Store(tmp_path / "a").write(RECORDS[0])
    other = Store(tmp_path / "b")
    other.write(RECORDS[0])
    other.write(RECORDS[1])
    (tmp_path / "b" / "x-0123456789abcdef.json").write_bytes(DAMAGE)
    into = ("--results", str(tmp_path / "a"))
    told = call("results", "merge", str(tmp_path / "b"), *into)
    assert told.exit_code == 0, told.stderr
    assert "1 result added, 1 held already" in " ".join(told.stdout.split())
    assert "left out" in told.stdout
    again = json.loads(call("results", "merge", str(tmp_path / "b"), *into, "--json").stdout)
    assert (again["added"], len(again["held"])) == ([], 2)
    missing = call("results", "merge", str(tmp_path / "c"), *into)
    assert missing.exit_code == 2
    assert "no results in" in missing.stderr


def rows(url: str | Path) -> list[dict[str, str]]:
    """The CSV of a store."""
    return list(csv.DictReader(io.StringIO(transfer.export(str(url), "csv"))))


def test_export_has_a_line_per_record() -> None:
    """80 images in 8 s are 10 a second; a failure has its kind and no rate."""
    by_kind = {row["failure"]: row for row in rows(stored((0, 4)))}
    assert by_kind[""]["units_per_s"] == "1.0"
    assert by_kind[""]["units_completed"] == "160.0"
    assert by_kind["out_of_memory"]["units_per_s"] == ""
    assert by_kind["out_of_memory"]["validity"] == "invalid"
    assert tuple(by_kind[""]) == transfer.COLUMNS


def test_an_invalid_measurement_has_no_rate(tmp_path: Path) -> None:
    """It is listed, marked, and its number withheld."""
    Store(tmp_path).write(make.record(caveats=(make.caveat("invalid", "not_finite"),)))
    (row,) = rows(tmp_path)
    assert (row["validity"], row["caveats"], row["units_per_s"]) == ("invalid", "not_finite", "")
    assert row["elapsed_s"] != ""


def test_lines_of_json_hold_everything() -> None:
    """Each line is a record again, equal to the stored one."""
    lines = transfer.export(stored(range(len(RECORDS))), "jsonl").splitlines()
    read = [Record.model_validate_json(json.dumps(json.loads(line)["record"])) for line in lines]
    assert {one.to_json() for one in read} == {one.to_json() for one in RECORDS}


@pytest.mark.parametrize("name", payloads.NAMES)
def test_no_cell_of_an_export_runs(tmp_path: Path, name: str) -> None:
    """Whatever a record's texts are: no formula, no control character, one line per record."""
    cpu = make.cpu(model=name or "x")
    Store(tmp_path).write(make.record(workload=name, backend=name, system=make.system(cpu=cpu)))
    (row,) = rows(tmp_path)
    assert not [cell for cell in row.values() if payloads.runs(cell) or payloads.steers(cell)]


def test_export_command(tmp_path: Path) -> None:
    """To the terminal or a file; another form, and an empty store, are refused."""
    store = tmp_path / "r"
    Store(store).write(RECORDS[0])
    place = ("--results", str(store))
    printed = call("results", "export", *place)
    assert printed.stdout.startswith("document,time_utc,workload")
    out = tmp_path / "x.jsonl"
    assert call("results", "export", *place, "--format", "jsonl", "--out", str(out)).exit_code == 0
    assert json.loads(out.read_text())["record"]["workload"] == "resnet50-train"
    assert "csv or jsonl" in call("results", "export", *place, "--format", "xml").stderr
    with pytest.raises(UsageError, match="measure first"):
        transfer.export(str(tmp_path / "none"), "csv")
