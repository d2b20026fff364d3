"""ResNet-50 v1.5 training on 224 x 224 images: convolutions, mixed precision, SGD.

The model of He et al. 2015 with the stride in the 3x3 convolution (torchvision's), 1000 classes,
SGD with momentum 0.9 and weight decay 1e-4, in channels_last.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchbench.errors import UsageError
from benchbench.record import Precision, Scalar, Scenario, Work
from benchbench.workload import Job, Setting, eager_only, parameters

if TYPE_CHECKING:
    import torch
    from torch.utils.data import DataLoader

name = "resnet50-train"
scenario: Scenario = "train"
unit = "image"
precisions: tuple[Precision, ...] = ("fp32", "tf32", "bf16", "fp16")
batch_size = 8
batch_size_accelerator = 256

CLASSES = 1000
STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))  # width, blocks (He et al. 2015, table 1)
EXPANSION = 4
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, per channel
RATE_PER_IMAGE = 0.1 / 256  # linear scaling rule (Goyal et al. 2017)
_SMALLEST_POOL_IMAGES = 32


class Convolution(NamedTuple):
    """Square, without bias, followed by a batch norm."""

    inputs: int
    outputs: int
    kernel: int
    side: int
    """Height and width of the output."""
    joins: bool = False
    """Whether the shortcut is added to its output."""

    @property
    def flops(self) -> int:
        """2 per multiply-add, for one image."""
        return 2 * self.inputs * self.outputs * self.kernel**2 * self.side**2

    @property
    def elements(self) -> int:
        """Of the output, for one image."""
        return self.outputs * self.side**2

    @property
    def weights(self) -> int:
        """The kernel, and the batch norm's scale and shift."""
        return self.inputs * self.outputs * self.kernel**2 + 2 * self.outputs


def convolutions(image_size: int) -> Iterator[Convolution]:
    """All 53, in order of the forward pass."""
    side = math.ceil(image_size / 2)
    yield Convolution(3, 64, 7, side)
    side, inputs = math.ceil(side / 2), 64  # after the 3x3 max pool
    for stage, (width, blocks) in enumerate(STAGES):
        for block in range(blocks):
            yield Convolution(inputs, width, 1, side)
            side = math.ceil(side / 2) if stage > 0 and block == 0 else side
            yield Convolution(width, width, 3, side)
            yield Convolution(width, width * EXPANSION, 1, side, joins=True)
            if block == 0:
                yield Convolution(inputs, width * EXPANSION, 1, side)
            inputs = width * EXPANSION


FEATURES = STAGES[-1][0] * EXPANSION


def forward_flops(image_size: int) -> int:
    """Convolutions and the classifier: 8,178,368,512 at 224 (4.089 GMAC, He et al. give 3.8)."""
    return sum(each.flops for each in convolutions(image_size)) + 2 * FEATURES * CLASSES


def training_flops(image_size: int) -> int:
    """3 x forward: itself, gradients of weights and of inputs; but the image needs no gradient.

    24,299,077,632 at 224.
    """
    first = next(convolutions(image_size))
    return 3 * forward_flops(image_size) - first.flops


def weights() -> int:
    """25,557,032 (torchvision's figure); the image's size does not matter."""
    return sum(each.weights for each in convolutions(224)) + (FEATURES + 1) * CLASSES


def other_flops(image_size: int, batch: int) -> float:
    """Everything that is no multiply-add of a matrix, unfused, per image of a training step.

    Per element of a convolution's output: batch norm 6 forward (mean 1, variance 3, scale and
    shift 2) and 9 backward (two sums 5, gradient 4), ReLU 1 + 1. Max pool: 8 comparisons and 1
    addition back, average pool 1 + 1, shortcut 1 + 1, classifier's bias 1 + 1, softmax and cross
    entropy 5 + 2 per class. SGD: 6 per weight (decay 2, momentum 2, update 2) shared by the batch.
    """
    layers = list(convolutions(image_size))
    pooled = layers[1].inputs * layers[1].side ** 2
    shortcuts = [each.elements for each in layers if each.joins]
    elementwise = 17 * sum(each.elements for each in layers) + 9 * pooled
    head = 2 * FEATURES * layers[-1].side ** 2 + 9 * CLASSES
    return elementwise + 2 * sum(shortcuts) + head + 6 * weights() / batch


def least_bytes(image_size: int, batch: int, precision: Precision) -> float:
    """Least memory traffic per image of a training step.

    Each convolution's output and the image are written once going forward and read once going back
    (all else is recomputed from them on the fly); weights, gradients and momentum, in fp32, are
    read and written once per step.
    """
    bytes_per_activation = 2 if precision in ("bf16", "fp16") else 4
    activations = sum(each.elements for each in convolutions(image_size)) + 3 * image_size**2
    state = 3 * weights() * 4
    return 2 * activations * bytes_per_activation + 2 * state / batch


