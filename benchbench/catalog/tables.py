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


def fault(entry: str, error: ValidationError) -> str:
    """The first thing wrong with an entry, in one sentence that says what to do."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "entry"
    return f"{entry}: {where}: {first['msg']}; mend that entry"
