"""Images for a network: noise that never repeats, or a folder of JPEGs, one folder per class."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torchvision.datasets import ImageFolder
from torchvision.transforms import (
    CenterCrop,
    Compose,
    Normalize,
    RandomHorizontalFlip,
    RandomResizedCrop,
    Resize,
    ToTensor,
)

from benchbench.errors import UsageError
from benchbench.synthetic import windows
from benchbench.workload import Setting

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, per channel
_SMALLEST_POOL_IMAGES = 32
_RESIZED = 256 / 224  # the shorter side before the central crop (He et al. 2015, section 3.4)
Half = Literal["train", "val"]
Batch = tuple[torch.Tensor, torch.Tensor]
"""(batch, 3, size, size) images and (batch,) int64 classes."""


def layout(*, channels_last: bool) -> torch.memory_format:
    """How a batch of images lies in memory."""
    return torch.channels_last if channels_last else torch.contiguous_format


def noise(
    setting: Setting,
    size: int,
    classes: int,
    *,
    channels_last: bool,
    dtype: torch.dtype = torch.float32,
) -> Iterator[Batch]:
    """Normal noise: windows into one buffer on the device, filled now; a window copies nothing."""
    batch, pixels = setting.batch_size, 3 * size**2
    random = torch.Generator(setting.device).manual_seed(setting.seed)
    images = max(_SMALLEST_POOL_IMAGES, 3 * batch)
    pool = torch.randn(images * pixels, generator=random, device=setting.device).to(dtype)
    labels = torch.randint(classes, (images + 4096,), generator=random, device=setting.device)
    if channels_last:
        shape, order = (batch, size, size, 3), (0, 3, 1, 2)
    else:
        shape, order = (batch, 3, size, size), (0, 1, 2, 3)
    return (
        (window.view(shape).permute(order), names)
        for window, names in zip(
            windows(pool, batch * pixels, align=64), windows(labels, batch), strict=True
        )
    )


def photographs(
    setting: Setting,
    size: int,
    classes: int,
    workers: int,
    *,
    half: Half,
    channels_last: bool,
    dtype: torch.dtype = torch.float32,
) -> Iterator[Batch]:
    """Batches on the device of decoded, cropped and normalised JPEGs, epoch after epoch.

    To train: cropped at random, flipped, shuffled; to infer: the central crop, in order.
    Raises UsageError when the folder does not hold a batch of images in classes.
    """
    loader = torch.utils.data.DataLoader(
        _folder(setting, size, classes, half),
        batch_size=setting.batch_size,
        shuffle=half == "train",
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=setting.device.startswith("cuda"),
        generator=torch.Generator().manual_seed(setting.seed),
    )
    shape = layout(channels_last=channels_last)
    return _endless(loader, setting.device, shape, dtype)


@dataclass(frozen=True)
class Pictures:
    """One half of a folder of ImageNet's layout; going through it once is an epoch."""

    loader: "torch.utils.data.DataLoader[Any]"
    device: str
    shape: torch.memory_format
    images: int
    batch_size: int

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        for pictures, classes in self.loader:
            yield (
                pictures.to(self.device, memory_format=self.shape, non_blocking=True),
                classes.to(self.device, non_blocking=True),
            )


def halves(
    setting: Setting, size: int, classes: int, workers: int, *, channels_last: bool, augment: bool
) -> tuple[Pictures, Pictures]:
    """What a model learns from, in whole batches, another order each epoch; what it is judged by.

    Without `augment` it learns from central crops too. Raises UsageError when the folder does not
    hold `train` beside `val`, of the same classes.
    """
    folder = setting.data or Path()
    if not all((folder / half).is_dir() for half in ("train", "val")):
        message = f"{folder} lacks train or val; a training to a target wants --data with both"
        raise UsageError(message)
    training = _folder(setting, size, classes, "train")
    try:
        validation = ImageFolder(folder / "val", _crop(size, "val"))
    except FileNotFoundError as error:
        message = f"{folder / 'val'} holds no images; fill it as train, one folder per class"
        raise UsageError(message) from error
    if training.classes != validation.classes:
        message = f"train and val of {folder} hold different classes; name their folders alike"
        raise UsageError(message)
    if not augment:
        training.transform = _crop(size, "val")
    shape = layout(channels_last=channels_last)

    def half(images: ImageFolder, *, learning: bool) -> Pictures:
        loader = torch.utils.data.DataLoader(
            images,
            batch_size=setting.batch_size,
            shuffle=learning,
            drop_last=learning,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=setting.device.startswith("cuda"),
            generator=torch.Generator().manual_seed(setting.seed),
        )
        return Pictures(loader, setting.device, shape, len(images), setting.batch_size)

    return half(training, learning=True), half(validation, learning=False)


def _endless(
    loader: "torch.utils.data.DataLoader[Any]",
    device: str,
    shape: torch.memory_format,
    dtype: torch.dtype,
) -> Iterator[Batch]:
    while True:
        for images, labels in loader:
            yield (
                images.to(device, dtype, memory_format=shape, non_blocking=True),
                labels.to(device, non_blocking=True),
            )


def validation(folder: Path, size: int) -> ImageFolder:
    """The images to be right about, cropped centrally: of ImageNet's layout the `val` half.

    Raises UsageError when the folder holds no images in classes.
    """
    return _read(folder, size, "val")


def _read(folder: Path, size: int, half: Half) -> ImageFolder:
    """Of ImageNet's layout (`train` beside `val`) the half that is asked for."""
    if (folder / "train").is_dir() and (folder / "val").is_dir():
        folder /= half
    try:
        return ImageFolder(folder, _crop(size, half))
    except FileNotFoundError as error:
        message = f"{folder} holds no images; --data wants a folder with one folder per class"
        raise UsageError(message) from error


def _folder(setting: Setting, size: int, classes: int, half: Half) -> ImageFolder:
    folder = setting.data or Path()
    images = _read(folder, size, half)
    if len(images) < setting.batch_size or len(images.classes) > classes:
        message = (
            f"{folder} has {len(images)} images of {len(images.classes)} classes, not a batch of "
            f"{setting.batch_size} of at most {classes}; lower --batch or name another folder"
        )
        raise UsageError(message)
    return images


def _crop(size: int, half: Half) -> Compose:
    random = [RandomResizedCrop(size), RandomHorizontalFlip()]
    central = [Resize(round(size * _RESIZED)), CenterCrop(size)]
    return Compose([*(random if half == "train" else central), ToTensor(), Normalize(MEAN, STD)])
