"""Charts of what it costs."""

from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex, to_rgba
from matplotlib.patches import Rectangle

from benchbench import units
from benchbench.report.blocks import Axis, Dots, Line, Lines, Stack, Stacks, Swings
from benchbench.report.chart import cost
from benchbench.tco.answer import AlternativeName

MONEY = Axis("USD", units.usd)


def bars(figure: Any) -> list[tuple[float, float]]:
    """Start and end of each bar of the first axes, sorted."""
    found = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    ends = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in found]
    return sorted((min(pair), max(pair)) for pair in ends)


def test_costs_stack_right_and_receipts_left_of_zero() -> None:
    """100 and 50 paid, 30 received: [-30, 0], [0, 100], [100, 150]."""
    figure = cost.stacks(Stacks(MONEY, ("a", "b", "c"), (Stack("own", (100.0, 50.0, -30.0)),)), 720)
    assert bars(figure) == [(-30, 0), (0, 100), (100, 150)]


def test_the_longest_swing_is_on_top() -> None:
    """A tornado narrows downwards; y grows downwards."""
    swings = (("small", 1.0, 2.0), ("large", -5.0, 9.0))
    patches = cost.swings(Swings(MONEY, swings), 720).axes[0].patches
    assert [patch.get_x() for patch in patches if isinstance(patch, Rectangle)] == [-5.0, 1.0]


@given(st.lists(st.floats(0, 300), min_size=1, max_size=8))
def test_names_at_line_ends_never_touch(heights: list[float]) -> None:
    """At least a line of text apart, none lost, in their order."""
    placed = cost._apart([(y, index) for index, y in enumerate(heights)])
    ys = [y for y, _ in placed]
    assert all(after - before >= 14 - 1e-6 for before, after in pairwise(ys))
    assert {index for _, index in placed} == set(range(len(heights)))


@pytest.mark.parametrize("width", [720, 340])
def test_gaps_stay_gaps(width: float) -> None:
    """Where an alternative does not exist nothing is drawn, not zero."""
    line = Line("own", (0.1, 0.2, 0.3), (None, 5.0, 4.0))
    figure = cost.lines(Lines(MONEY, MONEY, (line,)), width)
    drawn = [str(float(y)) for y in np.asarray(figure.axes[0].lines[0].get_ydata())]
    assert drawn == ["nan", "5.0", "4.0"]


def test_an_idle_owner_s_cost_does_not_flatten_the_rest() -> None:
    """1/u grows without bound: 100 is clipped beside values around 5."""
    assert max(cost._without_pole([100.0, 6.0, 5.0, 4.0, 5.0])) == 6.0


def test_an_alternative_looks_the_same_wherever_it_stands() -> None:
    """Colour and dashes are its name's, not its position's."""
    own, rent = (
        Line("Own", (0.0, 1.0), (1.0, 2.0), "owned"),
        Line("R", (0.0, 1.0), (2.0, 1.0), "spot"),
    )
    one = cost.lines(Lines(MONEY, MONEY, (own, rent)), 720).axes[0].lines
    other = cost.lines(Lines(MONEY, MONEY, (rent, own)), 340).axes[0].lines
    for first, second in ((one[0], other[1]), (one[1], other[0])):
        assert first.get_color() == second.get_color()
        assert first.get_linestyle() == second.get_linestyle()
        assert first._dash_pattern == second._dash_pattern  # type: ignore[attr-defined] # no getter
    assert one[0].get_color() != one[1].get_color()


def test_every_alternative_has_a_look_of_its_own() -> None:
    """All seven names; no two with the same colour and dashes, nor the same dashes alone."""
    assert set(cost.STYLES) == set(get_args(AlternativeName))
    assert len({dashes for _, dashes in cost.STYLES.values()}) == len(cost.STYLES)


@pytest.mark.parametrize("key", ["", "curve"])
def test_what_is_no_alternative_is_drawn_in_ink(key: str) -> None:
    """And takes nobody's colour."""
    assert cost.style(key) not in cost.STYLES.values()


def test_components_are_tones_of_their_alternative_s_colour() -> None:
    """In the breakdown colour still means the alternative; a component is a tone and a word."""
    bars_drawn = (Stack("Own", (60.0, 40.0), "owned"), Stack("Rent", (0.0, 90.0), "on_demand"))
    axes = cost.stacks(Stacks(MONEY, ("servers", "staff"), bars_drawn), 720).axes[0]
    patches = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    colours = [to_hex(patch.get_facecolor()) for patch in patches]
    assert colours == [cost.STYLES["owned"][0]] * 2 + [cost.STYLES["on_demand"][0]] * 2
    tones = [to_rgba(patch.get_facecolor())[3] for patch in patches]
    assert tones[0] == tones[2] > tones[1] == tones[3]
    words = [text.get_text() for text in axes.texts]
    assert words.count("staff") == 2
    assert words.count("servers") == 1


