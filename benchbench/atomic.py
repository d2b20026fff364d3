"""Files that are whole or not there, and what is left of a process that was killed.

Whatever is under way is held (`flock`) by the process that works on it, and its name begins with a
prefix. The kernel lets go when the process dies, however it dies: so what has the prefix and is not
held was left behind, and `sweep` takes it away. On a file system without such locks nothing is
swept, and everything else works.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import BinaryIO

WRITING = ".writing-"
SCRATCH = "benchbench-scratch-"
_UNTOUCHED = os.O_NOFOLLOW | os.O_NONBLOCK
"""Opens no link's target and waits for nobody at a pipe: in a shared folder anything may lie."""


def write(path: Path, text: bytes) -> None:
    """`path` holds what it held before or all of `text`, whatever happens meanwhile.

    Its folder is made where it is missing. Raises OSError; when it returns, `text` is on the disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, file = _begun(path.parent)
    try:
        with file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for a while, below the system's temporary one."""
    with TemporaryDirectory(prefix=SCRATCH, ignore_cleanup_errors=True) as name:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _hold(descriptor)
            yield Path(name)
        finally:
            os.close(descriptor)


def sweep(folder: Path) -> None:
    """Take away what killed processes of ours left in a folder of results, and their scratch."""
    left = (folder.glob(f"{WRITING}*"), folder.glob(f"*/{WRITING}*"))
    for path in chain(*left, Path(gettempdir()).glob(f"{SCRATCH}*")):
        with suppress(OSError):  # held, somebody else's, or gone meanwhile
            _remove_unless_held(path)


def _remove_unless_held(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | _UNTOUCHED)
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            return
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    finally:
        os.close(descriptor)


def _begun(folder: Path) -> tuple[Path, BinaryIO]:
    """A new file, held; another one where a sweep came between its making and our hold."""
    while True:
        path = folder / f"{WRITING}{secrets.token_hex(8)}"
        file = path.open("xb")
        _hold(file.fileno())
        if path.exists():
            return path, file
        file.close()


def _hold(descriptor: int) -> None:
    with suppress(OSError):  # no locks on this file system: nothing will be swept there either
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _sync(folder: Path) -> None:
    """So that the name survives a power cut too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
