"""Times to train, end to end: real workers, a small network, real images of digits."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchbench import decide, run, terminal
from benchbench.errors import UsageError
from benchbench.measure.mllog import FILE
from benchbench.record import Record
from benchbench.report import training as page
from benchbench.report.evidence import Measured
from benchbench.store import Store
from benchbench.workload.file import find
from tests import factories as make
from tests.measure.fakes_workload import write_workload
from tests.test_terminal import shown

SMALL = Path(__file__).parent / "data" / "small_resnet.py"
RULES = "4.0.0"


def saved(folder: Path, half: str, name: int, index: int, pixels: np.ndarray) -> None:
    """One picture of one class, sixteen pixels wide."""
    place = folder / half / f"class{name}"
    place.mkdir(parents=True, exist_ok=True)
    large = np.kron(pixels, np.ones((2, 2))).clip(0, 255).astype(np.uint8)
    Image.fromarray(large).save(place / f"{index}.png")


def stripes(folder: Path) -> Path:
    """Upright and level stripes under noise: 128 to learn from, 64 to be judged by.

    Four of the 64 lie in the wrong folder, so that nobody is right about more than 60.
    """
    random = np.random.default_rng(0)
    for index in range(192):
        name = index % 2
        wave = 127 + 80 * np.sin(np.arange(8) * 2.1 + random.uniform(0, 6))
        pixels = np.tile(wave, (8, 1)) + random.normal(0, 25, (8, 8))
        half = "train" if index < 128 else "val"
        wrong = half == "val" and index % 16 == 0
        saved(folder, half, (name + wrong) % 2, index, pixels.T if name else pixels)
    return folder


def digits(folder: Path) -> Path:
    """Handwritten digits (Alpaydin & Kaynak 1998, in scikit-learn), one in five to be judged by."""
    datasets = pytest.importorskip("sklearn.datasets")
    data = datasets.load_digits()
    for index, (pixels, name) in enumerate(zip(data.images, data.target, strict=True)):
        saved(folder, "val" if index % 5 == 0 else "train", int(name), index, pixels * 16)
    return folder


def trained(folder: Path, data: Path, target: float, **options: Any) -> tuple[Record, ...]:
    """What a training of the small network to that target leaves in `folder/results`."""
    planned = run.plan([SMALL], system=make.system(), data=data, device="cpu", **options)
    outcome = run.execute(
        run.to_target(planned, target),
        store=Store(folder / "results"),
        system=make.system(),
        lock=folder / "lock",
    )
    return outcome.records


def logged(folder: Path) -> list[Path]:
    """The logs beside the records."""
    return sorted((folder / "results").glob(f"*.mllog/{FILE}"))


def judged(log: Path) -> int:
    """The exit status of MLCommons' checker, run as its users run it."""
    arguments = ["--ruleset", RULES, "--werror", "--log_output", str(log.with_suffix(".judged"))]
    command = [sys.executable, "-m", "mlperf_logging.compliance_checker", *arguments, str(log)]
    return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.fixture(scope="module")
def striped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs that tell stripes apart, and what they left."""
    folder = tmp_path_factory.mktemp("striped")
    trained(folder, stripes(folder / "data"), 0.9, repeats=2, seed=5)
    return folder


def test_runs_reach_the_target_with_seeds_of_their_own(striped: Path) -> None:
    """Two processes, seeds 5 and 6, each with its accuracies and the time of the last of them."""
    records = Store(striped / "results").read().records
    assert [one.provenance.seed for one in records] == [5, 6]
    for one in records:
        assert one.convergence is not None
        assert one.measurement is not None
        last = one.convergence.evaluations[-1]
        assert one.convergence.reached_s == last.time_s
        assert (
            last.accuracy
            >= 0.9
            > max((each.accuracy for each in one.convergence.evaluations[:-1]), default=0.0)
        )
        assert last.time_s > sum(one.measurement.step_s), "evaluations are on the clock"
        assert (one.convergence.train_samples, one.convergence.eval_samples) == (128, 64)
        assert one.parameters["to_target"] == 0.9
        assert one.measurement.units_completed % 128 == 0


def test_the_headline_is_the_mean_of_the_runs(striped: Path) -> None:
    """With its interval; shown by the terminal and the page, and marked as measured."""
    (result,) = decide.results(striped / "results").results
    found = result.figures.time_to_train
    times = [one.reached_s or 0.0 for one in result.figures.convergence]
    assert found is not None
    assert found.value == pytest.approx(np.mean(times))
    assert (found.basis, found.n) == ("measured", 2)
    assert found.low is not None
    assert result.figures.estimated_training is None
    text = shown(terminal.result(result), 100)
    assert "time to train to 90 %" in text
    assert "run 2, top-1 accuracy" in text
    records = Store(striped / "results").read().records
    (part,) = page.parts(Measured(records, (result.figures,)))
    assert part.title == "Time to train"


def test_the_checker_accepts_the_logs_and_no_corrupted_one(striped: Path) -> None:
    """MLCommons' own, run as its users run it."""
    pytest.importorskip("mlperf_logging")
    first, second = logged(striped)
    assert judged(first) == judged(second) == 0
    broken = striped / "broken.txt"
    broken.write_text(first.read_text().replace("run_stop", "run_end"))
    assert judged(broken) == 1


