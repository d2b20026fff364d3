"""The section on renting, owning or both: cash flow, break-even, breakdown, and how sure."""

from collections.abc import Sequence
from itertools import accumulate, groupby, zip_longest

from benchbench import units
from benchbench.report import evidence, whatif
from benchbench.report.blocks import (
    Axis,
    Block,
    Cell,
    Column,
    Dots,
    Line,
    Lines,
    Part,
    Plot,
    Prose,
    Row,
    Section,
    Stack,
    Stacks,
    Swings,
    Table,
    Text,
    plain,
    words,
)
from benchbench.tco.answer import (
    Alternative,
    Assumption,
    SweepPoint,
    TcoAnswer,
    TornadoBar,
    Uncertainty,
)

_COMMAND = "benchbench tco"
_MOST_SWINGS = 12
_AT_SIGHT = 5
"""Sentences of an answer before the others are folded; the first one is the section's lede."""
_MOST_CHANGES = 2
"""Of the cheapest way along a sweep that a title can tell."""
_OWNING = {"owned", "colocated"}
_MOST_TONES = 5
"""Besides what is left; more cannot be told apart."""


def section(answer: TcoAnswer | None) -> Section:
    """The comparison, or what to run to get one."""
    title = "Rent, own or both"
    if answer is None:
        start = Prose(("No cost comparison is in this report. To make one:",), (_COMMAND,))
        lede = "Owning has not been compared with renting yet."
        return Section("cost", title, lede, (Part("no-cost", "Start here", (start,)),))
    parts = tuple(
        part
        for part in (
            Part("alternatives", "The alternatives", _alternatives(answer)),
            _cash_flow(answer),
            _curve(answer),
            _made_of(answer),
            _others(answer),
            _sweeps(answer),
            _breakdown(answer),
            _sureness(answer),
            whatif.part(answer),
            _build_or_buy(answer),
            _assumptions(answer.assumptions),
        )
        if part is not None
    )
    lede = answer.sentences[0] if answer.sentences else answer.break_even.sentence
    return Section("cost", title, lede, parts)


def label(answer: TcoAnswer, name: str) -> str:
    """The words for an alternative or a curve."""
    labels = {alternative.name: alternative.label for alternative in answer.alternatives}
    return {str(known): words for known, words in labels.items()}.get(name, name.replace("_", " "))


def _alternatives(answer: TcoAnswer) -> tuple[Block, ...]:
    cheapest = [one.usd_per_unit for one in answer.alternatives if one.usd_per_unit is not None]
    factor, work = units.bulk(min(cheapest, default=1.0), answer.unit)
    columns = (
        Column("Alternative"),
        Column("Total", numeric=True),
        Column("Present value", numeric=True),
        Column(f"Per {work}", numeric=True),
        Column("Per useful hour", numeric=True),
        Column("Remark"),
    )
    rows = tuple(_alternative_row(answer, one, factor) for one in answer.alternatives)
    title = answer.title if answer.title.endswith(("?", "!", ".")) else f"{answer.title}."
    caption = (
        f"{title} All of it assumed or derived, over "
        f"{units.counted(answer.horizon_months, 'month')}"
    )
    told, more = answer.sentences[1:_AT_SIGHT], answer.sentences[_AT_SIGHT:]
    table = Table(caption, columns, rows)
    if not more:
        return (table, Prose(told)) if told else (table,)
    folded = f"Show {units.count(len(more))} more remarks on what this rests on"
    return table, Prose(told), Prose(more, folded=folded)


def _alternative_row(answer: TcoAnswer, one: Alternative, factor: float) -> Row:
    cheapest = one.name == answer.cheapest
    remark = one.infeasible_because or ("cheapest" if cheapest else "")
    cells = (
        words(one.label),
        plain(one.total_usd, units.usd),
        plain(one.npv_usd, units.usd),
        plain(None if one.usd_per_unit is None else one.usd_per_unit * factor, units.usd),
        plain(one.usd_per_useful_hour, units.usd),
        Cell(remark),
    )
    return Row(cells, strong=cheapest)


