"""Stored records → figures, each held against the datasheet of the silicon it ran on."""

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from pydantic import Field

from benchbench import derive
from benchbench.derive import Figures
from benchbench.record import Failure, Model, Precision, Record, System, Tried
from benchbench.store import ReadResult


class Identified(Protocol):
    """What the catalogue knows of the silicon behind one device."""

    @property
    def bandwidth_bytes_per_s(self) -> float | None:
        """Of the device's memory."""

    @property
    def because(self) -> str:
        """How it was identified, and what the figures assume."""

    def peak_flops(self, precision: Precision) -> float | None:
        """Dense datasheet FLOP/s of what is visible of the device."""


class Datasheets(Protocol):
    """Whoever can tell which silicon a device is."""

    def identify(self, system: System, device: str) -> Identified:
        """The silicon behind `device`, `cpu` or `cuda:0`."""


class Result(Model):
    """One configuration on one machine: its documents and what they amount to."""

    names: tuple[str, ...]
    machine: str
    time_utc: str
    effort: str
    figures: Figures
    failure: Failure | None = None
    tried: tuple[Tried, ...] = ()
    """By the search whose winner this is, the default first."""
    search_complete: bool | None = None
    """Whether it ended before its time did; None without a search."""


class Unreadable(Model):
    """A document that was left out, and why."""

    name: str
    reason: str


class ResultList(Model):
    """The document `results list` prints."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    results: tuple[Result, ...]
    unreadable: tuple[Unreadable, ...] = ()


def results(read: ReadResult, silicon: Datasheets) -> ResultList:
    """Everything a store holds, one entry per configuration, oldest first."""
    named = dict(zip(map(id, read.records), read.names, strict=True))
    return ResultList(
        results=tuple(
            Result(
                names=tuple(named[id(record)] for record in group),
                machine=machine(group[0].system),
                time_utc=group[0].provenance.time_utc,
                effort=group[0].effort,
                figures=figures(group, silicon),
                failure=next((r.failure for r in group if r.failure), None),
                tried=() if group[0].tuning is None else group[0].tuning.tried,
                search_complete=None if group[0].tuning is None else group[0].tuning.complete,
            )
            for group in derive.group(read.records)
        ),
        unreadable=tuple(Unreadable(name=q.name, reason=q.reason) for q in read.quarantined),
    )


def figures(group: Sequence[Record], silicon: Datasheets) -> Figures:
    """The figures of one configuration, held against its devices' datasheets together."""
    first = group[0]
    known = [silicon.identify(first.system, device) for device in first.devices]
    return derive.figures(
        group,
        datasheet_flops=_sum(one.peak_flops(first.precision) for one in known),
        datasheet_bytes_per_s=_sum(one.bandwidth_bytes_per_s for one in known),
        datasheet_because=known[0].because,
    )


def machine(system: System) -> str:
    """What people call it: the instance type, else its accelerators, else its processor."""
    if system.cloud is not None and system.cloud.instance_type is not None:
        return system.cloud.instance_type
    if system.accelerators:
        return f"{len(system.accelerators)} x {system.accelerators[0].name}"
    return f"{system.cpu.model}, {system.cpu.usable_threads} threads"


def _sum(values: Iterable[float | None]) -> float | None:
    """Unknown when any part is."""
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total or None


def default_beside(figures: Figures, others: Iterable[Figures]) -> Figures | None:
    """The default that the winner of a search was measured in turns with; None where it is one."""
    if figures.role != "best":
        return None
    wanted = (figures.session, figures.workload, figures.devices)
    found = (o for o in others if (o.session, o.workload, o.devices) == wanted)
    return next((one for one in found if one.role == "default"), None)
