"""The section on what the machine delivers: utilisation, roofline, durations, energy, machine."""

from collections.abc import Sequence

from benchbench import units
from benchbench.derive import Figures, Percentile, normal
from benchbench.record import Record
from benchbench.report import evidence, machine, training
from benchbench.report.blocks import (
    Axis,
    Bar,
    BarGroups,
    Block,
    Cell,
    Column,
    Part,
    Plot,
    Point,
    Prose,
    Roof,
    Roofline,
    Row,
    Section,
    Spread,
    Spreads,
    Table,
    ends,
    plain,
    quantity,
    words,
)

_MOST_CHARTED = 8
_RUN = "benchbench run"


def section(records: Sequence[Record], figures: Sequence[Figures]) -> Section:
    """Everything that was measured, and the machine it was measured on."""
    if not records:
        nothing = Prose(("No measurement is in this report. To make some:",), (_RUN,))
        return Section(
            "delivers",
            "What it delivers",
            "Nothing has been measured yet.",
            (Part("nothing-measured", "Start here", (nothing,)),),
        )
    parts = (
        _delivered(figures),
        _utilisation(figures),
        _roofline(figures),
        _normal(figures),
        _durations(records, figures),
        _energy(figures),
        *training.parts(figures),
        machine.part(records),
        *machine.failures(records),
    )
    return Section("delivers", "What it delivers", _lede(figures), parts)


def _lede(figures: Sequence[Figures]) -> str:
    usable = sum(figure.validity != "invalid" for figure in figures)
    return (
        f"{units.counted(len(figures), 'configuration')} measured, {units.count(usable)} usable. "
        "Charts show the fastest usable configuration of each workload; tables show all."
    )


def _delivered(figures: Sequence[Figures]) -> Part:
    columns = (
        Column("Workload"),
        Column("Throughput", numeric=True),
        Column("Achieved", numeric=True),
        Column("Peak memory", numeric=True),
        Column("Cold start", numeric=True),
        Column("Validity"),
    )
    strongest = evidence.best(figures)
    rows = tuple(_result_row(figures, figure, strong=figure in strongest) for figure in figures)
    table = Table("Every configuration; the fastest of each workload in bold", columns, rows)
    return Part("results", "Results", (table,))


def _result_row(figures: Sequence[Figures], figure: Figures, *, strong: bool) -> Row:
    memory = figure.peak_device_memory_bytes or figure.peak_memory_bytes
    cells = (
        words(figure.workload, _where(figure)),
        quantity(figure.throughput, lambda value: units.rate(value, figure.unit)),
        quantity(figure.achieved_flops, units.flops),
        plain(memory, units.size),
        plain(figure.load_s, units.duration),
        words(evidence.VALIDITY_WORDS[figure.validity], _processes(figure)),
    )
    return Row(cells, evidence.key(figures, figure), strong=strong)


def _where(figure: Figures) -> str:
    scenario = units.scenario(figure.scenario, figure.driver)
    found = {"best": ", the best found", "default": ", the default"}.get(figure.role or "", "")
    return f"{scenario}, {evidence.setting(figure)}, {', '.join(figure.devices)}{found}"


def _processes(figure: Figures) -> str:
    return "1 process" if figure.processes == 1 else f"{units.count(figure.processes)} processes"


def _utilisation(figures: Sequence[Figures]) -> Part:
    charted = [figure for figure in evidence.best(figures) if figure.achieved_flops is not None]
    if not charted:
        text = "Nobody has counted the work of these workloads, so there is no utilisation."
        return Part("utilisation", "Utilisation", (Prose((text,)),))
    intro = Prose((_utilisation_sentence(charted), *_assumed_peaks(charted)))
    plot = Plot(
        "chart-utilisation",
        "Datasheet, achievable, achieved",
        "Each workload on its own scale. Dashed is what the datasheet promises, solid what was "
        "measured: the best matrix multiplication, and the workload itself.",
        BarGroups(tuple((figure.workload, _bars(figure)) for figure in charted[:_MOST_CHARTED])),
        _utilisation_table(figures),
    )
    return Part("utilisation", "Utilisation", (intro, plot))


def _utilisation_sentence(figures: Sequence[Figures]) -> str:
    said = [
        f"{figure.workload} reaches {units.percent(figure.share_of_achievable.value)} of what a "
        f"matrix multiplication achieves here"
        + (f" and {units.percent(figure.mfu.value)} of the datasheet" if figure.mfu else "")
        for figure in figures
        if figure.share_of_achievable is not None
    ]
    if not said:
        return "No measured ceiling is in these records, so only the datasheet can be compared."
    return f"{evidence.sentence_list(said)}."


def _assumed_peaks(figures: Sequence[Figures]) -> tuple[str, ...]:
    """What each datasheet figure assumes of the device, once."""
    said = dict.fromkeys(one.datasheet_because for one in figures if one.datasheet_flops)
    return tuple(f"The datasheet's figure: {because}." for because in said if because)


