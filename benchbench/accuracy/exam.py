"""What a workload brings to an examination, and what comes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchbench.record import Accuracy, Gate, Scalar

GATES = (0.99, 0.999)
"""Of the reference's accuracy (MLPerf inference rules): the usual demand, and the strict one."""


@dataclass(frozen=True)
class Score:
    """The metrics of all answers, in percent."""

    metric: str
    percent: float
    scored: int
    """What the metric is a mean of."""
    others: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Exam:
    """A data set of numbered samples, the step that answers them, and how answers are scored."""

    samples: int
    prepare: Callable[[Sequence[int]], None]
    """Make these ready in memory, and forget others: decoding and tokenising are not timed."""
    batch: Callable[[Sequence[int]], Any]
    """These, prepared before, as one batch on the device."""
    step: Callable[[Any], Any]
    answers: Callable[[Any, int], Sequence[bytes]]
    """What the step returned, and of how many samples → what is logged of each."""
    score: Callable[[Mapping[int, bytes]], Score]
    """The logged answer of every sample → the metrics."""
    reference_percent: float
    reference: str
    """Whose accuracy, and where it is published."""
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    data_sha256: str | None = None
    weights_sha256: str | None = None


def graded(exam: Exam, answers: Mapping[int, bytes], demanded: float) -> Accuracy:
    """The score against the gates; `demanded` is the fraction of the reference to be reached.

    Raises ValueError if a sample was not answered, or was answered that does not exist.
    """
    if answers.keys() != set(range(exam.samples)):
        raise ValueError(f"{len(answers)} of {exam.samples} samples were answered")
    score = exam.score(answers)
    return Accuracy(
        metric=score.metric,
        percent=score.percent,
        others=dict(score.others),
        reference_percent=exam.reference_percent,
        reference=exam.reference,
        gates=tuple(
            Gate(
                fraction=fraction,
                least_percent=fraction * exam.reference_percent,
                passed=score.percent >= fraction * exam.reference_percent,
                demanded=fraction <= demanded,
            )
            for fraction in sorted({*GATES, demanded})
        ),
        samples=exam.samples,
        scored=score.scored,
        data_sha256=exam.data_sha256,
        weights_sha256=exam.weights_sha256,
    )
