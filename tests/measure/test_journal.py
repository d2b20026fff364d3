"""One runner at a time, and what an interrupted one leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchbench.errors import CannotMeasureError
from benchbench.measure.journal import Journal, exclusive, folder_for


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


def test_an_address_that_is_no_text_has_a_folder_too() -> None:
    """Bytes that are no UTF-8 come from the environment as surrogates."""
    assert folder_for("s3://\udcff/x").name != folder_for("s3://\udcfe/x").name
