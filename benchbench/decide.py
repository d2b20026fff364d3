"""From stored results to answers: what `recommend`, `tco` and `report` do, without the printing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from benchbench import catalog, derive, evaluate
from benchbench import recommend as recommender
from benchbench.catalog import convergence, expected, shelf, silicon
from benchbench.catalog.catalogue import Catalog
from benchbench.errors import UsageError
from benchbench.recommend import Goal, Quota, Recommendation
from benchbench.recommend import goal as goals
from benchbench.record import Record
from benchbench.report import markdown, metrics, view
from benchbench.report.page import render
from benchbench.store import Store
from benchbench.tco import engine
from benchbench.tco import scenario as tco_scenario
from benchbench.tco.answer import TcoAnswer

_LONGEST_COUNT = 15
_CARRIED = 5_000
"""Rejected offers of each reason in a report's data: all of the bundled catalogue."""
_DELIVERS = ("What it delivers", "What they deliver")
_offers = cache(catalog.load)
_silicon = cache(silicon.load)
_expected = cache(expected.load)
_convergence = cache(convergence.load)
"""Read once: they do not change while a command runs."""
Tell = Callable[[str], None]


def _keep_quiet(_text: str) -> None:
    """Who asks for records again has been told."""


def records(url: str | Path, left_out: Tell = _keep_quiet) -> tuple[Record, ...]:
    """What is stored at `url`. Raises UsageError when there is nothing yet."""
    found = records_if_any(url, left_out)
    if not found:
        raise UsageError(f"no results in {url}; measure first: benchbench run --quick")
    return found


def records_if_any(url: str | Path, left_out: Tell = _keep_quiet) -> tuple[Record, ...]:
    """What is stored of speed at `url`, a search's trials excepted; empty is an answer too.

    `left_out` is told of each document that cannot be believed, and why.
    """
    read = Store(url).read()
    for one in read.quarantined:
        left_out(f"left out: {one.name}: {one.reason}")
    return tuple(one for one in read.records if not (one.is_trial or one.is_exam))


def goal(stored: Sequence[Record], flags: Mapping[str, Any], path: Path | None = None) -> Goal:
    """What the goal file and the flags ask for, a flag before the file.

    The workload may be left out when only one was measured. Raises UsageError, DataError.
    """
    written = {} if path is None else goals.read(path)
    given = {name: value for name, value in flags.items() if value not in (None, (), [])}
    wanted = {**written, **given}
    if "workload" not in given and "mix" in written:
        return goals.parse(wanted)
    if "workload" in given:
        wanted.pop("mix", None)
    return goals.parse({**wanted, "workload": _workload(stored, wanted.get("workload"))})


def _workload(stored: Sequence[Record], named: str | None) -> str:
    measured = sorted({record.workload for record in stored if record.validity != "invalid"})
    if not measured:
        raise UsageError("nothing valid was measured; see why: benchbench results list")
    if named is None:
        if len(measured) != 1:
            raise UsageError(f"which workload? add --workload with one of: {', '.join(measured)}")
        return measured[0]
    if named not in {record.workload for record in stored}:
        raise UsageError(f"no results of {named!r}; measured here: {', '.join(measured)}")
    return named


def fields(written: Sequence[str]) -> dict[str, Any]:
    """`spare_replicas=1`, `min_memory_bytes=64GiB` as fields of a goal. Raises UsageError."""
    found = {}
    for text in written:
        name, equals, value = text.partition("=")
        if not equals or name not in Goal.model_fields:
            raise UsageError(f"{text!r} sets no field of a goal; see: benchbench schema goal")
        found[name] = goals.value(value)
    return found


def quotas(written: Sequence[str]) -> tuple[Quota, ...]:
    """`p5.48xlarge=4` as a limit on that instance. Raises UsageError."""
    found = []
    for text in written:
        name, _, count = text.rpartition("=")
        if not name or not (count.isdecimal() and len(count) <= _LONGEST_COUNT):
            raise UsageError(f"{text!r} is no quota; write it as p5.48xlarge=4")
        found.append(Quota(instance=name, most=float(count)))
    return tuple(found)


