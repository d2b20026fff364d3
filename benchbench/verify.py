"""Recompute what is claimed from the samples behind it: stored results, and a finished report."""

import base64
import json
import math
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from benchbench import __version__, derive, evaluate, units, untrusted
from benchbench.catalog import convergence, expected, silicon
from benchbench.derive import Figures
from benchbench.errors import DataError, UsageError
from benchbench.recommend import Recommendation
from benchbench.record import Accuracy, Ceiling, Measurement, Model, RateSearch, Record
from benchbench.report import embedded, view
from benchbench.report.page import render
from benchbench.stats import median
from benchbench.store import Store
from benchbench.tco import audit
from benchbench.tco.answer import TcoAnswer

M = TypeVar("M", bound=Model)
_Check = tuple[str, str | None]
"""Where, and what is wrong there; None where the claim holds."""

_EQUAL = 1e-6
"""Relative: what other vector units may change in the last digits of a sum."""
_NUMBER = re.compile(r"((?<![\w.])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)")
_UNSHOWABLE = (ArithmeticError, LookupError, TypeError, ValueError)
"""What showing data ends in that no measurement can have given."""
_PARTS = ("records", "figures", "recommendations", "tco")
_TAG = re.compile(r"<[^>]*>?")
_DATA = '<script type="application/json" id="benchbench-data"'


class Discrepancy(Model):
    """One claim that its own data do not bear out."""

    where: str
    message: str


