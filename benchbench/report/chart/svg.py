"""A matplotlib figure as SVG that lives inside a page: its colours, its fonts, its own names.

matplotlib writes a document for a file of its own. Inlined as it is, its identifiers would clash
with the next chart's, its style sheet would reach the whole page, and its colours would stay light
in dark mode; all three are rewritten here.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchbench import units
from benchbench.report.blocks import Text
from benchbench.stats import Basis

WIDE_PX = 720
NARROW_PX = 340
FONT_PX = 12.0
SMALL_PX = 11.0

# Stand-ins: colours that no drawing would choose, replaced by the page's variables.
_VARIABLES = {
    "#a00001": "ink",
    "#a00002": "muted",
    "#a00003": "rule",
    "#a00004": "paper",
    "#a00005": "measured",
    "#a00006": "predicted",
    "#a00007": "assumed",
    "#a00011": "series-1",
    "#a00012": "series-2",
    "#a00013": "series-3",
    "#a00014": "series-4",
    "#a00015": "series-5",
    "#a00016": "series-6",
}
_STAND_INS = {name: colour for colour, name in _VARIABLES.items()}
INK, MUTED, RULE, PAPER = (_STAND_INS[name] for name in ("ink", "muted", "rule", "paper"))
SERIES = tuple(_STAND_INS[f"series-{index}"] for index in range(1, 7))

# Typed by matplotlib with a literal of all its settings.
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "benchbench",
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": FONT_PX,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 1.0,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL_PX,
    "ytick.labelsize": SMALL_PX,
    "axes.labelsize": SMALL_PX,
    "figure.dpi": 72,
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


@dataclass
class Canvas:
    """An empty drawing of so many CSS pixels, laid out in pixels from the top left corner."""

    width: float
    height: float
    figure: Figure = field(init=False)

    def __post_init__(self) -> None:
        self.figure = Figure(figsize=(self.width / 72, self.height / 72), dpi=72)
        self.figure.patch.set_visible(False)

    @property
    def narrow(self) -> bool:
        """Whether it is drawn for a phone."""
        return is_narrow(self.width)

    def axes(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Axes that leave these margins free, in pixels."""
        width, height = self.width - left - right, self.height - top - bottom
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(box)
        axes.patch.set_visible(False)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(length=0, which="both", pad=5)
        return axes

    def caption(self, axes: Axes, text: str, left: float) -> None:
        """The vertical axis' label, level, above its upper end, from the drawing's left edge."""
        axes.annotate(
            text,
            (0, 1),
            xycoords="axes fraction",
            xytext=(-left, 12),
            textcoords="offset points",
            size=SMALL_PX,
            color=MUTED,
        )


def is_narrow(width: float) -> bool:
    """Whether a drawing of this width is for a phone."""
    return width < WIDE_PX


def colour(basis: Basis) -> str:
    """The stand-in of a basis."""
    return _STAND_INS[basis]


def ticks(text: Text) -> Callable[[float, float], str]:
    """A tick formatter out of a function of `units`."""
    return lambda value, _position: units.trimmed(text(value))


def tie(artist: Artist, key: str) -> None:
    """Let the page find the mark of a table's row."""
    artist.set_gid(f"row:{key}")


@contextmanager
def settings() -> Iterator[None]:
    """Set matplotlib up as this report wants it, whatever the user's own settings are."""
    with mpl.rc_context(), warnings.catch_warnings():
        # Only used for measuring; the browser has the glyph.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def embed(figure: Figure, key: str, title: str, description: str) -> Markup:
    """The figure as an `<svg>` element whose names all begin with `key`."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    whole = buffer.getvalue()
    body = whole[whole.index("<svg") :]
    body = body[body.index(">") + 1 : body.rindex("</svg>")]
    body = _rename(_restyle(body), key)
    width, height = (round(inches * 72) for inches in figure.get_size_inches())
    head = (
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{key}-title {key}-desc">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(description)}</desc>'
    )
    return Markup(head + body.strip() + "</svg>")  # noqa: S704 - matplotlib escapes its texts


def _restyle(body: str) -> str:
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", body, flags=re.DOTALL)
    return re.sub(r"<[^>]*>", _restyle_tag, body)


def _restyle_tag(tag: re.Match[str]) -> str:
    text = tag.group().replace("xlink:href", "href")
    text = re.sub(r"#a000[01]\d", lambda match: f"var(--{_VARIABLES[match.group()]})", text)
    text = re.sub(r"font: (bold |\d00 )?([\d.]+px)[^;\"]*", _font, text)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    return re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match.group()):.2f}", text)


def _font(match: re.Match[str]) -> str:
    # Before 3.10 matplotlib wrote the shorthand, family included.
    weight = "font-weight: 600; " if match[1] else ""
    return f"{weight}font-size: {match[2]}"


def _rename(body: str, key: str) -> str:
    """Drop identifiers nobody refers to, and prefix the others."""
    referred = set(re.findall(r'(?:url\(|href=")#([^")]+)', body))
    numbers = count(1)
    names = {
        old: f"{key}-{next(numbers)}"
        for old in re.findall(r'id="([^"]+)"', body)
        if old in referred
    }

    def identifier(match: re.Match[str]) -> str:
        old = match[1]
        if old.startswith("row:"):
            return f' data-row="{old.removeprefix("row:")}"'
        return f' id="{names[old]}"' if old in names else ""

    body = re.sub(r'\sid="([^"]+)"', identifier, body)
    return re.sub(
        r'(url\(|href=")#([^")]+)',
        lambda match: f"{match[1]}#{names.get(match[2], match[2])}",
        body,
    )
