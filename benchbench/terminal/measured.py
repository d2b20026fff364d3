"""What was measured, for a terminal: results, searches, comparisons, and what was verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from benchbench import sheets, units
from benchbench.derive.normal import WORDS as NORMAL_WORDS
from benchbench.evaluate import default_beside
from benchbench.sheets import throughput
from benchbench.terminal.figures import figure_rows
from benchbench.terminal.layout import blank_table, caveats, indented, of_grid, plain

if TYPE_CHECKING:
    from rich.table import Table

    from benchbench.derive import Figures
    from benchbench.derive.comparison import Comparison, ComparisonList
    from benchbench.evaluate import Examination, Result, ResultList
    from benchbench.record import RateSearch, Tried
    from benchbench.transfer import Merger
    from benchbench.verify import Verification


_MOST_FINDINGS = 10
_MOST_DIFFERENCES = 8


def results(listed: ResultList) -> RenderableType:
    """One line per configuration, one table per machine."""
    sheet = sheets.results(listed)
    notes = (plain(one, "yellow") for one in sheet.sentences)
    return Group(*map(of_grid, sheet.grids), *notes)


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
    return Group(of_grid(sheets.accuracies([one])), *map(plain, lines), *caveats(one.caveats))


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
    table = blank_table(
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
    table = blank_table(f"{figures.workload} on {one.machine}", "figure", "value")
    for name, value in figure_rows(figures):
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
        parts.append(indented(f"→ {one.failure.remedy}", "red"))
    else:
        parts.append(Text(f"Limited by: {figures.regime.name} ({figures.regime.evidence})."))
        parts.append(indented(f"→ try {figures.regime.try_next}"))
        parts += _normal(figures)
    return Group(*parts, *caveats(figures.caveats))


def _rates(search: RateSearch, unit: str) -> Table:
    """Every rate tried in a search for a server's highest, in order."""
    bound = units.duration(search.latency_bound_s)
    title = f"Rates tried: at most {bound} at p{search.percent:g}"
    table = blank_table(title, "rate", "queries", "late", "percentile", "client late", "held")
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
    table = blank_table(one.workload, "", "side", "setting", "throughput", "runs")
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
    return [*parts, *(indented(line, "dim") for line in differing), *caveats(one.caveats)]


def _verdict(one: Comparison) -> str:
    said = one.verdict.upper().replace("_", " ")
    if one.ratio is None:
        return f"{said}: {one.because}."
    ratio = units.number(one.ratio.value, 4)
    known = units.between(one.ratio.low, one.ratio.high, digits=4)
    return f"B is {said}: {ratio} times as fast as A ({known}); {one.because}."


def _given(value: str | None) -> str:
    return units.UNKNOWN if value is None else value


def merger(done: Merger) -> RenderableType:
    """What came, what was there, and what was left where it is."""
    added, held = units.counted(len(done.added), "result"), units.count(len(done.held))
    left_out = (
        Text(f"left out: {one.store}: {one.name}: {one.reason}", style="yellow")
        for one in done.left_out
    )
    return Group(*left_out, Text(f"{done.into}: {added} added, {held} held already"))


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
    return [*lines, indented(f"→ {known.try_next}")] if known.try_next else lines
