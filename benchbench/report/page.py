"""A view and a template make one file: offline, printable, and complete without JavaScript."""

import base64
import gzip
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from benchbench.bundled import folder
from benchbench.report.blocks import Explorer, Notes, Plot, Prose, Table
from benchbench.report.chart import draw
from benchbench.report.view import View

_KINDS = {
    Prose: "prose",
    Table: "table",
    Notes: "notes",
    Plot: "plot",
    Explorer: "explorer",
}
_TIGHT = re.compile(r"(?<=\d) (?=%)|(?<=\d) (?=\u00d7)|(?<=\u00d7) ")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_READABLE_BYTES = 400_000
_KEPT = "\n\t"
# Controls, surrogates, and the format characters that reorder or hide text.
_UNPRINTABLE = {"Cc", "Cs", "Cf", "Zl", "Zp"}


def render(view: View) -> str:
    """The page. The same view gives the same bytes; nothing is fetched, now or when read."""
    reports = folder("reports")
    script = _asset(reports, "report.js")
    template = _environment(reports).get_template("report.html.j2")
    html = template.render(
        view=view,
        charts={plot.key: draw(plot) for plot in _plots(view)},
        policy=policy(script),
        style=_trusted(_asset(reports, "report.css")),
        script=_trusted(script),
        **_embedded(view.data),
    )
    return _printable(html)


def policy(script: str) -> str:
    """The Content-Security-Policy that lets this one script run and nothing be loaded."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def embeddable(data: str) -> str:
    """JSON that cannot end the `<script>` element it stands in; the same value when parsed."""
    for character in "<>&\u2028\u2029":
        data = data.replace(character, f"\\u{ord(character):04x}")
    return data


def packed(data: str) -> str:
    """The text in base64 of its gzip; the same text gives the same bytes."""
    return base64.b64encode(gzip.compress(data.encode(), mtime=0)).decode()


def _embedded(data: str) -> dict[str, Markup | bool]:
    """As readable JSON, or packed where that would make the page too large to mail."""
    readable = embeddable(data)
    large = len(readable) > _READABLE_BYTES
    return {"data": _trusted(packed(data) if large else readable), "packed": large}


def _environment(reports: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(reports / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_unbroken,
    )
    environment.filters["commands"] = _commands
    environment.filters["kind"] = lambda block: _KINDS[type(block)]
    return environment


def _unbroken(value: object) -> object:
    """No line ends between a number and its per cent, or its times sign."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _TIGHT.sub("\N{NO-BREAK SPACE}", value)


def _commands(text: str) -> Markup:
    """No line ends within an option such as `--standard`."""
    escaped = str(escape(_unbroken(text)))
    return _trusted(_OPTION.sub(r'<span class="whole">\g<0></span>', escaped))


def _plots(view: View) -> Iterator[Plot]:
    for section in view.sections:
        for part in section.parts:
            yield from (block for block in part.blocks if isinstance(block, Plot))


def _asset(reports: Path, name: str) -> str:
    return (reports / "assets" / name).read_text(encoding="utf-8")


def _trusted(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - our files, escaped text, and JSON that `embeddable` made harmless


def _printable(html: str) -> str:
    """The text without what a terminal escape or a bidirectional override would do to a reader."""
    removed = {
        ord(character): None
        for character in set(html)
        if character not in _KEPT and unicodedata.category(character) in _UNPRINTABLE
    }
    return html.translate(removed)
