"""A machine and what can be run on it, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from benchbench import units
from benchbench.derive import ceiling
from benchbench.sheets import within
from benchbench.stats import Estimate
from benchbench.terminal.layout import blank_table, caveats, plain
from benchbench.workload.describe import Fits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from benchbench.record import Ceiling, System
    from benchbench.system.doctor import Capability, DoctorReport
    from benchbench.workload.describe import Holder, WorkloadDescription, WorkloadList


def doctor(report: DoctorReport) -> RenderableType:
    """This machine, what can be measured on it, and what to mend first."""
    parts: list[RenderableType] = [
        _facts(report.system),
        Text(),
        _capabilities(report.capabilities),
    ]
    if report.ceilings:
        parts += [Text(), ceilings(report.ceilings)]
    return Group(*parts, *caveats(report.caveats))


def ceilings(measured: Sequence[Ceiling]) -> Table:
    """What the machine reaches on one kernel."""
    table = blank_table("Measured ceilings", "kernel", "on", "reaches", "by")
    for one in measured:
        estimate = Estimate(value=one.value, low=one.low, high=one.high, basis="measured")
        reached = units.ceiling(one.value, one.unit)
        table.add_row(
            ceiling.name(one),
            ceiling.where(one),
            within(reached, estimate),
            ceiling.reached_by(one),
        )
    return table


def workloads(listed: WorkloadList) -> RenderableType:
    """What can be run: what each wears on, what one unit costs by counting, who can hold it."""
    columns = ("name", "stresses", "per unit", "FLOP/B", "memory", "here", "held by")
    table = blank_table("Workloads", *columns)
    table.columns[0].no_wrap = True
    for one in listed.workloads:
        table.add_row(*map(plain, _workload_cells(one)))
    notes = (
        "Memory: the least a CPU needs. Here: whether this machine holds it. Held by: the smallest "
        "accelerator that does, at its own batch."
    )
    return Group(table, Text(notes, style="dim"))


def _workload_cells(one: WorkloadDescription) -> tuple[str, ...]:
    counted = units.flop_count(one.flops_per_unit)
    fits = one.fits or Fits()
    return (
        one.name,
        ", ".join(one.stresses) or units.UNKNOWN,
        f"{counted} per {one.unit}",
        units.number(one.intensity),
        units.size(one.memory_bytes),
        _yes(here=fits.here),
        units.UNKNOWN if fits.smallest is None else _card(fits.smallest),
    )


def _yes(*, here: bool | None) -> str:
    return units.UNKNOWN if here is None else "yes" if here else "no"


def workload(one: WorkloadDescription) -> RenderableType:
    """One workload in full: what it is, what can be set, what it needs, how it was counted."""
    table = blank_table("", "what", "is")
    table.title = plain(f"{one.name}: {one.summary}")
    for name, said in _workload_rows(one):
        if said != units.UNKNOWN:
            table.add_row(*map(plain, (name, said)))
    formulas = [plain(f"{name}: {said}", style="dim") for name, said in one.formulas.items()]
    paragraphs = (" ".join(each.split()) for each in one.text.split("\n\n"))
    told = [part for each in paragraphs if each for part in (Text(), plain(each))]
    return Group(table, *told, Text(), *formulas)


def _workload_rows(one: WorkloadDescription) -> list[tuple[str, str]]:
    fits = one.fits or Fits()
    batch = units.count(one.batch_size)
    if one.batch_size_accelerator is not None:
        batch += f", {units.count(one.batch_size_accelerator)} on an accelerator"
    return [
        ("unit", one.unit),
        ("scenarios", ", ".join(map(units.scenario, one.scenarios)) or one.scenario),
        ("precisions", ", ".join(one.precisions)),
        ("backends", ", ".join(one.backends)),
        ("batch", batch),
        *((f"--set {name}=", _settable(one, name)) for name in one.parameters),
        ("stresses", ", ".join(one.stresses) or units.UNKNOWN),
        ("work per unit", units.flop_count(one.flops_per_unit)),
        ("elementwise besides", units.flop_count(one.other_flops_per_unit)),
        ("least bytes per unit", units.si(one.bytes_per_unit, "B")),
        ("FLOP per byte", units.number(one.intensity)),
        ("least memory, CPU", units.size(one.memory_bytes)),
        ("least memory, accelerator", units.size(one.accelerator_memory_bytes)),
        ("this machine holds it", _yes(here=fits.here)),
        ("smallest accelerator", _holder(fits.smallest)),
        ("cheapest accelerator", _holder(fits.cheapest)),
    ]


def _settable(one: WorkloadDescription, name: str) -> str:
    tried = ", ".join(str(value) for value in one.tunable.get(name, ()))
    return f"{one.parameters[name]}" + (f" (--tune tries {tried})" if tried else "")


def _holder(one: Holder | None) -> str:
    if one is None:
        return units.UNKNOWN
    price, place = units.usd(one.usd_per_hour), f"{one.provider} {one.instance} {one.region}"
    return f"{_card(one)}: {place}, {price} an hour"


def _card(one: Holder) -> str:
    return f"{one.silicon}, {units.size(one.memory_bytes)}"


def _facts(system: System) -> Table:
    table = blank_table("This machine", "what", "seen")
    cpu, memory = system.cpu, system.memory
    table.add_row("processor", cpu.model)
    table.add_row("usable", f"{cpu.usable_threads} threads on {cpu.usable_cores or '—'} cores")
    table.add_row("vector units", ", ".join(cpu.instruction_sets) or units.UNKNOWN)
    table.add_row("last-level cache", units.size(cpu.l3_bytes))
    table.add_row("memory", units.size(memory.limit_bytes or memory.total_bytes))
    for one in system.accelerators:
        table.add_row(one.device, f"{one.name}, {units.size(one.memory_bytes)}")
    if system.cloud is not None:
        cloud = (system.cloud.provider, system.cloud.instance_type, system.cloud.region)
        table.add_row("cloud", " ".join(part for part in cloud if part))
    virtual = system.virtualisation
    table.add_row("hypervisor", virtual.hypervisor or "none seen")
    table.add_row("container", virtual.container or "none seen")
    for name in ("torch", "transformers", "numpy"):
        table.add_row(name, system.software.packages.get(name, "not installed"))
    return table


def _capabilities(capabilities: Sequence[Capability]) -> Table:
    table = blank_table("What can be measured here", "", "what", "because")
    for one in capabilities:
        because = one.because if one.remedy is None else f"{one.because} → {one.remedy}"
        table.add_row("yes" if one.available else "no", one.name, because)
    return table
