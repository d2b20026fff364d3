"""Results on their way elsewhere: the union of several stores, and tables for other tools."""

import json
from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from pydantic import Field

from benchbench import printable
from benchbench.errors import UsageError
from benchbench.record import Model, Record
from benchbench.store import ReadResult, Store

Format = Literal["csv", "jsonl"]
COLUMNS = (
    *("document", "time_utc", "workload", "scenario", "driver", "precision", "batch_size"),
    *("backend", "devices", "effort", "repeat", "validity", "caveats", "failure", "unit"),
    *("steps", "units_completed", "elapsed_s", "units_per_s", "peak_memory_bytes"),
    *("peak_device_memory_bytes", "processor", "accelerators", "provider", "instance_type"),
    *("region", "tool_version", "session"),
)
"""Of the CSV. `units_per_s` is empty where the measurement is invalid, as everywhere."""


class LeftOut(Model):
    """A document that was not taken, and why."""

    store: str
    name: str
    reason: str


class Merger(Model):
    """The document `results merge` prints."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    into: str
    added: tuple[str, ...]
    held: tuple[str, ...]
    """Those that were there already."""
    left_out: tuple[LeftOut, ...] = ()


def merge(into: str, sources: Sequence[str]) -> Merger:
    """All sound documents of `sources` in the store `into`, which stays whole at every moment.

    A union of sets: the order of the sources, and doing it twice, change nothing. Raises UsageError
    where a source holds nothing at all: it was misspelt.
    """
    store, added, held, left_out = Store(into), set[str](), set[str](), list[LeftOut]()
    for url in sources:
        taken = store.take_in(Store(url))
        if not (taken.added or taken.held or taken.left_out):
            raise UsageError(f"no results in {url}; name a folder or a URL that holds some")
        added |= set(taken.added)
        held |= set(taken.held)
        left_out += [LeftOut(store=url, name=q.name, reason=q.reason) for q in taken.left_out]
    return Merger(
        into=into,
        added=tuple(sorted(added)),
        held=tuple(sorted(held - added)),
        left_out=tuple(left_out),
    )


def export(url: str, form: str) -> str:
    """Every sound record of a store as CSV, one line each, or as lines of JSON, with all samples.

    Raises UsageError for another form, and where there is nothing to write.
    """
    if form not in get_args(Format):
        raise UsageError(f"{form!r} is no form of export; choose csv or jsonl")
    read = Store(url).read()
    if not read.records:
        raise UsageError(f"no results in {url}; measure first: benchbench run --quick")
    return printable.table(_rows(read)) if form == "csv" else "".join(_lines(read))


def _lines(read: ReadResult) -> Iterator[str]:
    for name, record in zip(read.names, read.records, strict=True):
        document = {"document": name, "record": record.model_dump(mode="json", by_alias=True)}
        yield json.dumps(document, allow_nan=False) + "\n"


def _rows(read: ReadResult) -> Iterator[Sequence[object]]:
    yield COLUMNS
    for name, record in zip(read.names, read.records, strict=True):
        known = {"document": name, **_asked(record), **_seen(record), **_machine(record)}
        yield [known.get(column) for column in COLUMNS]


def _asked(record: Record) -> dict[str, object]:
    return {
        **record.model_dump(
            include={"workload", "scenario", "driver", "precision", "batch_size", "backend"}
        ),
        "effort": record.effort,
        "repeat": record.repeat,
        "devices": " ".join(record.devices),
        "unit": record.work.unit,
        "time_utc": record.provenance.time_utc,
        "tool_version": record.provenance.tool_version,
        "session": record.provenance.session,
    }


def _seen(record: Record) -> dict[str, object]:
    """What came of it; no rate of an invalid measurement."""
    seen = record.measurement
    found: dict[str, object] = {
        "validity": record.validity,
        "caveats": " ".join(dict.fromkeys(one.code for one in record.caveats)),
        "failure": record.failure and record.failure.kind,
    }
    if seen is None:
        return found
    rate = seen.units_completed / seen.elapsed_s
    return {
        **found,
        **seen.model_dump(
            include={
                *("units_completed", "elapsed_s"),
                *("peak_memory_bytes", "peak_device_memory_bytes"),
            }
        ),
        "steps": len(seen.step_s),
        "units_per_s": None if record.validity == "invalid" else rate,
    }


def _machine(record: Record) -> dict[str, object]:
    system = record.system
    cloud = system.cloud and system.cloud.model_dump(
        include={"provider", "instance_type", "region"}
    )
    return {
        "processor": system.cpu.model,
        "accelerators": " + ".join(one.name for one in system.accelerators) or None,
        **(cloud or {}),
    }
