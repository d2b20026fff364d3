"""The file: the same every time, harmless whatever it is fed, and complete."""

import base64
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from benchbench import derive
from benchbench.bundled import folder
from benchbench.recommend import Goal, Recommendation
from benchbench.record import Record, Work
from benchbench.report.method import TRADEMARK
from benchbench.report.page import embeddable, packed, policy, render
from benchbench.report.view import build
from benchbench.tco.answer import Alternative, BreakEven, TcoAnswer
from benchbench.tco.whatif import HORIZONS, PRICE_FACTORS, UTILISATIONS
from tests import factories
from tests.report import hostile, sample
from tests.report.pages import Page, parse
from tests.report.test_view import read_back

CHARTS = 10


whole, attacked = sample.page, hostile.page


def test_the_same_view_gives_the_same_bytes() -> None:
    """Whatever the user's matplotlib settings, and twice in one process."""
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "svg.fonttype": "path"}):
        assert render(sample.view()) == whole()


def test_another_process_gives_the_same_bytes() -> None:
    """Neither hash seed nor time zone reaches the page."""
    code = (
        "import hashlib; from tests.report import sample;"
        "from benchbench.report.page import render;"
        "print(hashlib.sha256(render(sample.view()).encode()).hexdigest())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == hashlib.sha256(whole().encode()).hexdigest()


def test_every_word_and_number_follows_from_the_embedded_data() -> None:
    """The page written anew from what the file carries, and from nothing else, is the same."""
    view = sample.view()
    again = build(**read_back(view.data), title=view.title, generated_on=sample.GENERATED_ON)
    assert render(again) == whole()


def _leaves(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def test_the_dials_figures_are_in_the_data_digit_by_digit() -> None:
    """Every value a point of the grid can show stands in the JSON of the file."""
    page = parse(whole())
    held = set(_leaves(json.loads(sample.view().data)["tco"]["what_if"]))
    points = [one for one in page.elements if "data-point" in one.attributes]
    shown = [float(v) for one in points for v in one.attributes["data-values"].split()]
    assert len(points) == 27
    assert len(shown) > 80
    assert set(shown) <= held


def test_the_policy_allows_exactly_the_page_s_script() -> None:
    """The hash is of the bytes between the tags, computed here from the page itself."""
    page = parse(whole())
    (script,) = [one for one in page.all("script") if "type" not in one.attributes]
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    (meta,) = [one for one in page.all("meta") if "http-equiv" in one.attributes]
    assert meta.attributes["content"] == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_another_script_has_another_policy() -> None:
    """The hash is of the script, not a constant."""
    assert policy("a") != policy("b")


def test_nothing_outside_the_file_is_referred_to() -> None:
    """Links go to places in the page; the one icon is empty data."""
    page = parse(whole())
    for element in page.elements:
        for name, value in element.attributes.items():
            if name in {"href", "src", "xlink:href", "action", "data"}:
                assert value.startswith("#") or value == "data:,", (element.tag, value)
    assert not re.search(r"@import|url\((?!#)", whole())
    assert "http" not in "".join(element.text for element in page.all("style", "svg"))


@pytest.mark.parametrize("html", [whole, attacked])
def test_identifiers_are_unique_and_found(html: object) -> None:
    """Inlined charts do not clash; what is referred to exists."""
    assert callable(html)
    page = parse(html())
    identifiers = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    assert len(identifiers) == len(set(identifiers))
    referred = {
        name
        for one in page.elements
        for name in one.attributes.get("aria-labelledby", "").split()
        + re.findall(r"url\(#([^)]+)\)", " ".join(one.attributes.values()))
        + re.findall(r"^#(.+)", one.attributes.get("href", ""))
    }
    assert referred
    assert referred <= set(identifiers)


@pytest.mark.fault("name")
def test_hostile_names_stay_text() -> None:
    """No element, attribute or second script comes of them; the reader sees what was typed."""
    page, clean = parse(attacked()), parse(whole())
    assert len(page.all("script")) == len(clean.all("script")) == 2
    assert not page.all("img")
    assert not [name for one in page.elements for name in one.attributes if name.startswith("on")]
    (heading,) = page.all("h1")
    assert heading.text.startswith(f"{hostile.MARKUP} {hostile.MATHS}")


@pytest.mark.fault("name")
def test_hostile_names_stay_text_in_charts() -> None:
    """Not parsed as mathematics either: every character is there."""
    texts = [one.text for one in parse(attacked()).all("text")]
    assert any(f"{hostile.MARKUP} {hostile.MATHS}" in text for text in texts)


@pytest.mark.parametrize("character", ["\x1b", "\u202e", "\u200b", "\x00"])
@pytest.mark.fault("name")
def test_invisible_characters_are_left_out(character: str) -> None:
    """A terminal escape in `less`, or a reversed file name, is no use to a reader."""
    assert character in hostile.NAME
    assert character not in attacked()


def test_the_embedded_data_are_the_view_s() -> None:
    """What the element holds, parsed, is the view's document, hostile names included."""
    view = hostile.view()
    (data,) = [one for one in parse(attacked()).all("script") if "type" in one.attributes]
    assert json.loads(data.text) == json.loads(view.data)


def test_short_data_stay_readable() -> None:
    """No marker, plain JSON."""
    (data,) = [one for one in parse(whole()).all("script") if "type" in one.attributes]
    assert "data-encoding" not in data.attributes
    assert json.loads(data.text)["schema"] == 1


def test_long_data_are_packed_and_nothing_is_lost() -> None:
    """64,000 steps: read back as the view's docstring says, every sample is there."""
    (data,) = [one for one in parse(sample.long_page()).all("script") if "type" in one.attributes]
    assert data.attributes["data-encoding"] == "gzip"
    document = json.loads(gzip.decompress(base64.b64decode(data.text)))
    steps = [one["measurement"]["step_s"] for one in document["records"]]
    assert [len(one) for one in steps] == [2000] * 32
    first = sample.measured("resnet50-train", 4.02, batch=1, steps=2000).measurement
    assert first is not None
    assert steps[0] == list(first.step_s)
    assert len(data.text) < 600_000


def test_packing_the_same_text_gives_the_same_bytes() -> None:
    """Gzip writes no time of day; what is packed is the text."""
    assert packed("{}") == packed("{}")
    assert gzip.decompress(base64.b64decode(packed("{}"))) == b"{}"
    assert base64.b64decode(packed("{}"))[4:8] == bytes(4)


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=8))
def test_embedding_changes_no_value(value: object) -> None:
    """Whatever the text: the same when parsed, and unable to close its element."""
    text = embeddable(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


def test_every_chart_has_words_and_a_table() -> None:
    """Title and description for those who do not see it; numbers beside it."""
    page = parse(whole())
    svgs = page.all("svg")
    assert len(svgs) == 2 * CHARTS
    for svg in svgs:
        assert svg.attributes["role"] == "img"
        assert len(svg.attributes["aria-labelledby"].split()) == 2
    assert len(page.all("figure")) == CHARTS
    assert all("Show the numbers" in figure.text for figure in page.all("figure"))


def test_headings_are_in_order() -> None:
    """One h1; no level is skipped."""
    levels = [int(one.tag[1]) for one in parse(whole()).all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_landmarks_and_a_way_past_them() -> None:
    """Header, navigation, main, footer; the first link skips to the answers."""
    page = parse(whole())
    for landmark in ("header", "nav", "main", "footer"):
        assert len(page.all(landmark)) == 1
    assert page.all("a")[0].attributes["href"] == "#summary"


def test_tables_name_their_rows_and_columns() -> None:
    """Every heading cell has a scope; every table a caption."""
    page = parse(whole())
    assert all(one.attributes["scope"] in {"row", "col"} for one in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table")) > CHARTS


def test_bases_are_told_by_a_word_and_a_mark() -> None:
    """Never by colour alone: the word stands beside each mark."""
    page = parse(whole())
    spans = [one for one in page.all("span") if one.attributes.get("class") == "basis"]
    assert {one.text for one in spans} == {"measured", "predicted", "assumed"}
    marks = {one.attributes["class"] for one in page.all("i")}
    assert {mark for mark in marks if mark.startswith("mark")} == {
        "mark mark-measured",
        "mark mark-predicted",
        "mark mark-assumed",
    }


def test_whose_name_mlperf_is_stands_once() -> None:
    """With MLCommons' own footnote, and nowhere else is the name used."""
    page = parse(whole())
    (main,) = page.all("main")
    assert main.text.count(TRADEMARK) == 1
    assert main.text.replace(TRADEMARK, "").count("MLPerf") == 0


def test_indicative_is_on_the_page() -> None:
    """A quick run is labelled where its numbers stand."""
    record = sample.measured("resnet50-train", 4.02, effort="quick")
    view = build([record], figures=[derive.figures([record])], generated_on="2026-01-15")
    chips = [one.text for one in parse(render(view)).all("span")]
    assert "indicative" in chips
    assert "indicative" not in [one.text for one in parse(whole()).all("span")]


def test_an_empty_report_is_a_page() -> None:
    """It says what to run."""
    page: Page = parse(render(build([], figures=[], generated_on="2026-01-15")))
    assert [one.text for one in page.all("code")][:3] == [
        "benchbench run",
        "benchbench recommend",
        "benchbench tco",
    ]


def test_forty_measurements_and_twenty_offers_stay_below_a_megabyte() -> None:
    """Raw samples included: it travels by e-mail."""
    records = [
        sample.measured("resnet50-train", 4.02, batch=batch, steps=400) for batch in range(1, 41)
    ]
    figures = [sample.figure(record, 4.02) for record in records]
    base = sample.recommendation()
    twenty = tuple(
        one.model_copy(update={"rank": rank})
        for rank, one in enumerate((base.candidates * 2)[:20], start=1)
    )
    recommendation = base.model_copy(update={"candidates": twenty})
    used = tuple(sorted({*UTILISATIONS, 0.62}))
    grid = sample.what_if(used, PRICE_FACTORS, HORIZONS)
    view = build(
        records,
        figures=figures,
        recommendations=(recommendation,),
        tco=sample.tco().model_copy(update={"what_if": grid}),
        generated_on="2026-01-15",
    )
    assert len(render(view).encode()) < 1_000_000


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_texts_reach_aa_in_both_modes(mode: int) -> None:
    """4.5 to 1 on paper, for text and for the series' names at their lines."""
    css = (folder("reports") / "assets" / "report.css").read_text(encoding="utf-8")
    block = re.findall(r":root \{(.*?)\}", css, flags=re.DOTALL)[mode]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    texts = set(colours) - {"paper", "raised", "rule"}
    assert len(texts) >= 14
    for name in texts:
        assert _contrast(colours[name], colours["paper"]) >= 4.5, name
        if not name.startswith("series"):
            assert _contrast(colours[name], colours["raised"]) >= 4.5, name


def test_the_page_never_shows_a_template_s_leftovers() -> None:
    """Neither a placeholder nor a Python value in a reader's way."""
    visible = parse(whole()).all("main")[0].text
    assert not re.search(r"\{\{|\{%|None|nan\b|Estimate\(|datetime", visible)


def test_a_name_reads_as_it_was_typed() -> None:
    """Escaped once, not twice."""
    assert str(escape(hostile.MARKUP)) in attacked()
    assert "&amp;amp;amp;" not in attacked()


def _bare_tco() -> TcoAnswer:
    """A comparison without curve, uncertainty, payments, inputs or sentences."""
    even = BreakEven(
        utilisation=None,
        month_cash=None,
        month_discounted=None,
        month_with_resale=None,
        sentence="Owning does not win within 36 months.",
    )
    alternatives = (
        Alternative(name="on_demand", label="Cloud", months={"instances": (0.0,)}),
        Alternative(name="owned", label="Owned", months={"servers": ()}),
        Alternative(name="spot", label="Spot", infeasible_because="no spot price"),
    )
    return TcoAnswer(
        title="Bare",
        horizon_months=36,
        unit="hour",
        alternatives=alternatives,
        cheapest="on_demand",
        break_even=even,
        utilisation=0.0,
        assumptions=(),
        sentences=(),
    )


def _bare_recommendation() -> Recommendation:
    """One offer, no amount of work, an interval that reaches zero."""
    ranked = sample.recommendation().candidates[0]
    wide = ranked.throughput.model_copy(update={"low": 0.0})
    changes = {"throughput": wide, "cost_usd": None, "time_s": None, "floor_usd_per_unit": None}
    alone = ranked.model_copy(update={**changes, "pareto": False})
    goal = Goal(workload="resnet50-train", rate_per_s=3.0, budget_usd_per_hour=2.0)
    return sample.recommendation(candidates=(alone,), goal=goal, rejected=(), reasons=())


@pytest.mark.parametrize(
    "record",
    [
        factories.record(),
        factories.gpu_record(),
        factories.record(measurement=factories.measurement(steps=1)),
        factories.record(work=Work(unit="image")),
        factories.record(ceilings=(factories.ceiling(150e9),)),
        factories.record(failure=factories.out_of_memory()),
    ],
    ids=["no-ceilings", "accelerator", "one-step", "uncounted", "no-bandwidth", "failure"],
)
def test_little_knowledge_makes_a_page_too(record: Record) -> None:
    """What is unknown is left out or a dash; nothing breaks, and no number is made up."""
    view = build(
        [record],
        figures=[derive.figures([record])],
        recommendations=[_bare_recommendation()],
        tco=_bare_tco(),
        generated_on=sample.GENERATED_ON,
    )
    text = parse(render(view)).all("main")[0].text
    assert "Owning does not win within 36 months." in text
    assert not re.search(r"\bnan\b|\binf\b|None", text)


def test_numbers_and_their_signs_stay_on_one_line() -> None:
    """Between a number and its per cent stands a space that does not break."""
    text = " ".join(one.text for one in parse(whole()).all("p", "td", "figcaption", "small"))
    assert re.search(r"\d\N{NO-BREAK SPACE}%", text)
    assert not re.search(r"\d %", text)


def test_options_stay_on_one_line() -> None:
    """`--effort` is an element of its own, in hostile surroundings too."""
    options = [one for one in parse(whole()).all("span") if one.attributes.get("class") == "whole"]
    assert "--effort" in {one.text for one in options}
    remedy = factories.caveat("warning").model_copy(update={"remedy": "<img src=x> --full"})
    record = factories.record(caveats=(remedy,), validity="valid_with_warnings")
    view = build([record], figures=[derive.figures([record])], generated_on="2026-01-15")
    page = parse(render(view))
    assert not page.all("img")
    assert "<img src=x> --full" in page.all("main")[0].text
