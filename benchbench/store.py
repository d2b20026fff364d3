"""Results on disk: one immutable JSON document per record, named by its content's hash.

Because a name says what is inside, merging two stores is a set union, and a damaged document is
noticed when it is read. On a local disk a crash leaves the old state or the new one, never a half.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from benchbench import atomic
from benchbench.errors import DataError, UsageError
from benchbench.record import SCHEMA, Record

_HASH_LENGTH = 16
_NAME = re.compile(rf"^[a-z0-9-]+-([0-9a-f]{{{_HASH_LENGTH}}})\.json$")


@dataclass(frozen=True)
class Quarantined:
    """A document that cannot be believed; it stays where it is, and nothing reads it."""

    name: str
    reason: str


@dataclass(frozen=True)
class ReadResult:
    """Everything a store holds: names match records one to one."""

    names: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()

    def of_session(self, session: str) -> Self:
        """Only what one run measured."""
        kept = [
            (name, record)
            for name, record in zip(self.names, self.records, strict=True)
            if record.provenance.session == session
        ]
        return replace(
            self,
            names=tuple(name for name, _ in kept),
            records=tuple(record for _, record in kept),
            quarantined=(),
        )


class Store:
    """A folder of records: a local path, or any URL fsspec opens (`s3://…`, `memory://…`)."""

    def __init__(self, url: str | Path) -> None:
        import fsspec  # noqa: PLC0415 - only commands that touch results pay for it

        self.url = str(url)
        self._fs, self._root = fsspec.core.url_to_fs(self.url)
        self._local = Path(self._root) if "file" in _protocols(self._fs) else None

    def prepare(self) -> None:
        """Make sure that results can be stored, before hours are spent on them.

        Raises:
            UsageError: the folder cannot be created or written.
        """
        trial = f"{self._root}/{atomic.WRITING}{secrets.token_hex(8)}"
        try:
            self._fs.makedirs(self._root, exist_ok=True)
            self._fs.pipe_file(trial, b"")
            with suppress(FileNotFoundError):  # swept by a run that begins just now
                self._fs.rm_file(trial)
        except OSError as error:
            raise UsageError(
                f"results cannot be stored in {self.url} ({error.strerror or error}); "
                "choose another folder with --out"
            ) from error

    def write(self, record: Record) -> str:
        """Store `record` and return its document's name. Storing it twice changes nothing."""
        text = record.to_json().encode()
        name = _name(record, text)
        if self._local is None:
            self._fs.makedirs(self._root, exist_ok=True)
            self._fs.pipe_file(f"{self._root}/{name}", text)
        else:
            atomic.write(self._local / name, text)
        return name

    def keep_beside(self, name: str, what: str, files: Mapping[str, str]) -> None:
        """What else a measurement left, in a folder called after its document and `what` it is.

        On a local disk only: far away there is no folder to look into.
        """
        if self._local is not None:
            folder = self._local / f"{name.removesuffix('.json')}.{what}"
            for file, text in files.items():
                atomic.write(folder / file, text.encode())

    def read(self) -> ReadResult:
        """Every document, oldest measurement first; what cannot be believed is named apart."""
        read: list[tuple[str, Record]] = []
        quarantined: list[Quarantined] = []
        first: dict[str, str] = {}
        for name in self._names():
            try:
                record = _parse(name, self._fs.cat_file(f"{self._root}/{name}"))
                _once(name, first)
                read.append((name, record))
            except DataError as error:
                quarantined.append(Quarantined(name, str(error)))
            except OSError as error:
                quarantined.append(Quarantined(name, f"cannot be read: {error.strerror}"))
        read.sort(key=lambda pair: (pair[1].provenance.time_utc, pair[0]))
        return ReadResult(
            tuple(name for name, _ in read),
            tuple(record for _, record in read),
            tuple(quarantined),
        )

    def find(self, name: str) -> Record:
        """The one record whose document name contains `name`. Raises DataError otherwise."""
        result = self.read()
        found = [r for n, r in zip(result.names, result.records, strict=True) if name in n]
        if len(found) == 1:
            return found[0]
        what = "no result" if not found else f"{len(found)} results"
        raise DataError(f"{what} named {name!r} in {self.url}; see: benchbench results list")

    def _names(self) -> list[str]:
        if not self._fs.isdir(self._root):
            return []
        paths = self._fs.ls(self._root, detail=False)
        names = (path.rstrip("/").rsplit("/", 1)[-1] for path in paths)
        return sorted(name for name in names if name.endswith(".json") and name[0] != ".")


def content_hash(text: bytes) -> str:
    """What a record's document is named by."""
    return hashlib.sha256(text).hexdigest()[:_HASH_LENGTH]


def _name(record: Record, text: bytes) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", record.workload.lower()).strip("-")[:60] or "workload"
    return f"{slug}-{content_hash(text)}.json"


def _parse(name: str, text: bytes) -> Record:
    matched = _NAME.match(name)
    if matched is None:
        raise DataError("not a result: its name holds no content hash")
    if content_hash(text) != matched[1]:
        raise DataError("its content does not match its name: damaged or edited")
    try:
        document: dict[str, Any] = json.loads(text)
        if document["schema"] > SCHEMA:
            raise DataError(
                f"written in format {document['schema']}, this benchbench reads up to {SCHEMA}; "
                "upgrade benchbench to read it"
            )
        return Record.model_validate_json(text)
    except (ValidationError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"not a readable record: {_first_line(error)}") from error


def _once(name: str, first: dict[str, str]) -> None:
    """A copy under another name would count twice; `first` knows who had the content before."""
    before = first.setdefault(name.rpartition("-")[2], name)
    if before != name:
        raise DataError(f"the same measurement as {before}, which counts: delete one of them")


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _protocols(filesystem: Any) -> tuple[str, ...]:  # noqa: ANN401 - fsspec has no types
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
