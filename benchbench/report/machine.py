"""The machine behind the figures: what it is, what it can do, and what it could not."""

from collections.abc import Sequence

from benchbench import units
from benchbench.derive import ceiling as names
from benchbench.record import Ceiling, Record, System
from benchbench.report import evidence
from benchbench.report.blocks import Block, Cell, Column, Part, Prose, Row, Table, words

_RUN = "benchbench run"


def ceiling_cell(ceiling: Ceiling | None) -> Cell:
    """A ceiling with its half-width."""
    if ceiling is None:
        return words(None)
    half = (ceiling.high - ceiling.low) / 2 / ceiling.value
    text = units.ceiling(ceiling.value, ceiling.unit)
    return Cell(text, units.interval(half), ceiling.value, "measured")


def part(records: Sequence[Record]) -> Part:
    """The machine as the probe saw it, and its measured ceilings."""
    tables = dict.fromkeys(_system_table(record.system) for record in records)
    return Part("machine", "What this machine is", (*tables, _ceilings_table(records)))


def _system_table(system: System) -> Table:
    cpu, memory = system.cpu, system.memory
    facts = [
        ("Processor", cpu.model),
        ("Sockets", units.count(cpu.sockets)),
        ("Cores usable, of those shown", _of(cpu.usable_cores, cpu.cores)),
        ("Threads usable, of those shown", _of(cpu.usable_threads, cpu.threads)),
        ("CPU quota", units.number(cpu.quota_threads)),
        ("Last-level cache", units.size(cpu.l3_bytes)),
        ("Memory", units.size(memory.total_bytes)),
        ("Memory limit of the container", units.size(memory.limit_bytes)),
        *[
            (device.device, _accelerator(device.name, device.memory_bytes))
            for device in system.accelerators
        ],
        ("Hypervisor", system.virtualisation.hypervisor),
        ("Container", system.virtualisation.container),
        ("System", f"{system.software.os}, kernel {system.software.kernel}"),
        ("Python", system.software.python),
        ("PyTorch", system.software.packages.get("torch")),
    ]
    rows = tuple(Row((words(name), words(value))) for name, value in facts)
    return Table(evidence.describe(system), (Column("Fact"), Column("Seen")), rows)


def _of(usable: int | None, shown: int | None) -> str:
    return f"{units.count(usable)} of {units.count(shown)}"


def _accelerator(name: str, memory_bytes: int | None) -> str:
    return f"{name}, {units.size(memory_bytes)}"


def _ceilings_table(records: Sequence[Record]) -> Block:
    found = evidence.ceilings(records)
    if not found:
        return Prose(("No ceiling was measured on this machine.",), (_RUN,))
    columns = (Column("Ceiling"), Column("Best", numeric=True), Column("Reached by"))
    rows = tuple(
        Row(
            (
                words(names.name(ceiling), names.where(ceiling)),
                ceiling_cell(ceiling),
                words(names.reached_by(ceiling)),
            )
        )
        for ceiling in found
    )
    return Table("Measured ceilings: the best this machine did on one kernel", columns, rows)


def failures(records: Sequence[Record]) -> tuple[Part, ...]:
    """A part on what gave no number, if anything did not."""
    rows = tuple(
        Row(
            (
                words(
                    record.workload,
                    f"{record.backend}, {record.precision}, batch {record.batch_size}",
                ),
                words(record.failure.kind.replace("_", " ")),
                words(record.failure.message),
                words(record.failure.remedy),
            )
        )
        for record in records
        if record.failure is not None
    )
    if not rows:
        return ()
    columns = (Column("Workload"), Column("Failure"), Column("What happened"), Column("Remedy"))
    table = Table("Settings that gave no number", columns, rows)
    return (Part("failures", "What failed", (table,)),)
