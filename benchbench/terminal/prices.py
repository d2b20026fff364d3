"""The catalogue, for a terminal: offers, imports and how they agree, bills, matches, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from benchbench import sheets, units
from benchbench.terminal.layout import blank_table, of_grid, plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from benchbench.catalog.agreement import Agreement
    from benchbench.catalog.check import Finding
    from benchbench.catalog.egress import Bill
    from benchbench.catalog.importing import ImportReport
    from benchbench.catalog.match import Match
    from benchbench.catalog.offer import OfferList


_SHOWN = 5


def offers(listed: OfferList, today: date) -> RenderableType:
    """Instances and prices, each with its source and day; what is old is marked."""
    sheet = sheets.offers(listed, today.toordinal())
    return Group(*map(of_grid, sheet.grids), *map(plain, sheet.sentences))


def imported(report: ImportReport) -> RenderableType:
    """What became of every row of a source, and whether it agrees with what was known."""
    parted = f"{units.count(report.rows_used)} used + {units.count(report.rows_rejected)} rejected"
    sized, lost = units.count(report.with_known_sizes), units.count(report.offers_rejected)
    lines = [
        f"{report.file} ({report.kind}, prices of {report.as_of})",
        f"{units.counted(report.rows_in, 'row')} in = {parted}",
        f"{units.counted(report.offers, 'offer')}, {sized} of them with known silicon or vCPU",
        *(
            [f"{lost} more rejected in rows that hold another offer"]
            if report.offers_rejected
            else []
        ),
        *(f"  {units.count(one.rows)} x {one.reason}" for one in report.reasons[:_SHOWN]),
    ]
    lines += [f"  {one.file}:{one.line}: {one.reason}" for one in report.rejected[:_SHOWN]]
    if len(report.rejected) > _SHOWN:
        lines.append("  more of them with --json")
    lines += [f"note: {note}" for note in report.notes]
    parts: list[RenderableType] = [Text(line) for line in lines]
    if report.agreement is not None and report.agreement.common:
        parts += [Text("Against the offers known before:"), agreement(report.agreement)]
    if report.stored:
        parts.append(Text(f"stored in {report.stored}"))
    return Group(*parts)


def agreement(one: Agreement) -> RenderableType:
    """How the common rows of two sources compare."""
    share = one.within_1_percent / one.common if one.common else None
    first, second = units.count(one.only_first), units.count(one.only_second)
    close, far = units.count(one.within_1_percent), units.count(one.beyond_10_percent)
    lines = [
        f"{units.counted(one.common, 'common offer')}; only in the first {first}, second {second}",
        f"{close} agree within 1 % ({units.percent(share, 4)}), {far} differ by more than 10 %",
    ]
    lines += [
        f"  {two.key}: {units.usd(two.first_usd_per_hour)}, {units.usd(two.second_usd_per_hour)}"
        for two in one.farthest[:_SHOWN]
    ]
    return Group(*(Text(line) for line in lines))


def match(found: Match) -> RenderableType:
    """Which offers a machine is, and how we know."""
    kinds = {"instance": "This very instance", "silicon": "The same silicon", "none": "No offer"}
    lines = [f"{kinds[found.kind]}: {found.because}"]
    if found.socket_share_fraction is not None:
        share = units.percent(found.socket_share_fraction)
        lines.append(f"{share} of a socket of {found.silicon}")
    lines += [f"  {name}" for name in found.instances]
    return Group(*(Text(line) for line in lines))


def bill(one: Bill) -> RenderableType:
    """One month of traffic or storage, tier by tier."""
    what = "egress" if one.service == "internet" else one.service.replace("_", " ")
    title = f"{one.provider}: {units.size(one.size.size_bytes)} of {what} a month"
    table = blank_table(title, "from", "to", "$/GB", "$")
    for line in one.lines:
        table.add_row(
            units.size(line.from_bytes),
            units.size(line.to_bytes),
            units.number(line.usd_per_gb),
            units.cents(line.usd),
        )
    table.add_row("", "in all", "", units.cents(one.usd_per_month))
    notes = [
        one.size.taken_as,
        f"{one.as_of}, {one.confidence} confidence: {one.source}",
        one.note or "",
    ]
    if one.usd_per_month_with_allowance is not None:
        least = units.cents(one.usd_per_month_with_allowance)
        notes.append(f"{least} where the account's free allowance is still unused")
    return Group(table, *(Text(note, style="dim") for note in notes if note))


def findings(found: Sequence[Finding], offers_checked: int) -> RenderableType:
    """What a lint of the catalogue found."""
    lines = [Text(f"{one.severity}: {one.where}: {one.message}") for one in found]
    return Group(*lines, Text(f"{offers_checked} offers checked, {len(found)} findings"))
