"""Results survive: hashes, union, quarantine, other file systems."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench import atomic, derive
from benchbench.errors import DataError, UsageError
from benchbench.record import SCHEMA, Record
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


@pytest.mark.fault("damaged file")
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
@pytest.mark.fault("disk")
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
@pytest.mark.fault("damaged file")
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


@pytest.mark.fault("damaged file")
def test_a_truncated_document_is_noticed_and_the_others_read(tmp_path: Path) -> None:
    """One damaged file does not take the rest with it."""
    store = Store(tmp_path)
    damaged, whole = store.write(make.record(1.0)), store.write(make.record(2.0))
    path = tmp_path / damaged
    path.write_bytes(path.read_bytes()[:100])
    result = store.read()
    assert result.names == (whole,)
    assert result.quarantined[0].name == damaged


@pytest.mark.fault("damaged file")
def test_a_document_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder in a document's place stands for what the system refuses; the others are read."""
    whole = Store(tmp_path).write(make.record())
    (tmp_path / "resnet50-train-0123456789abcdef.json").mkdir()
    result = Store(tmp_path).read()
    assert result.names == (whole,)
    assert result.quarantined[0].reason.startswith("cannot be read: ")


@pytest.mark.fault("damaged file")
def test_a_newer_format_is_refused_with_the_next_step(tmp_path: Path) -> None:
    """A document of schema 99 says: upgrade."""
    document = json.loads(make.record().to_json())
    document["schema"] = 99
    text = json.dumps(document).encode()
    (tmp_path / f"resnet50-train-{content_hash(text)}.json").write_bytes(text)
    assert "upgrade benchbench" in Store(tmp_path).read().quarantined[0].reason


@pytest.mark.fault("damaged file")
def test_a_contradicting_record_is_refused(tmp_path: Path) -> None:
    """A failure that calls itself valid does not become a record."""
    document = json.loads(make.record(failure=make.out_of_memory()).to_json())
    document["validity"] = "valid"
    text = json.dumps(document).encode()
    (tmp_path / f"resnet50-train-{content_hash(text)}.json").write_bytes(text)
    assert "contradicts" in Store(tmp_path).read().quarantined[0].reason


@pytest.mark.fault("disk")
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


@pytest.mark.fault("name")
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


GOLDEN = Path(__file__).parent / "data"


def test_every_released_form_has_a_document_of_its_time() -> None:
    """`tests/data/schema-N` holds what version N really wrote."""
    kept = {int(path.name.removeprefix("schema-")) for path in GOLDEN.glob("schema-*")}
    assert kept == set(range(1, SCHEMA + 1))


@pytest.mark.fault("damaged file")
@pytest.mark.parametrize("form", range(1, SCHEMA + 1))
def test_old_results_stay_readable(form: int) -> None:
    """Nothing is quarantined, every sample is there, and the figures are those of the text."""
    folder = GOLDEN / f"schema-{form}"
    read = Store(folder).read()
    assert read.quarantined == ()
    assert read.names
    for name, record in zip(read.names, read.records, strict=True):
        text = json.loads((folder / name).read_text(encoding="utf-8"))
        assert record.schema_version == form == text["schema"]
        if text["failure"] is not None:
            assert record.failure is not None
            assert record.failure.kind == text["failure"]["kind"]
            continue
        seen = text["measurement"]
        assert record.measurement is not None
        assert list(record.measurement.step_s) == seen["step_s"]
        throughput = derive.figures([record]).throughput
        assert throughput is not None
        assert throughput.value == pytest.approx(seen["units_completed"] / seen["elapsed_s"])


@pytest.mark.fault("damaged file")
def test_a_copy_under_another_name_counts_once(tmp_path: Path) -> None:
    """The same content twice would narrow an interval that no second process narrowed."""
    store = Store(tmp_path)
    name = store.write(make.record())
    copy = f"z-{name.rpartition('-')[2]}"
    (tmp_path / copy).write_bytes((tmp_path / name).read_bytes())
    result = store.read()
    assert result.names == (name,)
    assert [one.name for one in result.quarantined] == [copy]
    assert f"the same measurement as {name}" in result.quarantined[0].reason
    assert (tmp_path / copy).exists()


@pytest.mark.fault("damaged file")
def test_a_damaged_copy_does_not_hide_the_sound_one(tmp_path: Path) -> None:
    """Which of the two is read is decided by their content, not by their names."""
    store = Store(tmp_path)
    name = store.write(make.record())
    (tmp_path / f"a-{name.rpartition('-')[2]}").write_bytes(b"{}")
    assert store.read().names == (name,)


@pytest.mark.fault("damaged file")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "Expecting value"),
        (b"[]", "list indices"),
        (b"null", "not subscriptable"),
        (b"{}", "schema"),
        (b'{"schema": "2"}', "not supported between"),
        (b'{"schema": 2}', "Field required"),
        (b'{"schema": 0}', "1 or 2"),
        (b"\x80", "codec"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"schema": 2, "x": NaN}', ""),
    ],
)
def test_what_is_no_record_is_named_with_the_reason(
    tmp_path: Path, text: bytes, reason: str
) -> None:
    """Whatever lies there under a matching name, the others are read."""
    whole = Store(tmp_path).write(make.record())
    (tmp_path / f"x-{content_hash(text)}.json").write_bytes(text)
    result = Store(tmp_path).read()
    assert result.names == (whole,)
    assert "not a readable record" in result.quarantined[0].reason
    assert reason in result.quarantined[0].reason


@pytest.mark.fault("damaged file")
def test_a_file_that_is_no_result_is_named(tmp_path: Path) -> None:
    """JSON without a content hash in its name; hidden files and others are not looked at."""
    for name in ("notes.json", ".hidden.json", "report.html"):
        (tmp_path / name).write_text("{}")
    assert [one.name for one in Store(tmp_path).read().quarantined] == ["notes.json"]


def test_a_name_alone_is_enough_to_be_stored(tmp_path: Path) -> None:
    """A workload called by signs that no file may carry still has a document."""
    name = Store(tmp_path).write(make.record(workload="…"))
    assert name.startswith("workload-")
    assert Store(tmp_path).read().names == (name,)


@pytest.mark.fault("left behind")
def test_a_trial_swept_by_another_run_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever begins a run just then takes away what nobody holds."""
    store = Store(tmp_path)
    plain = store._fs.pipe_file

    def swept(path: str, text: bytes) -> None:
        plain(path, text)
        atomic.sweep(tmp_path)

    monkeypatch.setattr(store._fs, "pipe_file", swept)
    store.prepare()
    assert list(tmp_path.iterdir()) == []


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
