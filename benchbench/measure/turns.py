"""Two settings measured in turns, so that a drift of the machine meets both alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from benchbench import workload as contract
from benchbench.errors import UsageError
from benchbench.measure.plan import Planned
from benchbench.record import Effort
from benchbench.workload.file import builtin as builtin_files
from benchbench.workload.file import find

PAIRS: dict[Effort, int] = {"quick": 5, "standard": 5, "full": 8}
"""Processes of each side: with fewer than five, Student's t makes any interval wide."""
_OPTIONS = {"dtype": "precision", "batch": "batch_size", "device": "device", "backend": "backend"}


@dataclass(frozen=True)
class Side:
    """A workload's file and what was asked of it: arguments of `plan`."""

    file: Path
    options: dict[str, Any]


def side(text: str) -> Side | None:
    """`resnet50-train:batch=4,dtype=bf16` or `./mine.py`; None when it names no workload.

    What is neither dtype, batch, device nor backend is a parameter of the workload.
    Raises UsageError for an assignment that is none, or a batch that is no whole number.
    """
    name, _, asked = text.partition(":")
    builtin = {path.stem.replace("_", "-") for path in builtin_files()}
    if name not in builtin and not name.endswith(".py"):
        return None
    given = contract.parsed([part for part in asked.split(",") if part])
    options: dict[str, Any] = {
        _OPTIONS[name]: value for name, value in given.items() if name in _OPTIONS
    }
    if not isinstance(options.get("batch_size", 1), int):
        raise UsageError(f"batch={options['batch_size']}: write a whole number, as batch=8")
    if "precision" in options:
        options["precision"] = contract.precision(str(options["precision"]))
    options["parameters"] = {name: value for name, value in given.items() if name not in _OPTIONS}
    return Side(find(name), options)


def in_turns(a: Sequence[Planned], b: Sequence[Planned]) -> tuple[Planned, ...]:
    """A B, B A, A B …: the order turns round, so that a steady drift cancels.

    `a` and `b` are the repeats of one measurement each, equally many.
    """
    turns = zip(a, b, strict=True)
    return tuple(
        chain.from_iterable(
            pair if index % 2 == 0 else pair[::-1] for index, pair in enumerate(turns)
        )
    )
