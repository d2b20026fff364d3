"""Decoding and augmenting photographs, and nothing else: what feeds a network that sees.

JPEGs from files, each decoded, cropped at random to 224 x 224, flipped, turned into a tensor,
normalised and handed to the device, as ResNet-50's training wants them. Its rate is the most images
a second that training can get here. Nothing is multiplied by a matrix: there is no FLOP count.
Without --data, photographs of ImageNet's usual size and spectrum are written first.
"""

import atexit
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.record import Precision, Scalar, Scenario, Work
from benchbench.workload import EAGER, Job, Setting, parameters, refuse

if TYPE_CHECKING:
    import torch

name = "image-input"
scenario: Scenario = "offline"
unit = "image"
precisions: tuple[Precision, ...] = ("fp32",)
batch_size = 32
batch_size_accelerator = 256
backends = (EAGER,)
stresses = ("processors", "storage", "input")

DEFAULTS: dict[str, Scalar] = {
    "image_size": 224,
    "workers": min(8, len(os.sched_getaffinity(0))),
}
_MOST_CLASSES = 100_000
_PHOTOGRAPHS = 64
_PREFETCHED = 2
"""Batches that each of PyTorch's loader processes keeps ready, by its own default."""


def least_bytes(image_size: int) -> float:
    """A crop in fp32 is written once. What its file and its pixels take is the photograph's own."""
    return 3.0 * image_size**2 * 4


def memory_bytes(setting: Setting) -> float:
    """The batches that lie ready, in fp32; on an accelerator the one it was handed."""
    chosen = parameters(setting, **DEFAULTS)
    ready = 1 + _PREFETCHED * chosen["workers"] if setting.device == "cpu" else 1
    return ready * setting.batch_size * least_bytes(chosen["image_size"])


def work(setting: Setting) -> Work:
    """What one image costs: bytes only."""
    size = parameters(setting, **DEFAULTS)["image_size"]
    return Work(unit=unit, bytes_per_unit=least_bytes(size))


def load(setting: Setting) -> Job:
    """The files, and a step that looks at every pixel once."""
    from benchbench import images

    refuse(setting, "weights")
    chosen = parameters(setting, **DEFAULTS)
    own = setting.data is None
    folder = written(max(_PHOTOGRAPHS, setting.batch_size), setting.seed) if own else setting.data
    batches = images.photographs(
        replace(setting, data=folder),
        chosen["image_size"],
        _MOST_CLASSES,
        chosen["workers"],
        half="train",
        channels_last=True,
    )

    def step(pictures: "torch.Tensor") -> "torch.Tensor":
        """(batch, 3, size, size) → (batch,): proof that they arrived."""
        return pictures.mean(dim=(1, 2, 3))

    return Job(
        batches=(pictures for pictures, _ in batches),
        step=step,
        units_per_step=setting.batch_size,
        from_memory=False,
        parameters={**chosen, "data": "synthetic" if own else "ImageFolder"},
    )


def written(count: int, seed: int) -> Path:
    """A folder of so many JPEGs in two classes, gone when the process ends."""
    from benchbench.ceilings.decode import photograph

    folder = Path(tempfile.mkdtemp(prefix="benchbench-photographs-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for index in range(count):
        place = folder / f"class{index % 2}"
        place.mkdir(exist_ok=True)
        (place / f"{index}.jpeg").write_bytes(photograph(seed + index))
    return folder
