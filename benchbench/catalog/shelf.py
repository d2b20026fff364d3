"""Imported catalogues in the user's cache folder: kept, listed, refreshed.

One CSV in the catalogue's own columns per source, and beside it where it came from. What is loaded
for the same offer, the first of these that has it: the user's own files, negotiated discounts, then
whichever of the imported and the bundled rows has the younger price.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import platformdirs
from pydantic import Field, ValidationError

from benchbench import untrusted
from benchbench.catalog import catalogue, fetch, importing, rows
from benchbench.catalog.catalogue import Catalog
from benchbench.catalog.importers import KINDS
from benchbench.catalog.importers.entry import Given
from benchbench.catalog.importing import Imported, ImportReport
from benchbench.errors import UsageError
from benchbench.record import Model

if TYPE_CHECKING:
    import pandas as pd


class Origin(Model):
    """Where an imported catalogue came from, and how to get it again."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    kind: str
    where: str
    """A file, or an address without its query."""
    provider: str | None = None
    as_of: date
    address: str | None = None
    """To refresh from; None for a local file, and for an address that holds a key."""


def folder() -> Path:
    """`catalog` in benchbench's cache folder; it need not exist."""
    return platformdirs.user_cache_path("benchbench") / "catalog"


def take(
    kind: str, where: str, *, provider: str | None, as_of: date, opener: fetch.Opener
) -> Imported:
    """Read one source from a file or an address."""
    url = where if fetch.is_url(where) else None
    name = fetch.shown(where).rpartition("/")[2] if url else Path(where).name
    others = list(_others(_stem(kind, where, provider)))
    given = Given(
        file=name or "page",
        as_of=as_of,
        provider=provider,
        known=lambda: catalogue.load(imported=others),
    )
    with fetch.opened(where, opener=opener) as file:
        return importing.read(kind, file, given, source_url=fetch.shown(url) if url else None)


def keep(imported: Imported, where: str, *, provider: str | None) -> ImportReport:
    """Write it into the cache; an earlier import of the same source and provider is replaced."""
    report = imported.report
    path = folder() / f"{_stem(report.kind, where, provider)}.csv"
    importing.to_csv(imported.frame, path)
    url = where if fetch.is_url(where) else None
    origin = Origin(
        kind=report.kind,
        where=fetch.shown(where) if url else str(Path(where).resolve()),
        provider=provider,
        as_of=report.as_of,
        address=None if url is None or "key=" in url.casefold() else url,
    )
    path.with_suffix(".json").write_text(origin.model_dump_json(by_alias=True, indent=2))
    return report.model_copy(update={"stored": str(path)})


def _stem(kind: str, where: str, provider: str | None) -> str:
    """The same for the same source, so that it takes its own place again."""
    slug = _slug(Path(fetch.shown(where)).stem)
    query = fetch.query_mark(where)
    return "-".join(filter(None, (kind, _slug(provider or ""), slug, query)))


def _slug(text: str) -> str:
    """What of a name may be part of a file's."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:40]


def _others(stem: str) -> Iterator[Path]:
    """List prices imported before; a discount is not taken off a discount."""
    for path, origin in origins():
        if path.stem != stem and origin.kind != "discounts":
            yield path


def origins() -> Iterator[tuple[Path, Origin]]:
    """Each imported CSV with its origin, discounts last, else the older first."""
    found = []
    for path in folder().glob("*.json"):
        try:
            origin = Origin.model_validate_json(untrusted.read(path, untrusted.MOST_SETTINGS_BYTES))
        except (ValidationError, OSError) as error:
            raise UsageError(f"{path} cannot be read; remove it and import again") from error
        if path.with_suffix(".csv").is_file():
            found.append((path.with_suffix(".csv"), origin))
    return iter(sorted(found, key=lambda one: (one[1].kind == "discounts", one[1].as_of, one[0])))


class Refreshed(Model):
    """What was fetched again, and what could not be."""

    reports: tuple[ImportReport, ...]
    left: tuple[str, ...]


def refresh(today: date, opener: fetch.Opener) -> Refreshed:
    """Fetch again what came from an address; the rest is named with what to do."""
    reports, left = [], []
    for _, origin in origins():
        if origin.address is None:
            left.append(f"{origin.where}: import it again with benchbench catalog import")
            continue
        provider = origin.provider
        imported = take(origin.kind, origin.address, provider=provider, as_of=today, opener=opener)
        reports.append(keep(imported, origin.address, provider=provider))
    return Refreshed(reports=tuple(reports), left=tuple(left))


def load(paths: Sequence[Path] = (), *, imported: bool = False) -> Catalog:
    """The bundled offers and the user's files, with what was imported where it is asked for."""
    found = list(origins()) if imported else []
    discounts = [path for path, origin in found if origin.kind == "discounts"]
    others = [path for path, origin in found if origin.kind != "discounts"]
    return catalogue.load((*discounts, *paths), imported=others)


def named(what: str, today: date, opener: fetch.Opener) -> "pd.DataFrame":
    """`bundled`, `KIND:FILE`, or a CSV in the catalogue's own columns."""
    kind, _, where = what.partition(":")
    if what == "bundled":
        return catalogue.load().frame
    if kind in KINDS:
        day = day_of(where, today)
        return take(kind, where, provider=None, as_of=day, opener=opener).frame
    return rows.read([Path(what)]).frame


def day_of(where: str, today: date) -> date:
    """When a file was written; today for an address. Raises UsageError where there is no file."""
    if fetch.is_url(where):
        return today
    try:
        return datetime.fromtimestamp(Path(where).stat().st_mtime, UTC).date()
    except OSError as error:
        raise UsageError(
            f"cannot read {where}: {error.strerror}; give a file or https://"
        ) from error
