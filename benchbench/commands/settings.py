"""What the user wrote down once: `benchbench.toml`, `[tool.benchbench]`, and the user's own file.

A flag goes before the environment, the environment before the project's file, that before the
user's. The keys are the flags without their dashes, in a table named like the command
(`[run]`, `[catalog-show]`); a key outside any table holds for every command that has the flag.
"""

import difflib
import inspect
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

import typer

from benchbench.errors import DataError, UsageError

FILE = "benchbench.toml"
_PYPROJECT = "pyproject.toml"
_SEE = "see: benchbench schema config"
_OUTSIDE = {"out", "results", "json", "format", "resume"}
"""Where and how an answer is written changes nothing of what is measured."""
_NAMES: dict[type, str] = {bool: "boolean", int: "integer", float: "number"}
_WORD = ["string", "number"]
"""A word of the command line, which may look like a number: `batch = 4` or `"auto"`."""
_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "word": (str, int, float),
    "array": (list,),
}


@dataclass(frozen=True)
class Parameter:
    """What a command takes: its name in Python, and the JSON Schema of its value."""

    name: str
    schema: Mapping[str, Any]


Commands = Mapping[str, Mapping[str, Parameter]]
"""Each command's parameters by their flags; a command by the words one types, joined by dashes."""


@dataclass(frozen=True)
class Source:
    """A file of settings: what it is called in a record, and what it says."""

    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Setting:
    """One value, and the file that gave it."""

    flag: str
    value: Any
    source: str

    @property
    def typed(self) -> tuple[str, ...]:
        """As one would type it."""
        if isinstance(self.value, bool):
            return (f"--{'' if self.value else 'no-'}{self.flag}",)
        values = self.value if isinstance(self.value, list) else [self.value]
        return tuple(f"--{self.flag}={value}" for value in values)


Settled = Mapping[str, Mapping[str, Setting]]
"""Per command the setting of each parameter, by its name in Python."""


def sources(folder: Path) -> tuple[Source, ...]:
    """The project's file, in `folder` or above, then the user's. Raises DataError."""
    import platformdirs

    user = platformdirs.user_config_path("benchbench") / FILE
    found = (_project(folder), _own(user, f"the user's {FILE}"))
    return tuple(source for source in found if source is not None)


def _project(folder: Path) -> Source | None:
    """The nearest; a file of its own goes before a table in pyproject.toml beside it."""
    for place in (folder, *folder.parents):
        found = _own(place / FILE, FILE) or _shared(place / _PYPROJECT)
        if found is not None:
            return found
    return None


