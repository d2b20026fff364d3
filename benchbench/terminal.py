"""Answers as tables for a terminal of 80 columns. Builds renderables; prints nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from benchbench import sheets, units
from benchbench.derive import ceiling
from benchbench.derive.normal import WORDS as NORMAL_WORDS
from benchbench.evaluate import default_beside
from benchbench.formats import legible
from benchbench.sheets import middle, throughput, within
from benchbench.stats import Estimate
from benchbench.workload import Fits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from benchbench.catalog.agreement import Agreement
    from benchbench.catalog.check import Finding
    from benchbench.catalog.egress import Bill
    from benchbench.catalog.importing import ImportReport
    from benchbench.catalog.match import Match
    from benchbench.catalog.offer import OfferList
    from benchbench.derive import Figures
    from benchbench.derive.comparison import Comparison, ComparisonList
    from benchbench.derive.figures import Percentile, TrainingEstimate
    from benchbench.evaluate import Examination, Result, ResultList
    from benchbench.formats import Grid
    from benchbench.recommend import Fleet, Recommendation
    from benchbench.record import Caveat, Ceiling, RateSearch, System, Tried
    from benchbench.system.doctor import Capability, DoctorReport
    from benchbench.tco.answer import Assumption, TcoAnswer
    from benchbench.verify import Verification
    from benchbench.workload import Holder, WorkloadDescription, WorkloadList

_SHOWN = 5
_MOST_FINDINGS = 10
_MOST_DIFFERENCES = 8


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
            within(reached, estimate),
            ceiling.reached_by(one),
        )
    return table


def workloads(listed: WorkloadList) -> RenderableType:
    """What can be run: what each wears on, what one unit costs by counting, who can hold it."""
    columns = ("name", "stresses", "per unit", "FLOP/B", "memory", "here", "held by")
    table = _table("Workloads", *columns)
    table.columns[0].no_wrap = True
    for one in listed.workloads:
        table.add_row(*map(_plain, _workload_cells(one)))
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
    table = _table("", "what", "is")
    table.title = _plain(f"{one.name}: {one.summary}")
    for name, said in _workload_rows(one):
        if said != units.UNKNOWN:
            table.add_row(*map(_plain, (name, said)))
    formulas = [_plain(f"{name}: {said}", style="dim") for name, said in one.formulas.items()]
    paragraphs = (" ".join(each.split()) for each in one.text.split("\n\n"))
    told = [part for each in paragraphs if each for part in (Text(), _plain(each))]
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


def results(listed: ResultList) -> RenderableType:
    """One line per configuration, one table per machine."""
    sheet = sheets.results(listed)
    exams = [_examinations(listed.examinations)] if listed.examinations else []
    notes = (_plain(one, "yellow") for one in sheet.sentences)
    return Group(*map(_grid, sheet.grids), *exams, *notes)


def _examinations(taken: Sequence[Examination]) -> Table:
    """One line per gate of each."""
    table = _table("Accuracy", "workload", "setting", "reached", "gate, of reference", "")
    for one in taken:
        found, setting = one.accuracy, f"{one.precision}, {one.backend}"
        reached = f"{found.metric} {units.number(found.percent, 5)}"
        for gate in found.gates:
            least = units.number(gate.least_percent, 5)
            said = f"{least}, {units.percent(gate.fraction, 4)}"
            asked = "" if gate.demanded else ", not demanded"
            table.add_row(
                *(one.workload, setting, reached, said),
                ("passed" if gate.passed else "missed") + asked,
            )
    return table


def examination(one: Examination) -> RenderableType:
    """How right the answers are, by which metrics, of what, and against whose."""
    found = one.accuracy
    metrics = {found.metric: found.percent, **found.others}
    said = ", ".join(f"{name} {units.number(value, 5)}" for name, value in metrics.items())
    lines = [
        f"{said}: of {units.count(found.scored)} scored, {units.count(found.samples)} answered",
        f"reference: {units.number(found.reference_percent, 5)}, {found.reference}",
        f"data sha256 {found.data_sha256 or units.UNKNOWN}",
        f"weights sha256 {found.weights_sha256 or units.UNKNOWN}",
    ]
    return Group(_examinations([one]), *map(_plain, lines), *caveats(one.caveats))


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
    if figures.rate_search is not None:
        search = figures.rate_search
        parts += [Text(), _rates(search, figures.unit), Text(f"Answered {search.policy}.")]
    if one.tried:
        parts[:0] = [_tried(one), Text()]
    if one.failure is not None:
        parts.append(Text(f"failed: {one.failure.message}", style="red"))
        parts.append(_indented(f"→ {one.failure.remedy}", "red"))
    else:
        parts.append(Text(f"Limited by: {figures.regime.name} ({figures.regime.evidence})."))
        parts.append(_indented(f"→ try {figures.regime.try_next}"))
        parts += _normal(figures)
    return Group(*parts, *caveats(figures.caveats))


def _rates(search: RateSearch, unit: str) -> Table:
    """Every rate tried in a search for a server's highest, in order."""
    bound = units.duration(search.latency_bound_s)
    title = f"Rates tried: at most {bound} at p{search.percent:g}"
    table = _table(title, "rate", "queries", "late", "percentile", "client late", "held")
    for one in search.probes:
        sure = "" if one.early_stopping or not one.met else ", too few queries to be sure"
        table.add_row(
            units.rate(one.rate_per_s, unit),
            units.count(one.queries),
            units.count(one.over_bound),
            units.duration(one.latency_s),
            units.duration(one.latest_s),
            ("yes" if one.met else "no") + sure,
        )
    return table


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
    return [*parts, *(_indented(line, "dim") for line in differing), *caveats(one.caveats)]


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


