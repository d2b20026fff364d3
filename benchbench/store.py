"""Results on disk: one immutable JSON document per record, named by its content's hash.

Because a name says what is inside, merging two stores is a set union, and a damaged document is
noticed when it is read. On a local disk a crash leaves the old state or the new one, never a half.
"""

import hashlib
import importlib.util
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from benchbench import atomic, untrusted
from benchbench.errors import BenchbenchError, DataError, UsageError
from benchbench.record import SCHEMA, Record

_HASH_LENGTH = 16
_NAME = re.compile(rf"^[a-z0-9-]+-([0-9a-f]{{{_HASH_LENGTH}}})\.json$")
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
"""A file's name that stays in its folder."""
_PROTOCOL = re.compile(r"(?:^|::)(\w+)(?=://)")


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


@dataclass(frozen=True)
class Merged:
    """What a store took from another: names of documents, and what it left there."""

    added: tuple[str, ...]
    held: tuple[str, ...]
    """Those it had already."""
    left_out: tuple[Quarantined, ...] = ()


class Store:
    """A folder of records: a local path, or any URL fsspec opens (`s3://…`, `memory://…`)."""

    def __init__(self, url: str | Path) -> None:
        self.url = str(url)
        self._fs, self._root = _opened(self.url)
        self._local = Path(self._root) if "file" in _protocols(self._fs) else None

    def prepare(self) -> None:
        """Make sure that results can be stored, before hours are spent on them.

        Raises:
            UsageError: the folder cannot be created or written.
        """
        trial = f"{self._root}/{atomic.WRITING}{secrets.token_hex(8)}"
        try:
            with self._reached():
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
        self._put(name, text)
        return name

    def _put(self, name: str, text: bytes) -> None:
        """Whole or not at all: far away by one request, which is all that is offered there."""
        if self._local is not None:
            atomic.write(self._local / name, text)
            return
        with self._reached():
            self._fs.makedirs(self._root, exist_ok=True)
            self._fs.pipe_file(f"{self._root}/{name}", text)

    def take_in(self, other: "Store") -> Merged:
        """The union of both, in this one: each sound document of `other`, byte for byte.

        What is here under another name is here. What lies beside a document comes with it, where
        both are on a local disk.
        """
        held = {_hash(name) for name in self.read().names}
        there = other.read()
        added = tuple(name for name in sorted(there.names) if _hash(name) not in held)
        for name in added:
            self._put(name, other.text(name))
            for what, files in other.beside(name).items():
                self.keep_beside(name, what, files)
        return Merged(
            added=added,
            held=tuple(sorted(set(there.names) - set(added))),
            left_out=there.quarantined,
        )

    def keep_beside(self, name: str, what: str, files: Mapping[str, str]) -> None:
        """What else a measurement left, in a folder called after its document and `what` it is.

        On a local disk only: far away there is no folder to look into.
        """
        if self._local is not None:
            folder = self._local / f"{name.removesuffix('.json')}.{what}"
            for file, text in files.items():
                if _PLAIN.fullmatch(file) is None:
                    raise DataError(f"{file!r} is no name for a file beside a result")
                atomic.write(folder / file, text.encode())

    def beside(self, name: str) -> dict[str, dict[str, str]]:
        """What `keep_beside` wrote: by what it is, each file's text."""
        if self._local is None:
            return {}
        stem = name.removesuffix(".json")
        found = (path for path in self._local.iterdir() if path.stem == stem and path.is_dir())
        return {
            path.suffix.removeprefix("."): {
                file.name: untrusted.read(file, untrusted.MOST_DOCUMENT_BYTES).decode()
                for file in path.iterdir()
                if file.is_file() and _PLAIN.fullmatch(file.name)
            }
            for path in found
        }

    def read(self) -> ReadResult:
        """Every document, oldest measurement first; what cannot be believed is named apart."""
        read: list[tuple[str, Record]] = []
        quarantined: list[Quarantined] = []
        first: dict[str, str] = {}
        for name in self._names():
            try:
                record = _parse(name, self.text(name))
                _once(name, first)
                read.append((name, record))
            except DataError as error:
                quarantined.append(Quarantined(name, str(error)))
            except OSError as error:
                quarantined.append(Quarantined(name, f"cannot be read: {error.strerror or error}"))
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

    def text(self, name: str) -> bytes:
        """A document's bytes. Raises OSError; DataError for what never ends or is far too large."""
        most = untrusted.MOST_DOCUMENT_BYTES
        if self._local is not None:
            path = self._local / name
            kind = stat.S_IFMT(path.stat().st_mode)
            if kind not in {stat.S_IFREG, stat.S_IFDIR}:
                raise DataError("not a plain file")
            return untrusted.read(path, most)
        with self._reached():
            where = f"{self._root}/{name}"
            if (self._fs.size(where) or 0) > most:
                raise DataError(f"beyond {most} bytes")
            text: bytes = self._fs.cat_file(where)
            return text

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """What stops us far away, in one sentence."""
        try:
            yield
        except (OSError, BenchbenchError):
            raise
        except Exception as error:
            if self._local is not None:
                raise
            said = _first_line(error)
            raise UsageError(
                f"{self.url} cannot be reached ({said}); check the address and your credentials"
            ) from error

    def _names(self) -> list[str]:
        with self._reached():
            self._fs.invalidate_cache()  # another process may have written since
            if not self._fs.isdir(self._root):
                return []
            paths = self._fs.ls(self._root, detail=False)
        names = (path.rstrip("/").rsplit("/", 1)[-1] for path in paths)
        return sorted(name for name in names if name.endswith(".json") and name[0] != ".")


