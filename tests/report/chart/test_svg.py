"""A matplotlib figure made fit to live in a page."""

import re
from functools import cache

import pytest

from benchbench import units
from benchbench.report.blocks import Axis, Column, Drawing, Plot, Point, Scatter, Table
from benchbench.report.chart import draw
from benchbench.report.chart.svg import SERIES, Canvas, embed, settings
from benchbench.stats import Basis
from tests.report import sample


def plot(drawing: Drawing) -> Plot:
    """A chart of it."""
    return Plot("k", "A <title>", "A & b", drawing, Table("", (Column(""),), ()))


def scatter(*points: Point) -> Scatter:
    """Cost against time."""
    time, cost = Axis("Time", units.duration, log=True), Axis("Cost", units.usd, log=True)
    return Scatter(time, cost, points, tuple(point.key for point in points))


@cache
def drawn(key: str) -> tuple[str, str]:
    """The chart of the sample report."""
    return draw(next(one for one in every_plot() if one.key == key))


@cache
def every_plot() -> list[Plot]:
    """Those of the sample report."""
    parts = [part for section in sample.view().sections for part in section.parts]
    return [block for part in parts for block in part.blocks if isinstance(block, Plot)]


@pytest.mark.parametrize("one", every_plot(), ids=lambda one: one.key)
def test_colours_and_fonts_are_the_page_s(one: Plot) -> None:
    """Nothing is left of the stand-ins, of matplotlib's fonts, or of its style sheet."""
    for svg in drawn(one.key):
        assert "var(--" in svg
        assert "#a000" not in svg
        assert "DejaVu" not in svg
        assert not re.search(r"<style|<metadata|<!--|<\?xml|xmlns|xlink", svg)


@pytest.mark.parametrize("one", every_plot(), ids=lambda one: one.key)
def test_only_the_page_s_colours_are_used(one: Plot) -> None:
    """A literal colour would stay light in dark mode."""
    for svg in drawn(one.key):
        literal = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]+)", svg))
        assert literal <= {"#ffffff"} if "<clipPath" in svg else not literal


@pytest.mark.parametrize("one", every_plot(), ids=lambda one: one.key)
def test_text_stays_inside_the_drawing(one: Plot) -> None:
    """Measured in a font wider than most pages use, on a phone and on a screen."""
    for svg in drawn(one.key):
        width = float(re.findall(r'viewBox="0 0 (\d+)', svg)[0])
        for x, anchor, text in _texts(svg):
            reach = 6.9 * len(text)
            left = x - {"start": 0, "middle": reach / 2, "end": reach}[anchor]
            assert left > -12, text
            assert left + reach < width + 40, text


def _texts(svg: str) -> list[tuple[float, str, str]]:
    found = re.findall(r"<text ([^>]*)>([^<]*)</text>", svg)
    result = []
    for attributes, text in found:
        anchor = re.search(r"text-anchor: (\w+)", attributes)
        place = re.search(r"translate\((-?[\d.]+)", attributes) or re.search(
            r'x="(-?[\d.]+)"', attributes
        )
        assert place is not None, attributes
        result.append((float(place[1]), anchor[1] if anchor else "start", text))
    return result


def test_title_and_description_are_escaped_and_named() -> None:
    """They are text, and the picture's name to a screen reader."""
    wide, narrow = draw(plot(scatter(Point("c1", "1", 10.0, 2.0, "measured"))))
    assert '<title id="k-title">A &lt;title&gt;</title>' in wide
    assert '<desc id="k-desc">A &amp; b</desc>' in wide
    assert 'aria-labelledby="k-narrow-title k-narrow-desc"' in narrow


@pytest.mark.parametrize(
    ("basis", "fill"), [("measured", "measured"), ("predicted", "paper"), ("assumed", "paper")]
)
def test_solid_is_measured_and_hollow_is_not(basis: Basis, fill: str) -> None:
    """Without colour a predicted mark still differs."""
    wide, _ = draw(plot(scatter(Point("c1", "1", 10.0, 2.0, basis))))
    (mark,) = re.findall(r'<g data-row="c1">(.*?)</g>', wide, flags=re.DOTALL)[:1]
    assert f"fill: var(--{fill}); stroke: var(--{basis})" in mark


def test_marks_are_tied_to_their_rows() -> None:
    """The mark and its label carry the row's key."""
    wide, _ = draw(plot(scatter(Point("c7", "7", 10.0, 2.0, "measured"))))
    assert wide.count('data-row="c7"') == 2


def test_dollars_are_not_mathematics() -> None:
    """Two dollar signs in a label would be typeset as a formula."""
    label = "from $5 to $6"
    wide, _ = draw(plot(scatter(Point("c1", label, 10.0, 2.0, "measured"))))
    assert label in wide


def test_two_charts_share_no_identifier() -> None:
    """The same figure under another key has other names throughout."""

    def identifiers(key: str) -> set[str]:
        with settings():
            canvas = Canvas(200, 100)
            axes = canvas.axes(10, 10, 10, 10)
            axes.plot([0, 1], [0, 1], marker="o", color=SERIES[0])
            return set(re.findall(r'id="([^"]+)"', embed(canvas.figure, key, "", "")))

    first, second = identifiers("a"), identifiers("b")
    assert len(first) > 2
    assert not first & second


def test_margins_are_pixels() -> None:
    """20 px from the left of 200, 10 from the top of 100."""
    box = Canvas(200, 100).axes(20, 10, 40, 30).get_position()
    assert (box.x0, box.x1) == pytest.approx((0.1, 0.8))
    assert (box.y0, box.y1) == pytest.approx((0.3, 0.9))