class Verification(Model):
    """The document `results verify` prints; `findings` is empty when all of it holds."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    what: str
    records: int
    claims: int
    """Numbers and texts that were recomputed and compared."""
    findings: tuple[Discrepancy, ...]
    notes: tuple[str, ...] = ()


def anything(where: str) -> Verification:
    """A report, or a store: a folder, or a URL. Raises UsageError where nothing is, DataError."""
    if "://" in where:
        answer = store(where)
        if answer.records or answer.findings:
            return answer
    elif Path(where).exists():
        return page(Path(where)) if Path(where).is_file() else store(where)
    raise UsageError(f"{where} is not there; name a report.html or a folder of results")


def store(url: str | Path) -> Verification:
    """Every document of a store: its hash, its form, and that its numbers agree with each other."""
    read = Store(url).read()
    findings = [Discrepancy(where=one.name, message=one.reason) for one in read.quarantined]
    claims = 0
    for name, record in zip(read.names, read.records, strict=True):
        checks = list(_checks(record))
        claims += len(checks)
        findings += [Discrepancy(where=name, message=message) for message in checks if message]
    return Verification(
        what=str(url), records=len(read.records), claims=claims, findings=tuple(findings)
    )


def page(path: Path) -> Verification:
    """A report: its figures recomputed from the records inside it, and its page from its data.

    Raises DataError if the file holds no benchbench data.
    """
    html = untrusted.read(path, untrusted.MOST_DOCUMENT_BYTES).decode(errors="replace")
    document = _embedded(html, path)
    records = _records(document, path)
    checks = [*_figures(records, document, path), *_page(html, document, records)]
    if document["tco"]:
        costs = _model(TcoAnswer, document["tco"])
        checks += [("costs", message) for message in audit.checks(costs)]
    for index, record in enumerate(records):
        where = f"record {index + 1}, {record.workload}"
        checks += [(where, message) for message in _checks(record)]
    return Verification(
        what=str(path),
        records=len(records),
        claims=len(checks),
        findings=tuple(Discrepancy(where=w, message=message) for w, message in checks if message),
        notes=_notes(html, records),
    )


def _figures(records: list[Record], document: dict[str, Any], path: Path) -> Iterator[_Check]:
    """Each number of each configuration, recomputed with the datasheets of this version."""
    known = (silicon.load(), expected.load(), convergence.load())
    computed: list[tuple[str, dict[str, Any], Figures]] = []
    for group, stated in _paired(records, document, path):
        where = f"{group[0].workload} {group[0].precision} x{group[0].batch_size}"
        try:
            computed.append((where, stated, evaluate.figures(group, *known)))
        except _UNSHOWABLE as error:
            yield where, f"cannot be computed: {str(error).partition(chr(10))[0][:200]}"
    together = evaluate.beside_one(figures for _, _, figures in computed)
    for (where, stated, _), figures in zip(computed, together, strict=True):
        for name, said, found in _compared(stated, figures.model_dump(mode="json")):
            differs = f"{name} says {_short(said)}; the samples give {_short(found)}"
            yield where, None if _equal(said, found) else differs


def _page(html: str, document: dict[str, Any], records: list[Record]) -> Iterator[_Check]:
    """The page written anew from its data, held against the file: words, numbers and charts."""
    if _generator(html) != __version__:
        return
    try:
        written = _written(html, document, records)
    except _UNSHOWABLE as error:
        yield "page", f"its data cannot be shown: {str(error).partition(chr(10))[0][:200]}"
        return
    ours, theirs = (_NUMBER.split(_body(one)) for one in (written, html))
    if len(ours) != len(theirs):
        yield "page", "its words are not those its data give"
        return
    before = ""
    for found, said in zip(ours, theirs, strict=True):
        same = found == said or _equal(_float(found), _float(said))
        where = _TAG.sub(" ", before)[-60:].split("  ")[-1].strip() or "page"
        yield (
            where,
            None if same else f"the page says {_short(said)}; its data give {_short(found)}",
        )
        before = before[-200:] + said


def _written(html: str, document: dict[str, Any], records: list[Record]) -> str:
    """The page these data give."""
    return render(
        view.build(
            records,
            figures=[_model(Figures, one) for one in document["figures"]],
            recommendations=[_model(Recommendation, one) for one in document["recommendations"]],
            tco=document["tco"] and _model(TcoAnswer, document["tco"]),
            title=_between(html, "<title>", "</title>"),
            generated_on=_between(html, '<time datetime="', '"'),
        )
    )


def _checks(record: Record) -> Iterator[str | None]:
    """None for each claim that holds, a sentence for each that does not."""
    for ceiling in record.ceilings:
        yield _ceiling(ceiling)
    seen = record.measurement
    if record.accuracy is not None:
        yield from _graded(record.accuracy)
    elif seen is not None:
        yield _counted(seen)
        if seen.rate_search is not None:
            yield _searched(seen, seen.rate_search)


def _ceiling(ceiling: Ceiling) -> str | None:
    name = f"ceiling {ceiling.kind} {ceiling.dtype or ''}".rstrip()
    if not ceiling.low <= ceiling.value <= ceiling.high:
        return f"{name} lies outside its own interval"
    if ceiling.samples and not _equal(ceiling.value, median(ceiling.samples)):
        said, found = ceiling.value, median(ceiling.samples)
        stated, sampled = (units.si(one, ceiling.unit, 6) for one in (said, found))
        return f"{name} says {stated}, its samples {sampled}"
    return None


def _counted(seen: Measurement) -> str | None:
    expected = seen.units_per_step * len(seen.step_s)
    if seen.latency_s is None and not _equal(seen.units_completed, expected):
        done, steps = units.number(seen.units_completed, 6), units.count(len(seen.step_s))
        return f"{done} units completed, but {steps} steps of {units.number(seen.units_per_step)}"
    return None


def _searched(seen: Measurement, search: RateSearch) -> str | None:
    """The last rate tried is the one measured, and its late queries are those of the samples."""
    last, latency_s = search.probes[-1], seen.latency_s or ()
    late = sum(seconds > search.latency_bound_s for seconds in latency_s)
    if search.rate_per_s not in (None, last.rate_per_s):
        return f"{units.number(search.rate_per_s)} a second is not the rate that was measured last"
    if (last.queries, last.over_bound) != (len(latency_s), late):
        said = f"{last.over_bound} of {last.queries} queries late"
        return f"the last rate tried says {said}; the samples give {late} of {len(latency_s)}"
    return None


def _graded(accuracy: Accuracy) -> Iterator[str | None]:
    """Each gate follows from the reference and the accuracy."""
    for gate in accuracy.gates:
        name = f"the gate at {units.percent(gate.fraction, 4)}"
        least = gate.fraction * accuracy.reference_percent
        passed = accuracy.percent >= gate.least_percent
        if not _equal(gate.least_percent, least):
            yield f"{name} says {units.number(gate.least_percent, 5)}, its reference gives another"
        else:
            right = gate.passed == passed
            yield None if right else f"{name} contradicts the accuracy beside it"


def _records(document: dict[str, Any], path: Path) -> list[Record]:
    try:
        records = untrusted.physical(embedded.whole(document))
        return [Record.model_validate_json(json.dumps(one)) for one in records]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DataError(
            f"{path}: a record inside it is damaged ({where}: {first['msg']})"
        ) from error
    except ValueError as error:
        raise DataError(f"{path}: a record inside it is damaged ({error})") from error


def _paired(
    records: list[Record], document: dict[str, Any], path: Path
) -> list[tuple[list[Record], dict[str, Any]]]:
    groups, stated = derive.group(records), document["figures"]
    if len(groups) != len(stated):
        raise DataError(
            f"{path}: {len(stated)} figures for {len(groups)} configurations; "
            "parts of its data were removed or added"
        )
    return list(zip(groups, stated, strict=True))


def _compared(stated: Any, found: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON
    """Each leaf of what was stated beside what was found; a later version may have more fields."""
    if isinstance(stated, dict) and isinstance(found, dict):
        for part, value in stated.items():
            yield from _compared(value, found.get(part), f"{name}.{part}" if name else part)
    elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
        for index, (one, other) in enumerate(zip(stated, found, strict=True)):
            yield from _compared(one, other, f"{name}[{index}]")
    else:
        yield name, stated, found


def _equal(a: Any, b: Any) -> bool:  # noqa: ANN401 - JSON
    if isinstance(a, float | int) and isinstance(b, float | int):
        try:
            return math.isclose(a, b, rel_tol=_EQUAL)
        except OverflowError:  # a whole number that no float holds
            return a == b
    return bool(a == b)


def _short(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value)[:80]


def _notes(html: str, records: list[Record]) -> tuple[str, ...]:
    notes = []
    versions = sorted({one.provenance.tool_version for one in records} - {__version__})
    if versions:
        notes.append(f"measured by benchbench {', '.join(versions)}, recomputed by {__version__}")
    if (wrote := _generator(html)) != __version__:
        notes.append(
            f"written by benchbench {wrote}: its words were not compared, only its figures"
        )
    return tuple(notes)


def _generator(html: str) -> str:
    return _between(html, 'name="generator" content="benchbench ', '"')


def _between(html: str, start: str, end: str) -> str:
    return unescape(html.partition(start)[2].partition(end)[0])


def _body(html: str) -> str:
    """What a reader sees and what is drawn; the data have checks of their own."""
    return html.partition("<body>")[2].partition(_DATA)[0]


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _model(kind: type[M], value: dict[str, Any]) -> M:
    return kind.model_validate_json(json.dumps(value))


def _embedded(html: str, path: Path) -> dict[str, Any]:
    """The document a report carries. Raises DataError if there is none that can be read."""
    attributes, _, text = html.partition(_DATA)[2].partition("</script>")[0].partition(">")
    try:
        if 'data-encoding="gzip"' in attributes:
            text = untrusted.unpack(base64.b64decode(text, validate=True)).decode()
        document = dict(untrusted.parse_json(text))
        parts = _whole({name: document[name] for name in _PARTS})
        return {**parts, "ceilings": document.get("ceilings", [])}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} holds no readable benchbench data ({error}); "
            "write the report again with: benchbench report"
        ) from error


def _whole(document: dict[str, Any]) -> dict[str, Any]:
    """The document, if its parts are lists of objects, and the last an object or nothing."""
    *lists, costs = (document[name] for name in _PARTS)
    for part in (*lists, [] if costs is None else [costs]):
        if not (isinstance(part, list) and all(isinstance(one, dict) for one in part)):
            raise ValueError("its parts are not those of a report")
    return document
