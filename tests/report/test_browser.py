"""The page in a real browser: quiet, offline, contained, legible, complete."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped] # no stubs

from benchbench import derive
from benchbench.report import whatif
from benchbench.report.page import render
from benchbench.report.view import build
from tests.report import hostile, sample

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium")
if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("Debian's chromium is not installed", allow_module_level=True)

_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAYLOAD = "<script>window.broken = true</script>"


@dataclass
class Visit:
    """A page as somebody opened it, and everything it did."""

    page: Any
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def __call__(self, script: str) -> Any:
        """What a script evaluates to in the page."""
        return self.page.evaluate(script)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium, which must not fetch anything of its own."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM is not None, "CI has no chromium; install it with apt"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=_QUIET)
        yield launched
        launched.close()


def _fleet() -> str:
    """The page of three machines."""
    records = sample.fleet()
    figures = [derive.figures([one]) for one in records]
    return render(build(records, figures=figures, generated_on=sample.GENERATED_ON))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample report, the hostile one, and the positive controls."""
    folder = tmp_path_factory.mktemp("pages")
    clean, attacked = sample.page(), hostile.page()
    pages = {
        "clean": clean,
        "attacked": attacked,
        "long": sample.long_page(),
        "fleet": _fleet(),
        "faint": clean.replace("<main>", '<main><p style="color:#ddd;background:#fff">faint</p>'),
        "injected": clean.replace("<header>", f"<header>{PAYLOAD}"),
        "unprotected": clean.replace("<header>", f"<header>{PAYLOAD}").replace(
            "Content-Security-Policy", "X-Nothing"
        ),
    }
    for name, html in pages.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


@pytest.fixture
def visit(browser: Any, files: dict[str, Path]) -> Iterator[Any]:
    """Open a page by name, watching what it asks for and what it complains about."""
    contexts = []

    def opened(name: str, **options: Any) -> Visit:
        context = browser.new_context(**options)
        contexts.append(context)
        seen = Visit(context.new_page())
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("console", lambda message: seen.messages.append(message.text))
        seen.page.on("pageerror", lambda error: seen.messages.append(str(error)))
        seen.page.goto(files[name].as_uri())
        return seen

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", ["clean", "attacked"])
def test_it_asks_for_nothing_and_complains_of_nothing(visit: Any, name: str) -> None:
    """One request, for the file itself; no console message, no error."""
    seen = visit(name)
    assert len([url for url in seen.requests if not url.startswith("data:")]) == 1
    assert seen.messages == []


@pytest.mark.fault("name")
def test_hostile_names_do_not_run(visit: Any) -> None:
    """The same payload does run where neither policy nor escaping holds it (next test)."""
    assert visit("attacked")("window.broken") is None


@pytest.mark.fault("name")
def test_the_payload_would_run_unprotected(visit: Any) -> None:
    """Positive control: without policy, and unescaped, it sets the flag."""
    assert visit("unprotected")("window.broken") is True


@pytest.mark.fault("name")
def test_the_policy_alone_stops_an_injected_script(visit: Any) -> None:
    """Unescaped, with the policy: refused, and the refusal is on the console."""
    seen = visit("injected")
    assert seen("window.broken") is None
    assert any("Content Security Policy" in message for message in seen.messages)


def test_the_policy_stops_requests(visit: Any) -> None:
    """A script of the page itself could not send anything anywhere."""
    seen = visit("clean")
    failed = seen("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')")
    assert failed == "refused"
    assert any("Content Security Policy" in message for message in seen.messages)


