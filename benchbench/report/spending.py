"""What each alternative costs: month by month, and made of what."""

from collections.abc import Sequence
from itertools import accumulate, zip_longest

from benchbench import units
from benchbench.report.blocks import (
    Axis,
    Cell,
    Column,
    Line,
    Lines,
    Part,
    Plot,
    Row,
    Stack,
    Stacks,
    Table,
    plain,
    words,
)
from benchbench.tco.answer import (
    Alternative,
    TcoAnswer,
)

_MOST_TONES = 5
"""Besides what is left; more cannot be told apart."""


def label(answer: TcoAnswer, name: str) -> str:
    """The words for an alternative or a curve."""
    labels = {alternative.name: alternative.label for alternative in answer.alternatives}
    return {str(known): words for known, words in labels.items()}.get(name, name.replace("_", " "))


def monthly(one: Alternative) -> list[float]:
    """What an alternative costs in each month, its components summed; month 0 is the start."""
    return [sum(amounts) for amounts in zip_longest(*one.months.values(), fillvalue=0.0)]


def cash_flow(answer: TcoAnswer) -> Part | None:
    """Money out, added up month by month; None where nothing is paid over time."""
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


def breakdown(answer: TcoAnswer) -> Part | None:
    """What each total is made of; None without months."""
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
