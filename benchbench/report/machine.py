"""The machine behind the figures: what it is, what it can do, and what it could not."""

from collections.abc import Sequence

from benchbench import units
from benchbench.derive import ceiling as names
from benchbench.record import Ceiling, Record, System
from benchbench.report import evidence
from benchbench.report.blocks import Block, Cell, Column, Part, Prose, Row, Table, words
from benchbench.report.evidence import Machine, Measured

_RUN = "benchbench run"
_LIBRARIES = {"torch": "PyTorch", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}


def ceiling_cell(ceiling: Ceiling | None) -> Cell:
    """A ceiling with its half-width."""
    if ceiling is None:
        return words(None)
    half = (ceiling.high - ceiling.low) / 2 / ceiling.value
    text = units.ceiling(ceiling.value, ceiling.unit)
    return Cell(text, units.interval(half), ceiling.value, "measured")


def parts(seen: Measured) -> tuple[Part, ...]:
    """Each machine as the probe saw it, and its measured ceilings."""
    title = "What these machines are" if seen.several else "What this machine is"
    blocks: list[Block] = []
    for one in seen.machines:
        behind = [each for each in seen.records if evidence.describe(each.system) == one.title]
        blocks += [_system_table(one), _ceilings_table(behind, one)]
    return (Part("machine", title, tuple(blocks)),)


def _system_table(of: Machine) -> Table:
    rows = tuple(Row((words(name), words(value))) for name, value in facts(of.system))
    return Table(_titled(of, of.title), (Column("Fact"), Column("Seen")), rows)


def _titled(of: Machine, text: str) -> str:
    return f"{of.letter}: {text}" if of.letter else text


def facts(system: System) -> list[tuple[str, str | None]]:
    """What the probe saw, by name; None where it saw nothing."""
    cpu, memory, software = system.cpu, system.memory, system.software
    packages = software.packages
    drivers = dict.fromkeys(one.driver for one in system.accelerators if one.driver)
    return [
        ("Processor", cpu.model),
        ("Sockets", None if cpu.sockets is None else units.count(cpu.sockets)),
        ("Cores usable, of those shown", _of(cpu.usable_cores, cpu.cores)),
        ("Threads usable, of those shown", _of(cpu.usable_threads, cpu.threads)),
        ("CPU quota", None if cpu.quota_threads is None else units.number(cpu.quota_threads)),
        ("Last-level cache", None if cpu.l3_bytes is None else units.size(cpu.l3_bytes)),
        ("Memory", units.size(memory.total_bytes)),
        (
            "Memory limit of the container",
            None if memory.limit_bytes is None else units.size(memory.limit_bytes),
        ),
        ("Accelerators", _accelerators(system)),
        *[("Driver", driver) for driver in drivers],
        ("Hypervisor", system.virtualisation.hypervisor),
        ("Container", system.virtualisation.container),
        ("System", f"{software.os}, kernel {software.kernel}"),
        ("Python", software.python),
        *[(name, packages.get(key)) for key, name in _LIBRARIES.items() if key in packages],
        *[(name, value) for name, value in sorted(software.environment.items())],
    ]


def _of(usable: int | None, shown: int | None) -> str:
    return f"{units.count(usable)} of {units.count(shown)}"


def _accelerators(system: System) -> str | None:
    """`8 x NVIDIA A100-SXM4-80GB, 80.0 GiB each`; None without any."""
    kinds = [(one.name, one.memory_bytes) for one in system.accelerators]
    told = [
        f"{units.times(kinds.count(kind), kind[0])}, {units.size(kind[1])} each"
        for kind in dict.fromkeys(kinds)
    ]
    return "; ".join(told) or None


def _ceilings_table(records: Sequence[Record], of: Machine) -> Block:
    found = evidence.ceilings(records)
    if not found:
        return Prose((_titled(of, "No ceiling was measured on this machine."),), (_RUN,))
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
    caption = "Measured ceilings: the best this machine did on one kernel"
    return Table(_titled(of, caption), columns, rows)


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
