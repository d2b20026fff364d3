"""What the work drew, where a counter could be read; else why not."""

from benchbench import units
from benchbench.derive import Figures
from benchbench.record import EnergyScope, Record, System
from benchbench.report import evidence
from benchbench.report.blocks import Cell, Column, Part, Prose, Row, Table, plain, quantity, words
from benchbench.report.evidence import Measured

_REFUSED = ("energy_implausible", "power_gap", "mig_slice")
"""Codes of doubts that say why energy is withheld, where the records raise one."""


def part(seen: Measured) -> Part:
    """One row per configuration: its energy, or the reason for the dash."""
    if not any(figure.joules_per_unit for figure in seen.figures):
        reasons = dict.fromkeys(_why_not(seen, figure) for figure in seen.figures)
        said = "; ".join(filter(None, reasons)) or "no energy counter is readable here"
        return Part("energy", "Energy", (Prose((f"Not measured: {said}.",)),))
    columns = (
        Column("Workload"),
        Column("Energy per unit", numeric=True),
        Column("Mean power", numeric=True),
        Column("Idle power", numeric=True),
        Column("Of what, and how"),
    )
    rows = tuple(_row(seen, figure) for figure in seen.figures)
    return Part("energy", "Energy", (Table("Energy, idle power included", columns, rows),))


def _row(seen: Measured, figure: Figures) -> Row:
    scope = figure.energy_scope
    records = seen.behind(figure)
    how = words(_why_not(seen, figure)) if scope is None else _how(records, scope)
    cells = (
        words(seen.name(figure), evidence.setting(figure)),
        quantity(figure.joules_per_unit, lambda value: units.si(value, "J")),
        plain(None if scope is None else _mean_watts(records, scope), units.power),
        plain(None if scope is None else _idle_watts(records, scope), units.power),
        how,
    )
    return Row(cells, seen.key(figure))


def _how(records: list[Record], scope: EnergyScope) -> Cell:
    methods = dict.fromkeys(
        energy.method.replace("_", " ")
        for record in records
        if record.measurement is not None
        for energy in record.measurement.energy
        if energy.scope == scope
    )
    return words(scope.replace("_", " "), ", ".join(methods))


def _mean_watts(records: list[Record], scope: EnergyScope) -> float | None:
    """Energy over the time it was drawn in, devices added, repeats averaged."""
    drawn = [
        sum(one.joules / one.elapsed_s for one in record.measurement.energy if one.scope == scope)
        for record in records
        if record.measurement is not None
    ]
    return sum(drawn) / len(drawn) if drawn and all(drawn) else None


def _idle_watts(records: list[Record], scope: EnergyScope) -> float | None:
    idle = [
        [one.watts for one in record.measurement.idle_power if one.scope == scope]
        for record in records
        if record.measurement is not None
    ]
    return sum(map(sum, idle)) / len(idle) if idle and all(idle) else None


def _why_not(seen: Measured, figure: Figures) -> str:
    """The records' own reason; else what such a machine hides."""
    doubt = next((one for one in figure.caveats if one.code in _REFUSED), None)
    if doubt is not None:
        return doubt.message
    machine = seen.machine(figure)
    return "" if machine is None else _hidden(machine.system)


def _hidden(system: System) -> str:
    guest = system.virtualisation.hypervisor
    if system.accelerators:
        return "no power counter of the devices was readable"
    if guest:
        return f"no energy counter is readable; a {guest} guest is not shown its processor's"
    return "no energy counter is readable here; on Linux reading the processor's takes rights"
