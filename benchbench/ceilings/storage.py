"""Sequential reading of a file, past the operating system's cache.

The drive's own cache and a hypervisor's cannot be bypassed from here: a figure above what the disk
is sold for is theirs.
"""

import mmap
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np

from benchbench.ceilings.search import Candidate, Prepared
from benchbench.errors import CannotMeasureError

_BLOCK_BYTES = 4 * 2**20
_BLOCKS_PER_READ = 16
_READ_BYTES = _BLOCK_BYTES * _BLOCKS_PER_READ
_LARGEST_FILE_BYTES = 2**30
_SHARE_OF_FREE = 10
_IN_FLIGHT = (1, 4, 16)


@contextmanager
def random_file(folder: Path) -> Iterator[Path]:
    """A file of incompressible bytes, 1 GiB or a tenth of the free space; removed afterwards.

    Raises CannotMeasureError if the folder cannot be written or has no room.
    """
    try:
        free = _free_bytes(folder)
        reads = min(_LARGEST_FILE_BYTES, free // _SHARE_OF_FREE) // _READ_BYTES
        if reads < 1:
            message = f"{folder} has too little free space to measure reading; name another folder"
            raise CannotMeasureError(message)
        with NamedTemporaryFile(dir=folder, prefix="benchbench-") as file:
            for index in range(reads * _BLOCKS_PER_READ):
                file.write(_block(index))
            file.flush()
            os.fsync(file.fileno())
            yield Path(file.name)
    except OSError as error:
        message = f"cannot measure reading from {folder}: {error.strerror}; name another folder"
        raise CannotMeasureError(message) from error


def reads(file: Path) -> list[Candidate]:
    """64 MiB after 64 MiB, with several blocks of 4 MiB in flight."""
    direct = _accepts_direct(file)
    name = "O_DIRECT" if direct else "posix_fadvise(DONTNEED)"
    return [
        Candidate(
            path=f"{name}, {in_flight} in flight",
            shape=f"{_BLOCKS_PER_READ} x {_BLOCK_BYTES} B",
            amount=float(_READ_BYTES),
            prepare=_preparation(file, in_flight, direct=direct),
        )
        for in_flight in _IN_FLIGHT
    ]


def _preparation(file: Path, in_flight: int, *, direct: bool) -> Callable[[], Prepared]:
    def prepare() -> Prepared:
        reader = _Reader(file, in_flight, direct=direct)
        return Prepared(reader.read_next, reader.correct)

    return prepare


class _Reader:
    """Reads the file in a circle into page-aligned buffers, as O_DIRECT demands."""

    def __init__(self, file: Path, in_flight: int, *, direct: bool) -> None:
        self._direct = direct
        self._file = os.open(file, os.O_RDONLY | (os.O_DIRECT if direct else 0))
        self._pool = ThreadPoolExecutor(in_flight)
        self._buffers = [mmap.mmap(-1, _BLOCK_BYTES) for _ in range(_BLOCKS_PER_READ)]
        self._starts = cycle(range(0, file.stat().st_size // _BLOCK_BYTES, _BLOCKS_PER_READ))
        self._first = 0

    def __del__(self) -> None:
        os.close(self._file)

    def read_next(self) -> None:
        self._first = next(self._starts)
        if not self._direct:
            os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_DONTNEED)
        for size in self._pool.map(self._read, range(_BLOCKS_PER_READ)):
            if size != _BLOCK_BYTES:
                message = f"a read of {_BLOCK_BYTES} bytes returned {size}"
                raise OSError(None, message)

    def _read(self, index: int) -> int:
        return os.preadv(self._file, [self._buffers[index]], (self._first + index) * _BLOCK_BYTES)

    def correct(self) -> bool:
        return all(
            self._buffers[index][:] == _block(self._first + index)
            for index in range(_BLOCKS_PER_READ)
        )


def _block(index: int) -> bytes:
    """The bytes the file holds there: random, so that nothing on the way can compress them."""
    return np.random.default_rng(index).bytes(_BLOCK_BYTES)


def _free_bytes(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _accepts_direct(file: Path) -> bool:
    """Some file systems (network, memory) refuse O_DIRECT when the file is opened."""
    try:
        os.close(os.open(file, os.O_RDONLY | os.O_DIRECT))
    except OSError:
        return False
    return True
