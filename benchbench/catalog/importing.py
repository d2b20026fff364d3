"""Read a published price table into the catalogue's columns; no row of it vanishes.

Every row of the source either gave an offer or is counted among the rejected, with its reason. Read
in pieces: what is held is the typed columns, and the first `KEPT` of the rejected rows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from benchbench.catalog import agreement, rows
from benchbench.catalog.agreement import Agreement
from benchbench.catalog.importers import KINDS
from benchbench.catalog.importers.entry import Draft, Entry, Given
from benchbench.catalog.rows import COLUMNS
from benchbench.errors import UsageError
from benchbench.record import Model

KEPT = 1000
"""Rejected rows that are listed; all are counted."""
PIECE = 20_000
"""Rows of the source that are typed at once."""
SIZES = (
    "arch",
    "vcpu",
    "cores",
    "cpu_model",
    "memory_bytes",
    "accelerator",
    "variant",
    "accelerator_count",
    "accelerator_memory_bytes",
    "local_storage_bytes",
    "network_bits_per_s",
)
"""What an instance is wherever it is rented; the known offers say it where a table does not."""


class Rejection(Model):
    """A row that could not be used, or an offer in it."""

    file: str
    line: int
    """Of a CSV as an editor counts; of JSON the position of the record."""
    reason: str


class Reason(Model):
    """How often one thing was wrong."""

    reason: str
    rows: int


class ImportReport(Model):
    """The document `catalog import` prints: rows_in = rows_used + rows_rejected."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    kind: str
    file: str
    as_of: date
    rows_in: int
    rows_used: int
    rows_rejected: int
    offers: int
    offers_rejected: int
    """Of rows that held another offer that is used."""
    with_known_sizes: int
    """Offers whose vCPU or accelerator is known."""
    reasons: tuple[Reason, ...]
    """The commonest first."""
    rejected: tuple[Rejection, ...]
    """The first of them."""
    notes: tuple[str, ...] = ()
    """What is to be known of the source as a whole."""
    agreement: Agreement | None = None
    """With the offers known before."""
    stored: str | None = None


@dataclass(frozen=True)
class Imported:
    """The offers of one source as typed columns, and what became of its rows."""

    frame: pd.DataFrame
    report: ImportReport


def read(kind: str, file: IO[bytes], given: Given, *, source_url: str | None = None) -> Imported:
    """`file` is seekable; raises UsageError for an unknown kind, DataError for another format."""
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of source; choose among {', '.join(sorted(KINDS))}")
    given = _with_catalog(given)
    defaults = {
        "source": kind,
        "source_url": source_url,
        "as_of": given.as_of.isoformat(),
        "confidence": "medium",
    }
    tally = _Tally(given.file)
    entries = KINDS[kind](file, given)
    frames = [_piece(piece, tally, defaults) for piece in _pieces(entries)]
    known = given.catalog().frame
    listed = rows.joined(frames)
    frame = with_sizes(_last_of_each(listed), known)
    if repeated := len(listed) - len(frame):
        tally.notes.append(f"{repeated} offers are listed more than once; the last of each counts")
    return Imported(frame, _report(kind, given, tally, frame, known))


def _with_catalog(given: Given) -> Given:
    """The known offers are read once."""
    known = given.catalog()
    return Given(given.file, given.as_of, given.provider, lambda: known)


