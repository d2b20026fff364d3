"""Training to a target, evaluations on the clock: from the first touch of the data to the accuracy.

Everything it touches is injected, so that a test can pretend time passed.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchbench import units
from benchbench.measure.device import NANOSECONDS, Clock, Device
from benchbench.measure.failure import failure
from benchbench.measure.loop import Watch
from benchbench.measure.message import Progress
from benchbench.record import Caveat, Convergence, Effort, Evaluation, Failure, Measurement
from benchbench.workload import Mark, MarkKind

_FACTS = ("train_samples", "eval_samples", "samples_per_epoch")


@dataclass(frozen=True)
class Seen:
    """A mark, and when it was reached: seconds since the first touch of the data."""

    time_s: float
    mark: Mark


def follow(
    marks: Iterator[Mark],
    target: float,
    *,
    device: Device,
    clock: Clock,
    watch: Watch,
    on_mark: Callable[[Seen], None],
) -> tuple[Seen, ...]:
    """Go on until the target is met or the marks end. The clock starts before the data are touched.

    Raises:
        FloatingPointError: a loss is infinite or not a number.
    """
    device.synchronise()
    watch.begin()
    began = clock()
    seen = []
    for mark in marks:
        device.synchronise()
        seen.append(Seen((clock() - began) / NANOSECONDS, mark))
        on_mark(seen[-1])
        if mark.loss is not None and not math.isfinite(mark.loss):
            raise FloatingPointError(f"the loss of epoch {mark.epoch} is {mark.loss}")
        if _meets(mark, target):
            break
    watch.end()
    return tuple(seen)


def convergence(seen: Sequence[Seen], target: float, quality: str) -> Convergence:
    """The accuracies in order, and when the target was met."""
    facts = _facts(seen)
    return Convergence(
        target=target,
        quality=quality,
        reached_s=next((one.time_s for one in seen if _meets(one.mark, target)), None),
        evaluations=tuple(
            Evaluation(epoch=one.mark.epoch, time_s=one.time_s, accuracy=one.mark.accuracy)
            for one in seen
            if one.mark.accuracy is not None
        ),
        train_samples=facts["train_samples"],
        eval_samples=facts["eval_samples"],
    )


def measurement(seen: Sequence[Seen]) -> Measurement:
    """Whole epochs as steps, evaluations left out: what the training itself went through a second.

    Raises ValueError where no epoch was finished.
    """
    epochs = list(_between(seen, "epoch_start", "epoch_stop"))
    per_epoch = float(_facts(seen)["samples_per_epoch"])
    return Measurement(
        units_per_step=per_epoch,
        step_s=tuple(epochs),
        elapsed_s=sum(epochs),
        units_completed=per_epoch * len(epochs),
        stop_reason="target_reached",
        losses=tuple(one.mark.loss for one in seen if one.mark.loss is not None),
    )


def progress(seen: Seen) -> Progress:
    """For the live line: which epoch, and how good the model was last."""
    mark = seen.mark
    said = f"epoch {mark.epoch}" if mark.epoch else ""
    if mark.accuracy is not None:
        said += f": {units.accuracy(mark.accuracy)}"
    return Progress(phase="measure", elapsed_s=seen.time_s, message=said)


def missed(found: Convergence) -> Failure | None:
    """Why there is no time to train; None where there is one."""
    if found.reached_s is not None:
        return None
    wanted = units.accuracy(found.target)
    if not found.evaluations:
        return failure("target_missed", f"{found.quality} of {wanted} was never evaluated")
    best = max(found.evaluations, key=lambda one: one.accuracy)
    said = f"{units.accuracy(best.accuracy)} after epoch {best.epoch}"
    return failure("target_missed", f"{found.quality} reached {said}, not the {wanted} asked for")


def caveats(effort: Effort, runs: int) -> tuple[Caveat, ...]:
    """What every time to train measured here should be read with."""
    warm = Caveat(
        code="warm_data",
        severity="note",
        message="the data may have been in memory already: caches were not cleared before the run",
        remedy="measure on a machine that has just started, to see what the first run takes",
    )
    few = Caveat(
        code="indicative",
        severity="note",
        message=f"{units.counted(runs, 'training')}: how long one takes is chance to some part",
        remedy="repeat with --runs 5; the fastest and the slowest are dropped",
    )
    return (warm, few) if effort == "quick" or runs < _RUNS_WANTED else (warm,)


_RUNS_WANTED = 3


def _meets(mark: Mark, target: float) -> bool:
    return mark.accuracy is not None and mark.accuracy >= target


def _facts(seen: Sequence[Seen]) -> dict[str, int]:
    """The sizes of the data. Raises ValueError where the training does not say them."""
    said = next((one.mark.facts for one in seen if one.mark.kind == "data"), {})
    sizes = {name: said.get(name) for name in _FACTS}
    lacking = [name for name, size in sizes.items() if type(size) is not int or size < 1]
    if lacking:
        raise ValueError(f"the training's first mark must say {', '.join(lacking)}")
    return {name: int(size or 0) for name, size in sizes.items()}


def _between(seen: Sequence[Seen], first: MarkKind, second: MarkKind) -> Iterator[float]:
    began = None
    for one in seen:
        if one.mark.kind == first:
            began = one.time_s
        elif one.mark.kind == second and began is not None:
            yield one.time_s - began
            began = None
