"""Accuracy by the real LoadGen: every sample once, scored from LoadGen's own log."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter_ns

import numpy as np
import pytest

from benchbench.accuracy import Exam, Score
from benchbench.measure import examination
from benchbench.measure.device import Host
from benchbench.measure.examination import Taken
from tests.measure.test_loadgen import Edges


def squares(samples: int, *, wrong: Sequence[int] = ()) -> Exam:
    """Sample n is n, its answer n squared; some are answered wrongly."""
    ready: set[int] = set()

    def prepare(indices: Sequence[int]) -> None:
        ready.clear()
        ready.update(indices)

    def batch(indices: Sequence[int]) -> Sequence[int]:
        assert set(indices) <= ready, "only what was prepared may be asked for"
        return indices

    def answers(outputs: Sequence[int], count: int) -> list[bytes]:
        return [np.int64(value).tobytes() for value in outputs[:count]]

    def score(found: Mapping[int, bytes]) -> Score:
        right = [int(np.frombuffer(one, np.int64)[0]) == n**2 for n, one in found.items()]
        return Score("share", 100 * sum(right) / len(right), len(right))

    return Exam(
        samples=samples,
        prepare=prepare,
        batch=batch,
        step=lambda numbers: [0 if n in wrong else n**2 for n in numbers],
        answers=answers,
        score=score,
        reference_percent=80.0,
        reference="a published one",
    )


def take(exam: Exam, batch: int = 4) -> Taken:
    """As the worker does."""
    return examination.take(
        exam,
        batch,
        0.99,
        device=Host(),
        clock=perf_counter_ns,
        watch=Edges(),
        on_tick=lambda _tick: None,
    )


def test_every_sample_is_answered_once_and_scored() -> None:
    """More than fit in memory at once, the last batch part full: three of 1030 are wrong."""
    taken = take(squares(1030, wrong=(1, 500, 1029)))
    assert taken.accuracy.percent == pytest.approx(100 * 1027 / 1030)
    assert taken.accuracy.samples == taken.accuracy.scored == 1030
    assert taken.accuracy.passed
    entries = json.loads(taken.logs["mlperf_log_accuracy.json"])
    assert sorted(entry["qsl_idx"] for entry in entries) == list(range(1030))
    assert "AccuracyOnly" in taken.logs["mlperf_log_detail.txt"]
    assert len(taken.step_s) >= 1030 / 4


def test_wrong_answers_miss_the_gate() -> None:
    """Half of them wrong: 50 is less than 99 % of 80, and the doubt says what to try."""
    taken = take(squares(40, wrong=range(1, 21)))
    assert not taken.accuracy.passed
    missed, unverified = examination.doubts(taken.accuracy, trained=True)
    assert (missed.code, missed.severity) == ("accuracy_gate", "warning")
    assert "share is 50.000, below 79.200: 99.00 % of the reference" in missed.message
    assert unverified.code == "not_mlperf"


def test_random_weights_are_named() -> None:
    """Nobody should read their accuracy as the model's."""
    taken = take(squares(8))
    codes = [one.code for one in examination.doubts(taken.accuracy, trained=False)]
    assert codes == ["untrained", "not_mlperf"]


@pytest.mark.parametrize("part", ["prepare", "batch", "step", "answers"])
def test_an_error_of_the_workload_comes_out(part: str) -> None:
    """It must not end the process from inside LoadGen."""

    def fail(*_given: object) -> None:
        raise RuntimeError("no such picture")

    with pytest.raises(RuntimeError, match="no such picture"):
        take(replace(squares(8), **{part: fail}))  # type: ignore[arg-type] # fails whatever it is


def test_two_answers_to_a_sample_are_no_score() -> None:
    """A log that cannot be LoadGen's."""
    twice = json.dumps([{"qsl_idx": 3, "data": "00"}] * 2)
    with pytest.raises(ValueError, match="2 answers to 1 samples"):
        examination.logged(twice)
