"""Top-1 on a folder per class: whose class it is, and how often it is named."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import ResNet50_Weights

from benchbench.accuracy import imagenet
from benchbench.errors import UsageError


def folder(where: Path, names: list[str]) -> Path:
    """One photograph of 300 x 260 in each class."""
    noise = np.random.default_rng(1)
    for name in names:
        (where / name).mkdir(parents=True)
        pixels = noise.integers(0, 256, (260, 300, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(where / name / "one.png")
    return where


def test_images_are_prepared_as_torchvisions_weights_ask_for(tmp_path: Path) -> None:
    """Shorter side to 256, central 224, normalised: torchvision's own transform says the same."""
    shown = imagenet.Photographs(folder(tmp_path, ["5"]), 224, 1000, workers=1)
    shown.prepare([0])
    expected = ResNet50_Weights.IMAGENET1K_V1.transforms()(Image.open(tmp_path / "5" / "one.png"))
    torch.testing.assert_close(shown.batch([0])[0], expected, rtol=0, atol=1e-5)
    assert shown.labels == (5,)


def test_as_many_folders_as_classes_are_numbered_in_order(tmp_path: Path) -> None:
    """ImageNet's synsets, sorted, are torchvision's classes."""
    shown = imagenet.Photographs(folder(tmp_path, ["n02", "n01", "n03"]), 224, 3, workers=1)
    assert shown.labels == (0, 1, 2)
    assert len(shown) == 3


def test_numbered_folders_may_be_few(tmp_path: Path) -> None:
    """Sorted as text, ten comes before nine; its number is what counts."""
    shown = imagenet.Photographs(folder(tmp_path, ["9", "10", "999"]), 224, 1000, workers=1)
    assert sorted(shown.labels) == [9, 10, 999]
    assert shown.labels[0] == 10


@pytest.mark.parametrize("names", [["cat", "dog"], ["1000"], ["1", "dog"]])
def test_classes_nobody_can_number_are_refused(tmp_path: Path, names: list[str]) -> None:
    """Two named folders of a thousand classes: any guess would be an accuracy of something else."""
    with pytest.raises(UsageError, match="call each folder by its class's number"):
        imagenet.Photographs(folder(tmp_path, names), 224, 1000, workers=1)


def test_imagenets_own_layout_is_its_val_half(tmp_path: Path) -> None:
    """Of `train` beside `val`."""
    folder(tmp_path / "train", ["1", "2"])
    folder(tmp_path / "val", ["7"])
    assert imagenet.Photographs(tmp_path, 224, 1000, workers=1).labels == (7,)


def test_the_highest_score_is_the_answer() -> None:
    """Of as many images as were asked for: the rest of a batch is padding."""
    scores = torch.tensor([[0.1, 0.9, 0.0], [3.0, 1.0, 2.0], [0.0, 0.0, 1.0]])
    said = imagenet.chosen(scores, 2)
    assert [int(np.frombuffer(one, np.int32)[0]) for one in said] == [1, 0]
    found = imagenet.score(dict(enumerate(said)), [1, 2])
    assert (found.metric, found.percent, found.scored) == ("top1", 50.0, 2)
