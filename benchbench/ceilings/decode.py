"""How many photographs a second this machine's processors can decode and augment.

That is what feeds an image model: a GPU that trains on 2,500 images/s waits behind processors that
decode 900. The photographs are made here, so that no data set is needed; what a decoder costs
depends on the pixels and on the bytes per photograph, and both are ImageNet's.
"""

import io
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from benchbench.ceilings.search import Candidate, Prepared

if TYPE_CHECKING:
    import torch

WIDTH, HEIGHT = 500, 375
"""The most frequent size in ImageNet's training set."""
QUALITY = 90
"""With the spectrum below about 115 kB a photograph: ImageNet's 147.9 GB over 1,281,167 files."""
CROP = 224
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_PHOTOGRAPHS = 32
_BATCH = 32
_BATCHES_PER_CALL = 4
"""For each worker, so that what was waiting in the queue is a small part of a call."""
_MIDDLE, _CONTRAST, _GRAIN = 128.0, 52.0, 3.1
_TINT = 0.35
"""How far the colours go apart, in parts of the brightness."""


def photograph(seed: int) -> bytes:
    """A JPEG whose spectrum falls as 1/f, as natural scenes' do (Field 1987), with sensor grain."""
    from PIL import Image  # noqa: PLC0415 - only this ceiling needs it

    random = np.random.default_rng(seed)
    light = _scene(random)
    colours = [light + _TINT * _scene(random) for _ in range(3)]
    grain = random.normal(0, _GRAIN, (HEIGHT, WIDTH, 3))
    pixels = _MIDDLE + _CONTRAST * np.stack(colours, axis=-1) + grain
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def _scene(random: np.random.Generator) -> np.ndarray:
    """(HEIGHT, WIDTH), mean 0 and deviation 1."""
    noise = np.fft.rfft2(random.normal(size=(HEIGHT, WIDTH)))
    down, right = np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH)[None, :]
    frequency = np.hypot(down, right)
    frequency[0, 0] = np.inf
    field: np.ndarray = np.fft.irfft2(noise / frequency, s=(HEIGHT, WIDTH))
    field /= field.std()
    return field


@cache
def _album() -> tuple[bytes, ...]:
    return tuple(photograph(seed) for seed in range(_PHOTOGRAPHS))


class Photographs:
    """A data set of PyTorch's kind: photographs in memory, decoded and augmented when asked for.

    The same steps as ResNet-50's training: random crop to 224, flip, to a tensor, normalise.
    """

    def __init__(self) -> None:
        from torchvision.transforms import (  # noqa: PLC0415 - only this ceiling needs it
            Compose,
            Normalize,
            RandomHorizontalFlip,
            RandomResizedCrop,
            ToTensor,
        )

        self._files = _album()
        self._augment = Compose(
            [RandomResizedCrop(CROP), RandomHorizontalFlip(), ToTensor(), Normalize(_MEAN, _STD)]
        )

    def __getitem__(self, index: int) -> "torch.Tensor":
        """(3, 224, 224) fp32."""
        from PIL import Image  # noqa: PLC0415 - as above

        with Image.open(io.BytesIO(self._files[index % len(self._files)])) as file:
            augmented: torch.Tensor = self._augment(file.convert("RGB"))
        return augmented


def loaders(most_workers: int) -> list[Candidate]:
    """PyTorch's loader with 1, 2, 4 … `most_workers` processes; counted in images."""
    return [
        Candidate(
            path=f"torch DataLoader, {workers} {'worker' if workers == 1 else 'workers'}",
            shape=f"{WIDTH}x{HEIGHT} JPEG to {CROP}x{CROP}",
            amount=float(workers * _BATCHES_PER_CALL * _BATCH),
            prepare=_preparation(workers),
        )
        for workers in worker_counts(most_workers)
    ]


def worker_counts(most: int) -> list[int]:
    """Powers of two and the most there can be."""
    return sorted({*(2**power for power in range(most.bit_length())), most})


def _preparation(workers: int) -> Callable[[], Prepared]:
    def prepare() -> Prepared:
        batches = _batches(workers)
        seen: list[torch.Tensor] = []

        def call() -> None:
            seen[:] = [next(batches) for _ in range(workers * _BATCHES_PER_CALL)]

        return Prepared(call, lambda: _plausible(seen[-1]))

    return prepare


def _batches(workers: int) -> Iterator[Any]:
    """Batches without end. Raises RuntimeError where torchvision or Pillow is missing."""
    from torch.utils.data import DataLoader  # noqa: PLC0415 - only this ceiling needs it

    try:
        photographs: Any = Photographs()
    except ImportError as error:
        message = f"{error.name} is not installed"
        raise RuntimeError(message) from error
    return iter(DataLoader(photographs, batch_size=_BATCH, sampler=count(), num_workers=workers))


def _plausible(batch: "torch.Tensor") -> bool:
    """A batch of different images, not constants: normalised pixels deviate by about one."""
    return batch.shape == (_BATCH, 3, CROP, CROP) and bool((batch.std(dim=(1, 2, 3)) > 0.1).all())  # noqa: PLR2004 - far below any photograph's