def offers(files: Sequence[Path] = (), *, imported: bool = False) -> Catalog:
    """The bundled offers, the user's own, and what was imported where that is asked for."""
    return shelf.load(files, imported=imported)


def recommendation(
    stored: Sequence[Record],
    wanted: Goal,
    today: date,
    *,
    listed: int | None = None,
    offers: Catalog | None = None,
) -> Recommendation:
    """`offers` (the bundled ones) ranked; of each reason `listed` rejected ones, None: all."""
    known = _offers() if offers is None else offers
    return recommender.recommend(stored, known, _silicon(), wanted, today=today, listed=listed)


def costs(
    path: Path | None, stored: Sequence[Record], today: date, *, explored: bool = False
) -> TcoAnswer:
    """The scenario in `path` (the built-in one when None), with capacity from what was measured.

    `explored` adds what only a page shows.
    """
    return engine.evaluate(
        tco_scenario.load(path),
        records=stored,
        catalog=_offers(),
        silicon=_silicon(),
        today=today,
        explored=explored,
    )


def results(url: str | Path, *, session: str | None = None) -> evaluate.ResultList:
    """Everything stored at `url`, or of one session, held against the datasheets."""
    read = Store(url).read()
    if session is not None:
        read = read.of_session(session)
    return evaluate.results(read, _silicon(), _expected(), _convergence())


def figures(stored: Sequence[Record]) -> tuple[derive.Figures, ...]:
    """One per configuration."""
    known = (_silicon(), _expected(), _convergence())
    groups = derive.group(stored)
    return evaluate.beside_one(evaluate.figures(group, *known) for group in groups)


@dataclass(frozen=True)
class Page:
    """The report, and the three sentences that matter."""

    html: str
    delivers: str
    rent: str
    own: str


def exams(url: str | Path) -> tuple[Record, ...]:
    """What is stored of accuracy at `url`: it says nothing of speed, and a page shows both."""
    return tuple(one for one in Store(url).read().records if one.is_exam)


def page(
    stored: Sequence[Record],
    *,
    scenario: Path | None,
    today: date,
    exams: Sequence[Record] = (),
) -> Page:
    """One HTML page of these records: a recommendation per workload, and the costs.

    `exams` are the records of accuracy to show beside those of speed.
    """
    costed = costs(scenario, stored, today, explored=True)
    shown = _view(stored, costed, today, exams)
    said = {answer.question: answer.sentence for answer in shown.answers}
    delivers = next((said[one] for one in _DELIVERS if one in said), "Nothing was measured.")
    return Page(render(shown), delivers, said["What to do"], " ".join(costed.sentences[:1]))


def in_markdown(stored: Sequence[Record], *, scenario: Path | None, today: date) -> str:
    """The same report as Markdown."""
    return markdown.render(_view(stored, costs(scenario, stored, today, explored=True), today))


def in_openmetrics(url: str | Path, today: date, left_out: Tell = _keep_quiet) -> str:
    """The newest figures of the store at `url`, and what to rent for each workload."""
    return metrics.openmetrics(results(url), recommendations(records(url, left_out), today))


def _view(
    stored: Sequence[Record], costed: TcoAnswer, today: date, exams: Sequence[Record] = ()
) -> view.View:
    return view.build(
        (*stored, *exams),
        figures=figures(stored),
        recommendations=recommendations(stored, today),
        tco=costed,
        generated_on=today.isoformat(),
    )


def recommendations(stored: Sequence[Record], today: date) -> tuple[Recommendation, ...]:
    """The cheapest per unit for each workload with a result to go by."""
    believed = {record.workload: None for record in stored if record.validity != "invalid"}
    return tuple(
        recommendation(stored, Goal(workload=name), today, listed=_CARRIED) for name in believed
    )
