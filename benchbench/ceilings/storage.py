"""Reading of a file, in order and at random, past the operating system's cache.

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
RANDOM_BYTES = 4096
_RANDOM_READS = 1024
"""Of one call, shared by its threads."""
_RANDOM_IN_FLIGHT = (1, 4, 16, 64)
_CHECKED = 16


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


def random_reads(file: Path) -> list[Candidate]:
    """4 KiB at places drawn without repetition, several of them in flight; counted in reads.

    A thread for each read in flight: Python's threads reach some 100,000 a second, enough for a
    cloud's network disk, below what a fast NVMe drive could do.
    """
    direct = _accepts_direct(file)
    name = "O_DIRECT" if direct else "posix_fadvise(DONTNEED)"
    return [
        Candidate(
            path=f"{name}, {in_flight} in flight",
            shape=f"{RANDOM_BYTES} B",
            amount=float(_RANDOM_READS),
            prepare=_random_preparation(file, in_flight, direct=direct),
        )
        for in_flight in _RANDOM_IN_FLIGHT
    ]


def _random_preparation(file: Path, in_flight: int, *, direct: bool) -> Callable[[], Prepared]:
    def prepare() -> Prepared:
        reader = _RandomReader(file, in_flight, direct=direct)
        return Prepared(reader.read_next, reader.correct)

    return prepare


class _RandomReader:
    """Visits every page of the file once in a random order, then again."""

    def __init__(self, file: Path, in_flight: int, *, direct: bool) -> None:
        self._direct = direct
        self._file = os.open(file, os.O_RDONLY | (os.O_DIRECT if direct else 0))
        os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_RANDOM)
        self._pool = ThreadPoolExecutor(in_flight)
        self._buffers = [mmap.mmap(-1, RANDOM_BYTES) for _ in range(in_flight)]
        pages = file.stat().st_size // RANDOM_BYTES
        order = np.random.default_rng(0).permutation(pages)
        whole = pages // _RANDOM_READS * _RANDOM_READS
        self._places = cycle(order[:whole].reshape(-1, in_flight, _RANDOM_READS // in_flight))
        self._last: list[int] = []

    def __del__(self) -> None:
        os.close(self._file)

    def read_next(self) -> None:
        if not self._direct:
            os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_DONTNEED)
        self._last = list(self._pool.map(self._read, self._buffers, next(self._places)))

    def _read(self, buffer: mmap.mmap, pages: np.ndarray) -> int:
        """One after the other into the thread's own buffer; the last page read."""
        last = -1
        for last in pages.tolist():
            if os.preadv(self._file, [buffer], last * RANDOM_BYTES) != RANDOM_BYTES:
                message = f"a read of {RANDOM_BYTES} bytes was cut short"
                raise OSError(None, message)
        return last

    def correct(self) -> bool:
        return all(
            buffer[:] == _page(page)
            for buffer, page in zip(self._buffers[:_CHECKED], self._last, strict=False)
        )


def _page(page: int) -> bytes:
    """The bytes the file holds there."""
    block, inside = divmod(page * RANDOM_BYTES, _BLOCK_BYTES)
    return _block(block)[inside : inside + RANDOM_BYTES]


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
