"""From real photographs on a disk to a report, through real processes."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchbench import decide, derive, run
from benchbench.measure.budget import Budget
from benchbench.record import Record
from benchbench.store import Store
from benchbench.system import probe
from benchbench.workload.file import find

BRIEF = Budget(0.2, 2.0, 0.5, 4.0, 2.0, timeout_s=240.0, warmup_min_steps=2, timed_min_steps=4)


def photographs(folder: Path) -> Path:
    """Two classes of eight JPEGs each, larger than what the model sees."""
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (folder / label).mkdir(parents=True)
        for index in range(8):
            pixels = rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{index}.jpg", quality=90)
    return folder


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Record]:
    """ResNet-50 trained for a few steps on the photographs, in a process of its own."""
    place = tmp_path_factory.mktemp("real")
    plan = run.plan(
        [find("resnet50-train")],
        system=probe(),
        device="cpu",
        precision="fp32",
        batch_size=4,
        data=photographs(place / "photographs"),
        parameters={"image_size": 64, "workers": 1},
        budget=BRIEF,
    )
    store = Store(place / "results")
    outcome = run.execute(plan, store=store, system=probe(), lock=place / "lock")
    return place / "results", outcome.records[0]


@pytest.mark.slow
def test_photographs_are_decoded_and_their_cost_is_apart(measured: tuple[Path, Record]) -> None:
    """The record knows what waited for data, and how fast the step is without."""
    _, record = measured
    assert record.failure is None
    assert record.measurement is not None
    assert record.parameters["data"] == "ImageFolder"
    assert record.measurement.input_s is not None
    assert len(record.measurement.input_s) == len(record.measurement.step_s)
    cost = derive.figures([record]).input_cost
    assert cost is not None
    assert cost.seconds_per_step > 0
    assert cost.from_memory_units_per_s is not None
    assert cost.slowdown is not None


@pytest.mark.slow
def test_the_loss_is_a_number_and_memory_was_seen(measured: tuple[Path, Record]) -> None:
    """Evidence that something was really trained."""
    _, record = measured
    assert record.measurement is not None
    assert record.measurement.losses is not None
    assert all(0 < loss < 100 for loss in record.measurement.losses)
    assert record.measurement.peak_memory_bytes is not None
    assert record.measurement.peak_memory_bytes > 100e6


@pytest.mark.slow
def test_what_was_measured_becomes_a_page(measured: tuple[Path, Record]) -> None:
    """Read back from disk, ranked, costed, shown."""
    folder, record = measured
    page = decide.page(decide.records(folder), scenario=None, today=date(2026, 11, 23))
    rate = derive.figures([record]).throughput
    assert rate is not None
    assert f"{rate.value:.3g}"[:3] in page.delivers
    assert "resnet50-train" in page.html