def _own(path: Path, name: str) -> Source | None:
    try:
        return Source(name, tomllib.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not TOML ({error}); mend it, or move it away") from error


def _shared(path: Path) -> Source | None:
    """Of a file that is not TOML its other readers will speak."""
    try:
        written = _own(path, f"{_PYPROJECT} [tool.benchbench]")
    except DataError:
        return None
    table = None if written is None else written.values.get("tool", {}).get("benchbench")
    return None if written is None or table is None else Source(written.name, table)


def settle(found: tuple[Source, ...], commands: Commands) -> Settled:
    """What the files say, the first before the others. Raises UsageError, naming the file."""
    settled: dict[str, dict[str, Setting]] = {}
    for source in reversed(found):
        for command, parameter, setting in _settings(source, commands):
            settled.setdefault(command, {})[parameter] = setting
    return settled


def _settings(source: Source, commands: Commands) -> Iterator[tuple[str, str, Setting]]:
    """What holds for all commands first, so that a command's own table goes before it."""
    tables = {key: each for key, each in source.values.items() if isinstance(each, dict)}
    for key, value in source.values.items():
        if key not in tables:
            yield from _everywhere(source, key, value, commands)
    for command, table in tables.items():
        if command not in commands:
            raise _unknown(source, command, commands)
        for key, value in table.items():
            if key not in commands[command]:
                raise _unknown(source, f"{command}.{key}", commands[command])
            yield command, *_checked(source, f"{command}.{key}", value, commands[command][key])


def _everywhere(
    source: Source, key: str, value: object, commands: Commands
) -> Iterator[tuple[str, str, Setting]]:
    takers = {command: known[key] for command, known in commands.items() if key in known}
    if not takers:
        raise _unknown(source, key, {flag for known in commands.values() for flag in known})
    for command, parameter in takers.items():
        yield command, *_checked(source, key, value, parameter)


def _checked(source: Source, key: str, value: object, parameter: Parameter) -> tuple[str, Setting]:
    wanted = "word" if parameter.schema["type"] == _WORD else parameter.schema["type"]
    given = value.isoformat() if isinstance(value, date) else value
    is_flag = isinstance(given, bool)
    if not isinstance(given, _TYPES[wanted]) or is_flag is not (wanted == "boolean"):
        raise UsageError(f"{source.name}: {key} takes one {wanted}, not {value!r}; {_SEE}")
    taken = str(given) if wanted == "word" else given
    return parameter.name, Setting(key.rpartition(".")[2], taken, source.name)


def _unknown(source: Source, key: str, known: object) -> UsageError:
    names = [str(name) for name in known] if isinstance(known, set | Mapping) else []
    near = difflib.get_close_matches(key.rpartition(".")[2], names, n=1)
    hint = f"did you mean {near[0]!r}, or {_SEE}" if near else _SEE
    return UsageError(f"{source.name}: nothing is called {key!r}; {hint}")


def defaults(settled: Settled) -> dict[str, Any]:
    """As click takes them: nested by the words of the command."""
    nested: dict[str, Any] = {}
    for command, settings in settled.items():
        table = nested
        for word in command.split("-"):
            table = table.setdefault(word, {})
        table.update({name: setting.value for name, setting in settings.items()})
    return nested


def measuring(context: typer.Context) -> tuple[Setting, ...]:
    """What files, and nobody on the command line or in the environment, chose for a measurement."""
    settled: Settled = context.find_root().obj or {}
    words: list[str] = []
    at: Any = context  # typer says less of its parents than of itself
    while at.parent is not None:
        words.insert(0, str(at.info_name))
        at = at.parent
    command = "-".join(words)
    return tuple(
        setting
        for name, setting in settled.get(command, {}).items()
        if getattr(context.get_parameter_source(name), "name", "") == "DEFAULT_MAP"
        and setting.flag not in _OUTSIDE
    )


def commands(app: typer.Typer, above: str = "") -> dict[str, dict[str, Parameter]]:
    """What every command below `app` takes."""
    found: dict[str, dict[str, Parameter]] = {}
    for info in app.registered_commands:
        if info.callback is not None:
            name = info.name or info.callback.__name__.replace("_", "-")
            found[f"{above}{name}"] = dict(_parameters(info.callback))
    for group in app.registered_groups:
        if group.typer_instance is not None:
            found |= commands(group.typer_instance, f"{above}{group.name}-")
    return found


def _parameters(callback: Callable[..., Any]) -> Iterator[tuple[str, Parameter]]:
    for parameter in inspect.signature(callback).parameters.values():
        if parameter.annotation is typer.Context:
            continue
        kind, info = get_args(parameter.annotation)
        # What `typer.Option` is given first stands where, without Annotated, its default would.
        words = (info.default, *(info.param_decls or ()))
        declared = [text for text in words if isinstance(text, str) and text.startswith("--")]
        flag = declared[0].split("/")[0] if declared else f"--{parameter.name}"
        schema = {**_value(kind), **({"description": info.help} if info.help else {})}
        yield flag.removeprefix("--").replace("_", "-"), Parameter(parameter.name, schema)


def _value(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a type as `typing` has it
    """The JSON Schema of a value of this type; None is what is left out."""
    named = [one for one in get_args(kind) if one is not NoneType]
    if get_origin(kind) is list:
        return {"type": "array", "items": _value(named[0])}
    if named:
        return _value(named[0])
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"type": "string", "enum": [str(choice) for choice in kind]}
    if kind is datetime:
        return {"type": "string", "format": "date"}
    return {"type": _WORD if kind is str else _NAMES.get(kind, "string")}


def schema(known: Commands) -> dict[str, Any]:
    """The JSON Schema of a settings file, from the commands themselves."""
    everywhere = {flag: dict(one.schema) for each in known.values() for flag, one in each.items()}
    tables = {
        name: _object({flag: dict(one.schema) for flag, one in each.items()})
        for name, each in known.items()
    }
    both = {
        name: {"anyOf": [everywhere[name], tables[name]]} for name in everywhere if name in tables
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{FILE}, or [tool.benchbench] in {_PYPROJECT}",
        **_object(everywhere | tables | both),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}
