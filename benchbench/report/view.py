"""Everything a report shows, before it has a form: pure, from documents to words and chart data."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from benchbench import __version__
from benchbench.derive import Figures
from benchbench.recommend import Recommendation
from benchbench.record import Record
from benchbench.report import choice, cost, embedded, headline, measured, method
from benchbench.report.blocks import Section
from benchbench.report.evidence import Measured
from benchbench.report.headline import Answer, KeyFigure
from benchbench.tco.answer import TcoAnswer

SCHEMA = 1
"""Of the embedded data."""
_TITLE = "What this machine delivers, and what to do about it"
_TITLE_OF_SEVERAL = "What these machines deliver, and what to do about it"


@dataclass(frozen=True, slots=True)
class View:
    """The page: the answers of the first screen, the sections, and the raw data behind both."""

    title: str
    generated_on: str
    tool_version: str
    indicative: bool
    key_figures: tuple[KeyFigure, ...]
    answers: tuple[Answer, ...]
    sections: tuple[Section, ...]
    data: str
    """JSON: `schema`, `ceilings`, `records`, `figures`, `recommendations`, `tco`.

    Records name their ceilings by place, see `benchbench.report.embedded`.

    On the page it is the text of the element `benchbench-data`: as it is, or, above 400 kB, marked
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
    seen = Measured(tuple(records), tuple(figures))
    only_costs = tco is not None and not records
    asked = (choice.section(recommendations, generated_on), cost.section(tco))
    usual = _TITLE_OF_SEVERAL if seen.several else _TITLE
    return View(
        title=title or (tco.title if tco is not None and only_costs else usual),
        generated_on=generated_on,
        tool_version=__version__,
        indicative=headline.is_indicative(records, recommendations),
        key_figures=headline.key_figures(seen, recommendations, tco),
        answers=headline.answers(seen, recommendations, tco),
        sections=(
            *(asked[1:] if only_costs else (measured.section(seen, recommendations), *asked)),
            method.section(seen, recommendations),
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
        **embedded.shared(records),
        "figures": [figure.model_dump(mode="json") for figure in figures],
        "recommendations": [one.model_dump(mode="json", by_alias=True) for one in recommendations],
        "tco": tco and tco.model_dump(mode="json", by_alias=True),
    }
    return json.dumps(document, allow_nan=False, separators=(",", ":"))