def _normal(figures: Figures) -> list[RenderableType]:
    """Is this number normal?"""
    if figures.normal is None:
        return []
    known = figures.normal
    lines: list[RenderableType] = [Text(f"Normal? {NORMAL_WORDS[known.name]}: {known.because}.")]
    return [*lines, _indented(f"→ {known.try_next}")] if known.try_next else lines


def recommendation(answer: Recommendation, *, most: int = 10) -> RenderableType:
    """The ranking, its basis, and how many offers were turned down for what."""
    from benchbench.recommend import sentences  # noqa: PLC0415 - brings pandas, for this answer only

    parts: list[RenderableType] = []
    if answer.candidates:
        parts.append(_grid(sheets.ranking(answer, most)))
        best = sentences.notes(answer.candidates[0], answer.goal, answer.unit)
        told = filter(None, (*best, sentences.runner_up(answer)))
        parts += [Text("The first:"), *map(_indented, told)]
    parts += [_indented(line, "dim") for line in sheets.rejections(answer)]
    said = [one.sentence for one in answer.relaxations] or [answer.binding or ""]
    parts += [_plain(sentence, style="bold") for sentence in said if sentence]
    if answer.fleet is not None:
        parts.append(_fleet(answer.fleet, f"Or {sentences.fleet(answer.fleet)}"))
    return Group(*parts, *caveats(answer.caveats))


def why_not(answer: Recommendation, instance: str) -> RenderableType:
    """Every offer of one instance: its rank, or the reason it has none."""
    table = _table("", "where", "price", "answer")
    table.title = _plain(f"{instance} for {answer.goal.workload}")
    for one in answer.candidates:
        if one.offer.instance == instance:
            said = one.offer.price_kind, f"ranked {one.rank}: {one.because}"
            table.add_row(_plain(f"{one.offer.provider} {one.offer.region}"), *map(_plain, said))
    for out in answer.rejected:
        if out.instance == instance:
            told = (f"{out.provider} {out.region}", out.price_kind, out.because)
            table.add_row(*map(_plain, told))
    if table.row_count:
        return table
    return _plain(f"no offer of {instance}; see the names with: benchbench catalog show")


def _plain(text: str, style: str = "") -> Text:
    """A name is no markup, and what steers a terminal or turns the line round is not printed."""
    return Text(legible(text), style=style)


