"""Answers as tables for a terminal of 80 columns. Builds renderables; prints nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchbench import units
from benchbench.derive import ceiling
from benchbench.derive.normal import WORDS as NORMAL_WORDS
from benchbench.evaluate import default_beside
from benchbench.stats import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchbench.catalog.check import Finding
    from benchbench.catalog.offer import OfferList
    from benchbench.derive import Figures
    from benchbench.derive.comparison import Comparison, ComparisonList
    from benchbench.derive.figures import Percentile
    from benchbench.evaluate import Result, ResultList
    from benchbench.recommend import Candidate, Recommendation
    from benchbench.record import Caveat, Ceiling, System, Tried
    from benchbench.system.doctor import Capability, DoctorReport
    from benchbench.tco.answer import TcoAnswer
    from benchbench.verify import Verification
    from benchbench.workload import WorkloadList

_MARK = {"valid": "", "valid_with_warnings": "!", "invalid": "INVALID"}
_MOST_FINDINGS = 10
_MOST_DIFFERENCES = 8
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
    table = _table("Measured ceilings", "kernel", "on", "reaches", "by")
    for one in measured:
        estimate = Estimate(value=one.value, low=one.low, high=one.high, basis="measured")
        reached = units.ceiling(one.value, one.unit)
        table.add_row(
            ceiling.name(one),
            ceiling.where(one),
            _within(reached, estimate),
            ceiling.reached_by(one),
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


def outcome(listed: ResultList) -> RenderableType:
    """The results of one run; before them what its searches tried, and what their winners gain."""
    figures = [one.figures for one in listed.results]
    parts: list[RenderableType] = []
    for one in listed.results:
        if one.tried:
            gain = _gain(one.figures, default_beside(one.figures, figures))
            parts += [_tried(one), Text(gain, style="bold"), *_unfinished(one), Text()]
    return Group(*parts, results(listed))


def _tried(one: Result) -> Table:
    """What the search that this won tried, the fastest first."""
    figures = one.figures
    table = _table(
        f"{figures.workload}: what was tried", "setting", "besides", "rate", "of default"
    )
    default = one.tried[0].units_per_s
    for each in sorted(one.tried, key=lambda each: -(each.units_per_s or 0)):
        table.add_row(*_tried_cells(each, default, figures.unit))
    return table


def _unfinished(one: Result) -> list[Text]:
    said = "The time was up before everything was tried: give it more with --budget-minutes."
    return [] if one.search_complete else [Text(said, style="yellow")]


def _tried_cells(each: Tried, default: float | None, unit: str) -> tuple[str, ...]:
    rate = each.units_per_s
    return (
        units.setting(each.precision, each.batch_size, each.backend),
        units.changes(each.parameters, each.threads, each.environment),
        (each.because or units.UNKNOWN) if rate is None else units.rate(rate, unit),
        "" if rate is None or default is None else f"{units.number(rate / default)}x",
    )


def _gain(best: Figures, beside: Figures | None) -> str:
    """The winner against the default, both measured in full and in turns."""
    setting = units.setting(best.precision, best.batch_size, best.backend)
    if beside is None:
        return f"Best: {setting}, the default: nothing tried was faster."
    if best.throughput is None or beside.throughput is None:
        return f"Best in the trials: {setting}; one of the two full measurements is not valid."
    ratio = best.throughput.value / beside.throughput.value
    return f"Best: {setting}, {units.number(ratio)}x the default, measured in turns."


def result(one: Result) -> RenderableType:
    """One configuration in full, with its doubts and why it is not faster."""
    figures = one.figures
    table = _table(f"{figures.workload} on {one.machine}", "figure", "value")
    for name, value in _figure_rows(figures):
        if value != units.UNKNOWN:
            table.add_row(name, value)
    parts: list[RenderableType] = [table]
    if one.tried:
        parts[:0] = [_tried(one), Text()]
    if one.failure is not None:
        parts.append(Text(f"failed: {one.failure.message}\n  → {one.failure.remedy}", style="red"))
    else:
        parts.append(Text(f"Limited by: {figures.regime.name} ({figures.regime.evidence})."))
        parts.append(Text(f"  → try {figures.regime.try_next}"))
        parts += _normal(figures)
    return Group(*parts, *caveats(figures.caveats))


def comparisons(listed: ComparisonList) -> RenderableType:
    """B against A: the verdict in words, then what is behind it."""
    return Group(*(part for one in listed.comparisons for part in _comparison(one)))


def _comparison(one: Comparison) -> list[RenderableType]:
    table = _table(one.workload, "", "side", "setting", "throughput", "runs")
    for letter, side in (("A", one.a), ("B", one.b)):
        figures = side.figures
        setting = f"{figures.backend} {figures.precision} x{figures.batch_size}"
        runs = units.count(figures.processes)
        table.add_row(letter, side.label, setting, throughput(figures), runs)
    parts: list[RenderableType] = [table, Text(_verdict(one), style="bold")]
    if one.minimum_detectable_effect is not None:
        smallest = units.percent(one.minimum_detectable_effect)
        parts.append(Text(f"So many runs of this spread would find a difference of {smallest}."))
    differing = [
        f"{d.name}: {_given(d.a)} → {_given(d.b)}" for d in one.differences[:_MOST_DIFFERENCES]
    ]
    left = len(one.differences) - len(differing)
    if left > 0:
        differing.append(f"… and {left} more; all of them with --json")
    return [*parts, *(Text(f"  {line}", style="dim") for line in differing), *caveats(one.caveats)]


def _verdict(one: Comparison) -> str:
    said = one.verdict.upper().replace("_", " ")
    if one.ratio is None:
        return f"{said}: {one.because}."
    ratio = units.number(one.ratio.value, 4)
    known = units.between(one.ratio.low, one.ratio.high, digits=4)
    return f"B is {said}: {ratio} times as fast as A ({known}); {one.because}."


def _given(value: str | None) -> str:
    return units.UNKNOWN if value is None else value


def verification(answer: Verification) -> RenderableType:
    """What was recomputed, and what does not hold."""
    held = "all of it holds" if not answer.findings else f"{len(answer.findings)} do not hold"
    claims = units.counted(answer.claims, "claim")
    found = [
        Text(f"wrong: {one.where}: {one.message}", style="red")
        for one in answer.findings[:_MOST_FINDINGS]
    ]
    left = len(answer.findings) - len(found)
    more = [Text(f"… and {left} more; all of them with --json")] if left > 0 else []
    said = (
        f"{answer.what}: {claims} of {units.counted(answer.records, 'record')} recomputed, {held}."
    )
    return Group(
        *found, *more, *(Text(f"note: {n}", style="dim") for n in answer.notes), Text(said)
    )


def _normal(figures: Figures) -> list[Text]:
    """Is this number normal?"""
    if figures.normal is None:
        return []
    known = figures.normal
    lines = [Text(f"Normal? {NORMAL_WORDS[known.name]}: {known.because}.")]
    return [*lines, Text(f"  → {known.try_next}")] if known.try_next else lines


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
    return Group(table, *(Text(sentence) for sentence in answer.sentences))


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
    setting = units.setting(
        figures.precision, figures.batch_size, figures.backend, figures.devices[0]
    )
    if figures.driver == "loadgen":
        setting = f"{units.scenario(figures.scenario, figures.driver)}, {setting}"
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
        ("scenario", units.scenario(figures.scenario, figures.driver)),
        ("throughput", throughput(figures)),
        *((f"latency p{one.percent:g}", _latency(one)) for one in figures.latency),
        ("median step", _estimate(figures.step_s, units.duration)),
        ("achieved", _estimate(figures.achieved_flops, units.flops)),
        ("of the datasheet's peak (MFU)", _estimate(figures.mfu, units.percent)),
        ("of the best matmul here", _estimate(figures.share_of_achievable, units.percent)),
        ("best matmul here", units.flops(best.value) if best else units.UNKNOWN),
        ("datasheet's peak", units.flops(figures.datasheet_flops)),
        ("which assumes", figures.datasheet_because or units.UNKNOWN),
        ("observed clock", units.clock(figures.observed_clock_hz)),
        ("datasheet's peak at that clock", units.flops(figures.datasheet_flops_at_clock)),
        ("of that peak", _estimate(figures.mfu_at_clock, units.percent)),
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


def _latency(one: Percentile) -> str:
    """The percentile, or how far its queries are from enough."""
    if one.seconds is None:
        return f"{units.count(one.queries)} of the {units.count(one.queries_needed)} queries needed"
    return f"{units.duration(one.seconds)} (of {units.counted(one.queries, 'query')})"


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
