"""Results survive: hashes, union, quarantine, other file systems."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.errors import DataError, UsageError
from benchbench.record import Record
from benchbench.store import Store, content_hash
from tests import factories as make
from tests import payloads


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Records come back equal, oldest first."""
    store = Store(tmp_path)
    records = [make.record(10.0), make.record(11.0), make.record(failure=make.out_of_memory())]
    names = [store.write(record) for record in records]
    result = store.read()
    assert set(result.names) == set(names)
    assert {r.to_json() for r in result.records} == {r.to_json() for r in records}
    assert result.quarantined == ()


def test_writing_twice_stores_once(tmp_path: Path) -> None:
    """A name is the content's hash: the same record is the same document."""
    store = Store(tmp_path)
    assert store.write(make.record()) == store.write(make.record())
    assert len(list(tmp_path.iterdir())) == 1


def test_a_prepared_store_is_an_empty_folder(tmp_path: Path) -> None:
    """Whatever was written to try it is gone, and doing it twice is no harm."""
    for _ in range(2):
        Store(tmp_path / "a" / "b").prepare()
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_store_far_away_is_tried_too() -> None:
    """Another file system holds nothing more afterwards."""
    store = Store("memory://prepared")
    store.prepare()
    assert store.read().records == ()


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nowhere", "/proc/self"])
def test_a_place_that_cannot_hold_results_is_refused(tmp_path: Path, place: str) -> None:
    """A plain file, a folder that cannot be created, one that cannot be written."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match=r"cannot be stored in .*; choose another folder.*--out"):
        Store(tmp_path / place).prepare()
    assert (tmp_path / "file").read_text() == "mine"


def test_a_store_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    """Reading creates nothing."""
    assert Store(tmp_path / "none").read().records == ()
    assert not (tmp_path / "none").exists()


@given(st.data())
def test_a_flipped_byte_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Any one changed byte quarantines the document, by name and reason."""
    folder = tmp_path_factory.mktemp("flip")
    store = Store(folder)
    name = store.write(make.record())
    text = bytearray((folder / name).read_bytes())
    position = data.draw(st.integers(0, len(text) - 1))
    text[position] ^= data.draw(st.integers(1, 255))
    (folder / name).write_bytes(bytes(text))
    result = store.read()
    assert result.records == ()
    assert [one.name for one in result.quarantined] == [name]


def test_a_truncated_document_is_noticed_and_the_others_read(tmp_path: Path) -> None:
    """One damaged file does not take the rest with it."""
    store = Store(tmp_path)
    damaged, whole = store.write(make.record(1.0)), store.write(make.record(2.0))
    path = tmp_path / damaged
    path.write_bytes(path.read_bytes()[:100])
    result = store.read()
    assert result.names == (whole,)
    assert result.quarantined[0].name == damaged


def test_a_document_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder in a document's place stands for what the system refuses; the others are read."""
    whole = Store(tmp_path).write(make.record())
    (tmp_path / "resnet50-train-0123456789abcdef.json").mkdir()
    result = Store(tmp_path).read()
    assert result.names == (whole,)
    assert result.quarantined[0].reason.startswith("cannot be read: ")


def test_a_newer_format_is_refused_with_the_next_step(tmp_path: Path) -> None:
    """A document of schema 99 says: upgrade."""
    document = json.loads(make.record().to_json())
    document["schema"] = 99
    text = json.dumps(document).encode()
    (tmp_path / f"resnet50-train-{content_hash(text)}.json").write_bytes(text)
    assert "upgrade benchbench" in Store(tmp_path).read().quarantined[0].reason


def test_a_contradicting_record_is_refused(tmp_path: Path) -> None:
    """A failure that calls itself valid does not become a record."""
    document = json.loads(make.record(failure=make.out_of_memory()).to_json())
    document["validity"] = "valid"
    text = json.dumps(document).encode()
    (tmp_path / f"resnet50-train-{content_hash(text)}.json").write_bytes(text)
    assert "contradicts" in Store(tmp_path).read().quarantined[0].reason


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at the last moment: no half document, no stray file, the error is raised."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        Store(tmp_path).write(make.record())
    assert list(tmp_path.iterdir()) == []


