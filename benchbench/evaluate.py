"""Stored records → figures, each held against the datasheet of the silicon it ran on."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean
from typing import Literal, Protocol

from pydantic import Field

from benchbench import derive
from benchbench.catalog.convergence import Point
from benchbench.catalog.expected import Expectation, find
from benchbench.derive import Figures, datasheet, generation, normal, training
from benchbench.derive.datasheet import Datasheet
from benchbench.record import (
    Accuracy,
    Caveat,
    Failure,
    Model,
    Precision,
    Record,
    System,
    Tried,
)
from benchbench.store import ReadResult


class Identified(Protocol):
    """What the catalogue knows of the silicon behind one device."""

    @property
    def chip_name(self) -> str | None:
        """None where it is not identified."""

    @property
    def kind(self) -> Literal["accelerator", "cpu"] | None:
        """None where it is not identified."""

    @property
    def ambiguous(self) -> tuple[str, ...]:
        """The chips it could be, where more than one is left."""

    @property
    def confidence(self) -> Literal["high", "medium", "low"]:
        """In the datasheet's figures."""

    @property
    def bandwidth_bytes_per_s(self) -> float | None:
        """Of the device's memory."""

    @property
    def because(self) -> str:
        """How it was identified, and what the figures assume."""

    def peak_flops(self, precision: Precision) -> float | None:
        """Dense datasheet FLOP/s of what is visible of the device."""

    def peak_at(self, precision: Precision, clock_hz: float) -> float | None:
        """The same at another clock than the datasheet's."""


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


class Examination(Model):
    """How right one configuration's answers to a whole data set are."""

    name: str
    machine: str
    time_utc: str
    workload: str
    precision: Precision
    backend: str
    accuracy: Accuracy
    caveats: tuple[Caveat, ...] = ()


class Unreadable(Model):
    """A document that was left out, and why."""

    name: str
    reason: str


class ResultList(Model):
    """The document `results list` prints."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    results: tuple[Result, ...]
    examinations: tuple[Examination, ...] = ()
    """Of accuracy; nothing in `results` comes from them."""
    unreadable: tuple[Unreadable, ...] = ()


def results(
    read: ReadResult,
    silicon: Datasheets,
    expected: Sequence[Expectation] = (),
    published: Sequence[Point] = (),
) -> ResultList:
    """Everything a store holds, one entry per configuration, oldest first."""
    named = dict(zip(map(id, read.records), read.names, strict=True))
    groups = derive.group(read.records)
    found = beside_one(figures(group, silicon, expected, published) for group in groups)
    return ResultList(
        results=tuple(
            Result(
                names=tuple(named[id(record)] for record in group),
                machine=machine(group[0].system),
                time_utc=group[0].provenance.time_utc,
                effort=group[0].effort,
                figures=each,
                failure=next((r.failure for r in group if r.failure), None),
                tried=() if group[0].tuning is None else group[0].tuning.tried,
                search_complete=None if group[0].tuning is None else group[0].tuning.complete,
            )
            for group, each in zip(groups, found, strict=True)
        ),
        examinations=tuple(_examinations(read)),
        unreadable=tuple(Unreadable(name=q.name, reason=q.reason) for q in read.quarantined),
    )


def _examinations(read: ReadResult) -> Iterator[Examination]:
    for name, record in zip(read.names, read.records, strict=True):
        if record.accuracy is not None:
            yield Examination(
                name=name,
                machine=machine(record.system),
                time_utc=record.provenance.time_utc,
                workload=record.workload,
                precision=record.precision,
                backend=record.backend,
                accuracy=record.accuracy,
                caveats=record.caveats,
            )


def beside_one(figures: Iterable[Figures]) -> tuple[Figures, ...]:
    """The same, what several processes reached held against one of them alone."""
    known = tuple(figures)
    return tuple(
        one
        if (found := generation.scaling(one, known)) is None
        else one.model_copy(update={"scaling": found})
        for one in known
    )


def figures(
    group: Sequence[Record],
    silicon: Datasheets,
    expected: Sequence[Expectation] = (),
    published: Sequence[Point] = (),
) -> Figures:
    """The figures of one configuration, held against its devices' datasheets together.

    What its silicon cannot have done is invalid, and its numbers are withheld. `expected` is what
    they are compared with, to say whether they are normal; `published` how many samples others
    trained on, to estimate what a whole training would take.
    """
    found = _plausible(group, silicon)
    first = group[0]
    device = silicon.identify(first.system, first.devices[0])
    known = None if _is_part_of_a_cpu(first, found.ranks) else find(expected, first, device)
    similar = [one for one in published if one.concerns(first) and first.convergence is None]
    return found.model_copy(
        update={
            "normal": normal.judge(found, known),
            "estimated_training": training.estimate(found, similar),
        }
    )


def _is_part_of_a_cpu(record: Record, ranks: int) -> bool:
    """Whether processors were left idle on purpose; others' figures are of all of them."""
    threads, cores = record.parameters.get("threads"), record.system.cpu.usable_cores
    if record.devices[0] != "cpu" or not isinstance(threads, int) or cores is None:
        return False
    return threads * ranks < cores


