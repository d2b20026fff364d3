"""The newcomer's command, with the measuring itself replaced."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benchbench import quickstart, session
from benchbench.errors import InvalidMeasurementError
from benchbench.record import Record
from benchbench.run import Outcome, Planned
from benchbench.store import Store
from tests import factories as make


def answer(
    monkeypatch: pytest.MonkeyPatch, out: Path, *records: Record
) -> tuple[quickstart.Answer, Sequence[Planned]]:
    """What a quickstart says when these records are measured, and what it planned."""
    plans: list[Sequence[Planned]] = []

    def measured(plan: Sequence[Planned], *, store: Store, **_: Any) -> Outcome:
        plans.append(plan)
        return Outcome(records, tuple(store.write(one) for one in records), "fake")

    monkeypatch.setattr(session, "measure", measured)
    said = quickstart.run(
        out,
        instance_type=None,
        ask_cloud=False,
        on_event=print,
        say=print,
        today=date(2026, 11, 23),
        command=("benchbench", "quickstart"),
    )
    return said, plans[0]


def test_it_measures_both_workloads_quickly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One quick process each."""
    _, plan = answer(monkeypatch, tmp_path, make.record(4.0))
    assert [(one.name, one.effort) for one in plan] == [
        ("bert-large-infer", "quick"),
        ("resnet50-train", "quick"),
    ]


def test_it_says_three_sentences_and_writes_the_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What it delivers, what to rent, rent or own; the page beside the records."""
    said, _ = answer(monkeypatch, tmp_path, make.record(4.0))
    assert len(said.sentences) == 3
    assert all(said.sentences)
    assert said.report == tmp_path / "report.html"
    assert "4.00 images/s" in said.report.read_text(encoding="utf-8")
    assert said.failures == 0


def test_a_failure_is_counted_and_the_rest_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit code 4 is the caller's."""
    failed = make.record(workload="bert-large-infer", failure=make.out_of_memory())
    said, _ = answer(monkeypatch, tmp_path, make.record(4.0), failed)
    assert said.failures == 1
    assert said.report.exists()


def test_nothing_believable_is_no_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says where to look instead."""
    with pytest.raises(InvalidMeasurementError, match="results list"):
        answer(monkeypatch, tmp_path, make.record(failure=make.out_of_memory()))
    assert not (tmp_path / "report.html").exists()
