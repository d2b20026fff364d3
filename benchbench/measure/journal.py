"""One runner at a time, and a note of the plan under way so that it can be resumed.

The results themselves say what is finished; the journal only remembers under which session.
"""

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from benchbench import atomic
from benchbench.errors import CannotMeasureError
from benchbench.measure.provenance import new_session
from benchbench.record import Model

_FORGOTTEN_S = 30 * 86_400.0
"""Nobody goes on with a plan after a month; its finished measurements are results anyway."""


class _Note(Model):
    plan: str
    session: str


class Journal:
    """The plan under way in one results folder."""

    def __init__(self, folder: Path, plan: str) -> None:
        digest = hashlib.sha256(plan.encode()).hexdigest()[:16]
        self._path = folder / f".run-{digest}.json"
        self._plan = digest

    def interrupted(self) -> str | None:
        """The session that began this very plan and did not finish it."""
        try:
            note = _Note.model_validate_json(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return note.session if note.plan == self._plan else None

    def begin(self) -> str:
        """A new session, noted."""
        note = _Note(plan=self._plan, session=new_session())
        atomic.write(self._path, note.model_dump_json().encode())
        return note.session

    def finish(self) -> None:
        """Nothing is left to resume."""
        self._path.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Take away what killed runs left in `folder`, and notes of plans nobody will go on with."""
    atomic.sweep(folder)
    for note in folder.glob(".run-*.json"):
        if time.time() - note.stat().st_mtime > _FORGOTTEN_S:
            note.unlink(missing_ok=True)


def folder_for(store_url: str) -> Path:
    """The results folder, or our cache where results are stored far away."""
    scheme, separator, path = store_url.partition("://")
    if not separator:
        return Path(store_url)
    if scheme == "file":
        return Path(path)
    return _private_folder() / hashlib.sha256(store_url.encode()).hexdigest()[:16]


@contextmanager
def exclusive(lock: Path | None = None) -> Iterator[None]:
    """Two runners at once would measure each other; the second is refused.

    Raises:
        CannotMeasureError: another runner holds the lock; names its process.
    """
    path = lock or _private_folder() / "run.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise CannotMeasureError(
                f"another benchbench (process {file.read().strip() or 'unknown'}) is measuring "
                "here; wait until it has finished, or stop it"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Two runners in one folder, of other users or containers, would resume each other's plans.

    Where the file system has no such locks, nobody is refused.

    Raises:
        CannotMeasureError: another runner stores its results there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _claim(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _claim(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CannotMeasureError(
            f"another benchbench is storing its results in {folder}; wait until it has finished, "
            "or choose another folder with --out"
        ) from error
    except OSError:  # no locks on this file system: nobody can be told apart
        return


def _private_folder() -> Path:
    """Our cache folder; below the temporary folder where the home directory is read-only."""
    cache = platformdirs.user_cache_path("benchbench")
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir()) / f"benchbench-{os.getuid()}"
    return cache
