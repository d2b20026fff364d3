"""Reading a file: the right bytes, past the cache, and nothing left behind."""

from itertools import pairwise
from pathlib import Path

import pytest

from benchbench.ceilings import storage
from benchbench.errors import CannotMeasureError

MEBI = 2**20


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of two reads instead of a GiB."""
    monkeypatch.setattr(storage, "_LARGEST_FILE_BYTES", 2 * storage._READ_BYTES)


@pytest.mark.usefixtures("small")
def test_reads_return_what_was_written(tmp_path: Path) -> None:
    """Each depth reads the file's blocks in order, in a circle, and checks them."""
    with storage.random_file(tmp_path) as file:
        candidates = storage.reads(file)
        assert [each.path.rpartition(", ")[2] for each in candidates] == [
            "1 in flight",
            "4 in flight",
            "16 in flight",
        ]
        prepared = candidates[1].prepare()
        for _ in range(3):
            prepared.call()
            assert prepared.correct()
    assert candidates[0].amount == 64 * MEBI


@pytest.mark.usefixtures("small")
def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    """One changed byte makes the result wrong."""
    with storage.random_file(tmp_path) as file:
        with file.open("r+b") as stream:
            stream.seek(5 * MEBI)
            byte = stream.read(1)
            stream.seek(5 * MEBI)
            stream.write(bytes([byte[0] ^ 1]))
        prepared = storage.reads(file)[0].prepare()
        prepared.call()
        assert not prepared.correct()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("direct", [True, False])
def test_random_reads_return_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, direct: bool
) -> None:
    """1,024 pages of 4 KiB a call at every depth, with and without the system's cache."""
    if not direct:
        monkeypatch.setattr(storage, "_accepts_direct", lambda _file: False)
    with storage.random_file(tmp_path) as file:
        candidates = storage.random_reads(file)
        assert [each.path.rpartition(", ")[2] for each in candidates] == [
            f"{depth} in flight" for depth in (1, 4, 16, 64)
        ]
        for candidate in candidates:
            prepared = candidate.prepare()
            prepared.call()
            assert prepared.correct()
    assert {each.amount for each in candidates} == {1024}


@pytest.mark.usefixtures("small")
def test_no_page_is_read_twice_before_all_were(tmp_path: Path) -> None:
    """The order is random and without repetition: nothing on the way has the next page ready."""
    with storage.random_file(tmp_path) as file:
        reader = storage._RandomReader(file, 4, direct=False)
        pages = [next(reader._places).ravel().tolist() for _ in range(32)]
    visited = [page for call in pages for page in call]
    assert sorted(visited) == list(range(128 * MEBI // 4096))
    steps = [later - page for page, later in pairwise(visited)]
    assert steps.count(1) < 20


@pytest.mark.usefixtures("small")
def test_a_changed_page_is_noticed(tmp_path: Path) -> None:
    """Random reads check their bytes too."""
    with storage.random_file(tmp_path) as file:
        prepared = storage.random_reads(file)[0].prepare()
        file.write_bytes(bytes(file.stat().st_size))
        prepared.call()
        assert not prepared.correct()


@pytest.mark.usefixtures("small")
def test_a_file_system_without_direct_reading_is_read_after_dropping_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path's name says which of the two it was."""
    monkeypatch.setattr(storage, "_accepts_direct", lambda _file: False)
    with storage.random_file(tmp_path) as file:
        candidate = storage.reads(file)[0]
        assert candidate.path == "posix_fadvise(DONTNEED), 1 in flight"
        prepared = candidate.prepare()
        prepared.call()
        assert prepared.correct()


@pytest.mark.usefixtures("small")
def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """The file is gone afterwards, even when the measurement failed."""
    sizes = []

    def fail(file: Path) -> None:
        sizes.append(file.stat().st_size)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), storage.random_file(tmp_path) as file:
        fail(file)
    assert sizes == [128 * MEBI]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small")
def test_no_two_blocks_are_equal(tmp_path: Path) -> None:
    """Nothing on the way can deduplicate the file."""
    with storage.random_file(tmp_path) as file, file.open("rb") as stream:
        blocks = {stream.read(4 * MEBI) for _ in range(32)}
    assert len(blocks) == 32


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The refusal names the folder and the next step."""
    with (
        pytest.raises(CannotMeasureError, match="No such file or directory; name another folder"),
        storage.random_file(tmp_path / "nowhere"),
    ):
        pytest.fail("there is no such folder")


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the free space must hold at least one read."""
    monkeypatch.setattr(storage, "_free_bytes", lambda _folder: 600 * MEBI)
    with (
        pytest.raises(CannotMeasureError, match="has too little free space"),
        storage.random_file(tmp_path),
    ):
        pytest.fail("there is no room")