def work(setting: Setting) -> Work:
    """What one image of one training step costs."""
    image_size = parameters(setting, **DEFAULTS)["image_size"]
    return Work(
        unit=unit,
        flops_per_unit=training_flops(image_size),
        other_flops_per_unit=other_flops(image_size, setting.batch_size),
        bytes_per_unit=least_bytes(image_size, setting.batch_size, setting.precision),
        gradient_bytes=4 * weights(),
        convention="mm2-dense-v1",
    )


DEFAULTS: dict[str, Scalar] = {
    "image_size": 224,
    "channels_last": True,
    "workers": min(8, len(os.sched_getaffinity(0))),
}


def load(setting: Setting) -> Job:
    """The model on the device, its optimiser, and images: a folder of JPEGs, or noise."""
    import torch
    from torchvision.models import resnet50

    from benchbench.precision import autocast, set_float32_math

    eager_only(setting)
    chosen = parameters(setting, **DEFAULTS)
    set_float32_math(setting.precision)
    torch.manual_seed(setting.seed)
    layout = torch.channels_last if chosen["channels_last"] else torch.contiguous_format
    model = resnet50(weights=None, num_classes=CLASSES).to(setting.device, memory_format=layout)
    optimiser = torch.optim.SGD(
        model.parameters(),
        lr=RATE_PER_IMAGE * setting.batch_size,
        momentum=0.9,
        weight_decay=1e-4,
        fused=True,  # otherwise fp16's scaler would wait for the device in every step
    )
    scaler = torch.amp.GradScaler(
        torch.device(setting.device).type, enabled=setting.precision == "fp16"
    )
    entropy = torch.nn.CrossEntropyLoss()

    def step(batch: tuple["torch.Tensor", "torch.Tensor"]) -> "torch.Tensor":
        images, labels = batch  # (batch, 3, size, size) fp32, (batch,) int64
        optimiser.zero_grad(set_to_none=True)
        with autocast(setting.precision, setting.device):
            loss: torch.Tensor = entropy(model(images), labels)
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call] # torch's
        scaler.step(optimiser)
        scaler.update()
        return loss.detach()

    if setting.data is None:
        batches = noise(setting, chosen["image_size"], layout)
        chosen |= {"data": "synthetic", "workers": 0}
    else:
        loader = image_loader(setting, chosen["image_size"], chosen["workers"])
        batches = epochs(loader, setting.device, layout)
        chosen |= {"data": "ImageFolder"}
    return Job(
        batches=batches,
        step=step,
        units_per_step=setting.batch_size,
        from_memory=setting.data is None,
        parameters=chosen,
    )


def noise(setting: Setting, size: int, layout: "torch.memory_format") -> Iterator[Any]:
    """Normal noise: windows into one buffer on the device, filled now; a window copies nothing."""
    import torch

    from benchbench.synthetic import windows

    batch, pixels = setting.batch_size, 3 * size**2
    random = torch.Generator(setting.device).manual_seed(setting.seed)
    images = max(_SMALLEST_POOL_IMAGES, 3 * batch)
    pool = torch.randn(images * pixels, generator=random, device=setting.device)
    classes = torch.randint(CLASSES, (images + 4096,), generator=random, device=setting.device)
    if layout == torch.channels_last:
        shape, order = (batch, size, size, 3), (0, 3, 1, 2)
    else:
        shape, order = (batch, 3, size, size), (0, 1, 2, 3)
    return (
        (window.view(shape).permute(order), labels)
        for window, labels in zip(
            windows(pool, batch * pixels, align=64), windows(classes, batch), strict=True
        )
    )


def epochs(loader: "DataLoader[Any]", device: str, layout: "torch.memory_format") -> Iterator[Any]:
    """The loader's batches on the device, one epoch after the other."""
    while True:
        for images, labels in loader:
            yield (
                images.to(device, memory_format=layout, non_blocking=True),
                labels.to(device, non_blocking=True),
            )


def image_loader(setting: Setting, size: int, workers: int) -> "DataLoader[Any]":
    """Decoded, randomly cropped, flipped and normalised JPEGs; of ImageNet's layout, `train`.

    Raises UsageError when the folder does not hold a batch of images in classes.
    """
    import torch
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import (
        Compose,
        Normalize,
        RandomHorizontalFlip,
        RandomResizedCrop,
        ToTensor,
    )

    crop = Compose(
        [RandomResizedCrop(size), RandomHorizontalFlip(), ToTensor(), Normalize(MEAN, STD)]
    )
    folder = setting.data or Path()
    if (folder / "train").is_dir() and (folder / "val").is_dir():
        folder /= "train"
    try:
        images = ImageFolder(folder, crop)
    except FileNotFoundError as error:
        message = f"{folder} holds no images; --data wants a folder with one folder per class"
        raise UsageError(message) from error
    if len(images) < setting.batch_size or len(images.classes) > CLASSES:
        message = (
            f"{folder} has {len(images)} images of {len(images.classes)} classes, not a batch of "
            f"{setting.batch_size} of at most {CLASSES}; lower --batch or name another folder"
        )
        raise UsageError(message)
    return torch.utils.data.DataLoader(
        images,
        batch_size=setting.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=setting.device.startswith("cuda"),
        generator=torch.Generator().manual_seed(setting.seed),
    )
