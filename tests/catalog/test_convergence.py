"""Published trainings: the table is the source's own, and concerns the very model it is about."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchbench.catalog import convergence
from benchbench.errors import DataError
from tests import factories as make

IMAGENET = 1_281_167
"""Images of ILSVRC 2012's training set."""


def test_the_table_is_mlcommons_own() -> None:
    """Every batch size and every run, as their package has them."""
    spec = find_spec("mlperf_logging")
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin).parent / "rcp_checker/training_4.0.0/rcps_resnet.json"
    theirs = {one["BS"]: one["Epochs to converge"] for one in json.loads(file.read_text()).values()}
    ours = {point.batch_size: list(point.epochs) for point in convergence.load()}
    assert ours == theirs
    assert {point.samples_per_epoch for point in convergence.load()} == {IMAGENET}


def test_a_larger_batch_needs_more_samples() -> None:
    """Known of large batches since Goyal et al. 2017, and so in the table: a check of its order."""
    means = [sum(point.samples) / len(point.samples) for point in convergence.load()]
    assert len(means) == 10
    assert means == sorted(means)


def test_it_concerns_imagenets_images_alone() -> None:
    """Smaller images, inference and other models are other work."""
    point = convergence.load()[0]
    assert point.concerns(make.record(parameters={"image_size": 224}))
    assert not point.concerns(make.record(parameters={"image_size": 64}))
    assert not point.concerns(make.record())
    assert not point.concerns(make.record(parameters={"image_size": 224}, workload="mine"))


def test_a_faulty_entry_is_named(tmp_path: Path) -> None:
    """A batch of nothing is refused with its place."""
    file = tmp_path / "mine.toml"
    file.write_text('[mine]\nworkload = "mine"\n[[mine.points]]\nbatch_size = 0\n')
    with pytest.raises(DataError, match="convergence point of mine: "):
        convergence.load(file)
