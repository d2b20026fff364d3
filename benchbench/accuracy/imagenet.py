"""ImageNet's validation as a folder per class: the central crop, and how often the top class is it.

Whose layout has no list of classes says them by its folders: as many as the model knows, in sorted
order (so torchvision numbers ImageNet's), or folders named by the class's number.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchbench.accuracy.exam import Score
from benchbench.errors import UsageError
from benchbench.images import validation

REFERENCE_TOP1_PERCENT = 76.46
REFERENCE = "ResNet-50 v1.5 fp32, top-1 on ImageNet 2012 (MLPerf inference rules, resnet50)"


class Photographs:
    """A folder's images, decoded and cropped when asked for, and kept until others are."""

    def __init__(self, folder: Path, size: int, classes: int, workers: int) -> None:
        self._images = validation(folder, size)
        self._kept: dict[int, torch.Tensor] = {}
        self._workers = workers
        self.labels = labels(self._images.classes, self._images.targets, classes, folder)

    def __len__(self) -> int:
        return len(self.labels)

    def prepare(self, indices: Sequence[int]) -> None:
        """Decode these; others are forgotten."""
        with ThreadPoolExecutor(self._workers) as pool:
            images = pool.map(lambda index: self._images[index][0], indices)
            self._kept = dict(zip(indices, images, strict=True))

    def batch(self, indices: Sequence[int]) -> torch.Tensor:
        """(batch, 3, size, size)."""
        return torch.stack([self._kept[index] for index in indices])


def labels(
    names: Sequence[str], targets: Sequence[int], classes: int, folder: Path
) -> tuple[int, ...]:
    """The class of each image, as the model numbers them. Raises UsageError if nobody can know."""
    if all(name.isdecimal() and int(name) < classes for name in names):
        return tuple(int(names[target]) for target in targets)
    if len(names) == classes:
        return tuple(targets)
    message = (
        f"{folder} has folders of {len(names)} classes and the model knows {classes}: name all of "
        "them, or call each folder by its class's number"
    )
    raise UsageError(message)


def chosen(outputs: Any, count: int) -> list[bytes]:  # noqa: ANN401 - a backend's own array
    """(batch, classes) scores → the number of the highest of each of `count` images."""
    highest = torch.as_tensor(outputs)[:count].argmax(dim=1).tolist()
    return [np.int32(number).tobytes() for number in highest]


def score(answers: Mapping[int, bytes], truths: Iterable[int]) -> Score:
    """How many of the images were put into their own class."""
    right = [
        int(np.frombuffer(answers[index], dtype=np.int32)[0]) == truth
        for index, truth in enumerate(truths)
    ]
    return Score("top1", 100 * sum(right) / len(right), len(right))
