"""What a whole training would take, where only the rate was measured. Pure.

A machine decides how many samples a second go through, the model and its batch how many samples it
takes: the published trainings are others', on other machines, and the answer is an estimate.
"""

from collections.abc import Iterable
from typing import Protocol

from benchbench import units
from benchbench.derive.figures import Figures, TrainingEstimate
from benchbench.stats import Estimate, over_repeats


class Published(Protocol):
    """Trainings with one batch size."""

    @property
    def batch_size(self) -> int:
        """Of all devices together."""

    @property
    def samples(self) -> tuple[float, ...]:
        """Of each training until the target, the fewest first."""

    @property
    def target(self) -> str:
        """What they reached."""

    @property
    def source(self) -> str:
        """Who published them, where."""


def estimate(figures: Figures, points: Iterable[Published]) -> TrainingEstimate | None:
    """None without a rate or points, and beyond the largest published batch.

    A batch below the smallest published one is taken to be added up to that; between two, the
    larger one counts, which needs more samples.
    """
    rate = figures.throughput
    fitting = sorted(points, key=lambda point: point.batch_size)
    chosen = next((one for one in fitting if one.batch_size >= figures.batch_size), None)
    if chosen is None or rate is None:
        return None
    mean, _ = over_repeats(chosen.samples)
    return TrainingEstimate(
        target=chosen.target,
        seconds=Estimate(
            value=mean / rate.value,
            low=chosen.samples[0] / rate.high if rate.low and rate.high else None,
            high=chosen.samples[-1] / rate.low if rate.low and rate.high else None,
            n=len(chosen.samples),
            basis="predicted",
        ),
        samples=mean,
        batch_size=chosen.batch_size,
        accumulated=figures.batch_size < chosen.batch_size,
        because=f"{units.counted(len(chosen.samples), 'training')} with a batch of "
        f"{units.count(chosen.batch_size)}: {chosen.source}",
    )
