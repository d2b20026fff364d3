"""Bytes from elsewhere, read in bounded memory and parsed so that a ValueError is the worst.

Python's own readers end in a RecursionError on deep nesting, take the last of two equal keys, read
NaN as a number, and unpack an archive until memory is full. None of that comes out of here.
"""

import json
import re
import tomllib
import zlib
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from pathlib import Path
from typing import IO, Any, TextIO, TypeVar

from benchbench.errors import DataError

M = TypeVar("M")
MOST_DOCUMENT_BYTES = 2**28
"""A result, or a report's data unpacked: 256 MiB. A day of LoadGen's latencies is 30 MB."""
MOST_SETTINGS_BYTES = 2**24
"""A scenario, a goal, a table of ours: 16 MiB. The largest we ship is 60 kB."""
MOST_DEPTH = 32
"""Of lists and tables in each other; ours have nine."""
LEAST, MOST = 1e-50, 1e50
"""Of a number in any unit we use; a loss in fp32 may be 1e-45."""
MOST_LINE = 2**20
"""Characters of a line of a table."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LONG_NUMBER = re.compile(rb"\d{1000}")
"""Python refuses 4300; ijson 3.6 ends the process on those (a segmentation fault)."""
_GZIP = 16 + zlib.MAX_WBITS


def read(path: Path, most: int) -> bytes:
    """All of a file, a pipe included. Raises OSError; DataError where it is beyond `most` bytes."""
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise DataError(f"{path} is beyond {most} bytes; name the file that was meant")
    return data


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401 - JSON
    """One JSON document; raises ValueError, also for a key given twice, NaN and deep nesting."""
    try:
        return _shallow(json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def physical(document: M) -> M:
    """The document, if each of its numbers is 0 or of a size that something in this world has.

    What is worked out of them then stays a number too. Raises ValueError naming the first that is
    not.
    """
    pending: list[Any] = [document]
    while pending:
        one = pending.pop()
        if isinstance(one, dict | list):
            pending.extend(one.values() if isinstance(one, dict) else one)
        elif isinstance(one, int | float) and one and not LEAST <= abs(one) <= MOST:
            raise ValueError(f"{str(one)[:20]} is a size that nothing has")
    return document


def parse_toml(text: str) -> dict[str, Any]:
    """One TOML document; raises ValueError (tomllib's own errors are some), also for deep ones."""
    try:
        return _shallow(tomllib.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def settings(path: Path) -> dict[str, Any]:
    """A TOML file somebody wrote. Raises OSError, DataError, ValueError (UTF-8 and TOML)."""
    return parse_toml(read(path, MOST_SETTINGS_BYTES).decode("utf-8-sig"))


def unpack(data: bytes, most: int = MOST_DOCUMENT_BYTES) -> bytes:
    """What one gzip member holds; raises ValueError where it is damaged, or beyond `most` bytes."""
    stream = zlib.decompressobj(_GZIP)
    try:
        unpacked = stream.decompress(data, most + 1)
    except zlib.error as error:
        raise ValueError(f"damaged: {error}") from error
    if len(unpacked) > most:
        raise ValueError(f"unpacks to more than {most} bytes")
    if not stream.eof:
        raise ValueError("damaged: it ends too early")
    return unpacked


def lines(text: TextIO, name: str) -> Iterator[str]:
    """Line by line; raises DataError for one that does not end."""
    while line := text.readline(MOST_LINE):
        if len(line) == MOST_LINE and line[-1] != "\n":
            raise DataError(f"{name} has a line beyond {MOST_LINE} characters; is it a table?")
        yield line


class Watched:
    """A file of JSON on its way to a streaming parser: no deep nesting, nothing without end.

    Such parsers name each value by its whole path: 100 kB of brackets would take 50 GB.
    """

    def __init__(self, file: IO[bytes], name: str, most_between: int | None = None) -> None:
        self._file, self._name, self._most = file, name, most_between
        self._depth, self._inside, self._kept = 0, 0, b""
        self.since = 0
        """Bytes read since something came of them; whoever reads sets it back."""

    def read(self, size: int = -1) -> bytes:
        """As a file does; raises DataError."""
        data = self._file.read(size)
        self.since += len(data)
        if self._most is not None and self.since > self._most:
            raise DataError(f"{self._name} holds nothing in {self._most} bytes; fetch it anew")
        self._measure(self._kept + data)
        return data

    def _measure(self, data: bytes) -> None:
        """How deep the brackets outside of texts go; an escape cut in two waits for its rest."""
        odd = (len(data) - len(data.rstrip(b"\\"))) % 2
        self._kept, data = (data[-1:], data[:-1]) if odd else (b"", data)
        parts = data.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        outside = b"".join(parts[self._inside :: 2])
        self._inside ^= (len(parts) - 1) % 2
        steps = (1 if one in b"[{" else -1 for one in outside.translate(None, _NO_BRACKETS))
        if _LONG_NUMBER.search(outside):
            raise DataError(f"{self._name} holds a number of a thousand digits; fetch it anew")
        heights = list(accumulate(steps, initial=self._depth))
        if max(heights) > MOST_DEPTH:
            raise DataError(f"{self._name} is nested too deeply; is it the file that was meant?")
        self._depth = heights[-1]


def _shallow(document: M) -> M:
    """The document, if nothing in it lies deeper than `MOST_DEPTH`: later steps may recurse."""
    level: list[Any] = [[document]]
    for _ in range(MOST_DEPTH):
        inner = chain.from_iterable(one.values() if isinstance(one, dict) else one for one in level)
        level = [one for one in inner if isinstance(one, dict | list)]
        if not level:
            return document
    raise ValueError("nested too deeply")


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:40]!r} stands there twice")
    return found


def _no_number(name: str) -> Any:  # noqa: ANN401 - never returns
    raise ValueError(f"{name} is no number")