def _opened(url: str) -> tuple[Any, str]:
    """The file system behind a path or URL, and the folder there. Raises UsageError."""
    import fsspec  # noqa: PLC0415 - only commands that touch results pay for it

    try:
        filesystem, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise UsageError(f"{url} needs a package that is not here; {_install(url)}") from error
    except ValueError as error:
        raise UsageError(
            f"{url} is on no file system known here ({error}); "
            "name a folder, or a URL such as s3://BUCKET/FOLDER"
        ) from error
    return filesystem, root


def _install(url: str) -> str:
    """`s3://…` → `pip install s3fs`; where the package cannot be told, as fsspec says it."""
    from fsspec.registry import known_implementations  # noqa: PLC0415 - as above

    for protocol in _PROTOCOL.findall(url):
        known = known_implementations.get(protocol, {})
        package = known.get("class", "fsspec").partition(".")[0]
        if package != "fsspec" and importlib.util.find_spec(package) is None:
            return f"pip install {package}"
        if package == "fsspec" and "err" in known:
            return str(known["err"])
    return "see fsspec's documentation for what it needs"


def content_hash(text: bytes) -> str:
    """What a record's document is named by."""
    return hashlib.sha256(text).hexdigest()[:_HASH_LENGTH]


def _name(record: Record, text: bytes) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", record.workload.lower()).strip("-")[:60] or "workload"
    return f"{slug}-{content_hash(text)}.json"


def _hash(name: str) -> str:
    """What tells a document from all others, whatever else it is called."""
    return name.rpartition("-")[2]


def _parse(name: str, text: bytes) -> Record:
    matched = _NAME.match(name)
    if matched is None:
        raise DataError("not a result: its name holds no content hash")
    if content_hash(text) != matched[1]:
        raise DataError("its content does not match its name: damaged or edited")
    try:
        document: dict[str, Any] = untrusted.physical(untrusted.parse_json(text))
        if document["schema"] > SCHEMA:
            raise DataError(
                f"written in format {document['schema']}, this benchbench reads up to {SCHEMA}; "
                "upgrade benchbench to read it"
            )
        return Record.model_validate_json(text)
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"not a readable record: {_first_line(error)}") from error


def _once(name: str, first: dict[str, str]) -> None:
    """A copy under another name would count twice; `first` knows who had the content before."""
    before = first.setdefault(_hash(name), name)
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
