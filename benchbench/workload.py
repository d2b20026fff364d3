"""What a workload is: a Python file with five names and two functions.

    name, scenario, unit, precisions, batch_size     what it is, and sensible defaults
    work(setting) -> Work                            what one unit costs, counted; no torch
    load(setting) -> Job                             the real thing, ready to step

The built-in ones in `workloads/` come through the same door as a user's own.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from benchbench.bundled import folder
from benchbench.errors import UsageError
from benchbench.record import Precision, Scalar, Scenario, Work

_REQUIRED = ("name", "scenario", "unit", "precisions", "batch_size", "work", "load")


@dataclass(frozen=True)
class Setting:
    """One configuration to measure. Another value of any field is another record."""

    device: str = "cpu"
    """As PyTorch names it: `cpu`, `cuda:0`."""
    precision: Precision = "fp32"
    batch_size: int = 1
    backend: str = "torch-eager"
    data: Path | None = None
    """A folder or file of real data; None: synthetic, random and unique per step."""
    weights: Path | None = None
    """A folder of weights; None: random weights of the same shape, same speed."""
    seed: int = 0
    parameters: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass
class Job:
    """A workload in memory, ready to step.

    `step` must not synchronise the device: the harness does, at the edges of its window.
    """

    batches: Iterator[Any]
    """Endless; the time `next` takes is the input's cost."""
    step: Callable[[Any], Any]
    """One step on one batch. Returns the loss when training, the outputs when inferring."""
    units_per_step: float
    from_memory: bool
    """True when `batches` costs next to nothing: data made before the clock started."""
    parameters: dict[str, Scalar] = field(default_factory=dict)
    """What was really used, for the record: `{"channels_last": True, "data": "synthetic"}`."""
    reference: Callable[[Any], Any] | None = None
    """The same outputs in fp32, where they can be checked."""


class Workload(Protocol):
    """The module a workload file becomes."""

    name: str
    scenario: Scenario
    unit: str
    precisions: tuple[Precision, ...]
    batch_size: int
    """The default, for the CPU; an accelerator's is `batch_size_accelerator` when present."""
    __file__: str | None
    __doc__: str | None

    def work(self, setting: Setting) -> Work:
        """What one unit costs at this setting, counted."""

    def load(self, setting: Setting) -> Job:
        """The model on the device and its data, ready to step."""


def builtin() -> list[Path]:
    """The files of the built-in workloads, sorted by name."""
    return sorted(folder("workloads").glob("[!_]*.py"))


def load_file(path: Path) -> Workload:
    """The workload in `path`. Raises UsageError naming what its file lacks."""
    if not path.is_file():
        message = f"no workload file {path}; see the built-in ones with: benchbench workloads"
        raise UsageError(message)
    unique = f"benchbench_workload_{path.stem}_{source_sha256(path)[:12]}"
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None:
        message = f"{path} is not a Python file; a workload is one .py file"
        raise UsageError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    spec.loader.exec_module(module)
    missing = [name for name in _REQUIRED if not hasattr(module, name)]
    if missing:
        message = (
            f"{path} lacks {', '.join(missing)}; a workload file defines {', '.join(_REQUIRED)}"
        )
        raise UsageError(message)
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
