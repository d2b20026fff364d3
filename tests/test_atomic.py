"""Old file or new file, never torn: with every system call failing, and every one the last."""

import fcntl
import os
import resource
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from benchbench import atomic
from tests import faults

OLD, NEW = b"old " * 2000, b"new " * 3000
WRITE = """
import secrets, sys
from pathlib import Path
secrets.token_hex = lambda _: "0"
from benchbench import atomic
atomic.write(Path(sys.argv[1]), b"new " * 3000)
"""


def paths(folder: Path) -> tuple[Path, Path, Path]:
    """All that a write touches: the file, what it is called meanwhile, and their folder."""
    return folder / "file", folder / f"{atomic.WRITING}0", folder


def fresh(folder: Path) -> Path:
    """The old file in a folder of its own."""
    folder.mkdir()
    (folder / "file").write_bytes(OLD)
    return folder


def written(folder: Path, log: Path, *options: str) -> int:
    """How a process that replaces the old file by the new ends."""
    command = faults.python(WRITE, str(folder / "file"))
    return faults.traced(command, paths(folder), log, *options).returncode


@faults.needs_strace
@pytest.mark.fault("disk")
@pytest.mark.parametrize("fault", ["error=EIO", "error=ENOSPC", "signal=KILL"])
def test_any_system_call_may_fail_or_be_the_last(tmp_path: Path, fault: str) -> None:
    """Each call of a write in turn: the file is old or new, and new where the writer is content."""
    log = tmp_path / "log"
    assert written(fresh(tmp_path / "sound"), log) == 0
    calls = faults.system_calls(log)
    assert {"openat", "flock", "write", "fsync", "rename", "unlink"} <= {name for name, _ in calls}
    ends = set()
    for index, (name, count) in enumerate(calls):
        folder = fresh(tmp_path / f"{index}")
        ended = written(folder, log, "-e", f"inject={name}:{fault}:when={count}")
        held = (folder / "file").read_bytes()
        assert held in {OLD, NEW}, (name, count)
        assert held == NEW or ended != 0, (name, count)
        atomic.sweep(folder)
        assert [path.name for path in folder.iterdir()] == ["file"], (name, count)
        ends.add((ended, held == NEW))
    assert {new for _, new in ends} == {True, False}
    assert (faults.KILLED in {ended for ended, _ in ends}) is (fault == "signal=KILL")


@faults.needs_strace
@pytest.mark.fault("disk")
@pytest.mark.parametrize("name", ["fsync", "write"])
def test_what_cannot_reach_the_disk_is_told(tmp_path: Path, name: str) -> None:
    """The first of these calls fails: the old file stays, nothing else does, the exit is not 0."""
    folder = fresh(tmp_path / "folder")
    assert written(folder, tmp_path / "log", "-e", f"inject={name}:error=ENOSPC:when=1") == 1
    assert [path.read_bytes() for path in folder.iterdir()] == [OLD]


@faults.needs_strace
@pytest.mark.fault("disk")
def test_the_disk_has_it_before_the_name_does(tmp_path: Path) -> None:
    """Data, then name, then the folder: a power cut at any moment finds one of the two files."""
    folder = fresh(tmp_path / "folder")
    written(folder, tmp_path / "log")
    names = [name for name, _ in faults.system_calls(tmp_path / "log")]
    order = [names.index("write"), names.index("fsync"), names.index("rename")]
    assert order == sorted(order)
    assert "fsync" in names[names.index("rename") :]


