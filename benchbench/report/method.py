"""The section a sceptic reads: doubts, method, provenance, and whose name MLPerf is."""

from collections.abc import Sequence

from benchbench import units
from benchbench.derive import Figures
from benchbench.recommend import Recommendation
from benchbench.record import Caveat, Record
from benchbench.report import evidence
from benchbench.report.blocks import Column, Note, Notes, Part, Prose, Row, Section, Table, words
from benchbench.report.evidence import Measured

TRADEMARK = (
    "All scores in this report are unverified and are not MLPerf™ results. "
    "Result not verified by MLCommons Association. The MLPerf™ name and logo are registered and "
    "unregistered trademarks of MLCommons Association in the United States and other countries. "
    "All rights reserved. Unauthorized use strictly prohibited. "
    "See www.mlcommons.org for more information."
)
"""The footnote that MLCommons' Results Messaging Guidelines ask for; printed once."""

_HOW = (
    "Throughput is units completed over the timed window; the device is synchronised at both "
    "edges. Warm-up is left out, outliers are flagged and kept. Intervals are 95 % for what was "
    "measured and 80 % for what was predicted."
)
_COUNTING = (
    "FLOPs count two per multiply-add of the matrix products and convolutions the model requires, "
    "dense, without recomputation. MFU is achieved over the datasheet's dense peak; the share of "
    "the achievable is achieved over the best matrix multiplication measured on the same machine."
)
_MARKS = (
    "The three marks: measured is what a clock or counter saw; predicted is scaled from what was "
    "measured elsewhere; assumed is taken from a datasheet, a price list or a scenario."
)

_Raised = tuple[str, Caveat]
"""Of what, and the doubt."""
_MOST_MESSAGES = 3
_MOST_SUBJECTS = 3


def section(seen: Measured, recommendations: Sequence[Recommendation]) -> Section:
    """Doubts first, then how it was done and by what."""
    notes = _notes(seen, recommendations)
    doubts: Notes | Prose = Notes(notes) if notes else Prose(("Nothing was raised.",))
    parts = (
        Part("caveats", "Doubts, and what to do about them", (doubts,)),
        Part(
            "how",
            "How the numbers are made",
            (Prose((_HOW, _COUNTING, _MARKS)), *_counts(seen.figures)),
        ),
        Part("provenance", "Provenance", (_provenance(seen.records),)),
        Part("footnote", "Unverified scores", (Prose((TRADEMARK,)),)),
    )
    return Section("method", "Method and provenance", _lede(notes), parts)


def _lede(notes: Sequence[Note]) -> str:
    if not notes:
        return "No doubt was raised about any figure."
    return f"{units.counted(len(notes), 'doubt')} raised by the measurements and the catalogue."


def _notes(seen: Measured, recommendations: Sequence[Recommendation]) -> tuple[Note, ...]:
    found = [
        ("", f"{seen.name(figure)}, {evidence.setting(figure)}", caveat)
        for figure in seen.figures
        for caveat in figure.caveats
    ]
    found += [
        ("offers for ", one.goal.workload, caveat)
        for one in recommendations
        for caveat in one.caveats
    ]
    alike: dict[tuple[str, ...], list[_Raised]] = {}
    for kind, subject, caveat in found:
        same = (kind, caveat.code, caveat.severity, caveat.remedy)
        alike.setdefault(same, []).append((subject, caveat))
    notes = [_note(kind, raised) for (kind, *_), raised in alike.items()]
    return tuple(sorted(notes, key=lambda note: evidence.SEVERITIES.index(note.severity)))


def _note(kind: str, raised: Sequence[_Raised]) -> Note:
    """One doubt raised of several subjects; the same message names them together."""
    subjects: dict[str, list[str]] = {}
    for subject, caveat in raised:
        subjects.setdefault(caveat.message, []).append(subject)
    told = [
        (message, f"{kind}{_some(list(dict.fromkeys(named)))}")
        for message, named in subjects.items()
    ]
    rest = [subject for message in list(subjects)[_MOST_MESSAGES:] for subject in subjects[message]]
    if rest:
        told[_MOST_MESSAGES:] = [("likewise", f"{kind}{_some(rest)}")]
    first = raised[0][1]
    return Note(first.severity, first.remedy, tuple(told))


def _some(subjects: Sequence[str]) -> str:
    """Three by name, the others by number: the whole list is in the embedded data."""
    named, rest = subjects[:_MOST_SUBJECTS], len(subjects) - _MOST_SUBJECTS
    return "; ".join([*named, *([f"{units.count(rest)} more"] if rest > 0 else [])])


def _counts(figures: Sequence[Figures]) -> tuple[Table, ...]:
    counted = {figure.workload: figure for figure in figures if figure.flops_per_unit is not None}
    if not counted:
        return ()
    columns = (
        Column("Workload"),
        Column("Model FLOPs per unit", numeric=True),
        Column("Least bytes per unit", numeric=True),
    )
    rows = tuple(
        Row(
            (
                words(name, f"per {figure.unit}"),
                words(units.flop_count(figure.flops_per_unit)),
                words(units.size(figure.bytes_per_unit)),
            )
        )
        for name, figure in counted.items()
    )
    return (Table("What one unit of work was counted as", columns, rows),)


def _provenance(records: Sequence[Record]) -> Table | Prose:
    if not records:
        return Prose(("There are no records.",))
    columns = (
        Column("Workload"),
        Column("Measured at (UTC)"),
        Column("Effort"),
        Column("benchbench"),
        Column("Commit"),
        Column("Seed", numeric=True),
        Column("Stopped by"),
    )
    rows = tuple(_record_row(record) for record in records)
    folded = f"Show all {units.counted(len(rows), 'record')}"
    return Table("Every record behind this report", columns, rows, folded=folded, filterable=True)


def _record_row(record: Record) -> Row:
    source = record.provenance
    commit = source.git_commit and source.git_commit[:12]
    dirty = "with uncommitted changes" if source.git_dirty else ""
    stopped = "failure" if record.measurement is None else record.measurement.stop_reason
    return Row(
        (
            words(record.workload, _setting(record)),
            words(source.time_utc),
            words(_effort(record)),
            words(source.tool_version),
            words(commit, dirty),
            words(str(source.seed)),
            words(stopped.replace("_", " ")),
        )
    )


def _setting(record: Record) -> str:
    batch = units.count(record.batch_size)
    return f"{record.backend}, {record.precision}, batch {batch}, process {record.repeat + 1}"


def _effort(record: Record) -> str:
    return "quick, indicative" if record.effort == "quick" else record.effort