def test_a_target_out_of_reach_is_a_failure_with_its_curve(striped: Path, tmp_path: Path) -> None:
    """Nobody is right about images in the wrong folder: no time, no rate, but every accuracy."""
    parameters = {"epochs": 2, "evaluate_every": 1}
    (record,) = trained(tmp_path, striped / "data", 1.0, repeats=1, parameters=parameters)
    assert record.measurement is None
    assert record.failure is not None
    assert record.failure.kind == "target_missed"
    assert record.convergence is not None
    assert record.convergence.reached_s is None
    assert len(record.convergence.evaluations) == 2
    assert '"status": "aborted"' in logged(tmp_path)[0].read_text()
    (result,) = decide.results(tmp_path / "results").results
    assert result.figures.time_to_train is None
    assert len(result.figures.convergence) == 1
    assert "reached" in shown(terminal.result(result), 100)


def test_a_loss_that_is_no_number_is_a_failure(striped: Path, tmp_path: Path) -> None:
    """It ends at once and is told as what it is."""
    (record,) = trained(
        tmp_path, striped / "data", 0.9, repeats=1, parameters={"broken": True, "epochs": 3}
    )
    assert record.failure is not None
    assert record.failure.kind == "not_finite"
    assert record.parameters["to_target"] == 0.9


@pytest.mark.slow
def test_it_learns_to_read_digits(tmp_path: Path) -> None:
    """95 % of handwritten digits never seen before; of five runs the middle three count."""
    runs = int(os.environ.get("BENCHBENCH_TRAININGS", "1"))
    records = trained(tmp_path, digits(tmp_path / "data"), 0.95, repeats=runs)
    times = sorted(one.convergence.reached_s or 0.0 for one in records if one.convergence)
    assert len(times) == runs
    assert times[0] > 0
    (result,) = decide.results(tmp_path / "results").results
    assert result.figures.time_to_train is not None
    kept = times[1:-1] if runs >= 5 else times
    assert result.figures.time_to_train.value == pytest.approx(np.mean(kept))
    pytest.importorskip("mlperf_logging")
    assert [judged(log) for log in logged(tmp_path)] == [0] * runs


def test_only_a_workload_that_can_be_trained_to_a_target_is(tmp_path: Path) -> None:
    """A file without `train`, a run without data, and a target that is no share are refused."""
    tiny = run.plan([write_workload(tmp_path)], system=make.system(), data=tmp_path)
    with pytest.raises(UsageError, match="tiny has no training to a target"):
        run.to_target(tiny, 0.9)
    whole = run.plan([find("resnet50-train")], system=make.system())
    with pytest.raises(UsageError, match="name their folder with --data"):
        run.to_target(whole, 0.759)
    for target in (0.0, 75.9, float("nan")):
        with pytest.raises(UsageError, match=r"is no share of right answers; 0\.759 is 75\.9 %"):
            run.to_target(whole, target)


def test_trainings_to_other_targets_are_never_merged() -> None:
    """The target is part of what must match; so is having one."""
    from benchbench import derive

    records = [make.record(parameters={"to_target": each}) for each in (0.7, 0.8)]
    assert len(derive.group([*records, make.record()])) == 3
