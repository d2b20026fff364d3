"""Gates on an accuracy: what is demanded, what is reached, and that all was answered."""

import pytest

from benchbench.accuracy import Exam, Score, graded


def exam(percent: float) -> Exam:
    """Two samples and a score of one's choice, against BERT-large's F1."""
    return Exam(
        samples=2,
        prepare=lambda _indices: None,
        batch=list,
        step=lambda batch: batch,
        answers=lambda _outputs, count: [b""] * count,
        score=lambda _answers: Score("f1", percent, 2),
        reference_percent=90.874,
        reference="a published one",
    )


ALL = {0: b"", 1: b""}


@pytest.mark.parametrize(
    ("percent", "passes"),
    [
        (90.874, (True, True)),
        (90.79, (True, True)),  # 99.9 % of 90.874 is 90.783
        (90.78, (True, False)),
        (89.97, (True, False)),  # 99 % is 89.965
        (89.96, (False, False)),
        (0.0, (False, False)),
    ],
)
def test_gates_are_shares_of_the_reference(percent: float, passes: tuple[bool, bool]) -> None:
    """99 % and 99.9 % of 90.874, as MLPerf's rules have it for bert-99 and bert-99.9."""
    found = graded(exam(percent), ALL, 0.99)
    assert tuple(gate.passed for gate in found.gates) == passes
    assert [gate.demanded for gate in found.gates] == [True, False]
    assert found.passed == passes[0]


def test_the_strict_gate_can_be_demanded() -> None:
    """What passes the usual demand misses that one; any other share can be asked for too."""
    assert not graded(exam(90.0), ALL, 0.999).passed
    loose = graded(exam(82.0), ALL, 0.9)
    assert [gate.fraction for gate in loose.gates] == [0.9, 0.99, 0.999]
    assert loose.passed


@pytest.mark.parametrize("answers", [{}, {0: b""}, {0: b"", 2: b""}, {0: b"", 1: b"", 2: b""}])
def test_an_answer_short_is_no_score(answers: dict[int, bytes]) -> None:
    """Nor one to a sample that does not exist."""
    with pytest.raises(ValueError, match="of 2 samples were answered"):
        graded(exam(90.0), answers, 0.99)
