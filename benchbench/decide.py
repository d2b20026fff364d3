"""From stored results to answers: what `recommend`, `tco` and `report` do, without the printing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchbench import catalog, derive, evaluate
from benchbench import recommend as recommender
from benchbench.catalog import expected, silicon
from benchbench.errors import UsageError
from benchbench.recommend import Goal, Recommendation
from benchbench.record import Record
from benchbench.report import view
from benchbench.report.page import render
from benchbench.store import Store
from benchbench.tco import engine
from benchbench.tco import scenario as tco_scenario
from benchbench.tco.answer import TcoAnswer

_offers = cache(catalog.load)
_silicon = cache(silicon.load)
_expected = cache(expected.load)
"""Read once: they do not change while a command runs."""


def records(url: str | Path) -> tuple[Record, ...]:
    """What is stored at `url`. Raises UsageError when there is nothing yet."""
    found = records_if_any(url)
    if not found:
        raise UsageError(f"no results in {url}; measure first: benchbench run --quick")
    return found


def records_if_any(url: str | Path) -> tuple[Record, ...]:
    """What is stored at `url`, a search's trials excepted; empty is an answer too."""
    return tuple(record for record in Store(url).read().records if not record.is_trial)


def goal(stored: Sequence[Record], workload: str | None, limits: Mapping[str, Any]) -> Goal:
    """What the flags ask for; the workload may be left out when only one was measured."""
    measured = sorted({record.workload for record in stored if record.validity != "invalid"})
    if not measured:
        raise UsageError("nothing valid was measured; see why: benchbench results list")
    if workload is None:
        if len(measured) != 1:
            raise UsageError(f"which workload? add --workload with one of: {', '.join(measured)}")
        workload = measured[0]
    elif workload not in {record.workload for record in stored}:
        raise UsageError(f"no results of {workload!r}; measured here: {', '.join(measured)}")
    try:
        return Goal.model_validate({"workload": workload, **limits})
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"{first['loc'][0]}: {first['msg']}; see: benchbench recommend --help"
        ) from error


def recommendation(stored: Sequence[Record], wanted: Goal, today: date) -> Recommendation:
    """The bundled catalogue's offers, ranked for `wanted`."""
    return recommender.recommend(stored, _offers(), _silicon(), wanted, today=today)


def costs(path: Path | None, stored: Sequence[Record], today: date) -> TcoAnswer:
    """The scenario in `path` (the built-in one when None), with capacity from what was measured."""
    return engine.evaluate(
        tco_scenario.load(path),
        records=stored,
        catalog=_offers(),
        silicon=_silicon(),
        today=today,
    )


def results(url: str | Path, *, session: str | None = None) -> evaluate.ResultList:
    """Everything stored at `url`, or of one session, held against the datasheets."""
    read = Store(url).read()
    if session is not None:
        read = read.of_session(session)
    return evaluate.results(read, _silicon(), _expected())


def figures(stored: Sequence[Record]) -> tuple[derive.Figures, ...]:
    """One per configuration."""
    known, usual = _silicon(), _expected()
    return tuple(evaluate.figures(group, known, usual) for group in derive.group(stored))


@dataclass(frozen=True)
class Page:
    """The report, and the three sentences that matter."""

    html: str
    delivers: str
    rent: str
    own: str


def page(stored: Sequence[Record], *, scenario: Path | None, today: date) -> Page:
    """One HTML page of these records: a recommendation per workload, and the costs."""
    costed = costs(scenario, stored, today)
    shown = view.build(
        stored,
        figures=figures(stored),
        recommendations=recommendations(stored, today),
        tco=costed,
        generated_on=today.isoformat(),
    )
    said = {answer.question: answer.sentence for answer in shown.answers}
    return Page(
        render(shown), said["What it delivers"], said["What to do"], " ".join(costed.sentences[:1])
    )


def recommendations(stored: Sequence[Record], today: date) -> tuple[Recommendation, ...]:
    """The cheapest per unit for each workload with a result to go by."""
    believed = {record.workload: None for record in stored if record.validity != "invalid"}
    return tuple(recommendation(stored, Goal(workload=name), today) for name in believed)
