"""Trainings to a target: what the clock counts, with a clock that only pretends."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from benchbench.measure import learn
from benchbench.measure.learn import Seen
from benchbench.workload import Mark
from tests.measure.fakes_measure import FakeClock, FakeGpu, FakeWatch

FACTS = {"train_samples": 105, "eval_samples": 20, "samples_per_epoch": 100}


@dataclass
class Lesson:
    """Epochs of 4 s and evaluations of 1 s, after 2 s of opening the data; one accuracy each."""

    clock: FakeClock
    accuracies: tuple[float, ...]
    losses: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    asked: list[str] = field(default_factory=list)

    def marks(self) -> Iterator[Mark]:
        """As a workload gives them."""
        self.clock.advance(2)
        yield Mark("data", facts=FACTS)
        for epoch, accuracy in enumerate(self.accuracies, start=1):
            yield Mark("epoch_start", epoch)
            self.clock.advance(4)
            yield Mark("epoch_stop", epoch, loss=self.losses[epoch - 1])
            yield Mark("eval_start", epoch)
            self.clock.advance(1)
            self.asked.append(f"evaluated {epoch}")
            yield Mark("eval_stop", epoch, accuracy=accuracy)


def followed(*accuracies: float, target: float = 0.75, **changes: object) -> tuple[Seen, ...]:
    """The marks of such a training, and when they were reached."""
    clock = FakeClock()
    lesson = Lesson(clock, accuracies, **changes)  # type: ignore[arg-type] # fields by name
    clock.advance(100)
    return learn.follow(
        lesson.marks(),
        target,
        device=FakeGpu(clock),
        clock=clock,
        watch=FakeWatch(clock),
        on_mark=lambda _: None,
    )


def test_the_clock_runs_from_the_first_touch_of_the_data() -> None:
    """2 s to open the data, two epochs of 4 s, two evaluations of 1 s: 12 s; not the 100 before."""
    found = learn.convergence(followed(0.5, 0.75, 0.9), 0.75, "top-1 accuracy")
    assert found.reached_s == 12.0
    assert [(one.epoch, one.time_s, one.accuracy) for one in found.evaluations] == [
        (1, 7.0, 0.5),
        (2, 12.0, 0.75),
    ]
    assert (found.train_samples, found.eval_samples) == (105, 20)
    assert learn.missed(found) is None


def test_it_ends_at_the_target() -> None:
    """Nobody asks for the third epoch; the window is closed once."""
    clock = FakeClock()
    lesson, watch = Lesson(clock, (0.5, 0.8, 0.9)), FakeWatch(clock)
    learn.follow(
        lesson.marks(),
        0.75,
        device=FakeGpu(clock),
        clock=clock,
        watch=watch,
        on_mark=lambda _: None,
    )
    assert lesson.asked == ["evaluated 1", "evaluated 2"]


def test_a_mark_waits_for_the_device() -> None:
    """Work still queued when an epoch ends is part of it."""
    clock = FakeClock()
    gpu = FakeGpu(clock)

    def marks() -> Iterator[Mark]:
        yield Mark("data", facts=FACTS)
        yield Mark("epoch_start", 1)
        gpu.work(30)  # the host is back at once
        yield Mark("epoch_stop", 1, loss=1.0)

    seen = learn.follow(
        marks(), 1.0, device=gpu, clock=clock, watch=FakeWatch(clock), on_mark=lambda _: None
    )
    assert seen[-1].time_s == 30.0
    assert learn.measurement(seen).step_s == (30.0,)


def test_throughput_leaves_evaluations_out() -> None:
    """100 images in 4 s an epoch, whatever the evaluations take."""
    seen = learn.measurement(followed(0.5, 0.8))
    assert seen.step_s == (4.0, 4.0)
    assert seen.units_completed / seen.elapsed_s == 25.0
    assert seen.stop_reason == "target_reached"
    assert seen.losses == (1.0, 1.0)


def test_a_missed_target_is_a_failure_that_keeps_its_accuracies() -> None:
    """The best accuracy and its epoch are in the sentence, all of them in the curve."""
    found = learn.convergence(followed(0.5, 0.7, 0.6), 0.75, "top-1 accuracy")
    missed = learn.missed(found)
    assert missed is not None
    assert missed.kind == "target_missed"
    assert missed.message == "top-1 accuracy reached 70 % after epoch 2, not the 75 % asked for"
    assert found.reached_s is None
    assert [one.accuracy for one in found.evaluations] == [0.5, 0.7, 0.6]


def test_a_training_that_never_evaluates_says_so() -> None:
    """No accuracy at all is not an accuracy of 0."""
    marks = iter([Mark("data", facts=FACTS)])
    clock = FakeClock()
    seen = learn.follow(
        marks,
        0.5,
        device=FakeGpu(clock),
        clock=clock,
        watch=FakeWatch(clock),
        on_mark=lambda _: None,
    )
    missed = learn.missed(learn.convergence(seen, 0.5, "top-1 accuracy"))
    assert missed is not None
    assert "was never evaluated" in missed.message


def test_a_loss_that_is_no_number_ends_it() -> None:
    """At the epoch where it happens, by name."""
    with pytest.raises(FloatingPointError, match="the loss of epoch 2 is nan"):
        followed(0.5, 0.6, 0.9, losses=(1.0, float("nan"), 1.0))


@pytest.mark.parametrize(
    "facts", [{}, {**FACTS, "train_samples": 0}, {**FACTS, "eval_samples": "20"}]
)
def test_a_training_must_say_how_much_data_it_has(facts: dict[str, object]) -> None:
    """Sizes are whole numbers above 0; what is lacking is named."""
    seen = (Seen(0.0, Mark("data", facts=facts)),)  # type: ignore[arg-type] # what is tested
    with pytest.raises(ValueError, match=r"first mark must say .*_samples"):
        learn.convergence(seen, 0.5, "top-1 accuracy")


def test_one_run_is_only_indicative() -> None:
    """Three or more are not; that the data may have been warm is said of all."""
    codes = [[one.code for one in learn.caveats("standard", runs)] for runs in (1, 3)]
    assert codes == [["warm_data", "indicative"], ["warm_data"]]
    assert {one.severity for one in learn.caveats("quick", 1)} == {"note"}