def _bars(figure: Figures) -> tuple[Bar, ...]:
    ceiling = figure.ceiling.value if figure.ceiling else None
    achieved = figure.achieved_flops.value if figure.achieved_flops else None
    return (
        Bar("Datasheet", figure.datasheet_flops, units.flops(figure.datasheet_flops), "assumed"),
        Bar("Achievable", ceiling, units.flops(ceiling), "measured"),
        Bar("Achieved", achieved, units.flops(achieved), "measured"),
    )


def _utilisation_table(figures: Sequence[Figures]) -> Table:
    columns = (
        Column("Workload"),
        Column("Datasheet", numeric=True),
        Column("Achievable", numeric=True),
        Column("Achieved", numeric=True),
        Column("MFU", numeric=True),
        Column("Share of achievable", numeric=True),
        Column("Memory bandwidth used", numeric=True),
    )
    rows = tuple(
        Row(
            (
                words(figure.workload, evidence.setting(figure)),
                plain(figure.datasheet_flops, units.flops),
                machine.ceiling_cell(figure.ceiling),
                quantity(figure.achieved_flops, units.flops),
                quantity(figure.mfu, units.percent),
                quantity(figure.share_of_achievable, units.percent),
                quantity(figure.mbu, units.percent),
            ),
            evidence.key(figures, figure),
        )
        for figure in figures
    )
    return Table("Utilisation of every configuration", columns, rows, folded="Show the numbers")


def _roofline(figures: Sequence[Figures]) -> Part:
    verdicts = _regimes(figures)
    points = _points(figures)
    roofs = tuple(dict.fromkeys(roof for figure in figures for roof in _roofs(figure)))
    if not points or not roofs:
        text = "Without a counted workload and a ceiling there is no roofline to draw."
        return Part("roofline", "Why it is not faster", (Prose((text,)), verdicts))
    plot = Plot(
        "chart-roofline",
        "Roofline",
        "Model FLOP per byte moved against FLOP/s. Under the sloping part memory is the limit, "
        "under the flat part arithmetic is; the distance to the roof is what is left to gain.",
        Roofline(roofs, points),
        _roofline_table(figures),
    )
    return Part("roofline", "Why it is not faster", (plot, verdicts))


def _points(figures: Sequence[Figures]) -> tuple[Point, ...]:
    named = evidence.best(figures)
    return tuple(
        Point(
            evidence.key(figures, figure),
            figure.workload if figure in named else "",
            figure.intensity,
            figure.achieved_flops.value,
            figure.achieved_flops.basis,
            note=_limited_by(figure),
            y_ends=ends(figure.achieved_flops),
        )
        for figure in figures
        if figure.intensity is not None and figure.achieved_flops is not None
    )


def _limited_by(figure: Figures) -> str:
    known = figure.regime.name != "undetermined"
    return f"{figure.regime.name}-bound" if known else "limit undetermined"


def _roofs(figure: Figures) -> list[Roof]:
    roofs = []
    name = f"{figure.precision} {', '.join(figure.devices)}"
    if figure.datasheet_flops is not None:
        label, bandwidth = f"{name}, datasheet", figure.datasheet_bytes_per_s
        roofs.append(Roof(label, figure.datasheet_flops, bandwidth, "assumed"))
    if figure.ceiling is not None:
        slope = figure.memory_ceiling.value if figure.memory_ceiling else None
        roofs.append(Roof(f"{name}, measured", figure.ceiling.value, slope, "measured"))
    return roofs


def _roofline_table(figures: Sequence[Figures]) -> Table:
    columns = (
        Column("Workload"),
        Column("FLOP per unit", numeric=True),
        Column("FLOP per byte", numeric=True),
        Column("Achieved", numeric=True),
        Column("Achieved bandwidth", numeric=True),
        Column("Regime"),
    )
    rows = tuple(
        Row(
            (
                words(figure.workload, evidence.setting(figure)),
                plain(figure.flops_per_unit, units.flop_count),
                plain(figure.intensity, units.number),
                quantity(figure.achieved_flops, units.flops),
                quantity(figure.achieved_bytes_per_s, units.bandwidth),
                words(figure.regime.name),
            ),
            evidence.key(figures, figure),
        )
        for figure in figures
    )
    return Table("Where each configuration stands", columns, rows, folded="Show the numbers")


def _regimes(figures: Sequence[Figures]) -> Table:
    columns = (Column("Workload"), Column("Limited by"), Column("Evidence"), Column("Try next"))
    rows = tuple(
        Row(
            (
                words(figure.workload, evidence.setting(figure)),
                words(figure.regime.name),
                words(figure.regime.evidence),
                words(figure.regime.try_next),
            )
        )
        for figure in evidence.best(figures)
    )
    return Table("What limits each workload, and the one thing to try", columns, rows)


