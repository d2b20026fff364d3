"""The section on what was measured: results, utilisation, and whether they are normal."""

from collections.abc import Sequence

from benchbench import units
from benchbench.derive import Figures, normal
from benchbench.recommend import Recommendation
from benchbench.report import (
    accuracy,
    energy,
    evidence,
    extra,
    machine,
    roofline,
    serving,
    sidebyside,
    timing,
    training,
)
from benchbench.report.blocks import (
    Bar,
    BarGroups,
    Block,
    Cell,
    Column,
    Part,
    Plot,
    Prose,
    Range,
    Ranges,
    Row,
    Section,
    Table,
    ends,
    plain,
    quantity,
    words,
)
from benchbench.report.evidence import Measured

MOST_CHARTED = 8
_MOST_TOLD = 3
_RUN = "benchbench run"


def section(seen: Measured, recommendations: Sequence[Recommendation] = ()) -> Section:
    """Everything that was measured, and the machines it was measured on."""
    title = "What they deliver" if seen.several else "What it delivers"
    if not seen.records:
        nothing = Prose(("No measurement is in this report. To make some:",), (_RUN,))
        part = Part("nothing-measured", "Start here", (nothing,))
        return Section("delivers", title, "Nothing has been measured yet.", (part,))
    parts = (
        *sidebyside.parts(seen, recommendations),
        _delivered(seen),
        _utilisation(seen),
        roofline.part(seen),
        _normal(seen),
        timing.part(seen),
        *serving.parts(seen),
        *accuracy.parts(seen.records),
        energy.part(seen),
        *training.parts(seen),
        *extra.parts(seen),
        *machine.parts(seen),
        *machine.failures(seen.records),
    )
    return Section("delivers", title, _lede(seen), parts)


def _lede(seen: Measured) -> str:
    usable = sum(figure.validity != "invalid" for figure in seen.figures)
    each = "each workload on each machine" if seen.several else "each workload"
    return (
        f"{units.counted(len(seen.figures), 'configuration')} measured, "
        f"{units.count(usable)} usable. Charts show the fastest usable configuration of {each}; "
        "tables show all."
    )


def _delivered(seen: Measured) -> Part:
    columns = (
        Column("Workload"),
        Column("Throughput", numeric=True),
        Column("Achieved", numeric=True),
        Column("Peak memory", numeric=True),
        Column("Cold start", numeric=True),
        Column("Validity"),
    )
    rows = tuple(_result_row(seen, figure) for figure in seen.figures)
    table = Table("Every configuration; the fastest of each workload in bold", columns, rows)
    return Part("results", "Results", (table,))


def _result_row(seen: Measured, figure: Figures) -> Row:
    memory = figure.peak_device_memory_bytes or figure.peak_memory_bytes
    cells = (
        words(seen.name(figure), _where(figure)),
        quantity(figure.throughput, lambda value: units.rate(value, figure.unit)),
        quantity(figure.achieved_flops, units.flops),
        plain(memory, units.size),
        plain(figure.load_s, units.duration),
        words(evidence.VALIDITY_WORDS[figure.validity], _processes(figure)),
    )
    return Row(cells, seen.key(figure), strong=figure in seen.best)


def _where(figure: Figures) -> str:
    scenario = units.scenario(figure.scenario, figure.driver)
    found = {"best": ", the best found", "default": ", the default"}.get(figure.role or "", "")
    return f"{scenario}, {evidence.setting(figure)}, {evidence.devices(figure.devices)}{found}"


def _processes(figure: Figures) -> str:
    return "1 process" if figure.processes == 1 else f"{units.count(figure.processes)} processes"


def _utilisation(seen: Measured) -> Part:
    charted = [figure for figure in seen.best if figure.achieved_flops is not None]
    if not charted:
        text = "Nobody has counted the work of these workloads, so there is no utilisation."
        return Part("utilisation", "Utilisation", (Prose((text,)),))
    shown = charted[:MOST_CHARTED]
    plot = Plot(
        "chart-utilisation",
        _utilisation_title(seen, shown),
        "Each workload on its own scale. Dashed is what the datasheet promises, solid what was "
        "measured: the best matrix multiplication (achievable), and the workload itself.",
        BarGroups(tuple((seen.name(figure), _bars(figure)) for figure in shown)),
        _utilisation_table(seen),
    )
    said = _assumed_peaks(charted)
    return Part("utilisation", "Utilisation", (plot, *((Prose(said),) if said else ())))


