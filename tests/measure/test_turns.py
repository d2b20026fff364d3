"""Settings as people write them, and the order that lets a drift cancel."""

from pathlib import Path

import pytest

from benchbench.errors import UsageError
from benchbench.measure import turns
from benchbench.measure.plan import plan
from tests import factories as make

MINE = Path(__file__).parents[1] / "data" / "mine.py"


def test_a_side_is_a_workload_and_what_is_asked_of_it() -> None:
    """Known options by their names, the rest as the workload's own parameters."""
    side = turns.side("resnet50-train:batch=4,dtype=bf16,image_size=160")
    assert side is not None
    assert side.file.name == "resnet50_train.py"
    assert side.options == {
        "batch_size": 4,
        "precision": "bf16",
        "parameters": {"image_size": 160},
    }


def test_a_file_of_ones_own_is_a_side() -> None:
    """By its path."""
    side = turns.side(f"{MINE}:batch=8")
    assert side is not None
    assert (side.file, side.options["batch_size"]) == (MINE, 8)


def test_a_stored_result_is_no_workload() -> None:
    """The name of a document, or of a folder."""
    assert turns.side("resnet50-train-1cf6ef46443d7c6c") is None
    assert turns.side("results/before") is None


@pytest.mark.parametrize("text", ["resnet50-train:batch", "resnet50-train:batch=many"])
def test_what_sets_nothing_is_refused(text: str) -> None:
    """In one sentence with the remedy."""
    with pytest.raises(UsageError, match="write"):
        turns.side(text)


def test_the_order_turns_round() -> None:
    """A B, B A, A B: a steady drift favours neither."""
    sides = [
        plan([MINE], system=make.system(), device="cpu", batch_size=batch, repeats=3)
        for batch in (1, 2)
    ]
    order = [one.setting.batch_size for one in turns.in_turns(*sides)]
    assert order == [1, 2, 2, 1, 1, 2]
