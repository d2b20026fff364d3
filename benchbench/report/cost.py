"""The section on renting, owning or both: the alternatives, and what speaks for each."""

from benchbench import units
from benchbench.report import whatif
from benchbench.report.blocks import (
    Block,
    Cell,
    Column,
    Part,
    Prose,
    Row,
    Section,
    Table,
    plain,
    words,
)
from benchbench.report.breakeven import curve, made_of, other_clouds, sweeps
from benchbench.report.spending import breakdown, cash_flow
from benchbench.report.sureness import assumed, saved, sureness
from benchbench.tco.answer import (
    Alternative,
    TcoAnswer,
    Uncertainty,
)

_COMMAND = "benchbench tco"
_AT_SIGHT = 5
"""Sentences of an answer before the others are folded; the first one is the section's lede."""


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
            cash_flow(answer),
            curve(answer),
            made_of(answer),
            other_clouds(answer),
            sweeps(answer),
            breakdown(answer),
            sureness(answer),
            whatif.part(answer),
            _build_or_buy(answer),
            assumed(answer.assumptions),
        )
        if part is not None
    )
    lede = answer.sentences[0] if answer.sentences else answer.break_even.sentence
    return Section("cost", title, lede, parts)


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
        f"draws; at the median it costs {saved(uncertainty.saving_usd_p50)}."
    )