def _pieces(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    entries = iter(entries)
    while piece := list(islice(entries, PIECE)):
        yield piece


class _Tally:
    """What became of the rows."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.rows_in = self.rows_used = self.offers_rejected = 0
        self.reasons: Counter[str] = Counter()
        self.rejected: list[Rejection] = []
        self.notes: list[str] = []

    def refuse(self, line: int, reason: str, *, whole_row: bool) -> None:
        self.offers_rejected += not whole_row
        if reason in self.reasons or len(self.reasons) < KEPT:
            self.reasons[reason] += 1
        else:
            self.reasons["for other reasons"] += 1
        if len(self.rejected) < KEPT:
            self.rejected.append(Rejection(file=self.file, line=line, reason=reason))


def _piece(piece: list[Entry], tally: _Tally, defaults: Draft) -> pd.DataFrame:
    tally.notes += [entry.note for entry in piece if entry.note]
    piece = [entry for entry in piece if not entry.note]
    drafts = [(at, offer) for at, entry in enumerate(piece) for offer in entry.offers]
    frame, reasons = rows.judged(_text([offer for _, offer in drafts], defaults))
    good = {drafts[row][0] for row in frame.index}
    faults = [(at, why) for (at, _), why in zip(drafts, reasons, strict=True) if why]
    faults += [(at, why) for at, entry in enumerate(piece) for why in entry.faults]
    whole = {at for at, _ in faults} - good
    told = set[int]()
    for at, why in sorted(faults):
        if at not in told:  # a row that is rejected whole is told once
            tally.refuse(piece[at].number, why, whole_row=at in whole)
        told |= {at} & whole
    tally.rows_in += len(piece)
    tally.rows_used += len(piece) - len(whole)
    return frame


def _text(drafts: Sequence[Draft], defaults: Draft) -> pd.DataFrame:
    """One row of texts per offer; what no offer says is not looked at offer by offer."""
    said = {name for offer in drafts for name in offer}
    columns: dict[str, list[str]] = {}
    for name in COLUMNS:
        default = _cell(defaults.get(name))
        if name in said:
            columns[name] = [_cell(offer[name]) if name in offer else default for offer in drafts]
        else:
            columns[name] = [default] * len(drafts)
    return pd.DataFrame(columns, dtype=object)


def _cell(value: object) -> str:
    """A list or a table, where a text or a number was meant, says nothing."""
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()


def _last_of_each(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[~frame.duplicated(subset=rows.KEY, keep="last")].reset_index(drop=True)


def with_sizes(frame: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """`frame` with what the known offers say of the same instance where it says nothing itself."""
    described = known[known["vcpu"].notna() | known["accelerator"].notna()]
    described = described.drop_duplicates(subset=["provider", "instance"])
    if described.empty:
        return frame
    names = pd.MultiIndex.from_frame(described[["provider", "instance"]].astype(object))
    at = names.get_indexer(pd.MultiIndex.from_frame(frame[["provider", "instance"]].astype(object)))
    silent = frame["accelerator"].isna().to_numpy() & (at >= 0)
    columns = {name: frame[name] for name in COLUMNS}
    for name in SIZES:
        column = frame[name].astype(object)
        fill = described[name].astype(object).to_numpy()[at]
        take = silent & (column.isna().to_numpy() | (name == "accelerator_count"))
        columns[name] = column.where(~take, fill)
    return rows.typed(pd.DataFrame(columns))


def _report(
    kind: str, given: Given, tally: _Tally, frame: pd.DataFrame, known: pd.DataFrame
) -> ImportReport:
    known_size = frame["vcpu"].notna() | frame["accelerator"].notna()
    return ImportReport(
        kind=kind,
        file=given.file,
        as_of=given.as_of,
        rows_in=tally.rows_in,
        rows_used=tally.rows_used,
        rows_rejected=tally.rows_in - tally.rows_used,
        offers=len(frame),
        offers_rejected=tally.offers_rejected,
        with_known_sizes=int(np.count_nonzero(known_size)),
        reasons=tuple(Reason(reason=why, rows=n) for why, n in tally.reasons.most_common()),
        rejected=tuple(tally.rejected),
        notes=tuple(tally.notes),
        agreement=agreement.between(frame, known),
    )


def to_csv(frame: pd.DataFrame, path: Path) -> None:
    """In the catalogue's columns; the old file stays whole until the new one is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    frame.to_csv(unfinished, index=False, date_format="%Y-%m-%d", lineterminator="\n")
    unfinished.replace(path)