def _utilisation_title(seen: Measured, figures: Sequence[Figures]) -> str:
    """Each workload's share of the achievable; of more than a few the least and the most."""
    known = sorted(
        (figure.share_of_achievable.value, seen.name(figure))
        for figure in figures
        if figure.share_of_achievable is not None
    )
    if not known:
        return "What the datasheet promises, and what was achieved"
    told = [f"{name} reaches {units.percent(share)}" for share, name in known]
    if len(told) > _MOST_TOLD:
        told = [told[0], told[-1]]
    where = "its machine" if seen.several else "this machine"
    return f"{evidence.sentence_list(told)} of what a matrix multiplication achieves on {where}"


def _assumed_peaks(figures: Sequence[Figures]) -> tuple[str, ...]:
    """What each datasheet figure assumes of the device, once."""
    said = dict.fromkeys(one.datasheet_because for one in figures if one.datasheet_flops)
    return tuple(f"The datasheet's figure: {because}." for because in said if because)


def _bars(figure: Figures) -> tuple[Bar, ...]:
    ceiling = figure.ceiling.value * len(figure.devices) if figure.ceiling else None
    achieved = figure.achieved_flops
    value = achieved.value if achieved else None
    limits = (
        _bar("Datasheet", figure.datasheet_flops, value),
        _bar("Achievable", ceiling, value, measured=True),
    )
    reached = Bar("Achieved", value, units.flops(value), "measured", ends(achieved))
    return (*(bar for bar in limits if bar.value is not None), reached)


def _bar(label: str, value: float | None, achieved: float | None, *, measured: bool = False) -> Bar:
    """A ceiling, and how much of it was used."""
    text = units.flops(value)
    if value is not None and achieved is not None:
        text += f", {units.percent(achieved / value)} used"
    return Bar(label, value, text, "measured" if measured else "assumed", faint=True)


def _utilisation_table(seen: Measured) -> Table:
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
                words(seen.name(figure), evidence.setting(figure)),
                plain(figure.datasheet_flops, units.flops),
                machine.ceiling_cell(figure.ceiling),
                quantity(figure.achieved_flops, units.flops),
                quantity(figure.mfu, units.percent),
                quantity(figure.share_of_achievable, units.percent),
                quantity(figure.mbu, units.percent),
            ),
            seen.key(figure),
        )
        for figure in seen.figures
    )
    return Table("Utilisation of every configuration", columns, rows, folded="Show the numbers")


def _normal(seen: Measured) -> Part:
    """Each workload's fastest configuration against what others got on such a device."""
    rows = tuple(
        Row(
            (
                words(seen.name(figure), evidence.setting(figure)),
                words(normal.WORDS[figure.normal.name]),
                words(figure.normal.because, figure.normal.try_next or ""),
            ),
            seen.key(figure),
        )
        for figure in seen.best
        if figure.normal is not None
    )
    if not rows:
        nothing = Prose(("Not known: nothing here was held against anybody's figures.",))
        return Part("normal", "Is this number normal?", (nothing,))
    columns = (Column("Workload"), Column("Normal?"), Column("Compared with"))
    caption = "Each workload against what others published for such devices"
    table = Table(caption, columns, rows)
    return Part("normal", "Is this number normal?", (*_normal_plot(seen), table))


def _normal_plot(seen: Measured) -> tuple[Block, ...]:
    """The figures for which somebody else's are known."""
    known = [(one, row) for one in seen.best if (row := _range(seen, one)) is not None]
    if not known:
        return ()
    columns = (
        Column("Workload"),
        Column("Here", numeric=True),
        Column("Others' lowest", numeric=True),
        Column("Others' highest", numeric=True),
    )
    rows = tuple(
        Row(
            (
                words(row.label, evidence.setting(figure)),
                Cell(row.text, "", row.value, "measured"),
                Cell(row.low_text, sort=row.low),
                Cell(row.high_text, sort=row.high),
            )
        )
        for figure, row in known
    )
    usual = [seen.name(one) for one, _ in known if one.normal and one.normal.name == "normal"]
    odd = [seen.name(one) for one, _ in known if one.normal and one.normal.name != "normal"]
    said = [
        f"{evidence.sentence_list(usual)} within the range others reached" if usual else "",
        f"{evidence.sentence_list(odd)} outside it" if odd else "",
    ]
    plot = Plot(
        "chart-normal",
        ", ".join(filter(None, said)),
        "Solid is what was measured here; the dashed box spans what others published.",
        Ranges(tuple(row for _, row in known)),
        Table("Here, and elsewhere", columns, rows, folded="Show the numbers"),
    )
    return (plot,)


def _range(seen: Measured, figure: Figures) -> Range | None:
    found = figure.normal
    if found is None or found.value is None or found.low is None or found.high is None:
        return None
    per_unit = found.quantity == "throughput"
    value, low, high = (
        units.rate(one, figure.unit) if per_unit else units.percent(one)
        for one in (found.value, found.low, found.high)
    )
    return Range(seen.name(figure), found.value, value, found.low, found.high, low, high)
