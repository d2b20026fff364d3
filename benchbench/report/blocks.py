"""What a page is made of: text, tables and the data of its charts. No markup, no drawing."""

from collections.abc import Callable
from dataclasses import dataclass, field

from benchbench import units
from benchbench.record import Severity
from benchbench.stats import Basis, Estimate

Text = Callable[[float], str]
"""How a number of an axis or a cell reads; a function of `units`."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as text; `sort` orders its column, `basis` gives it a mark and a word."""

    text: str
    detail: str = ""
    sort: float | None = None
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column; numbers stand right-aligned."""

    label: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A table's row; `key` ties it to a mark in a chart."""

    cells: tuple[Cell, ...]
    key: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its first column names the row."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    folded: str = ""
    """The words that unfold it."""
    filterable: bool = False
    list_key: str = ""
    """Tables of one list share a filter."""
    off_paper: str = ""
    """Said in its place on paper, where it would fill pages."""


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs, and commands to type where there are any."""

    paragraphs: tuple[str, ...]
    commands: tuple[str, ...] = ()
    folded: str = ""
    """The words that unfold them."""


@dataclass(frozen=True, slots=True)
class Note:
    """A doubt, what to do about it, and where it applies: `(message, where)` pairs."""

    severity: Severity
    remedy: str
    raised: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Notes:
    """Doubts, worst first."""

    items: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows, and how its numbers read."""

    label: str
    text: Text
    log: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with its interval; None is drawn as the word for unknown."""

    label: str
    value: float | None
    text: str
    basis: Basis
    ends: tuple[float, float] | None = None
    faint: bool = False
    """Drawn lighter: what the others are held against."""


@dataclass(frozen=True, slots=True)
class BarGroups:
    """Groups of bars, each group on a scale of its own."""

    groups: tuple[tuple[str, tuple[Bar, ...]], ...]


@dataclass(frozen=True, slots=True)
class Roof:
    """A roofline: FLOP/s and bytes/s no workload of this device and precision passes."""

    label: str
    flops: float
    bytes_per_s: float | None
    basis: Basis
    text: str = ""
    """Its height in words, said after the label where there is room."""


@dataclass(frozen=True, slots=True)
class Point:
    """A mark with its interval in y, and in x where it has one."""

    key: str
    label: str
    x: float
    y: float
    basis: Basis
    note: str = ""
    """Said after the label where there is room."""
    x_ends: tuple[float, float] | None = None
    y_ends: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Roofline:
    """Workloads under their roofs: FLOP per byte against FLOP/s, or both as shares of the roof's.

    In shares the ridge is at 1 and the roof at 1, so that unlike machines stand under one roof.
    """

    x: Axis
    y: Axis
    roofs: tuple[Roof, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """Durations of one setting in seconds, with the percentiles to mark."""

    label: str
    samples: tuple[float, ...]
    median: float
    ends: tuple[float, float] | None
    marks: tuple[tuple[float, str], ...] = ()
    """Percentiles that enough samples bear out, with their names."""


@dataclass(frozen=True, slots=True)
class Spreads:
    """Distributions, each on a scale of its own."""

    rows: tuple[Spread, ...]
    axis: Axis


@dataclass(frozen=True, slots=True)
class Scatter:
    """Points, of which `front` (keys, left to right) are beaten by no other."""

    x: Axis
    y: Axis
    points: tuple[Point, ...]
    front: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line; None is a gap. `key` names the alternative, which decides how it looks."""

    label: str
    xs: tuple[float, ...]
    ys: tuple[float | None, ...]
    key: str = ""
    low: tuple[float, ...] = ()
    """The lower edge of the band around it, where how sure it is was worked out."""
    high: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines over a common axis; `marks` are positions in x worth a word, `span` what one may be."""

    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    marks: tuple[tuple[float, str], ...] = ()
    span: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """A bar of amounts, one per component. `key` names the alternative: its colour."""

    label: str
    amounts: tuple[float, ...]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Stacks:
    """Stacked bars, each with its amounts in the components' order."""

    axis: Axis
    components: tuple[str, ...]
    bars: tuple[Stack, ...]


@dataclass(frozen=True, slots=True)
class Swings:
    """A tornado: where the result ends when one input goes to its low or its high end."""

    axis: Axis
    bars: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Dots:
    """Equally likely outcomes, one dot each; those above zero speak for `above`."""

    axis: Axis
    values: tuple[float, ...]
    below: str
    above: str
    key: str
    """The alternative that those above zero speak for: their colour."""


@dataclass(frozen=True, slots=True)
class Range:
    """A figure against the range that others reached; each on a scale of its own."""

    label: str
    value: float
    text: str
    low: float
    high: float
    low_text: str
    high_text: str


@dataclass(frozen=True, slots=True)
class Ranges:
    """Figures against ranges."""

    rows: tuple[Range, ...]


Drawing = BarGroups | Roofline | Spreads | Scatter | Lines | Stacks | Swings | Dots | Ranges


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do the work at one point of a grid."""

    key: str
    label: str
    value: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One point of a grid: which way is best there, and every way's figure."""

    key: str
    """`i-j-k`: its place on the three dials."""
    best: str
    """The key of the best way."""
    short: str
    """Its name in a word or two."""
    text: str
    """Its figure."""
    beside: str
    """By how much the next one is behind."""
    sentence: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Dial:
    """One of the things that can be turned, and its positions in words."""

    key: str
    label: str
    positions: tuple[str, ...]
    here: int


@dataclass(frozen=True, slots=True)
class Explorer:
    """A grid of computed answers: one table per position of the third dial.

    `tables[k][i][j]` is the point at positions i, j and k.
    """

    dials: tuple[Dial, Dial, Dial]
    tables: tuple[tuple[tuple[Choice, ...], ...], ...]
    captions: tuple[str, ...]
    """One per table."""

    @property
    def start(self) -> Choice:
        """The point where every dial is in its own position."""
        first, second, third = (dial.here for dial in self.dials)
        return self.tables[third][first][second]


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart, what it says in words, and the numbers it shows."""

    key: str
    title: str
    description: str
    drawing: Drawing
    table: Table


Block = Prose | Table | Notes | Plot | Explorer


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and what stands below it."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter that can be read alone."""

    key: str
    title: str
    lede: str
    parts: tuple[Part, ...] = field(default=())


def quantity(estimate: Estimate | None, text: Callable[[float | None], str]) -> Cell:
    """A figure with its interval, the number of observations, and where it comes from."""
    if estimate is None:
        return Cell(units.UNKNOWN)
    interval = units.spread(estimate.value, estimate.low, estimate.high)
    observed = f"n = {units.count(estimate.n)}" if estimate.n else ""
    return Cell(
        text(estimate.value),
        ", ".join(filter(None, (interval, observed))),
        estimate.value,
        estimate.basis,
    )


def derived(estimate: Estimate | None, text: Callable[[float | None], str]) -> Cell:
    """A figure whose row already says where it comes from: only its interval beside it."""
    cell = quantity(estimate, text)
    if estimate is None:
        return cell
    return Cell(cell.text, units.spread(estimate.value, estimate.low, estimate.high), cell.sort)


def plain(value: float | None, text: Callable[[float | None], str]) -> Cell:
    """A number nobody measured or predicted: a count, a size, a price."""
    return Cell(text(value), sort=value)


def words(text: str | None, detail: str = "") -> Cell:
    """Text, or the mark for unknown."""
    return Cell(text or units.UNKNOWN, detail)


def ends(estimate: Estimate | None) -> tuple[float, float] | None:
    """The interval of an estimate that has one."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return None
    return estimate.low, estimate.high
