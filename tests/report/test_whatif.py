"""The dials' grid: the engine's points in words, the scenario's own marked."""

import pytest

from benchbench.report import whatif
from benchbench.report.blocks import Choice, Explorer
from tests.report import sample


def grid() -> Explorer:
    """The sample's."""
    answer = sample.tco()
    assert answer.what_if is not None
    return whatif.explored(answer, answer.what_if)


def points() -> list[Choice]:
    """All of them."""
    return [choice for table in grid().tables for line in table for choice in line]


def test_every_point_of_the_engine_is_shown_once() -> None:
    """3 x 3 x 3, each under the key of its place."""
    keys = [choice.key for choice in points()]
    assert len(keys) == len(set(keys)) == 27


@pytest.mark.parametrize(("use", "price", "horizon"), [(0, 0, 0), (1, 1, 1), (2, 1, 0), (2, 2, 2)])
def test_a_point_says_what_the_engine_worked_out_there(use: int, price: int, horizon: int) -> None:
    """Utilisation down, price across, horizon by table."""
    found = sample.tco().what_if
    assert found is not None
    choice = grid().tables[horizon][use][price]
    at = use * 9 + price * 3 + horizon
    assert choice.best == found.cheapest[at]
    for way in choice.ways:
        assert way.value == found.usd_per_useful_hour[way.key][at]


def test_the_scenario_s_own_point_is_where_the_dials_start() -> None:
    """62 % use, as priced, 36 months: 1.48 / 0.62 + 0.07 against 1.9 + 0.4 / 0.62 dollars."""
    start = grid().start
    assert start.key == "1-1-1"
    assert start.sentence == (
        "Owned, colocated is the cheapest, $2.46 per useful hour; hybrid 3.6 % more."
    )


def test_positions_read_as_people_say_them() -> None:
    """Per cent, a change of price, months."""
    use, price, horizon = grid().dials
    assert use.positions == ("30 %", "62 %", "90 %")
    assert price.positions == ("30 % less", "as priced", "30 % more")
    assert horizon.positions == ("24 months", "36 months", "48 months")


def test_a_way_that_is_none_is_a_dash() -> None:
    """The hybrid does not exist at 30 % use."""
    (hybrid,) = [way for way in grid().tables[1][0][1].ways if way.key == "hybrid"]
    assert (hybrid.value, hybrid.text) == (None, "—")


def test_without_a_grid_there_are_no_dials() -> None:
    """An answer that was not explored."""
    assert whatif.part(sample.tco().model_copy(update={"what_if": None})) is None