@pytest.mark.parametrize("name", ["clean", "attacked", "fleet"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out(visit: Any, name: str, width: int) -> None:
    """Wide tables scroll inside their own region, not the page."""
    seen = visit(name, viewport={"width": width, "height": 800})
    assert seen("document.documentElement.scrollWidth") <= width


def test_the_answers_fit_the_first_screen(visit: Any) -> None:
    """All five questions are in sight on a laptop before anybody scrolls."""
    seen = visit("clean", viewport={"width": 1440, "height": 900})
    bottoms = seen("[...document.querySelectorAll('dt')].map(e => e.getBoundingClientRect().top)")
    assert len(bottoms) == 5
    assert max(bottoms) < 850


@pytest.mark.parametrize("width", [360, 1280])
def test_one_drawing_of_each_chart_shows(visit: Any, width: int) -> None:
    """The narrow one on a phone, the wide one elsewhere, never both."""
    seen = visit("clean", viewport={"width": width, "height": 800})
    shown = seen(
        "[...document.querySelectorAll('figure')].map(f => [...f.querySelectorAll('svg')]"
        ".filter(s => s.getBoundingClientRect().width > 0).length)"
    )
    assert shown == [1] * 10


def test_text_in_charts_stays_legible_on_a_phone(visit: Any) -> None:
    """At least 10 CSS pixels high after scaling."""
    seen = visit("clean", viewport={"width": 360, "height": 800})
    sizes = seen(
        "[...document.querySelectorAll('.narrow svg')].map(s => "
        "11 * s.getBoundingClientRect().width / s.viewBox.baseVal.width)"
    )
    assert min(sizes) >= 10


def test_it_is_complete_without_scripts(visit: Any) -> None:
    """Every word that stands there with JavaScript stands there without."""
    words = "document.querySelector('main').innerText"
    tables = "document.querySelectorAll('table').length"
    off = visit("clean", java_script_enabled=False)
    on = visit("clean")
    assert off(tables) == on(tables) > 8
    missing = set(off(words).split()) ^ set(on(words).split())
    controls = "Show rows with Save the raw data as JSON Price Horizon Back to scenario"
    assert missing <= set(controls.split())


def test_dark_mode_reaches_the_charts(visit: Any) -> None:
    """Paper is dark and the marks take the dark palette's colour."""
    colours = (
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle("
        "document.querySelector('.wide svg text')).fill]"
    )
    light, dark = visit("clean"), visit("clean", color_scheme="dark")
    assert light(colours) == ["rgb(255, 255, 255)", "rgb(22, 25, 29)"]
    assert dark(colours) == ["rgb(20, 23, 27)", "rgb(236, 239, 243)"]


def test_print_is_light_and_unfolded(visit: Any) -> None:
    """In dark mode too; inputs are on paper, controls and catalogue-long lists are not."""
    seen = visit("clean", color_scheme="dark")
    seen.page.emulate_media(media="print", color_scheme="dark")
    assert seen("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert seen("getComputedStyle(document.querySelector('nav')).display") == "none"
    visible = "document.querySelector('{}').checkVisibility()"
    assert seen(visible.format("#assumptions details table")) is True
    for part in ("#ranking", "#rejected"):
        assert seen(visible.format(f"{part} details.screen")) is False
        assert seen(visible.format(f"{part} .paper")) is True


def test_an_unfolded_list_is_printed(visit: Any) -> None:
    """Whoever opened it wants it; then nothing says that it is left out."""
    seen = visit("clean")
    seen.page.locator("#rejected summary").click()
    seen.page.emulate_media(media="print")
    assert seen("document.querySelector('#rejected details table').checkVisibility()") is True
    assert seen("document.querySelector('#rejected .paper').checkVisibility()") is False


def test_the_paper_s_words_are_not_on_the_screen(visit: Any) -> None:
    """They stand for what the screen has."""
    assert visit("clean")("document.querySelector('.paper').checkVisibility()") is False


def test_a_column_sorts_by_its_numbers(visit: Any) -> None:
    """Time ascending puts 1.84 h first, and says so to a screen reader; again reverses.

    The slowest comes out of the folded rows, which stay two.
    """
    seen = visit("clean")
    header = seen.page.locator("#ranking thead th", has_text="Time").first
    first = "document.querySelector('#ranking tbody th').firstChild.textContent.trim()"
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert seen(first) == "p5.4xlarge"
    header.locator("button").press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert seen(first) == "n2d-standard-4"
    counts = seen(
        "[...document.querySelectorAll('#ranking table[data-list]')]"
        ".map(t => t.tBodies[0].rows.length)"
    )
    assert counts == [12, 2]


def test_the_filter_keeps_rows_with_all_words(visit: Any) -> None:
    """Two words narrow the ranking to GCP's measured offer, which the folded rows hold."""
    seen = visit("clean")
    seen.page.locator("#ranking input").first.fill("gcp measured")
    rows = seen(
        "[...document.querySelectorAll('#ranking table[data-list] tbody tr')]"
        ".filter(r => !r.hidden).map(r => r.cells[0].firstChild.textContent.trim())"
    )
    assert rows == ["n2d-standard-4"]
    assert seen("document.querySelector('#ranking table[data-list] tbody tr').hidden") is True
    folded = "[...document.querySelectorAll('#ranking details table[data-list]')]"
    assert seen(f"{folded}.map(t => t.closest('details').open)") == [True]
    assert seen("document.querySelectorAll('#ranking input').length") == 1


def test_pointing_at_a_row_lights_its_mark(visit: Any) -> None:
    """Row and mark of rank 6 are lit together, the others are not."""
    seen = visit("clean")
    seen.page.locator("#ranking tr[data-row=c6]").first.hover()
    lit = seen("[...document.querySelectorAll('.lit')].map(e => e.dataset.row)")
    assert set(lit) == {"c6"}
    assert seen("document.querySelectorAll('.wide g.lit').length") == 2


_OPERABLE = """
[...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
"""


@pytest.mark.parametrize("width", [360, 1280])
def test_the_keyboard_reaches_everything(visit: Any, width: int) -> None:
    """Tab visits every link, button, field, fold and scrolling table once, in reading order."""
    seen = visit("clean", viewport={"width": width, "height": 900})
    seen(f"window.operable = {_OPERABLE}; 0")
    count = seen("operable.length")
    reached = []
    for _ in range(count):
        seen.page.keyboard.press("Tab")
        reached.append(seen("operable.indexOf(document.activeElement)"))
    assert count > 60
    assert reached == list(range(count))


def test_focus_is_visible(visit: Any) -> None:
    """An outline stands around what the keyboard is at: link, field, dial, button, fold."""
    seen = visit("clean")
    for selector in ("nav a", "#ranking input", ".dial input", "#save button", "summary"):
        seen.page.locator(selector).first.focus()
        seen.page.keyboard.press("Shift")
        style = seen("getComputedStyle(document.activeElement).outlineStyle")
        assert style != "none", selector


@pytest.mark.parametrize("name", ["clean", "fleet"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_serious_violation(visit: Any, name: str, scheme: str, width: int) -> None:
    """axe-core, every rule, folds open: nothing serious, nothing critical."""
    seen = visit(name, color_scheme=scheme, viewport={"width": width, "height": 900})
    seen("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert _serious(seen) == []


def test_axe_does_find_a_violation(visit: Any) -> None:
    """Positive control: a paragraph nobody can read."""
    assert [found[0] for found in _serious(visit("faint"))] == ["color-contrast"]


def _serious(seen: Visit) -> list[tuple[str, str]]:
    seen(AXE_SCRIPT)
    found = seen("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        (one["id"], one["nodes"][0]["html"][:200])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def test_every_chart_fits_a_sheet(visit: Any) -> None:
    """On the 180 x 263 mm that the margins leave of A4 no figure is cut, in width or height."""
    seen = visit("clean", viewport={"width": 680, "height": 900})
    seen.page.emulate_media(media="print")
    sizes = seen(
        "[...document.querySelectorAll('figure svg')].map(s => s.getBoundingClientRect())"
        ".filter(r => r.width > 0).map(r => [r.right, r.height])"
    )
    assert len(sizes) == 10
    assert all(right <= 680 and height <= 900 for right, height in sizes)
    kept = "[...document.querySelectorAll('figure')].map(f => getComputedStyle(f).breakInside)"
    assert set(seen(kept)) == {"avoid"}


def test_it_prints_on_numbered_sheets(visit: Any) -> None:
    """A PDF of A4 sheets; the page's own rules ask for numbers in the margin."""
    seen = visit("clean")
    sheets = seen.page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", sheets)
    assert len(boxes) > 5
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}
    rules = seen(
        "[...document.styleSheets[0].cssRules].filter(r => r.media?.mediaText === 'print')"
        ".flatMap(r => [...r.cssRules]).map(r => r.cssText).join(' ')"
    )
    assert "counter(page)" in rules


def test_the_dials_show_the_engine_s_points(visit: Any) -> None:
    """Every position: the sentence and each way's figure are those written at render time."""
    answer = sample.tco()
    assert answer.what_if is not None
    grid = whatif.explored(answer, answer.what_if)
    seen = visit("clean")
    set_to = """([i, j, k]) => {
      const dials = document.querySelectorAll('.dial input');
      [i, j, k].forEach((place, at) => { dials[at].value = place; });
      dials[0].dispatchEvent(new Event('input', {bubbles: true}));
      return [document.querySelector('.verdict').textContent,
        [...document.querySelectorAll('.ways td.n')].map(e => e.textContent),
        document.querySelectorAll('[aria-current]').length,
        [...document.querySelectorAll('.explore details')].map(d => d.open)];
    }"""
    for choice in (one for table in grid.tables for line in table for one in line):
        place = [int(at) for at in choice.key.split("-")]
        said, ways, marked, opened = seen.page.evaluate(set_to, place)
        assert said.replace("\N{NO-BREAK SPACE}", " ") == choice.sentence
        assert ways == [way.text for way in choice.ways]
        assert marked == 1
        assert opened == [at == place[2] for at in range(3)]


def test_a_dial_is_turned_by_the_keyboard_and_announced(visit: Any) -> None:
    """An arrow key moves it one position; the sentence stands in a live region."""
    seen = visit("clean")
    dial = seen.page.locator(".dial input").first
    before = seen.page.locator(".verdict").text_content()
    dial.focus()
    dial.press("ArrowRight")
    assert dial.get_attribute("aria-valuetext") == "90\N{NO-BREAK SPACE}%"
    after = seen.page.locator(".verdict")
    assert after.text_content() != before
    assert after.get_attribute("aria-live") == "polite"
    seen.page.locator(".dials button").click()
    seen.page.wait_for_function("document.querySelector('.dial input').value === '1'")
    seen.page.wait_for_function(
        "document.querySelector('[aria-current]').dataset.point === '1-1-1'"
    )
    assert seen.page.locator(".verdict").text_content() == before


def test_without_scripts_the_grid_is_a_table_and_the_dials_are_not_there(visit: Any) -> None:
    """The scenario's own point in words, and its table in sight."""
    seen = visit("clean", java_script_enabled=False)
    assert seen("document.querySelector('.dials').checkVisibility()") is False
    assert seen("document.querySelector('.explore details[open] table').checkVisibility()") is True
    assert "is the cheapest" in seen("document.querySelector('.verdict').innerText")


def test_the_raw_data_can_be_saved(visit: Any, tmp_path: Path) -> None:
    """The button gives the embedded document, byte for byte."""
    seen = visit("clean", accept_downloads=True)
    with seen.page.expect_download() as download:
        seen.page.locator("#save button").click()
    target = tmp_path / download.value.suggested_filename
    download.value.save_as(target)
    embedded = seen("document.getElementById('benchbench-data').textContent")
    assert target.name == "benchbench-report.json"
    assert target.read_text(encoding="utf-8") == embedded


def test_packed_data_are_saved_unpacked(visit: Any, tmp_path: Path) -> None:
    """What lies in the file as gzip is saved as JSON, without a complaint."""
    seen = visit("long", accept_downloads=True)
    with seen.page.expect_download() as download:
        seen.page.locator("#save button").click()
    target = tmp_path / "saved.json"
    download.value.save_as(target)
    assert len(json.loads(target.read_text(encoding="utf-8"))["records"]) == 32
    assert seen.messages == []