@pytest.mark.fault("disk")
def test_a_file_size_limit_leaves_the_old_file(tmp_path: Path) -> None:
    """A limit (ulimit -f) in the middle of the new one."""
    folder = fresh(tmp_path / "folder")

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(NEW) // 2, len(NEW) // 2))

    done = subprocess.run(
        faults.python(WRITE, str(folder / "file")),
        env={**os.environ, "PYTHONPATH": str(faults.ROOT)},
        preexec_fn=limited,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"File too large" in done.stderr
    assert [path.read_bytes() for path in folder.iterdir()] == [OLD]


SMALL_DISK = """
mount -t tmpfs -o size=32k none "$1" || exit 77
printf old > "$1/file"
"$2" -S -c "$3" "$1/file" 2> "$4"
echo "exit $?"
ls -A "$1"
cat "$1/file"
"""


@pytest.mark.fault("disk")
def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """A real file system of 32 KiB, and a document that needs 64."""
    disk, errors = tmp_path / "disk", tmp_path / "errors"
    disk.mkdir()
    big = WRITE.replace("3000", "16384")
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c", SMALL_DISK, "sh"]
    done = subprocess.run(
        [*words, str(disk), sys.executable, big, str(errors)],
        env={**os.environ, "PYTHONPATH": str(faults.ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()[:80]}")
    assert done.stdout == "exit 1\nfile\nold"
    assert "No space left on device" in errors.read_text()


@pytest.mark.fault("left behind")
def test_a_sweep_takes_what_nobody_holds(tmp_path: Path) -> None:
    """What is being written stays; so do finished files, a link's target, and a pipe."""
    for name in (f"{atomic.WRITING}dead", f"{atomic.WRITING}held", "result.json", "target"):
        (tmp_path / name).write_text(name)
    (tmp_path / f"{atomic.WRITING}link").symlink_to(tmp_path / "target")
    beside = tmp_path / "result.loadgen"
    beside.mkdir()
    (beside / f"{atomic.WRITING}dead").touch()
    with (tmp_path / f"{atomic.WRITING}held").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        atomic.sweep(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert f"{atomic.WRITING}dead" not in left
    assert {f"{atomic.WRITING}held", "result.json", "target"} <= left
    assert list(beside.iterdir()) == []


@pytest.mark.fault("left behind")
def test_a_writer_holds_what_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep in the middle of a write takes nothing away; the write ends well."""
    plain = os.fsync

    def swept(descriptor: int) -> None:
        atomic.sweep(tmp_path)
        plain(descriptor)

    monkeypatch.setattr(os, "fsync", swept)
    atomic.write(tmp_path / "file", NEW)
    assert (tmp_path / "file").read_bytes() == NEW


def test_a_sweep_before_the_hold_costs_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between making a file and holding it anybody may sweep: the writer notices."""
    swept = iter([True, False])
    plain = fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        if operation == fcntl.LOCK_EX and next(swept):
            monkeypatch.setattr(fcntl, "flock", plain)
            atomic.sweep(tmp_path)
        plain(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    atomic.write(tmp_path / "file", NEW)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [NEW]


def test_without_locks_all_is_written_and_nothing_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that knows no flock: what is under way cannot be told from what was left."""

    def unsupported(_descriptor: int, _operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    (tmp_path / f"{atomic.WRITING}0").touch()
    atomic.write(tmp_path / "file", NEW)
    atomic.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"file", f"{atomic.WRITING}0"}


@pytest.mark.fault("left behind")
def test_scratch_is_held_while_it_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A living run's scratch stays, a dead one's goes, whatever is in it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with atomic.scratch() as mine:
        (mine / "cache").mkdir()
        (mine / "cache" / "kernel.so").touch()
        atomic.sweep(tmp_path)
        assert (mine / "cache" / "kernel.so").exists()
        left = tmp_path / f"{mine.name}-of-the-dead"
        (left / "cache").mkdir(parents=True)
        atomic.sweep(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [mine.name]
    assert list(tmp_path.iterdir()) == []


def test_writers_of_one_name_leave_one_whole_file(tmp_path: Path) -> None:
    """Eight threads write their own long text under one name."""
    texts = [bytes([65 + index]) * 100_000 for index in range(8)]
    threads = [
        threading.Thread(target=atomic.write, args=(tmp_path / "file", text)) for text in texts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() in texts
