"""Names beside their marks: none on another, none outside, each near its own."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.report.chart import labels
from benchbench.report.chart.labels import Box, Room

INSIDE = Box(0, 0, 600, 300)
SPOTS = st.lists(
    st.tuples(st.floats(5, 595), st.floats(5, 295)), min_size=1, max_size=12, unique=True
)


def placed(spots: list[tuple[float, float]], text: str = "bert-large-infer") -> list[Box | None]:
    """Where the names of marks at these positions go."""
    room = Room(INSIDE, [labels.around(x, y, 5) for x, y in spots])
    found = [room.take(labels.beside(x, y, text)) for x, y in spots]
    return [None if place is None else place.box for place in found]


@given(SPOTS)
def test_no_name_lies_on_another_or_on_a_mark(spots: list[tuple[float, float]]) -> None:
    """Whatever the marks."""
    boxes = [box for box in placed(spots) if box is not None]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    for x, y in spots:
        assert not any(box.overlaps(labels.around(x, y, 5)) for box in boxes)


@given(SPOTS)
def test_names_stay_inside(spots: list[tuple[float, float]]) -> None:
    """None is cut off at the edge."""
    assert all(INSIDE.holds(box) for box in placed(spots) if box is not None)


def test_two_marks_of_one_place_keep_both_names() -> None:
    """The case that used to print one name over the other."""
    first, second = placed([(300, 150), (302, 152)])
    assert first is not None
    assert second is not None
    assert not first.overlaps(second)


def test_six_marks_in_a_heap_keep_their_names() -> None:
    """Farther out, but there."""
    heap = [(300 + 3.0 * at, 150 + 2.0 * at) for at in range(6)]
    assert None not in placed(heap)


def test_a_mark_alone_has_its_name_at_its_right() -> None:
    """Where a reader looks first."""
    (box,) = placed([(100, 100)])
    assert box is not None
    assert box.left == pytest.approx(108)
    assert box.bottom < 100 < box.top


def test_at_the_right_edge_a_name_goes_left() -> None:
    """It would be cut off else."""
    (box,) = placed([(590, 100)])
    assert box is not None
    assert box.right <= 590


def test_a_line_is_not_crossed_where_there_is_another_place() -> None:
    """A level roof at the mark's height moves the name above or below it."""
    room = Room(INSIDE, [labels.around(100, 100, 5)])
    room.keep_off([0, 600], [100, 100])
    place = room.take(labels.beside(100, 100, "resnet50-train"))
    assert place is not None
    assert not place.box.bottom < 100 < place.box.top


def test_where_nothing_is_free_there_is_no_name() -> None:
    """The table has it."""
    room = Room(INSIDE, [INSIDE])
    assert room.take(labels.beside(100, 100, "x")) is None