def test_a_hostile_workload_name_stays_in_the_folder(tmp_path: Path) -> None:
    """Only letters, digits and hyphens of a name reach the file system."""
    name = Store(tmp_path).write(make.record(workload="../../etc/passwd\n<b>"))
    assert name.startswith("etc-passwd-b-")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_other_file_systems_hold_results_too() -> None:
    """Any URL fsspec opens is a store."""
    store = Store("memory://results")
    record = make.record()
    store.write(record)
    assert store.read().records == (record,)


def test_find_takes_part_of_a_name(tmp_path: Path) -> None:
    """Enough of the hash to be unique; else the error says where to look."""
    store = Store(tmp_path)
    first = store.write(make.record(1.0))
    store.write(make.record(2.0))
    assert store.find(first[-12:-5]).measurement == make.record(1.0).measurement
    with pytest.raises(DataError, match="2 results named 'resnet50'"):
        store.find("resnet50")
    with pytest.raises(DataError, match="results list"):
        store.find("nothing")


def test_reading_back_is_the_identity_on_json() -> None:
    """to_json and model_validate_json are inverse."""
    text = make.gpu_record().to_json()
    assert Record.model_validate_json(text).to_json() == text


def test_what_else_was_left_lies_beside_the_document(tmp_path: Path) -> None:
    """In a folder called after it, which no reader takes for a result; nothing left, no folder."""
    store = Store(tmp_path)
    name = store.write(make.record())
    store.keep_beside(name, "loadgen", {})
    assert [path.name for path in tmp_path.iterdir()] == [name]
    store.keep_beside(name, "loadgen", {"summary.txt": "Result is : VALID"})
    folder = tmp_path / name.replace(".json", ".loadgen")
    assert (folder / "summary.txt").read_text() == "Result is : VALID"
    assert store.read().names == (name,)
    assert store.read().quarantined == ()


def test_far_away_nothing_lies_beside_a_document() -> None:
    """A bucket holds results only."""
    store = Store("memory://beside")
    name = store.write(make.record())
    store.keep_beside(name, "loadgen", {"summary.txt": "x"})
    assert store.read().names == (name,)


def test_results_of_the_first_form_stay_readable() -> None:
    """Two real documents written before the format grew: whole, and with figures."""
    read = Store(Path(__file__).parent / "data" / "schema-1").read()
    assert not read.quarantined
    assert {record.workload for record in read.records} == {"bert-large-infer", "resnet50-train"}
    assert {record.schema_version for record in read.records} == {1}
    assert all(record.measurement is not None and record.ceilings for record in read.records)


@pytest.mark.parametrize("file", ["../x", "a/b", ".hidden", "", "a\x00", "/etc/x", "x\ny"])
def test_nothing_is_written_outside_the_folder_beside(tmp_path: Path, file: str) -> None:
    """A log's name comes from another process; it names a file in its folder or nothing."""
    store = Store(tmp_path / "r")
    name = store.write(make.record())
    with pytest.raises(DataError, match="no name for a file"):
        store.keep_beside(name, "loadgen", {file: "x"})
    assert [path.name for path in tmp_path.rglob("*")] == ["r", name]


def test_what_never_ends_is_no_document(tmp_path: Path) -> None:
    """A pipe nobody writes into, and a device: named apart at once, the others read."""
    whole = Store(tmp_path).write(make.record())
    os.mkfifo(tmp_path / "x-0123456789abcdef.json")
    (tmp_path / "y-0123456789abcdef.json").symlink_to("/dev/zero")
    result = Store(tmp_path).read()
    assert result.names == (whole,)
    assert {one.reason for one in result.quarantined} == {"not a plain file"}


@pytest.mark.parametrize("data", payloads.DOCUMENTS, ids=lambda data: repr(data[:12]))
def test_no_document_stops_the_others(tmp_path: Path, data: bytes) -> None:
    """Under a name that fits its content, so that it is really parsed."""
    whole = Store(tmp_path).write(make.record())
    (tmp_path / f"x-{content_hash(data)}.json").write_bytes(data)
    result = Store(tmp_path).read()
    assert result.names == (whole,)
    assert result.quarantined[0].reason.startswith("not a readable record: ")


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    """Two readers could take two different records for this one."""
    text = make.record().to_json().replace('"repeat": 0', '"repeat": 1,\n "repeat": 0').encode()
    (tmp_path / f"x-{content_hash(text)}.json").write_bytes(text)
    assert "stands there twice" in Store(tmp_path).read().quarantined[0].reason
