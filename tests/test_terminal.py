"""Answers fit a terminal, and never confuse what is measured with what is not."""

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from benchbench import decide, terminal
from benchbench.recommend import Goal
from benchbench.store import Store
from benchbench.system import facts
from benchbench.system.doctor import examine
from benchbench.workload import list_builtin
from tests import factories as make

TODAY = date(2026, 11, 23)


def shown(renderable: RenderableType, width: int = 80) -> str:
    """As a terminal of that width shows it."""
    stream = StringIO()
    Console(file=stream, width=width, color_system=None).print(renderable)
    return stream.getvalue()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One good result and one failure."""
    place = tmp_path_factory.mktemp("stored")
    store = Store(place)
    store.write(make.record(4.0, ceilings=(make.ceiling(1.2e11), make.bandwidth_ceiling(2e10))))
    store.write(make.record(batch_size=64, failure=make.out_of_memory()))
    return place


def answers(stored: Path) -> dict[str, RenderableType]:
    """Everything there is to show."""
    records = decide.records(stored)
    ranked = decide.recommendation(records, Goal(workload="resnet50-train"), TODAY)
    listed = decide.results(stored)
    return {
        "doctor": terminal.doctor(
            examine(make.gpu_system(2), facts.Facts(), (make.ceiling(1e12),))
        ),
        "workloads": terminal.workloads(list_builtin()),
        "results": terminal.results(listed),
        "result": terminal.result(listed.results[0]),
        "recommendation": terminal.recommendation(ranked),
        "inputs": terminal.tco_inputs(decide.costs(None, records, TODAY)),
        "tco": terminal.tco(decide.costs(None, records, TODAY)),
    }


def test_everything_fits_80_columns(stored: Path) -> None:
    """No line is longer than a terminal of 80 columns."""
    for name, answer in answers(stored).items():
        widest = max(len(line) for line in shown(answer).splitlines())
        assert widest <= 80, name


def test_prediction_is_marked_by_word_and_mark(stored: Path) -> None:
    """Never by colour alone."""
    text = shown(answers(stored)["recommendation"])
    assert "○ predicted" in text
    assert "● measured" not in text


def test_the_silicon_measured_is_shown_wherever_it_ranks(stored: Path) -> None:
    """What staying costs: a Milan instance below the ten best."""
    ranked = decide.recommendation(decide.records(stored), Goal(workload="resnet50-train"), TODAY)
    same = [one for one in ranked.candidates if one.step == "same_chip"]
    assert same[-1].rank > 10
    lines = shown(terminal.recommendation(ranked)).splitlines()
    assert any(line.startswith(f"{same[-1].rank} ") for line in lines)


def test_a_failure_shows_its_remedy(stored: Path) -> None:
    """What to do is beside what went wrong."""
    failed = next(one for one in decide.results(stored).results if one.failure)
    text = shown(terminal.result(failed))
    assert "allocation of 2 GiB failed" in text
    assert "lower --batch-size" in text


def test_rejections_are_counted_by_reason(stored: Path) -> None:
    """One line per reason, with an example."""
    text = shown(answers(stored)["recommendation"])
    assert "rejected, price_kind: e.g." in text


def test_the_cheapest_alternative_is_marked(stored: Path) -> None:
    """An arrow, and the sentences below."""
    text = shown(answers(stored)["tco"])
    assert text.count("←") == 1
    assert "Over 48 months" in text


def test_every_input_of_the_costs_is_explained(stored: Path) -> None:
    """Value, range, source and date, as `tco --explain` shows them."""
    text = " ".join(shown(answers(stored)["inputs"]).split())
    assert "◌ owned.pue 1.54, from 1.1 to 1.6 facility's overhead (PUE): Uptime Institute" in text
    assert "(2025-07-01)" in text


def test_unknown_is_a_dash(stored: Path) -> None:
    """A CPU nobody knows has no share of a peak."""
    del stored
    unknown = make.record(4.0, system=make.system(cpu=make.cpu(model="Mystery", vendor="x")))
    store = Store("memory://unknown")
    store.write(unknown)
    assert "—" in shown(terminal.results(decide.results("memory://unknown")))