def monthly(one: Alternative) -> list[float]:
    """What an alternative costs in each month, its components summed; month 0 is the start."""
    return [sum(amounts) for amounts in zip_longest(*one.months.values(), fillvalue=0.0)]


def _cash_flow(answer: TcoAnswer) -> Part | None:
    paying = [one for one in answer.alternatives if one.months]
    flows = {one.label: list(accumulate(monthly(one))) for one in paying}
    if not flows:
        return None
    lines = tuple(
        Line(
            one.label,
            tuple(map(float, range(len(paid)))),
            tuple(paid),
            one.name,
            one.paid_usd_p5,
            one.paid_usd_p95,
        )
        for one, paid in zip(paying, flows.values(), strict=True)
    )
    month = answer.break_even.month_cash
    marks = () if month is None else ((float(month), f"break-even, month {units.count(month)}"),)
    banded = any(one.paid_usd_p5 for one in paying)
    bands = " Bands hold nine draws in ten." if banded else ""
    plot = Plot(
        "chart-cash",
        _cash_title(answer, flows),
        "Everything paid since the start, month by month. A line that starts high has bought "
        f"something; a drop at the end is what selling it brings.{bands}",
        Lines(Axis("Month", units.count), Axis("Paid so far", units.usd), lines, marks),
        _cash_table(flows, paying),
    )
    return Part("cash-flow", "Cash flow", (plot,))


def _cash_title(answer: TcoAnswer, flows: dict[str, list[float]]) -> str:
    """Who has paid least in the end, and when owning has paid for itself."""
    ended = {name: paid[-1] for name, paid in flows.items() if paid}
    over = units.counted(answer.horizon_months, "month")
    if not ended:
        return f"What has been paid over {over}"
    least = min(ended, key=lambda name: ended[name])
    month = answer.break_even.month_cash
    own = "" if month is None else f"; owning has paid for itself in month {units.count(month)}"
    return f"{least} has cost the least cash after {over}, {units.usd(ended[least])}{own}"


def _cash_table(flows: dict[str, list[float]], paying: Sequence[Alternative]) -> Table:
    columns = (Column("Month"), *(Column(name, numeric=True) for name in flows))
    rows = tuple(
        Row(
            (
                Cell(units.count(month), sort=month),
                *(_paid(one, month, value) for one, value in zip(paying, values, strict=True)),
            )
        )
        for month, values in enumerate(zip_longest(*flows.values()))
    )
    return Table("Paid since the start", columns, rows, folded="Show the numbers")


def _paid(one: Alternative, month: int, value: float | None) -> Cell:
    """Paid by then, with what nine draws in ten lie between."""
    if month >= len(one.paid_usd_p5) or month >= len(one.paid_usd_p95):
        return plain(value, units.usd)
    low, high = one.paid_usd_p5[month], one.paid_usd_p95[month]
    return Cell(units.usd(value), f"{units.usd(low)} to {units.usd(high)}", value)


def _curve(answer: TcoAnswer) -> Part | None:
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


def _made_of(answer: TcoAnswer) -> Part | None:
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


def _others(answer: TcoAnswer) -> Part | None:
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


def _sweeps(answer: TcoAnswer) -> Part | None:
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


def _build_or_buy(answer: TcoAnswer) -> Part | None:
    if not answer.reasons and answer.buying is None:
        return None
    blocks: list[Block] = []
    if answer.buying is not None:
        blocks.append(Prose((buying_sentence(answer.buying),)))
    columns = (Column("Question"), Column("Answer"), Column("Leans to"), Column("Because"))
    rows = tuple(
        Row((Cell(one.question), words(one.answer), words(one.leans), Cell(one.because)))
        for one in answer.reasons
    )
    blocks.append(Table("Reasons beside the money; no figure rests on them", columns, rows))
    return Part("build-or-buy", "Run it or buy it", tuple(blocks))


