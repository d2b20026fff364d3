"""What to rent and whether to own, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from benchbench import sheets, units
from benchbench.terminal.layout import blank_table, caveats, indented, of_grid, plain

if TYPE_CHECKING:
    from benchbench.recommend import Fleet, Recommendation
    from benchbench.tco.answer import Assumption, TcoAnswer


def recommendation(answer: Recommendation, *, most: int = 10) -> RenderableType:
    """The ranking, its basis, and how many offers were turned down for what."""
    from benchbench.recommend import sentences  # noqa: PLC0415 - brings pandas, for this answer only

    parts: list[RenderableType] = []
    if answer.candidates:
        parts.append(of_grid(sheets.ranking(answer, most)))
        best = sentences.notes(answer.candidates[0], answer.goal, answer.unit)
        told = filter(None, (*best, sentences.runner_up(answer)))
        parts += [Text("The first:"), *map(indented, told)]
    parts += [indented(line, "dim") for line in sheets.rejections(answer)]
    said = [one.sentence for one in answer.relaxations] or [answer.binding or ""]
    parts += [plain(sentence, style="bold") for sentence in said if sentence]
    if answer.fleet is not None:
        parts.append(_fleet(answer.fleet, f"Or {sentences.fleet(answer.fleet)}"))
    return Group(*parts, *caveats(answer.caveats))


def why_not(answer: Recommendation, instance: str) -> RenderableType:
    """Every offer of one instance: its rank, or the reason it has none."""
    table = blank_table("", "where", "price", "answer")
    table.title = plain(f"{instance} for {answer.goal.workload}")
    for one in answer.candidates:
        if one.offer.instance == instance:
            said = one.offer.price_kind, f"ranked {one.rank}: {one.because}"
            table.add_row(plain(f"{one.offer.provider} {one.offer.region}"), *map(plain, said))
    for out in answer.rejected:
        if out.instance == instance:
            told = (f"{out.provider} {out.region}", out.price_kind, out.because)
            table.add_row(*map(plain, told))
    if table.row_count:
        return table
    return plain(f"no offer of {instance}; see the names with: benchbench catalog show")


def _fleet(fleet: Fleet, title: str) -> RenderableType:
    table = blank_table("", "instance", "where", "$/h", "carries", "")
    table.title = plain(title)
    for one in fleet.members:
        carries = (f"{name} {units.number(rate)}/s" for name, rate in one.units_per_s.items())
        cells = (
            f"{one.replicas} x {one.offer.instance}",
            f"{one.offer.provider} {one.offer.region}",
            units.usd(one.usd_per_hour),
            ", ".join(carries),
            sheets.MARKS[one.basis],
        )
        table.add_row(*map(plain, cells))
    return table


def tco(answer: TcoAnswer) -> RenderableType:
    """The alternatives side by side, then the answer in sentences."""
    table = of_grid(sheets.tco(answer).grids[0])
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