def test_a_narrow_part_has_no_word_over_its_neighbours() -> None:
    """One per cent of the bar has no room for eight letters."""
    drawing = Stacks(MONEY, ("servers", "staff"), (Stack("Own", (1.0, 99.0), "owned"),))
    assert "servers" not in [text.get_text() for text in cost.stacks(drawing, 720).axes[0].texts]


@pytest.mark.parametrize("width", [720, 340])
def test_names_of_inputs_stay_inside_the_drawing(width: float) -> None:
    """A short swing far right with a long name was cut off on a phone."""
    bars_drawn = (("wide", -100.0, 5.0), ("surcharge on small colocation", -2.0, -1.0))
    figure = cost.swings(Swings(MONEY, bars_drawn), width)
    figure.draw_without_rendering()
    ends = [text.get_window_extent().x1 for text in figure.axes[0].texts]
    assert max(ends) <= figure.bbox.x1


def test_a_tornado_takes_no_alternative_s_colour() -> None:
    """Its bars are savings."""
    axes = cost.swings(Swings(MONEY, (("a", 1.0, 2.0),)), 720).axes[0]
    colours = {to_hex(patch.get_facecolor()) for patch in axes.patches}
    assert not colours & {colour for colour, _ in cost.STYLES.values()}


def test_a_line_divides_the_inputs_of_a_tornado() -> None:
    """A name at the left and its bar far right belong to one row."""
    axes = cost.swings(Swings(MONEY, (("a", 1.0, 9.0), ("b", 1.0, 2.0))), 720).axes[0]
    levels = {float(np.asarray(line.get_ydata(), float)[0]) for line in axes.lines}
    assert {0.0, 38.0} <= levels


def test_dots_right_of_zero_are_filled_and_counted() -> None:
    """Three of five outcomes save money."""
    drawing = Dots(MONEY, (-20.0, -5.0, 1.0, 10.0, 30.0), "rent", "own", "owned")
    axes = cost.dots(drawing, 720).axes[0]
    tone, _ = cost.STYLES["owned"]
    marks = [(x, line) for line in axes.lines[1:] for x in np.asarray(line.get_xdata(), float)]
    assert len(marks) == 5
    assert {str(line.get_markerfacecolor()) for x, line in marks if x > 0} == {tone}
    assert tone not in {str(line.get_markerfacecolor()) for x, line in marks if x < 0}
    assert [text.get_text() for text in axes.texts] == ["2 of 5: rent", "3 of 5: own"]


@pytest.mark.parametrize("values", [(5.0, 5.0), (-3.0,), (0.0, 0.0)])
def test_outcomes_that_do_not_differ_are_a_pile(values: tuple[float, ...]) -> None:
    """No division by their range."""
    axes = cost.dots(Dots(MONEY, values, "rent", "own", "owned"), 340).axes[0]
    assert sum(len(np.asarray(line.get_xdata())) for line in axes.lines[1:]) == len(values)


def test_a_band_lies_between_its_ends_in_its_line_s_colour() -> None:
    """Lighter than the line it belongs to."""
    line = Line("own", (0.0, 1.0), (5.0, 6.0), "owned", (4.0, 5.0), (6.0, 8.0))
    axes = cost.lines(Lines(MONEY, MONEY, (line,)), 720).axes[0]
    (band,) = axes.collections
    (path,) = band.get_paths()
    ys = np.asarray(path.vertices)[:, 1]
    assert (ys.min(), ys.max()) == (4.0, 8.0)
    assert to_hex(np.asarray(band.get_facecolor())[0].tolist()) == cost.STYLES["owned"][0]
    assert axes.get_ylim()[1] > 8.0


def test_where_the_break_even_may_lie_is_shaded() -> None:
    """From its fifth to its ninety-fifth percentile."""
    line = Line("own", (0.0, 1.0), (5.0, 6.0), "owned")
    axes = cost.lines(Lines(MONEY, MONEY, (line,), (), (0.4, 0.7)), 720).axes[0]
    (span,) = axes.patches
    assert isinstance(span, Rectangle)
    assert (span.get_x(), span.get_x() + span.get_width()) == pytest.approx((0.4, 0.7))
