"""From which use on owning is cheaper: the curve, its sum line by line, other clouds."""

from collections.abc import Sequence
from itertools import groupby

from benchbench import units
from benchbench.report.blocks import (
    Axis,
    Block,
    Cell,
    Column,
    Line,
    Lines,
    Part,
    Plot,
    Row,
    Table,
    Text,
    plain,
    words,
)
from benchbench.report.spending import label
from benchbench.tco.answer import (
    SweepPoint,
    TcoAnswer,
    Uncertainty,
)

_MOST_CHANGES = 2
"""Of the cheapest way along a sweep that a title can tell."""


def curve(answer: TcoAnswer) -> Part | None:
    """Cost per useful hour over use; None without a curve."""
    if not answer.curve:
        return None
    names = list(
        dict.fromkeys(name for point in answer.curve for name in point.usd_per_useful_hour)
    )
    xs = tuple(point.utilisation for point in answer.curve)
    lines = tuple(
        Line(
            label(answer, name),
            xs,
            tuple(point.usd_per_useful_hour.get(name) for point in answer.curve),
            name,
        )
        for name in names
    )
    plot = Plot(
        "chart-utilisation-cost",
        _curve_title(answer),
        "What a useful hour costs, by how busy the machines are: what is owned is paid for idle or "
        f"not. {answer.break_even.sentence}",
        Lines(
            Axis("Utilisation of owned machines", units.percent),
            Axis("Per useful hour", units.usd),
            lines,
            _curve_marks(answer),
            _even_span(answer.uncertainty),
        ),
        _curve_table(answer, names),
    )
    return Part("break-even", "Break-even", (plot,))


def _curve_title(answer: TcoAnswer) -> str:
    even, here = answer.break_even.utilisation, units.percent(answer.utilisation)
    if even is None or even > 1:
        return f"Owning does not beat on-demand at any use; here it would be {here}"
    return f"Owning beats on-demand from {units.percent(even)} use; here it would be {here}"


def _even_span(sure: Uncertainty | None) -> tuple[float, float] | None:
    """Where the break-even lies in nine draws of ten, as far as that is a use at all."""
    if sure is None or sure.break_even_p5 is None or sure.break_even_p5 >= 1:
        return None
    high = sure.break_even_p95
    return sure.break_even_p5, 1.0 if high is None else min(high, 1.0)


def _curve_marks(answer: TcoAnswer) -> tuple[tuple[float, str], ...]:
    here = (answer.utilisation, f"here, {units.percent(answer.utilisation)}")
    even = answer.break_even.utilisation
    if even is None or even > 1:
        return (here,)
    return here, (even, f"break-even, {units.percent(even)}")


def _curve_table(answer: TcoAnswer, names: Sequence[str]) -> Table:
    columns = (
        Column("Utilisation"),
        *(Column(label(answer, name), numeric=True) for name in names),
    )
    rows = tuple(
        Row(
            (
                Cell(units.percent(point.utilisation), sort=point.utilisation),
                *(plain(point.usd_per_useful_hour.get(name), units.usd) for name in names),
            )
        )
        for point in answer.curve
    )
    return Table("Cost per useful hour", columns, rows, folded="Show the numbers")


def made_of(answer: TcoAnswer) -> Part | None:
    """The break-even line by line, so that anybody can work it out again."""
    rates = answer.break_even.hourly
    if rates is None:
        return None
    parts = sorted(rates.owned_parts.items(), key=lambda part: -part[1])
    lines: list[tuple[str, str]] = [
        *((f"of owning: {name.replace('_', ' ')}", units.usd(usd)) for name, usd in parts),
        ("owning, worked or not: the sum (c_f)", units.usd(rates.owned_fixed)),
        ("what a worked hour adds (v)", units.usd(rates.owned_variable)),
        ("renting on demand (p)", units.usd(rates.on_demand)),
        ("what the cloud costs idle: traffic, storage, people", units.usd(rates.cloud_fixed)),
        ("availability of an owned server (a)", units.percent(rates.availability, 3)),
        ("a commitment, used or not", units.usd(rates.committed)),
        ("(c_f - idle cloud) / (a · (p - v))", units.percent(answer.break_even.utilisation, 3)),
    ]
    columns = (Column("Per hour of one owned server's work"), Column("Value", numeric=True))
    rows = tuple(Row((Cell(name), Cell(value))) for name, value in lines)
    caption = "Levelised over the horizon: present cost over present hours"
    folded = f"Show all {units.count(len(rows))} lines of the sum"
    blocks: list[Block] = [Table(caption, columns, rows, folded=folded)]
    if answer.screening:
        blocks.append(_screening(answer))
    return Part("made-of", "What the break-even is made of", tuple(blocks))


