"""Why it is not faster: the roofline, and what limits each workload with the evidence for it."""

from benchbench import units
from benchbench.derive import Figures
from benchbench.report import evidence
from benchbench.report.blocks import (
    Axis,
    Column,
    Part,
    Plot,
    Point,
    Prose,
    Roof,
    Roofline,
    Row,
    Table,
    ends,
    plain,
    quantity,
    words,
)
from benchbench.report.evidence import Measured
from benchbench.stats import Estimate

_TITLE = "Why it is not faster"


def part(seen: Measured) -> Part:
    """The chart, where there is a ceiling to draw, and the verdicts."""
    verdicts = _regimes(seen)
    drawing = _shared(seen) if seen.several else _absolute(seen)
    if not drawing.points or not drawing.roofs:
        text = "Without a counted workload and a ceiling there is no roofline to draw."
        return Part("roofline", _TITLE, (Prose((text,)), verdicts))
    plot = Plot("chart-roofline", _title(seen), _reading(seen), drawing, _table(seen))
    return Part("roofline", _TITLE, (plot, verdicts))


def _title(seen: Measured) -> str:
    """What the chart shows, from the verdicts."""
    limits: dict[str, list[str]] = {}
    for figure in seen.best:
        limits.setdefault(_limited_by(figure), []).append(seen.name(figure))
    return "; ".join(f"{evidence.sentence_list(names)}: {limit}" for limit, names in limits.items())


def _reading(seen: Measured) -> str:
    where = (
        "Both axes are shares of each machine's own measured ceilings, so that unlike machines "
        "stand under one roof."
        if seen.several
        else "Model FLOP per byte moved against FLOP/s."
    )
    return (
        f"{where} Under the sloping part memory is the limit, under the flat part arithmetic is; "
        "the distance to the roof is what is left to gain."
    )


def _absolute(seen: Measured) -> Roofline:
    points = tuple(
        _point(seen, figure, figure.intensity, figure.achieved_flops)
        for figure in seen.figures
        if figure.intensity is not None and figure.achieved_flops is not None
    )
    roofs = tuple(dict.fromkeys(roof for figure in seen.figures for roof in _roofs(figure)))
    x = Axis("FLOP per byte moved", units.number, log=True)
    return Roofline(x, Axis("Achieved", units.flops, log=True), roofs, points)


def _shared(seen: Measured) -> Roofline:
    """Every machine under one roof: what has both of its ceilings measured."""
    points = tuple(
        _point(seen, figure, figure.intensity / ridge, figure.share_of_achievable)
        for figure in seen.figures
        if figure.intensity is not None
        and figure.share_of_achievable is not None
        and (ridge := _ridge(figure)) is not None
    )
    roof = Roof("each machine's own ceiling", 1.0, 1.0, "measured", units.percent(1.0, 3))
    x = Axis("FLOP per byte, in times the machine's ridge", units.number, log=True)
    return Roofline(x, Axis("Share of the achievable", units.percent, log=True), (roof,), points)


def _ridge(figure: Figures) -> float | None:
    """FLOP per byte at which a machine is as busy with its memory as with its arithmetic."""
    if figure.ceiling is None or figure.memory_ceiling is None:
        return None
    return figure.ceiling.value / figure.memory_ceiling.value


def _point(seen: Measured, figure: Figures, x: float, y: Estimate) -> Point:
    return Point(
        seen.key(figure),
        seen.name(figure) if figure in seen.best else "",
        x,
        y.value,
        y.basis,
        note=_limited_by(figure),
        y_ends=ends(y),
    )


def _limited_by(figure: Figures) -> str:
    known = figure.regime.name != "undetermined"
    return f"{figure.regime.name}-bound" if known else "limit undetermined"


def _roofs(figure: Figures) -> list[Roof]:
    roofs = []
    name, devices = f"{figure.precision} {evidence.devices(figure.devices)}", len(figure.devices)
    if figure.datasheet_flops is not None:
        text = units.flops(figure.datasheet_flops)
        bandwidth = figure.datasheet_bytes_per_s
        roofs.append(Roof(f"{name}, datasheet", figure.datasheet_flops, bandwidth, "assumed", text))
    if figure.ceiling is not None:
        flops = figure.ceiling.value * devices
        slope = figure.memory_ceiling.value * devices if figure.memory_ceiling else None
        roofs.append(Roof(f"{name}, measured", flops, slope, "measured", units.flops(flops)))
    return roofs


def _table(seen: Measured) -> Table:
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
                words(seen.name(figure), evidence.setting(figure)),
                plain(figure.flops_per_unit, units.flop_count),
                plain(figure.intensity, units.number),
                quantity(figure.achieved_flops, units.flops),
                quantity(figure.achieved_bytes_per_s, units.bandwidth),
                words(figure.regime.name),
            ),
            seen.key(figure),
        )
        for figure in seen.figures
    )
    return Table("Where each configuration stands", columns, rows, folded="Show the numbers")


def _regimes(seen: Measured) -> Table:
    columns = (Column("Workload"), Column("Limited by"), Column("Evidence"), Column("Try next"))
    rows = tuple(
        Row(
            (
                words(seen.name(figure), evidence.setting(figure)),
                words(figure.regime.name),
                words(figure.regime.evidence),
                words(figure.regime.try_next),
            )
        )
        for figure in seen.best
    )
    return Table("What limits each workload, and the one thing to try", columns, rows)
