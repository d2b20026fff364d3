"""Read one bundled TOML file; what is wrong with it is a DataError naming the file."""

import tomllib
from pathlib import Path
from typing import Any

from benchbench import bundled
from benchbench.errors import DataError


def read(name: str, path: Path | None = None) -> dict[str, Any]:
    """The parsed `instance_catalog/<name>`, or `path` in its place."""
    path = path or bundled.folder("instance_catalog") / name
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror}; reinstall benchbench or name another file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not valid TOML: {error}; mend that line") from error