def _fleet(fleet: Fleet, title: str) -> RenderableType:
    table = _table("", "instance", "where", "$/h", "carries", "")
    table.title = _plain(title)
    for one in fleet.members:
        carries = (f"{name} {units.number(rate)}/s" for name, rate in one.units_per_s.items())
        cells = (
            f"{one.replicas} x {one.offer.instance}",
            f"{one.offer.provider} {one.offer.region}",
            units.usd(one.usd_per_hour),
            ", ".join(carries),
            sheets.MARKS[one.basis],
        )
        table.add_row(*map(_plain, cells))
    return table


def tco(answer: TcoAnswer) -> RenderableType:
    """The alternatives side by side, then the answer in sentences."""
    table = _grid(sheets.tco(answer).grids[0])
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


def offers(listed: OfferList, today: date) -> RenderableType:
    """Instances and prices, each with its source and day; what is old is marked."""
    sheet = sheets.offers(listed, today.toordinal())
    return Group(*map(_grid, sheet.grids), *map(_plain, sheet.sentences))


def imported(report: ImportReport) -> RenderableType:
    """What became of every row of a source, and whether it agrees with what was known."""
    parted = f"{units.count(report.rows_used)} used + {units.count(report.rows_rejected)} rejected"
    sized, lost = units.count(report.with_known_sizes), units.count(report.offers_rejected)
    lines = [
        f"{report.file} ({report.kind}, prices of {report.as_of})",
        f"{units.counted(report.rows_in, 'row')} in = {parted}",
        f"{units.counted(report.offers, 'offer')}, {sized} of them with known silicon or vCPU",
        *(
            [f"{lost} more rejected in rows that hold another offer"]
            if report.offers_rejected
            else []
        ),
        *(f"  {units.count(one.rows)} x {one.reason}" for one in report.reasons[:_SHOWN]),
    ]
    lines += [f"  {one.file}:{one.line}: {one.reason}" for one in report.rejected[:_SHOWN]]
    if len(report.rejected) > _SHOWN:
        lines.append("  more of them with --json")
    lines += [f"note: {note}" for note in report.notes]
    parts: list[RenderableType] = [Text(line) for line in lines]
    if report.agreement is not None and report.agreement.common:
        parts += [Text("Against the offers known before:"), agreement(report.agreement)]
    if report.stored:
        parts.append(Text(f"stored in {report.stored}"))
    return Group(*parts)


def agreement(one: Agreement) -> RenderableType:
    """How the common rows of two sources compare."""
    share = one.within_1_percent / one.common if one.common else None
    first, second = units.count(one.only_first), units.count(one.only_second)
    close, far = units.count(one.within_1_percent), units.count(one.beyond_10_percent)
    lines = [
        f"{units.counted(one.common, 'common offer')}; only in the first {first}, second {second}",
        f"{close} agree within 1 % ({units.percent(share, 4)}), {far} differ by more than 10 %",
    ]
    lines += [
        f"  {two.key}: {units.usd(two.first_usd_per_hour)}, {units.usd(two.second_usd_per_hour)}"
        for two in one.farthest[:_SHOWN]
    ]
    return Group(*(Text(line) for line in lines))


def match(found: Match) -> RenderableType:
    """Which offers a machine is, and how we know."""
    kinds = {"instance": "This very instance", "silicon": "The same silicon", "none": "No offer"}
    lines = [f"{kinds[found.kind]}: {found.because}"]
    if found.socket_share_fraction is not None:
        share = units.percent(found.socket_share_fraction)
        lines.append(f"{share} of a socket of {found.silicon}")
    lines += [f"  {name}" for name in found.instances]
    return Group(*(Text(line) for line in lines))


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
    if one.usd_per_month_with_allowance is not None:
        least = units.cents(one.usd_per_month_with_allowance)
        notes.append(f"{least} where the account's free allowance is still unused")
    return Group(table, *(Text(note, style="dim") for note in notes if note))


def findings(found: Sequence[Finding], offers_checked: int) -> RenderableType:
    """What a lint of the catalogue found."""
    lines = [Text(f"{one.severity}: {one.where}: {one.message}") for one in found]
    return Group(*lines, Text(f"{offers_checked} offers checked, {len(found)} findings"))