def _screening(answer: TcoAnswer) -> Table:
    columns = (
        Column("Cheapest machine"),
        Column("For work that is there"),
        Column("Fixed, per hour", numeric=True),
        Column("Per worked hour", numeric=True),
    )
    rows = tuple(
        Row(
            (
                words(label(answer, band.name)),
                Cell(
                    f"{units.percent(band.from_utilisation)} to "
                    f"{units.percent(band.to_utilisation)} of the time"
                ),
                plain(band.fixed_usd_per_hour, units.usd),
                plain(band.variable_usd_per_hour, units.usd),
            )
        )
        for band in answer.screening
    )
    return Table("Which machine for which part of the work (screening curve)", columns, rows)


def other_clouds(answer: TcoAnswer) -> Part | None:
    """The same work at other clouds, and the use from which owning beats each."""
    if not answer.rivals:
        return None
    columns = (
        Column("Other cloud, on demand"),
        Column("Per hour today", numeric=True),
        Column("Over the horizon", numeric=True),
        Column("Present value", numeric=True),
        Column("Owning beats it from", numeric=True),
        Column("Source"),
    )
    rows = tuple(
        Row(
            (
                words(one.offer),
                plain(one.usd_per_hour, units.usd),
                plain(one.levelised_usd_per_hour, units.usd),
                plain(one.npv_usd, units.usd),
                Cell(_from(one.break_even_utilisation), "", one.break_even_utilisation),
                words(f"{one.source}, {one.as_of}"),
            )
        )
        for one in answer.rivals
    )
    caption = "The same work at other clouds' prices; over 100 % no use is enough"
    return Part("other-clouds", "Other clouds", (Table(caption, columns, rows),))


def _from(share: float | None) -> str:
    return "never" if share is None else f"{units.percent(share, 3)} use"


def sweeps(answer: TcoAnswer) -> Part | None:
    """How far the answer carries: more or less work, a longer or a shorter look."""
    scale = Axis("Times the work of the scenario", units.number, log=True)
    drawn = []
    if answer.scale:
        said = _where_each_wins(answer, answer.scale, _times)
        drawn.append(_sweep(answer, answer.scale, scale, ("chart-scale", said)))
    if answer.horizons:
        said = _where_each_wins(answer, answer.horizons, _months)
        months = Axis("Months looked at", units.count)
        drawn.append(_sweep(answer, answer.horizons, months, ("chart-horizon", said)))
    return Part("sweeps", "More work, more time", tuple(drawn)) if drawn else None


def _times(factor: float) -> str:
    return f"{units.trimmed(units.number(factor))} times the work"


def _months(months: float) -> str:
    return units.counted(int(months), "month")


def _where_each_wins(answer: TcoAnswer, points: Sequence[SweepPoint], said: Text) -> str:
    """Who is the cheapest, and from where on another one is."""
    first, *others = [next(run) for _, run in groupby(points, key=lambda one: one.cheapest)]
    told = [f"{label(answer, one.cheapest)} from {said(one.at)}" for one in others]
    start = label(answer, first.cheapest)
    if len(told) > _MOST_CHANGES:
        ends = f"between {said(points[0].at)} and {said(points[-1].at)}"
        return f"Who is the cheapest changes {units.count(len(told))} times {ends}"
    if not told:
        return f"{start} stays the cheapest from {said(first.at)} to {said(points[-1].at)}"
    return f"{start} is the cheapest at {said(first.at)}, {', '.join(told)}"


def _sweep(
    answer: TcoAnswer, points: Sequence[SweepPoint], axis: Axis, told: tuple[str, str]
) -> Plot:
    names = list(dict.fromkeys(name for point in points for name in point.usd_per_useful_hour))
    lines = tuple(
        Line(
            label(answer, name),
            tuple(point.at for point in points),
            tuple(point.usd_per_useful_hour.get(name) for point in points),
            name,
        )
        for name in names
    )
    columns = (
        Column(axis.label),
        *(Column(label(answer, name), numeric=True) for name in names),
        Column("Cheapest"),
    )
    rows = tuple(
        Row(
            (
                Cell(axis.text(point.at), sort=point.at),
                *(plain(point.usd_per_useful_hour.get(name), units.usd) for name in names),
                words(label(answer, point.cheapest)),
            )
        )
        for point in points
    )
    return Plot(
        *told,
        "What a useful hour costs, each point with the best plan of its own: its fleet, its "
        "commitments, its hybrid. Where a way is none, its line has a gap.",
        Lines(axis, Axis("Per useful hour", units.usd), lines),
        Table("Cost per useful hour", columns, rows, folded="Show the numbers"),
    )
