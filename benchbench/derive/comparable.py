"""What must match before two results may be merged, and what tells two compared ones apart."""

import json
from collections.abc import Iterator
from typing import Any

from benchbench import units
from benchbench.record import Model, Record

_IDENTITY = (
    "workload",
    "scenario",
    "driver",
    "precision",
    "batch_size",
    "backend",
    "devices",
    "parameters",
    "effort",
    "system",
)
_FLEETING = ("system.memory.available_bytes",)
"""True of a moment, not of the machine."""


class Difference(Model):
    """One thing two results do not share; None where one of them lacks it."""

    name: str
    a: str | None
    b: str | None


def key(record: Record) -> dict[str, str]:
    """Everything that may change a result, by its place in the record: `system.cpu.model`.

    The workload's own source counts too. Values are JSON.
    """
    kept = record.model_dump(mode="json", include=set(_IDENTITY))
    kept["source"] = record.provenance.workload_sha256
    return {name: json.dumps(value) for name, value in _leaves(kept) if name not in _FLEETING}


def differences(a: Record, b: Record) -> tuple[Difference, ...]:
    """What the two do not share, in the record's order."""
    left, right = key(a), key(b)
    return tuple(
        Difference(name=name, a=_said(left.get(name)), b=_said(right.get(name)))
        for name in dict.fromkeys((*left, *right))
        if left.get(name) != right.get(name)
    )


def unlike(a: Record, b: Record) -> str | None:
    """Why the two are different work, which no ratio of speeds could compare; None if they are not.

    The unit and, where both counted it, the work per unit decide; not the name: two versions of a
    file may be called differently.
    """
    if a.scenario != b.scenario:
        return f"one is {a.scenario}, the other {b.scenario}"
    if a.work.unit != b.work.unit:
        return f"one counts in {a.work.unit}s, the other in {b.work.unit}s"
    counted = (a.work.flops_per_unit, b.work.flops_per_unit)
    if None not in counted and counted[0] != counted[1]:
        here, there = (units.flop_count(count) for count in counted)
        return f"one {a.work.unit} is {here} in one and {there} in the other"
    return None


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        for part, inner in value.items():
            yield from _leaves(inner, f"{name}.{part}" if name else part)
    else:
        # Libraries load in any order, and the same ones are the same software.
        yield name, sorted(value, key=repr) if isinstance(value, list) else value


def _said(value: str | None) -> str | None:
    """A JSON value as people write it; None when it is missing or null."""
    if value is None or value == "null":
        return None
    loaded = json.loads(value)
    return loaded if isinstance(loaded, str) else value