def buying_sentence(uncertainty: Uncertainty) -> str:
    """P(the service is cheaper than the cheapest way to run it oneself)."""
    return (
        f"The service is cheaper than the cheapest way to run it oneself in "
        f"{units.percent(uncertainty.probability_own_cheaper)} of {units.count(uncertainty.draws)} "
        f"draws; at the median it costs {_saved(uncertainty.saving_usd_p50)}."
    )


def _breakdown(answer: TcoAnswer) -> Part | None:
    shown = [one for one in answer.alternatives if one.months]
    components = tuple(dict.fromkeys(component for one in shown for component in one.months))
    if not components:
        return None
    totals = tuple(
        Stack(
            one.label,
            tuple(sum(one.months.get(component, ())) for component in components),
            one.name,
        )
        for one in shown
    )
    names = tuple(component.replace("_", " ") for component in components)
    columns = (Column("Alternative"), *(Column(name, numeric=True) for name in names))
    rows = tuple(
        Row((words(bar.label), *(plain(value, units.usd) for value in bar.amounts)))
        for bar in totals
    )
    plot = Plot(
        "chart-breakdown",
        _breakdown_title(answer),
        "Every alternative in its colour, its payments over the horizon by what they are for, the "
        "largest apart, in tones; what a resale brings back stands left of zero.",
        stacks(names, totals),
        Table("Payments by purpose", columns, rows, folded="Show the numbers"),
    )
    return Part("breakdown", "Breakdown", (plot,))


def _breakdown_title(answer: TcoAnswer) -> str:
    """The largest item of the cheapest way, as its share of what is paid."""
    cheapest = next(one for one in answer.alternatives if one.name == answer.cheapest)
    paid = {name: sum(amounts) for name, amounts in cheapest.months.items() if sum(amounts) > 0}
    if not paid:
        return "Where the money goes"
    most = max(paid, key=lambda name: paid[name])
    share = units.percent(paid[most] / sum(paid.values()))
    item = most.replace("_", " ")
    return f"Of what the cheapest way costs ({cheapest.label}), {share} is {item}"


def stacks(names: Sequence[str], totals: Sequence[Stack]) -> Stacks:
    """The largest components and all receipts apart; the other costs together."""
    columns = range(len(names))
    receipts = [any(bar.amounts[column] < 0 for bar in totals) for column in columns]
    weights = [max(abs(bar.amounts[column]) for bar in totals) for column in columns]
    by_weight = sorted(columns, key=lambda column: (not receipts[column], -weights[column]))
    kept, rest = sorted(by_weight[:_MOST_TONES]), by_weight[_MOST_TONES:]
    if not rest:
        return Stacks(Axis("", units.usd), tuple(names), tuple(totals))
    bars = tuple(
        Stack(
            bar.label,
            (*(bar.amounts[index] for index in kept), sum(bar.amounts[index] for index in rest)),
            bar.key,
        )
        for bar in totals
    )
    return Stacks(Axis("", units.usd), (*(names[index] for index in kept), "all else"), bars)


def _sureness(answer: TcoAnswer) -> Part:
    uncertainty = answer.uncertainty
    if uncertainty is None:
        text = (
            "Not computed: the scenario gives no ranges, so nothing is known about how sure it is."
        )
        return Part("sureness", "How sure this is", (Prose((text,)),))
    blocks: list[Block] = [Prose((sureness_sentence(uncertainty),))]
    if uncertainty.saving_usd_quantiles:
        blocks.append(_odds(answer, uncertainty))
    if uncertainty.tornado:
        blocks.append(_tornado(uncertainty.tornado[:_MOST_SWINGS], answer.assumptions))
    return Part("sureness", "How sure this is", tuple(blocks))


