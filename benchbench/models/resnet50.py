"""ResNet-50 v1.5, counted: He et al. 2015 with the stride in the 3x3 convolution (torchvision's).

Per image and forward pass, for images of any size; training and inference build on it.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

CLASSES = 1000
STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))  # width, blocks (He et al. 2015, table 1)
EXPANSION = 4
FEATURES = STAGES[-1][0] * EXPANSION


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


def forward_flops(image_size: int) -> int:
    """Convolutions and the classifier: 8,178,368,512 at 224 (4.089 GMAC, He et al. give 3.8)."""
    return sum(each.flops for each in convolutions(image_size)) + 2 * FEATURES * CLASSES


def weights() -> int:
    """25,557,032 (torchvision's figure); the image's size does not matter."""
    return sum(each.weights for each in convolutions(224)) + (FEATURES + 1) * CLASSES


def pooled(image_size: int) -> int:
    """Elements the max pool puts out, for one image."""
    _, second, *_ = convolutions(image_size)
    return second.inputs * second.side**2
