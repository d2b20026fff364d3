"""Import a text as if it were a file."""

import io
from datetime import date

from benchbench.catalog import catalogue, importing
from benchbench.catalog.catalogue import Catalog
from benchbench.catalog.importers import KINDS
from benchbench.catalog.importers.entry import Entry, Given
from benchbench.catalog.importing import Imported
from benchbench.catalog.offer import Offer

DAY = date(2026, 1, 1)


def entries(kind: str, text: str, *, provider: str | None = None) -> list[Entry]:
    """What the importer itself makes of it."""
    given = Given("a.csv", DAY, provider, lambda: catalogue.from_offers([]))
    return list(KINDS[kind](io.BytesIO(text.encode()), given))


def imported(
    kind: str, text: str, *, provider: str | None = None, known: Catalog | None = None
) -> Imported:
    """All of it, with nothing known before unless given; the invariant of every import holds."""
    catalog = known or catalogue.from_offers([])
    given = Given("a.csv", DAY, provider, lambda: catalog)
    found = importing.read(kind, io.BytesIO(text.encode()), given)
    report = found.report
    assert report.rows_in == report.rows_used + report.rows_rejected
    assert sum(one.rows for one in report.reasons) == report.rows_rejected + report.offers_rejected
    return found


def offers(
    kind: str, text: str, *, provider: str | None = None, known: Catalog | None = None
) -> list[Offer]:
    """The offers of it."""
    return list(Catalog(imported(kind, text, provider=provider, known=known).frame))


def reasons(
    kind: str, text: str, *, provider: str | None = None, known: Catalog | None = None
) -> list[tuple[int, str]]:
    """Where and why rows or offers were rejected."""
    report = imported(kind, text, provider=provider, known=known).report
    return [(one.line, one.reason) for one in report.rejected]


def prices_of(kind: str, text: str) -> list[tuple[str, float | None]]:
    """What is left: each offer's kind of price, and the price."""
    return [(one.price_kind, one.price_usd_per_hour) for one in offers(kind, text)]
