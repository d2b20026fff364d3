"""How steady it is: the distribution of durations, and the percentiles the samples bear out."""

from benchbench import units
from benchbench.derive import Figures, Percentile
from benchbench.report import evidence
from benchbench.report.blocks import (
    Axis,
    Block,
    Cell,
    Column,
    Part,
    Plot,
    Prose,
    Row,
    Spread,
    Spreads,
    Table,
    plain,
    quantity,
    words,
)
from benchbench.report.evidence import Measured
from benchbench.stats import Estimate

_MOST_CHARTED = 8


def part(seen: Measured) -> Part:
    """The distributions, then the percentiles."""
    spreads = [spread for figure in seen.best if (spread := _spread(seen, figure)) is not None]
    blocks: list[Block] = []
    if spreads:
        blocks.append(_plot(seen, tuple(spreads[:_MOST_CHARTED])))
    blocks.append(_latencies(seen))
    return Part("durations", "How steady it is", tuple(blocks))


def _spread(seen: Measured, figure: Figures) -> Spread | None:
    taken = [one.measurement for one in seen.behind(figure) if one.measurement is not None]
    latencies = tuple(second for one in taken for second in one.latency_s or ())
    samples = latencies or tuple(second for one in taken for second in one.step_s)
    if len(samples) < 2 or max(samples) <= 0:  # noqa: PLR2004 - one sample is no distribution
        return None
    middle = sorted(samples)[len(samples) // 2]
    if latencies:
        return Spread(f"{seen.name(figure)}, latency", samples, middle, None, _marks(figure))
    low, high, step = figure.step_s_p5, figure.step_s_p95, figure.step_s
    ends = None if low is None or high is None else (low, high)
    return Spread(f"{seen.name(figure)}, step", samples, step.value if step else middle, ends)


def _marks(figure: Figures) -> tuple[tuple[float, str], ...]:
    """The percentiles that have the samples they need."""
    return tuple((one.seconds, _percent(one)) for one in figure.latency if one.seconds is not None)


def _percent(one: Percentile) -> str:
    return f"p{units.trimmed(units.number(one.percent))}"


def _plot(seen: Measured, shown: tuple[Spread, ...]) -> Plot:
    return Plot(
        "chart-durations",
        _title(seen),
        "How often each duration occurred, the first step and warm-up left out. The line is the "
        "median, the band below it the 5th to the 95th percentile of steps; percentiles of "
        "latency are marked only where enough queries bear them out. Outliers are kept.",
        Spreads(shown, Axis("", units.duration)),
        _steps(seen),
    )


def _title(seen: Measured) -> str:
    """The widest spread among the charted."""
    spreads = [
        ((one.step_s_p95 - one.step_s_p5) / one.step_s.value, one)
        for one in seen.best
        if one.step_s is not None and one.step_s_p5 is not None and one.step_s_p95 is not None
    ]
    if not spreads:
        return "How long each query took"
    widest, figure = max(spreads, key=lambda found: found[0])
    least = f"Nine steps in ten of {seen.name(figure)} lie within a span of"
    most = ", the widest here" if len(spreads) > 1 else ""
    return f"{least} {units.percent(widest)} of the median{most}"


def _steps(seen: Measured) -> Table:
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
                words(seen.name(figure), evidence.setting(figure)),
                plain(figure.steps, units.count),
                quantity(figure.step_s, units.duration),
                plain(figure.step_s_mad, units.duration),
                plain(figure.step_s_p5, units.duration),
                plain(figure.step_s_p95, units.duration),
                plain(figure.first_step_s, units.duration),
            )
        )
        for figure in seen.figures
    )
    return Table("Durations of a step", columns, rows, folded="Show the numbers")


def _latencies(seen: Measured) -> Block:
    """One row per configuration that was asked queries, one column per percentile."""
    asked = [figure for figure in seen.figures if figure.latency]
    if not asked:
        return Prose(("No latency percentiles: no queries were scheduled.",))
    named = sorted({one.percent: _percent(one) for f in asked for one in f.latency}.items())
    columns = (
        Column("Workload"),
        Column("Throughput", numeric=True),
        Column("Queries", numeric=True),
        *(Column(name, numeric=True) for _, name in named),
    )
    rows = tuple(
        Row(
            (
                words(seen.name(figure), _queried(figure)),
                _rate(figure.throughput, figure.unit),
                plain(figure.latency[0].queries, units.count),
                *(_percentile(figure, percent) for percent, _ in named),
            ),
            seen.key(figure),
        )
        for figure in asked
    )
    caption = (
        "Latency, counted from the scheduled time of each query; a percentile is given only where "
        "enough queries bear it out"
    )
    return Table(caption, columns, rows)


def _rate(throughput: Estimate | None, unit: str) -> Cell:
    return quantity(throughput, lambda value: units.rate(value, unit))


def _queried(figure: Figures) -> str:
    scenario = units.scenario(figure.scenario, figure.driver)
    return f"{scenario}, {evidence.setting(figure)}"


def _percentile(figure: Figures, percent: float) -> Cell:
    one = next((one for one in figure.latency if one.percent == percent), None)
    if one is None:
        return words(None)
    if one.seconds is None:
        had, needed = units.count(one.queries), units.count(one.queries_needed)
        return words(None, f"{had} of the {needed} queries it needs")
    return Cell(units.duration(one.seconds), "", one.seconds, "measured")