def _normal(figures: Sequence[Figures]) -> Part:
    """Each workload's fastest configuration against what others got on such a device."""
    rows = tuple(
        Row(
            (
                words(figure.workload, evidence.setting(figure)),
                words(normal.WORDS[figure.normal.name]),
                words(figure.normal.because, figure.normal.try_next or ""),
            ),
            evidence.key(figures, figure),
        )
        for figure in evidence.best(figures)
        if figure.normal is not None
    )
    columns = (Column("Workload"), Column("Normal?"), Column("Compared with"))
    caption = "Each workload against what others published for such devices"
    return Part("normal", "Is this number normal?", (Table(caption, columns, rows),))


def _durations(records: Sequence[Record], figures: Sequence[Figures]) -> Part:
    spreads = [
        _spread(figure, evidence.behind(figures, figure, records))
        for figure in evidence.best(figures)
    ]
    shown = tuple(spread for spread in spreads if spread is not None)[:_MOST_CHARTED]
    blocks: list[Block] = []
    if shown:
        blocks.append(_durations_plot(shown, figures))
    blocks.append(_latencies(figures))
    return Part("durations", "How steady it is", tuple(blocks))


def _spread(figure: Figures, records: Sequence[Record]) -> Spread | None:
    taken = [record.measurement for record in records if record.measurement is not None]
    latencies = [second for one in taken for second in one.latency_s or ()]
    samples = latencies or [second for one in taken for second in one.step_s]
    if len(samples) < 2 or max(samples) <= 0:  # noqa: PLR2004 - one sample is no distribution
        return None
    kind = "latency" if latencies else "step"
    middle = sorted(samples)[len(samples) // 2]
    marks = None
    if not latencies and figure.step_s_p5 is not None and figure.step_s_p95 is not None:
        marks = (figure.step_s_p5, figure.step_s_p95)
    if not latencies and figure.step_s is not None:
        middle = figure.step_s.value
    return Spread(f"{figure.workload}, {kind}", tuple(samples), middle, marks)


def _durations_plot(shown: tuple[Spread, ...], figures: Sequence[Figures]) -> Plot:
    columns = (
        Column("Workload"),
        Column("Steps", numeric=True),
        Column("Median", numeric=True),
        Column("Median absolute deviation", numeric=True),
        Column("5th percentile", numeric=True),
        Column("95th percentile", numeric=True),
        Column("First step", numeric=True),
    )
    rows = tuple(
        Row(
            (
                words(figure.workload, evidence.setting(figure)),
                plain(figure.steps, units.count),
                quantity(figure.step_s, units.duration),
                plain(figure.step_s_mad, units.duration),
                plain(figure.step_s_p5, units.duration),
                plain(figure.step_s_p95, units.duration),
                plain(figure.first_step_s, units.duration),
            )
        )
        for figure in figures
    )
    return Plot(
        "chart-durations",
        "Distribution of durations",
        "How often each duration occurred, the first step and warm-up left out. The line is the "
        "median, the band below it the 5th to the 95th percentile. Outliers are kept.",
        Spreads(shown, Axis("", units.duration)),
        Table("Durations of a step", columns, rows, folded="Show the numbers"),
    )


def _latencies(figures: Sequence[Figures]) -> Block:
    rows = tuple(
        Row((words(figure.workload, _queried(figure)), *_percentile(percentile)))
        for figure in figures
        for percentile in figure.latency
    )
    if not rows:
        text = "No latency percentiles: no queries were scheduled."
        return Prose((text,))
    columns = (
        Column("Workload"),
        Column("Percentile", numeric=True),
        Column("Latency", numeric=True),
    )
    caption = "Latency, counted from the scheduled time of each query"
    return Table(caption, columns, rows)


def _queried(figure: Figures) -> str:
    scenario = units.scenario(figure.scenario, figure.driver)
    return f"{scenario}, {evidence.setting(figure)}"


def _percentile(percentile: Percentile) -> tuple[Cell, Cell]:
    name = Cell(f"p{percentile.percent:g}", sort=percentile.percent)
    had, needed = units.count(percentile.queries), units.count(percentile.queries_needed)
    if percentile.seconds is None:
        return name, words(None, f"{had} of the {needed} queries it needs")
    return name, Cell(
        units.duration(percentile.seconds), f"n = {had}", percentile.seconds, "measured"
    )


def _energy(figures: Sequence[Figures]) -> Part:
    rows = tuple(
        Row(
            (
                words(figure.workload, evidence.setting(figure)),
                quantity(figure.joules_per_unit, lambda value: units.si(value, "J")),
                words(figure.energy_scope and figure.energy_scope.replace("_", " ")),
            )
        )
        for figure in figures
        if figure.joules_per_unit is not None
    )
    if not rows:
        text = "Not measured: no energy counter is readable here."
        return Part("energy", "Energy", (Prose((text,)),))
    columns = (Column("Workload"), Column("Energy per unit", numeric=True), Column("Scope"))
    return Part("energy", "Energy", (Table("Energy, idle power included", columns, rows),))
