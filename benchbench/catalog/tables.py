"""Read one bundled TOML file; what is wrong with it is a DataError naming the file."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchbench import bundled, untrusted
from benchbench.errors import DataError


def read(name: str, path: Path | None = None) -> dict[str, Any]:
    """The parsed `instance_catalog/<name>`, or `path` in its place."""
    path = path or bundled.folder("instance_catalog") / name
    try:
        return untrusted.settings(path)
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror}; reinstall benchbench or name another file"
        ) from error
    except ValueError as error:
        raise DataError(f"{path} is not valid TOML: {error}; mend that line") from error


def tuples(value: Any) -> Any:  # noqa: ANN401  TOML values are of any type
    """TOML arrays as tuples, at every depth: the models hold nothing that can change."""
    if isinstance(value, dict):
        return {name: tuples(item) for name, item in value.items()}
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def entry(name: str, written: object) -> dict[str, Any]:
    """The fields under a name; raises DataError where something else stands there."""
    if not isinstance(written, dict):
        raise DataError(f"{name} is no table; write [{name}] and its fields on the lines below")
    fields: dict[str, Any] = tuples(written)
    return fields


def entries(document: dict[str, Any], name: str) -> list[Any]:
    """The tables written as `[[name]]`; raises DataError where something else stands there."""
    listed = document.get(name, [])
    if not isinstance(listed, list):
        raise DataError(f"{name} is no list of tables; write each as [[{name}]]")
    return listed


def fault(entry: str, error: ValidationError) -> str:
    """The first thing wrong with an entry, in one sentence that says what to do."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "entry"
    return f"{entry}: {where}: {first['msg']}; mend that entry"
