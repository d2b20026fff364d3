"""What a training would take: by hand from a rate and three published trainings."""

from dataclasses import dataclass

import pytest

from benchbench import decide, evaluate, terminal
from benchbench.catalog import convergence, silicon
from benchbench.derive import training
from benchbench.derive.figures import Figures
from benchbench.report import training as page
from benchbench.report.evidence import Measured
from benchbench.stats import Estimate
from benchbench.store import Store
from tests import factories as make
from tests.test_terminal import shown


@dataclass(frozen=True)
class Trainings:
    """With one batch size."""

    batch_size: int
    samples: tuple[float, ...]
    target: str = "75.90 % top-1"
    source: str = "somebody, 2021"


POINTS = (Trainings(256, (900.0, 1000.0, 1100.0)), Trainings(64, (400.0, 500.0, 600.0)))


def measured(
    batch: int, low: float | None = 9.0, rate: float | None = 10.0, high: float | None = 12.5
) -> Figures:
    """So many images a second at that batch."""
    known = None
    if rate is not None:
        known = Estimate(value=rate, low=low, high=high, n=5, basis="measured")
    figures = decide.figures([make.record(batch_size=batch)])[0]
    return figures.model_copy(update={"throughput": known})


def test_it_is_the_samples_over_the_rate() -> None:
    """500 at 10 a second are 50 s; from 400 at 12.5 to 600 at 9: 32 to 66.7 s. Predicted."""
    found = training.estimate(measured(64), POINTS)
    assert found is not None
    assert (found.seconds.value, found.seconds.low) == (50.0, 32.0)
    assert found.seconds.high == pytest.approx(600 / 9)
    assert found.seconds.basis == "predicted"
    assert (found.batch_size, found.accumulated) == (64, False)
    assert found.because == "3 trainings with a batch of 64: somebody, 2021"


@pytest.mark.parametrize(("batch", "used"), [(8, 64), (65, 256)])
def test_a_smaller_batch_is_added_up(batch: int, used: int) -> None:
    """To the next larger one that somebody published, which needs more samples."""
    found = training.estimate(measured(batch), POINTS)
    assert found is not None
    assert (found.batch_size, found.accumulated) == (used, True)


def test_what_nobody_published_is_not_estimated() -> None:
    """Beyond the largest batch, without points, and without a rate: unknown."""
    assert training.estimate(measured(512), POINTS) is None
    assert training.estimate(measured(64), ()) is None
    assert training.estimate(measured(64, rate=None), POINTS) is None


def test_a_rate_without_interval_gives_none() -> None:
    """Half an interval would look sharper than it is."""
    found = training.estimate(measured(64, low=None, high=None), POINTS)
    assert found is not None
    assert (found.seconds.value, found.seconds.low, found.seconds.high) == (50.0, None, None)
    zero = training.estimate(measured(64, low=0.0), POINTS)
    assert zero is not None
    assert zero.seconds.high is None


def test_a_record_of_imagenet_training_gets_one(tmp_path: object) -> None:
    """1,000 images/s: 35 epochs of ImageNet are 12.5 hours; shown as estimated, with its ends."""
    record = make.gpu_record(1000.0, parameters={"image_size": 224})
    Store(str(tmp_path)).write(record)
    (result,) = decide.results(str(tmp_path)).results
    found = result.figures.estimated_training
    assert found is not None
    # 17 runs; without one of 33 and one of 37 epochs the other 15 make 525.
    assert found.samples == pytest.approx(525 / 15 * 1_281_167)
    assert found.seconds.value == pytest.approx(525 / 15 * 1281.167)
    text = " ".join(shown(terminal.result(result), 100).split())
    assert "estimated time to train 12.5 h" in text
    assert "75.90 % top-1 on ImageNet; 17 trainings with a batch of 1,632: MLCommons" in text
    assert "gradients added up to that batch" in text
    (part,) = page.parts(Measured((record,), (result.figures,)))
    assert part.title == "Time to train"


def test_other_work_gets_none() -> None:
    """Small images have no published training, and the page no such part."""
    record = make.gpu_record(1000.0, parameters={"image_size": 64})
    found = evaluate.figures([record], silicon.load(), (), convergence.load())
    assert found.estimated_training is None
    assert page.parts(Measured((record,), (found,))) == ()
