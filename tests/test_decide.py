"""From a results folder to answers."""

from datetime import date
from pathlib import Path

import pytest

from benchbench import decide
from benchbench.errors import UsageError
from benchbench.store import Store
from tests import factories as make

TODAY = date(2026, 11, 23)
SAMPLE = Path(__file__).parents[1] / "reports" / "examples" / "quickstart"


def test_no_results_names_the_next_step(tmp_path: Path) -> None:
    """An empty folder and a missing one alike."""
    with pytest.raises(UsageError, match="benchbench run --quick"):
        decide.records(tmp_path / "none")
    assert decide.records_if_any(tmp_path / "none") == ()


def test_the_only_workload_measured_is_meant() -> None:
    """Nothing to choose, nothing to ask."""
    assert decide.goal([make.record()], {}).workload == "resnet50-train"


def test_only_failures_are_nothing_to_go_by() -> None:
    """The error says so instead of offering an empty choice."""
    with pytest.raises(UsageError, match="nothing valid was measured"):
        decide.goal([make.record(failure=make.out_of_memory())], {})


def test_an_unmeasured_workload_is_refused_with_those_that_were() -> None:
    """The error lists what is there."""
    with pytest.raises(UsageError, match="measured here: resnet50-train"):
        decide.goal([make.record()], {"workload": "llm-infer"})


@pytest.mark.parametrize(
    "limits", [{"rate_per_s": -1.0}, {"price_kinds": ("free",)}, {"confidence": "utter"}]
)
def test_an_impossible_limit_is_one_sentence(limits: dict[str, object]) -> None:
    """It names the field and where to look."""
    with pytest.raises(UsageError, match=r"^[\w.]+: .*--help$"):
        decide.goal([make.record()], limits)


def test_one_session_can_be_told_from_another(tmp_path: Path) -> None:
    """`run` shows what it measured, not what was there before."""
    store = Store(tmp_path)
    old = make.record(1.0)
    new_origin = old.provenance.model_copy(update={"session": "new"})
    store.write(old)
    store.write(make.record(2.0, provenance=new_origin))
    listed = decide.results(tmp_path, session="new")
    rates = [one.figures.throughput.value for one in listed.results if one.figures.throughput]
    assert rates == [pytest.approx(2.0)]
    assert len(decide.results(tmp_path).results) == 2


def test_a_page_holds_a_ranking_per_workload_and_says_three_things() -> None:
    """An invalid workload gets none."""
    stored = [
        make.record(4.0),
        make.record(0.5, workload="bert-large-infer", scenario="offline"),
        make.record(9.0, workload="broken", caveats=(make.caveat("invalid"),)),
    ]
    page = decide.page(stored, scenario=None, today=TODAY)
    ranked = [one.goal.workload for one in decide.recommendations(stored, TODAY)]
    assert ranked == ["resnet50-train", "bert-large-infer"]
    assert "4.00 images/s" in page.delivers
    assert "$" in page.rent
    assert "Over 48 months" in page.own


def test_the_same_inputs_give_the_same_page() -> None:
    """Byte for byte, catalogue and costs included."""
    first, second = (
        decide.page([make.record(4.0)], scenario=None, today=TODAY).html for _ in range(2)
    )
    assert first == second


def test_trials_of_a_search_decide_nothing(tmp_path: Path) -> None:
    """A trial's 9.9 images/s is nowhere; the winner and the default are."""
    store = Store(tmp_path)
    for record in make.searched():
        store.write(record)
    stored = decide.records(tmp_path)
    rates = [one.throughput.value for one in decide.figures(stored) if one.throughput]
    assert sorted(rates) == [1.0, 2.5]


def test_the_page_heads_the_winner_with_the_default_beside_it(tmp_path: Path) -> None:
    """And a trial, short as it is, does not make a standard measurement indicative."""
    store = Store(tmp_path)
    for record in make.searched():
        store.write(record)
    page = decide.page(decide.records(tmp_path), scenario=None, today=TODAY)
    assert page.delivers.startswith("2.50 images/s")
    beside = "torch-compile, fp32, batch 16), 2.50 times the default (torch-eager, fp32, batch 8"
    assert beside in page.html
    assert "Indicative only" not in page.html


def test_a_run_on_some_of_the_cores_is_not_held_against_others_figures() -> None:
    """The sample's training is normal on both its cores; on one of them nobody knows."""
    (whole,) = (one for one in Store(SAMPLE).read().records if one.workload == "resnet50-train")
    some = whole.model_copy(update={"parameters": {**whole.parameters, "threads": 1}})
    found = [one.normal for one in decide.figures([whole, some])]
    assert [one and one.name for one in found] == ["normal", "unknown"]
