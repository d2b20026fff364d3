"""Answers as tables for a terminal of 80 columns. Builds renderables; prints nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from benchbench import units
from benchbench.stats import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchbench.catalog.check import Finding
    from benchbench.catalog.egress import Bill
    from benchbench.catalog.offer import OfferList
    from benchbench.derive import Figures
    from benchbench.evaluate import Result, ResultList
    from benchbench.recommend import Candidate, Recommendation
    from benchbench.record import Caveat, Ceiling, System
    from benchbench.system.doctor import Capability, DoctorReport
    from benchbench.tco.answer import Assumption, TcoAnswer
    from benchbench.workload import WorkloadList

_MARK = {"valid": "", "valid_with_warnings": "!", "invalid": "INVALID"}
_BASIS = {"measured": "● measured", "predicted": "○ predicted", "assumed": "◌ assumed"}


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
    table = _table("Measured ceilings", "kernel", "dtype", "device", "reaches", "path")
    for one in measured:
        estimate = Estimate(value=one.value, low=one.low, high=one.high, basis="measured")
        reached = units.si(one.value, one.unit.replace("byte", "B"))
        table.add_row(
            one.kind, one.dtype or units.UNKNOWN, one.device, _within(reached, estimate), one.path
        )
    return table


def workloads(listed: WorkloadList) -> Table:
    """What can be run, and what one unit of it costs by counting."""
    table = _table("Workloads", "name", "scenario", "unit", "work per unit", "least bytes", "batch")
    for one in listed.workloads:
        table.add_row(
            one.name,
            one.scenario,
            one.unit,
            units.flop_count(one.flops_per_unit),
            units.si(one.bytes_per_unit, "B"),
            str(one.batch_size),
        )
    return table


def results(listed: ResultList) -> RenderableType:
    """One line per configuration, one table per machine."""
    tables: dict[str, Table] = {}
    for one in listed.results:
        if one.machine not in tables:
            tables[one.machine] = _table(
                f"Results on {one.machine}",
                *("workload", "setting", "throughput", "achieved", "of peak", "of best"),
            )
        tables[one.machine].add_row(*_result_cells(one))
    notes = [
        Text(f"left out: {one.name}: {one.reason}", style="yellow") for one in listed.unreadable
    ]
    return Group(*tables.values(), *notes)


def result(one: Result) -> RenderableType:
    """One configuration in full, with its doubts and why it is not faster."""
    figures = one.figures
    table = _table(f"{figures.workload} on {one.machine}", "figure", "value")
    for name, value in _figure_rows(figures):
        if value != units.UNKNOWN:
            table.add_row(name, value)
    parts: list[RenderableType] = [table]
    if one.failure is not None:
        parts.append(Text(f"failed: {one.failure.message}\n  → {one.failure.remedy}", style="red"))
    else:
        parts.append(Text(f"Limited by: {figures.regime.name} ({figures.regime.evidence})."))
        parts.append(Text(f"  → try {figures.regime.try_next}"))
    return Group(*parts, *caveats(figures.caveats))


def recommendation(answer: Recommendation, *, most: int = 10) -> RenderableType:
    """The ranking, its basis, and how many offers were turned down for what."""
    shown = answer.candidates[:most]
    cheapest = shown[0].usd_per_unit.value if shown else 0.0
    amount, name = units.bulk(cheapest, answer.unit)
    table = _table(
        f"{answer.goal.workload}: US dollars per {name}",
        "",
        "instance",
        "where",
        "$/h",
        "$",
        "±",
        "",
    )
    for one in (*shown, *(one for one in answer.candidates[most:] if _is_here(one))):
        table.add_row(*_candidate_cells(one, amount))
    parts: list[RenderableType] = [table] if shown else []
    parts += [Text(f"  {line}", style="dim") for line in _rejections(answer)]
    if answer.binding:
        parts.append(Text(answer.binding, style="bold"))
    return Group(*parts, *caveats(answer.caveats))


def tco(answer: TcoAnswer) -> RenderableType:
    """The alternatives side by side, then the answer in sentences."""
    table = _table(
        f"{answer.title}, {answer.horizon_months} months",
        "alternative",
        "total",
        "present value",
        "per useful hour",
    )
    for one in answer.alternatives:
        best = " ←" if one.name == answer.cheapest else ""
        if one.infeasible_because:
            table.add_row(one.label, one.infeasible_because, "", "")
            continue
        table.add_row(
            one.label + best,
            units.usd(one.total_usd),
            units.usd(one.npv_usd),
            units.usd(one.usd_per_useful_hour),
        )
    first, *others = answer.sentences
    told = [Text(first, style="bold"), *map(Text, others), *_reasons(answer)]
    return Group(table, *(Padding(one, (1, 0, 0, 0)) for one in told))


def _reasons(answer: TcoAnswer) -> list[Text]:
    """Build or buy beside the money."""
    return [
        Text(f"{one.question} {one.answer or units.UNKNOWN}: leans to {one.leans}, {one.because}.")
        if one.leans
        else Text(f"{one.question} {one.because}.", style="dim")
        for one in answer.reasons
    ]


def tco_inputs(answer: TcoAnswer) -> RenderableType:
    """Every input of a comparison: value, range, where it is from and since when."""
    lines = [line for one in answer.assumptions for line in _input_lines(one)]
    note = "● measured, ○ predicted, ◌ assumed. Every key can be set in the scenario."
    return Group(*lines, Text(note, style="dim"))


def _input_lines(one: Assumption) -> tuple[Text, Text]:
    mark = {"measured": "●", "predicted": "○", "assumed": "◌"}[one.basis]
    value, low, high = (units.amount(end, one.unit, 4) for end in (one.value, one.low, one.high))
    said = Text.assemble(f"{mark} ", (one.key, "bold"), f"  {value}")
    if one.low is not None:
        said.append(f", from {low} to {high}")
    dated = one.source if one.as_of is None else f"{one.source} ({one.as_of})"
    return said, Text(f"    {one.label}: {dated}", style="dim")


def offers(listed: OfferList) -> RenderableType:
    """Instances and prices, each with its source and day."""
    table = _table(
        "Offers", "instance", "region", "price kind", "$/h", "silicon", "memory", "as of"
    )
    for one in listed.offers:
        silicon = (
            f"{one.accelerator_count:g} x {one.accelerator}" if one.accelerator else one.cpu_model
        )
        table.add_row(
            f"{one.provider} {one.instance}",
            one.region,
            one.price_kind,
            units.usd(one.price_usd_per_hour),
            silicon or units.UNKNOWN,
            units.size(one.memory_bytes),
            f"{one.as_of} {one.source}",
        )
    left = listed.total - len(listed.offers)
    return (
        Group(table, Text(f"{left} more; narrow it down with --gpu, --provider, --region"))
        if (left)
        else table
    )


def bill(one: Bill) -> RenderableType:
    """One month of traffic or storage, tier by tier."""
    what = "egress" if one.service == "internet" else one.service.replace("_", " ")
    title = f"{one.provider}: {units.size(one.size.size_bytes)} of {what} a month"
    table = _table(title, "from", "to", "$/GB", "$")
    for line in one.lines:
        table.add_row(
            units.size(line.from_bytes),
            units.size(line.to_bytes),
            units.number(line.usd_per_gb),
            units.cents(line.usd),
        )
    table.add_row("", "in all", "", units.cents(one.usd_per_month))
    notes = [
        one.size.taken_as,
        f"{one.as_of}, {one.confidence} confidence: {one.source}",
        one.note or "",
    ]
    if one.usd_per_month != one.usd_per_month_without_free:
        without = units.cents(one.usd_per_month_without_free)
        notes.append(f"{without} where the free amount is used up already")
    return Group(table, *(Text(note, style="dim") for note in notes if note))


def findings(found: Sequence[Finding], offers_checked: int) -> RenderableType:
    """What a lint of the catalogue found."""
    lines = [Text(f"{one.severity}: {one.where}: {one.message}") for one in found]
    return Group(*lines, Text(f"{offers_checked} offers checked, {len(found)} findings"))


def caveats(doubts: Iterable[Caveat]) -> list[Text]:
    """Each doubt with its remedy."""
    style = {"note": "dim", "warning": "yellow", "invalid": "red"}
    return [
        Text(f"{one.severity}: {one.message}\n  → {one.remedy}", style=style[one.severity])
        for one in doubts
    ]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _facts(system: System) -> Table:
    table = _table("This machine", "what", "seen")
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
    table = _table("What can be measured here", "", "what", "because")
    for one in capabilities:
        because = one.because if one.remedy is None else f"{one.because} → {one.remedy}"
        table.add_row("yes" if one.available else "no", one.name, because)
    return table


def _result_cells(one: Result) -> tuple[str, ...]:
    figures = one.figures
    setting = f"{figures.precision} x{figures.batch_size} {figures.devices[0]}"
    if one.failure is not None:
        return figures.workload, setting, f"failed: {one.failure.kind}", "", "", ""
    return (
        figures.workload,
        setting,
        f"{throughput(figures)} {_MARK[figures.validity]}".strip(),
        units.flops(value(figures.achieved_flops)),
        units.percent(value(figures.mfu)),
        units.percent(value(figures.share_of_achievable)),
    )


def _figure_rows(figures: Figures) -> list[tuple[str, str]]:
    best = figures.ceiling
    return [
        ("setting", f"{figures.precision}, batch {figures.batch_size}, {figures.backend}"),
        ("throughput", throughput(figures)),
        ("median step", _estimate(figures.step_s, units.duration)),
        ("achieved", _estimate(figures.achieved_flops, units.flops)),
        ("of the datasheet's peak (MFU)", _estimate(figures.mfu, units.percent)),
        ("of the best matmul here", _estimate(figures.share_of_achievable, units.percent)),
        ("best matmul here", units.flops(best.value) if best else units.UNKNOWN),
        ("datasheet's peak", units.flops(figures.datasheet_flops)),
        ("which assumes", figures.datasheet_because or units.UNKNOWN),
        ("of memory bandwidth (MBU)", _estimate(figures.mbu, units.percent)),
        ("energy per unit", units.si(value(figures.joules_per_unit), "J")),
        ("peak memory", units.size(figures.peak_memory_bytes)),
        ("peak device memory", units.size(figures.peak_device_memory_bytes)),
        ("cold start", units.duration(figures.load_s)),
        (
            "waited for data, per step",
            units.duration(figures.input_cost.seconds_per_step)
            if figures.input_cost
            else units.UNKNOWN,
        ),
        ("validity", figures.validity.replace("_", " ")),
    ]


def _is_here(one: Candidate) -> bool:
    """The silicon that was measured: what staying costs, wherever it ranks."""
    return one.basis == "measured" or one.step == "same_chip"


def _candidate_cells(one: Candidate, amount: float) -> tuple[str, ...]:
    replicas = f"{one.replicas} x " if one.replicas > 1 else ""
    return (
        f"{one.rank}{'=' if one.tied_with_best else ''}",
        f"{replicas}{one.offer.instance}",
        f"{one.offer.provider} {one.offer.region}",
        units.usd(one.usd_per_hour),
        units.usd(one.usd_per_unit.value * amount),
        units.spread(one.usd_per_unit.value, one.usd_per_unit.low, one.usd_per_unit.high),
        _BASIS[one.basis],
    )


def _rejections(answer: Recommendation) -> list[str]:
    counted: dict[str, int] = {}
    example: dict[str, str] = {}
    for one in answer.rejected:
        counted[one.code] = counted.get(one.code, 0) + 1
        example.setdefault(one.code, one.because)
    ordered = sorted(counted.items(), key=lambda item: -item[1])
    return [f"{count} rejected, {code}: e.g. {example[code]}" for code, count in ordered]


def throughput(figures: Figures) -> str:
    """`4.12 images/s ±1.2 %`, or a dash."""
    if figures.throughput is None:
        return units.UNKNOWN
    return _within(units.rate(figures.throughput.value, figures.unit), figures.throughput)


def value(estimate: Estimate | None) -> float | None:
    """The middle of it, None when there is none."""
    return None if estimate is None else estimate.value


def _estimate(estimate: Estimate | None, text: Callable[[float | None], str]) -> str:
    return units.UNKNOWN if estimate is None else _within(text(estimate.value), estimate)


def _within(text: str, estimate: Estimate) -> str:
    return f"{text} {units.spread(estimate.value, estimate.low, estimate.high)}".strip()