def caveats(doubts: Iterable[Caveat]) -> list[RenderableType]:
    """Each doubt with its remedy."""
    style = {"note": "dim", "warning": "yellow", "invalid": "red"}
    return [
        part
        for one in doubts
        for part in (
            Text(f"{one.severity}: {one.message}", style=style[one.severity]),
            _indented(f"→ {one.remedy}", style[one.severity]),
        )
    ]


def _indented(text: str, style: str = "") -> Padding:
    """Below what it belongs to, also where it goes on in a second line."""
    return Padding(_plain(text, style), (0, 0, 0, 2), expand=False)


def _grid(grid: Grid) -> Table:
    """What of a table people read."""
    headings, rows = grid.for_people()
    table = _table("", *headings)
    table.title = _plain(grid.title)
    for cells in rows:
        table.add_row(*map(_plain, cells))
    return table


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


def _figure_rows(figures: Figures) -> list[tuple[str, str]]:
    best = figures.ceiling
    return [
        ("setting", f"{figures.precision}, batch {figures.batch_size}, {figures.backend}"),
        ("scenario", units.scenario(figures.scenario, figures.driver)),
        *_training_rows(figures),
        ("throughput", throughput(figures)),
        *((f"latency p{one.percent:g}", _latency(one)) for one in figures.latency),
        *_loadgen_rows(figures),
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
        ("energy per unit", units.si(middle(figures.joules_per_unit), "J")),
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


def _training_rows(figures: Figures) -> list[tuple[str, str]]:
    """A time to train that was measured, run by run, or one that is estimated."""
    rows = []
    for index, run in enumerate(figures.convergence, start=1):
        seen = (
            f"{units.accuracy(e.accuracy)} at {units.duration(e.time_s)}" for e in run.evaluations
        )
        rows.append((f"run {index}, {run.quality}", ", ".join(seen)))
    if figures.convergence:
        wanted = units.accuracy(figures.convergence[0].target)
        rows.append(
            (f"time to train to {wanted}", _estimate(figures.time_to_train, units.duration))
        )
    found = figures.estimated_training
    if found is not None:
        ends = f"{units.duration(found.seconds.low)} to {units.duration(found.seconds.high)}"
        said = f"{units.duration(found.seconds.value)}, {ends}" if found.seconds.low else ""
        rows.append(("estimated time to train", said or units.duration(found.seconds.value)))
        rows.append(("which is to", f"{found.target}; {found.because}{_accumulated(found)}"))
    return rows


def _accumulated(found: TrainingEstimate) -> str:
    return ", gradients added up to that batch" if found.accumulated else ""


def _loadgen_rows(figures: Figures) -> list[tuple[str, str]]:
    """What LoadGen says of its run, how long it was asked for, and how late its client was."""
    said, search = figures.loadgen, figures.rate_search
    if said is None:
        return []
    sure = {None: "not asked for", True: "satisfied", False: "not satisfied"}
    early = sure[said.early_stopping_met]
    if said.estimate_s is not None:
        early += f", vouches for {units.duration(said.estimate_s)}"
    length = f"{units.duration(said.min_duration_s)} and {units.count(said.min_queries)} at least"
    bound = None if search is None else search.latency_bound_s
    return [
        ("LoadGen says", "VALID" if said.valid else f"INVALID: {', '.join(said.unmet)}"),
        ("its early stopping", early),
        ("its length", f"{'official' if said.official else 'scaled down'}: {length}"),
        ("latency bound", units.duration(bound)),
        ("client late, p99", units.duration(figures.lateness_p99_s)),
    ]


def _latency(one: Percentile) -> str:
    """The percentile, or how far its queries are from enough."""
    if one.seconds is None:
        return f"{units.count(one.queries)} of the {units.count(one.queries_needed)} queries needed"
    return f"{units.duration(one.seconds)} (of {units.counted(one.queries, 'query')})"


def _estimate(estimate: Estimate | None, text: Callable[[float | None], str]) -> str:
    return units.UNKNOWN if estimate is None else within(text(estimate.value), estimate)