def _plausible(group: Sequence[Record], silicon: Datasheets) -> Figures:
    sheet = _datasheet(group, silicon)
    found = datasheet.held_against(_derived(group, sheet), sheet)
    doubt = datasheet.invalidating(found.caveats)
    if doubt is None or found.validity == "invalid":
        return found
    return _derived([datasheet.doubtful(record, doubt) for record in group], sheet)


def _derived(group: Sequence[Record], sheet: Datasheet) -> Figures:
    return derive.figures(
        group,
        datasheet_flops=sheet.flops,
        datasheet_bytes_per_s=sheet.bytes_per_s,
        datasheet_because=sheet.because,
    )


def _datasheet(group: Sequence[Record], silicon: Datasheets) -> Datasheet:
    first = group[0]
    known = [silicon.identify(first.system, device) for device in first.devices]
    clocks = [_clock(group, device) for device in first.devices]
    # One device of several is sampled; the others worked as hard.
    seen = [clock for clock in clocks if clock is not None]
    mean = fmean(seen) if seen else None
    return Datasheet(
        flops=_sum(one.peak_flops(first.precision) for one in known),
        clock_hz=mean,
        flops_at_clock=_sum(
            _peak_at(one, first.precision, clock or mean)
            for one, clock in zip(known, clocks, strict=True)
        ),
        bytes_per_s=_sum(one.bandwidth_bytes_per_s for one in known),
        because=known[0].because,
        ambiguous=known[0].ambiguous,
        trusted=all(one.confidence != "low" for one in known),
        bandwidth_is_whole=all(one.kind == "accelerator" for one in known),
    )


def _peak_at(one: Identified, precision: Precision, clock_hz: float | None) -> float | None:
    return None if clock_hz is None else one.peak_at(precision, clock_hz)


def _clock(group: Sequence[Record], device: str) -> float | None:
    """The mean clock in Hz while the device worked; None where nobody saw it.

    What an operating system says of a CPU's clock is often a constant (and always one in a guest):
    only the clock found by counting the cycles of a loop counts there.
    """
    if device == "cpu":
        loops = [one for one in group[0].ceilings if one.kind == "fma"]
        most = max((one.threads or 0 for one in loops), default=0)  # one core alone clocks higher
        found = [one.setting.get("clock_hz") for one in loops if (one.threads or 0) == most]
        counted = [clock for clock in found if isinstance(clock, float) and clock > 0]
        return max(counted, default=None)
    sampled = [
        sample.clock_hz
        for record in group
        if record.measurement is not None
        for sample in record.measurement.samples
        if sample.device == device and 0 <= sample.time_s <= record.measurement.elapsed_s
    ]
    clocks = [clock for clock in sampled if clock]
    return fmean(clocks) if clocks else None


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
