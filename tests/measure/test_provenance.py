"""What a record says of its origin, and what it must not say."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchbench import __version__
from benchbench.measure.provenance import Scrubber, git_state, new_session, provenance

ADA = Scrubber(home="/home/ada", user="ada", host="node-17")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/home/ada/data/x", "~/data/x"),
        ("--data=/home/ada", "--data=~"),
        ("/home/adam/x", "/home/adam/x"),
        ("/mnt/ada/x", "/mnt/~/x"),
        ("/mnt/ada.tar", "/mnt/ada.tar"),
        ("--data", "--data"),
        ("s3://key:secret@bucket/x", "s3://bucket/x"),
        ("ssh://node-17/x", "ssh://host/x"),
        ("node-17.example.org", "host.example.org"),
        ("node-175", "node-175"),
        ("resnet50-train", "resnet50-train"),
    ],
)
@pytest.mark.fault("secrets")
def test_private_names_leave_and_others_stay(text: str, clean: str) -> None:
    """Home, user, host and credentials; a name inside another name is no name."""
    assert ADA(text) == clean


def test_a_machine_without_names_keeps_its_text() -> None:
    """A container: no user, home at the root, a host of one letter."""
    assert Scrubber(home="/", user="", host="c")("/data/c/x") == "/data/c/x"


def test_this_machines_own_home_is_hidden() -> None:
    """The names are really asked of the system."""
    assert Scrubber.of_this_machine()(f"{Path.home()}/x") == "~/x"


def test_provenance_is_complete() -> None:
    """Time in UTC of just now, version, seed, session, scrubbed command, the workload's hash."""
    found = provenance(
        session="s", seed=7, command=("run", "/home/ada/w.py"), workload_sha256="ab", scrub=ADA
    )
    age = datetime.now(UTC) - datetime.fromisoformat(found.time_utc)
    assert timedelta(0) <= age < timedelta(minutes=1)
    assert found.command == ("run", "~/w.py")
    assert (found.tool_version, found.seed) == (__version__, 7)
    assert (found.session, found.workload_sha256) == ("s", "ab")


def test_sessions_differ() -> None:
    """Random, and long enough never to meet another."""
    assert len({new_session() for _ in range(100)}) == 100


def git(folder: Path, *arguments: str) -> str:
    """Run git as nobody in particular."""
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_checkout_has_a_commit_and_may_be_dirty(tmp_path: Path) -> None:
    """Clean after the commit, dirty after a change, and a subfolder is no checkout."""
    git(tmp_path, "init", "-q")
    (tmp_path / "part").mkdir()
    file = tmp_path / "part" / "a"
    file.write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert git_state(tmp_path) == (head, False)
    file.write_text("2")
    assert git_state(tmp_path) == (head, True)
    assert git_state(tmp_path / "part") == (None, None)


def test_outside_a_checkout_there_is_no_commit(tmp_path: Path) -> None:
    """Installed from a wheel."""
    assert git_state(tmp_path) == (None, None)
