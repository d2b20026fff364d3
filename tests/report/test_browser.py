"""The page in a real browser: quiet, offline, contained, legible, complete."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample report, the hostile one, and the positive controls."""
    folder = tmp_path_factory.mktemp("pages")
    clean, attacked = sample.page(), hostile.page()
    pages = {
        "clean": clean,
        "attacked": attacked,
        "long": sample.long_page(),
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


@pytest.mark.parametrize("name", ["clean", "attacked"])
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
    assert shown == [1] * 8


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
    assert missing <= {"Show", "rows", "with", "Save", "the", "raw", "data", "as", "JSON"}


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


def test_the_keyboard_reaches_everything(visit: Any) -> None:
    """First the skip link; every control and scrolling table takes focus in turn."""
    seen = visit("clean")
    reached = []
    for _ in range(60):
        seen.page.keyboard.press("Tab")
        reached.append(seen("document.activeElement.tagName + document.activeElement.className"))
        if reached[-1].startswith("BODY"):
            break
    assert reached[0] == "Askip"
    assert {"DIVscroll", "SUMMARY", "INPUT", "BUTTON"} <= set(reached)


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
