"""Everything a report shows, before it has a form: pure, from documents to words and chart data."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from benchbench import __version__
from benchbench.derive import Figures
from benchbench.recommend import Recommendation
from benchbench.record import Record
from benchbench.report import choice, cost, headline, measured, method
from benchbench.report.blocks import Section
from benchbench.report.headline import Answer
from benchbench.tco.answer import TcoAnswer

SCHEMA = 1
"""Of the embedded data."""
_TITLE = "What this machine delivers, and what to do about it"


@dataclass(frozen=True, slots=True)
class View:
    """The page: the answers of the first screen, the sections, and the raw data behind both."""

    title: str
    generated_on: str
    tool_version: str
    indicative: bool
    answers: tuple[Answer, ...]
    sections: tuple[Section, ...]
    data: str
    """JSON: `schema`, `records`, `figures`, `recommendations`, `tco`.

    On the page it is the text of the element `benchbench-data`: as it is, or, above 600 kB, marked
    `data-encoding="gzip"` and read by `json.loads(gzip.decompress(base64.b64decode(text)))`.
    """


def build(
    records: Sequence[Record],
    *,
    figures: Sequence[Figures],
    recommendations: Sequence[Recommendation] = (),
    tco: TcoAnswer | None = None,
    title: str | None = None,
    generated_on: str,
) -> View:
    """The report of these documents. One recommendation per workload, each with its goal.

    `generated_on` is an ISO date; nothing reads the clock. With nothing measured the page is about
    the costs alone.
    """
    only_costs = tco is not None and not records
    asked = (choice.section(recommendations, generated_on), cost.section(tco))
    return View(
        title=title or (tco.title if tco is not None and only_costs else _TITLE),
        generated_on=generated_on,
        tool_version=__version__,
        indicative=headline.is_indicative(records, recommendations),
        answers=headline.answers(records, figures, recommendations, tco),
        sections=(
            *(asked[1:] if only_costs else (measured.section(records, figures), *asked)),
            method.section(records, figures, recommendations),
        ),
        data=_data(records, figures, recommendations, tco),
    )


def _data(
    records: Sequence[Record],
    figures: Sequence[Figures],
    recommendations: Sequence[Recommendation],
    tco: TcoAnswer | None,
) -> str:
    document = {
        "schema": SCHEMA,
        "records": [record.model_dump(mode="json", by_alias=True) for record in records],
        "figures": [figure.model_dump(mode="json") for figure in figures],
        "recommendations": [one.model_dump(mode="json", by_alias=True) for one in recommendations],
        "tco": tco and tco.model_dump(mode="json", by_alias=True),
    }
    return json.dumps(document, allow_nan=False, separators=(",", ":"))
