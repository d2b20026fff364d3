"""One runner at a time, and what an interrupted one leaves behind."""

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from benchbench.errors import CannotMeasureError
from benchbench.measure.journal import Journal, alone_in, exclusive, folder_for, sweep


@pytest.mark.fault("hang or kill")
def test_an_interrupted_plan_is_found_again(tmp_path: Path) -> None:
    """Under the session it began with; another plan is another matter."""
    session = Journal(tmp_path, "plan A").begin()
    assert Journal(tmp_path, "plan A").interrupted() == session
    assert Journal(tmp_path, "plan B").interrupted() is None


def test_a_finished_plan_leaves_nothing(tmp_path: Path) -> None:
    """Not even a file."""
    journal = Journal(tmp_path, "plan")
    journal.begin()
    journal.finish()
    journal.finish()
    assert journal.interrupted() is None
    assert list(tmp_path.iterdir()) == []


def test_beginning_again_forgets_the_session_before(tmp_path: Path) -> None:
    """Without --resume an old session's measurements do not count."""
    journal = Journal(tmp_path, "plan")
    first, second = journal.begin(), journal.begin()
    assert first != second
    assert journal.interrupted() == second


@pytest.mark.parametrize("text", ["", "{", '{"plan": "x"}', '{"plan": "x", "session": "y"}'])
@pytest.mark.fault("hang or kill")
def test_a_damaged_journal_is_no_journal(tmp_path: Path, text: str) -> None:
    """Torn, incomplete or of another plan: nothing to resume."""
    journal = Journal(tmp_path, "plan")
    journal.begin()
    (file,) = tmp_path.iterdir()
    file.write_text(text)
    assert journal.interrupted() is None


def test_the_journal_lies_beside_local_results() -> None:
    """And in our own cache when they are far away, a place for each."""
    assert folder_for("results") == Path("results")
    assert folder_for("file:///r/x") == Path("/r/x")
    far = folder_for("s3://bucket/x")
    assert far != folder_for("s3://bucket/y")
    assert not far.exists()


@pytest.mark.fault("two runners")
def test_a_second_runner_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    """The message names the process that holds the lock; afterwards the way is free."""
    lock = tmp_path / "deep" / "run.lock"
    with (
        exclusive(lock),
        pytest.raises(CannotMeasureError, match=f"process {os.getpid()}"),
        exclusive(lock),
    ):
        pytest.fail("two runners at once")
    with exclusive(lock):
        assert lock.read_text() == f"{os.getpid()}\n"


@pytest.mark.fault("two runners")
def test_a_dead_runner_leaves_no_lock(tmp_path: Path) -> None:
    """A process killed while it held the lock does not block the next."""
    lock = tmp_path / "run.lock"
    script = (
        "import os, sys, pathlib\n"
        "from benchbench.measure.journal import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)\n"
    )
    died = subprocess.run([sys.executable, "-c", script, str(lock)], check=False)
    assert died.returncode == -9
    assert lock.read_text().strip().isdigit()
    with exclusive(lock):
        assert lock.read_text() == f"{os.getpid()}\n"


@pytest.mark.fault("two runners")
def test_a_second_runner_in_a_folder_is_refused(tmp_path: Path) -> None:
    """Another user's or container's lock is not ours to see, but the folder is."""
    with (
        alone_in(tmp_path / "results"),
        pytest.raises(CannotMeasureError, match=r"storing its results in .*--out"),
        alone_in(tmp_path / "results"),
    ):
        pytest.fail("two runners in one folder")
    with alone_in(tmp_path / "results"):
        assert list((tmp_path / "results").iterdir()) == []


def test_a_folder_without_locks_refuses_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems have none: measuring goes on."""

    def unsupported(_descriptor: int, _operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with alone_in(tmp_path), alone_in(tmp_path):
        assert tmp_path.is_dir()


@pytest.mark.fault("left behind")
def test_notes_of_plans_nobody_goes_on_with_are_swept(tmp_path: Path) -> None:
    """After a month a note goes, and a half-written one at once; a fresh one and results stay."""
    old, fresh = Journal(tmp_path, "old"), Journal(tmp_path, "fresh")
    old.begin()
    (note,) = tmp_path.iterdir()
    os.utime(note, (0, 0))
    session = fresh.begin()
    (tmp_path / ".writing-0").touch()
    (tmp_path / "x-0123456789abcdef.json").touch()
    sweep(tmp_path)
    assert old.interrupted() is None
    assert fresh.interrupted() == session
    assert len(list(tmp_path.iterdir())) == 2


def test_a_note_that_is_no_text_is_no_journal(tmp_path: Path) -> None:
    """Bytes that no encoding gives."""
    journal = Journal(tmp_path, "plan")
    journal.begin()
    (note,) = tmp_path.iterdir()
    note.write_bytes(b"\xff\xfe\x00")
    assert journal.interrupted() is None


@pytest.mark.parametrize("blocked", [True, False])
def test_a_home_that_cannot_be_written_does_not_stop_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, blocked: bool
) -> None:
    """The lock then lies below the temporary folder, apart from other users'."""
    home = tmp_path / "home"
    if blocked:
        home.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    with exclusive():
        locks = list(tmp_path.rglob("run.lock"))
    below = "tmp" if blocked else "home"
    assert [path.relative_to(tmp_path).parts[0] for path in locks] == [below]
