"""Workload files: found by name or path, executed, and held against the contract, line by line."""

import ast
import hashlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import cast, get_args

from benchbench.bundled import folder
from benchbench.errors import UsageError
from benchbench.record import Precision, Scenario
from benchbench.workload import (
    BACKENDS,
    COMPILE,
    EAGER,
    VLLM,
    Parallel,
    QueryRules,
    Setting,
    Workload,
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PRECISIONS = get_args(Precision)
_SCENARIOS = get_args(Scenario)
_MISTAKES = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError),
    *(NameError, OSError, RuntimeError, SystemExit, TypeError, ValueError),
)
"""What a file raises by mistake; our own errors pass through."""
FIRST_LOOK = ("bert-large-infer", "resnet50-train")
"""One that multiplies matrices and one that convolves, answering and training."""


def builtin() -> list[Path]:
    """The files of the built-in workloads, sorted by name."""
    return sorted(folder("workloads").resolve().glob("[!_]*.py"))


def load_file(path: Path) -> Workload:
    """The workload in `path`. Raises UsageError naming the file, the line and what is wrong."""
    if not path.is_file():
        message = f"no workload file {path}; see the built-in ones with: benchbench workloads"
        raise UsageError(message)
    module = _execute(path)
    _check(module, path)
    return cast("Workload", module)


def find(name: str) -> Path:
    """A built-in workload's name or a path to a user's file → the file. Raises UsageError."""
    if name.endswith(".py") or "/" in name:
        return Path(name)
    known = {path.stem.replace("_", "-"): path for path in builtin()}
    if name not in known:
        message = (
            f"no workload {name!r}; known: {', '.join(known)} (or a path to your own .py file)"
        )
        raise UsageError(message)
    return known[name]


def source_sha256(path: Path) -> str:
    """The content hash of a workload's file, kept in its records."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def backends(workload: Workload) -> tuple[str, ...]:
    """What it runs on: those its file names, else its step as it is or, if PyTorch's, compiled."""
    named: tuple[str, ...] | None = getattr(workload, "backends", None)
    if named is not None:
        return named
    source = "" if workload.__file__ is None else Path(workload.__file__).read_text()
    return (EAGER, COMPILE) if "torch" in source else (EAGER,)


def memory_bytes(workload: Workload, setting: Setting) -> float | None:
    """The least bytes a device must hold to run it; None where its file does not say.

    Raises UsageError naming the line if the file's own function fails.
    """
    count = getattr(workload, "memory_bytes", None)
    if count is None:
        return None
    with blaming(Path(workload.__file__ or "")):
        return float(count(setting))


def _execute(path: Path) -> ModuleType:
    unique = f"benchbench_workload_{path.stem}_{source_sha256(path)[:12]}"
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None:
        message = f"{path} is not a Python file; a workload is one .py file"
        raise UsageError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    with blaming(path):
        spec.loader.exec_module(module)
    return module


@contextmanager
def blaming(path: Path) -> Iterator[None]:
    """Turns a mistake in the user's file into one sentence with its line."""
    try:
        yield
    except SyntaxError as error:
        message = f"{path}, line {error.lineno}: {error.msg}; correct the file and try again"
        raise UsageError(message) from error
    except _MISTAKES as error:
        missing = isinstance(error, ImportError)
        remedy = "install the package it needs" if missing else "correct the file"
        message = (
            f"{path}, line {_line_in(path, error)}: {type(error).__name__}: {error}; "
            f"{remedy} and try again"
        )
        raise UsageError(message) from error


def _line_in(path: Path, error: BaseException) -> int:
    """The deepest line of the file the error came through; 1 when it never was there."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    here = path.resolve()
    return next((f.lineno or 1 for f in frames if Path(f.filename).resolve() == here), 1)


def _check(module: ModuleType, path: Path) -> None:
    missing = [name for name in _CONTRACT if not hasattr(module, name)]
    if missing:
        message = (
            f"{path} lacks {', '.join(missing)}; a workload file defines {', '.join(_CONTRACT)}"
        )
        raise UsageError(message)
    for name, (holds, expected) in {**_CONTRACT, **_OPTIONAL}.items():
        value = getattr(module, name, None)
        if not holds(value):
            message = f"{path}, line {_line_of(name, path)}: {name} must be {expected}"
            raise UsageError(message)


def _line_of(name: str, path: Path) -> int:
    """Where the file last defines `name` at its top level; 1 when it comes from elsewhere."""
    line = 1
    for node in ast.parse(path.read_bytes()).body:
        if name in _defined_by(node):
            line = node.lineno
    return line


def _defined_by(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign | ast.AnnAssign):
        names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
        return {each.id for each in names if isinstance(each.ctx, ast.Store)}
    return set()


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _is_scenario(value: object) -> bool:
    return value in _SCENARIOS


def _is_precisions(value: object) -> bool:
    return isinstance(value, tuple) and value != () and all(each in _PRECISIONS for each in value)


def _is_count(value: object) -> bool:
    return type(value) is int and value > 0


def _are_backends(value: object) -> bool:
    return value is None or (
        isinstance(value, tuple) and value != () and set(value) <= {*BACKENDS, VLLM}
    )


def _is_tunable(value: object) -> bool:
    return value is None or (
        isinstance(value, dict) and all(isinstance(each, tuple) and each for each in value.values())
    )


def _are_query_rules(value: object) -> bool:
    return value is None or isinstance(value, QueryRules)


def _are_words(value: object) -> bool:
    return value is None or (
        isinstance(value, tuple) and all(isinstance(each, str) and each for each in value)
    )


def _are_ways(value: object) -> bool:
    return value is None or (
        isinstance(value, tuple) and value != () and set(value) <= set(get_args(Parallel))
    )


def _is_callable_or_absent(value: object) -> bool:
    return value is None or callable(value)


def _is_count_or_absent(value: object) -> bool:
    return value is None or _is_count(value)


_CONTRACT: dict[str, tuple[Callable[[object], bool], str]] = {
    "name": (_is_name, "letters, digits, dots and dashes, like 'my-model'"),
    "scenario": (_is_scenario, f"one of {', '.join(_SCENARIOS)}"),
    "unit": (_is_name, "one word, like 'image'"),
    "precisions": (_is_precisions, f"a tuple of some of {', '.join(_PRECISIONS)}"),
    "batch_size": (_is_count, "a whole number above 0"),
    "work": (callable, "a function of a Setting"),
    "load": (callable, "a function of a Setting"),
}
_OPTIONAL: dict[str, tuple[Callable[[object], bool], str]] = {
    "batch_size_accelerator": (_is_count_or_absent, "a whole number above 0"),
    "backends": (_are_backends, f"a tuple of some of {', '.join(BACKENDS)}"),
    "tunable": (
        _is_tunable,
        "a dict of parameters, each with a tuple of values to try, the default first",
    ),
    "stresses": (_are_words, "a tuple of words, as ('compute', 'memory bandwidth')"),
    "memory_bytes": (_is_callable_or_absent, "a function of a Setting"),
    "query_rules": (_are_query_rules, "a benchbench.workload.QueryRules"),
    "exam": (_is_callable_or_absent, "a function of a Setting"),
    "train": (_is_callable_or_absent, "a function of a Setting"),
    "parallel": (_are_ways, "a tuple of some of ddp, fsdp"),
}