def _odds(answer: TcoAnswer, uncertainty: Uncertainty) -> Plot:
    """Fifty dots, each one draw in fifty: odds one can count."""
    chance = units.percent(uncertainty.probability_own_cheaper)
    savings = uncertainty.saving_usd_quantiles
    columns = (Column("Of the draws below"), Column("Saving by owning", numeric=True))
    rows = tuple(
        Row((Cell(units.percent(share), sort=share), plain(saving, units.usd)))
        for share, saving in zip(_middles(len(savings)), savings, strict=True)
    )
    own = next((one.name for one in answer.alternatives if one.name in _OWNING), "owned")
    return Plot(
        "chart-odds",
        f"Owning is cheaper in {chance} of {units.count(uncertainty.draws)} draws",
        f"Each dot is one in {units.count(len(savings))} equally likely outcomes; those right of "
        "zero are the ones in which owning saves money.",
        Dots(
            Axis("Saving by owning", units.usd),
            savings,
            "renting is cheaper",
            "owning is cheaper",
            own,
        ),
        Table("Saving by owning, by share of the draws", columns, rows, folded="Show the numbers"),
    )


def _middles(count: int) -> list[float]:
    """The middles of so many equal shares: 1 %, 3 %, … of fifty."""
    return [(2 * at + 1) / (2 * count) for at in range(count)]


def sureness_sentence(uncertainty: Uncertainty) -> str:
    """P(own cheaper), and what owning saves with its interval."""
    return (
        f"Owning is cheaper in {units.percent(uncertainty.probability_own_cheaper)} of "
        f"{units.count(uncertainty.draws)} draws over the ranges assumed. At the median it costs "
        f"{_saved(uncertainty.saving_usd_p50)}; in nine draws of ten between "
        f"{_saved(uncertainty.saving_usd_p5)} and {_saved(uncertainty.saving_usd_p95)}."
    )


def _saved(usd: float) -> str:
    return f"{units.usd(abs(usd))} {'more' if usd < 0 else 'less'}"


def _tornado(bars: Sequence[TornadoBar], inputs: Sequence[Assumption]) -> Plot:
    unit = {one.key: one.unit for one in inputs}
    columns = (
        Column("Input"),
        Column("Saving at its low end", numeric=True),
        Column("Saving at its high end", numeric=True),
        Column("Turns at", numeric=True),
        Column("Rank correlation", numeric=True),
    )
    rows = tuple(
        Row(
            (
                words(evidence.called(bar), bar.key),
                plain(bar.low_saving_usd, units.usd),
                plain(bar.high_saving_usd, units.usd),
                words(units.amount(bar.flips_at, unit.get(bar.key, ""))),
                plain(bar.rank_correlation, units.number),
            )
        )
        for bar in bars
    )
    return Plot(
        "chart-tornado",
        f"The {evidence.called(bars[0])} moves the answer most",
        "What owning saves when one input moves from its low to its high end and the others stay. "
        "A bar that crosses zero can turn the answer round alone.",
        Swings(
            Axis("Saving by owning", units.usd),
            tuple((evidence.called(bar), bar.low_saving_usd, bar.high_saving_usd) for bar in bars),
        ),
        Table("Saving by owning", columns, rows, folded="Show the numbers"),
    )


def _assumptions(assumptions: Sequence[Assumption]) -> Part | None:
    if not assumptions:
        return None
    columns = (
        Column("Input"),
        Column("Value", numeric=True),
        Column("Range", numeric=True),
        Column("Source"),
        Column("As of"),
    )
    rows = tuple(
        Row(
            (
                words(evidence.called(one), one.key),
                Cell(units.amount(one.value, one.unit, 4), "", one.value, one.basis),
                words(_range(one)),
                words(one.source),
                words(one.as_of),
            )
        )
        for one in assumptions
    )
    folded = f"Show all {units.counted(len(rows), 'input')}"
    table = Table("Inputs of the comparison", columns, rows, folded=folded, filterable=True)
    return Part("assumptions", "What was assumed", (table,))


def _range(one: Assumption) -> str | None:
    if one.low is None or one.high is None:
        return None
    low, high = (units.amount(end, one.unit, 4).split() for end in (one.low, one.high))
    same = 0
    while same < len(low) and low[-1 - same :] == high[-1 - same :]:
        same += 1
    if same == len(low):
        return " ".join(low)
    return f"{' '.join(low[: len(low) - same])} to {' '.join(high)}"
