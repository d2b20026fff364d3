"""RetinaNet detection on 800 x 800 images: a ResNet-50, a feature pyramid, heads on five levels.

The network of Lin et al. 2017 as torchvision builds it, 91 classes and 9 anchors a place. It ends
with a score for every class and a box for every anchor. Choosing among them (sorting, decoding
boxes, non-maximum suppression) is neither run nor counted: how long that takes depends on what
trained weights see in a picture, and it is no multiply-add.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchbench.errors import UsageError
from benchbench.models.resnet50 import (
    EXPANSION,
    STAGES,
    Convolution,
    convolutions,
    pooled,
)
from benchbench.record import Precision, Scalar, Scenario, Work
from benchbench.workload import BACKENDS, Job, Setting, parameters, refuse

if TYPE_CHECKING:
    import torch

name = "retinanet-infer"
scenario: Scenario = "offline"
unit = "image"
precisions: tuple[Precision, ...] = ("fp32", "tf32", "bf16", "fp16")
batch_size = 1
batch_size_accelerator = 32
backends = BACKENDS
tunable = {"channels_last": (True, False)}
stresses = ("compute", "memory bandwidth")

DEFAULTS: dict[str, Scalar] = {"image_size": 800, "channels_last": True}
CLASSES, ANCHORS, PYRAMID, HEAD_DEPTH = 91, 9, 256, 4
_SMALLEST = 64
_CALIBRATION_SHAPE = (2, 3, 256, 256)


def pyramid(image_size: int) -> Iterator[Convolution]:
    """Per backbone stage from the third: a 1x1 and a 3x3; then two more levels, each half as wide.

    The fine levels add the coarser one, enlarged; the last two come from the coarsest. All of
    these have a bias and no batch norm.
    """
    side = sides(image_size)
    for level, (width, _) in enumerate(STAGES[1:]):
        finer = level < len(STAGES) - 2
        yield Convolution(width * EXPANSION, PYRAMID, 1, side[level], joins=finer)
        yield Convolution(PYRAMID, PYRAMID, 3, side[level])
    for level in (3, 4):
        yield Convolution(PYRAMID, PYRAMID, 3, side[level])


def heads(image_size: int) -> Iterator[Convolution]:
    """The same two heads on every level: four 3x3 each, then all classes, or a box, per anchor."""
    for side in sides(image_size):
        for outputs in (ANCHORS * CLASSES, ANCHORS * 4):
            for _ in range(HEAD_DEPTH):
                yield Convolution(PYRAMID, PYRAMID, 3, side)
            yield Convolution(PYRAMID, outputs, 3, side)


def sides(image_size: int) -> list[int]:
    """Height and width of the five levels, strides 8 to 128: 100, 50, 25, 13, 7 at 800."""
    found = [image_size]
    for _ in range(7):
        found.append(math.ceil(found[-1] / 2))
    return found[3:]


def layers(image_size: int) -> list[Convolution]:
    """Every convolution, in order of the forward pass."""
    return [*convolutions(image_size), *pyramid(image_size), *heads(image_size)]


def forward_flops(image_size: int) -> int:
    """Convolutions alone: 302.9 GFLOP at 800, 151.5 GMAC (torchvision publishes 151.54)."""
    return sum(each.flops for each in layers(image_size))


def weights() -> int:
    """34,068,119: torchvision's 34,014,999, and the scales and shifts it freezes (53,120)."""
    backbone = sum(each.weights for each in convolutions(_SMALLEST))
    one_level = [*heads(_SMALLEST)][: 2 * (HEAD_DEPTH + 1)]
    biased = [*pyramid(_SMALLEST), *one_level]
    return backbone + sum(each.weights - each.outputs for each in biased)


def other_flops(image_size: int) -> int:
    """Everything that is no multiply-add of a matrix, unfused, per image.

    Backbone, per element of a convolution's output: batch norm 2 and ReLU 1; max pool 8
    comparisons, shortcut 1. Pyramid and heads: bias 1, ReLU 1 inside the heads and before the last
    level, and 1 to add the coarser level.
    """
    backbone = list(convolutions(image_size))
    shortcuts = sum(each.elements for each in backbone if each.joins)
    above = list(pyramid(image_size))
    added = sum(each.elements for each in above if each.joins)
    biases = sum(each.elements for each in (*above, *heads(image_size)))
    relus = sum(each.elements for each in heads(image_size) if each.outputs == PYRAMID)
    relus += above[-2].elements
    ours = 3 * sum(each.elements for each in backbone) + 8 * pooled(image_size) + shortcuts
    return ours + added + biases + relus


def least_bytes(image_size: int, batch: int, precision: Precision) -> float:
    """Least memory traffic per image, every layer fused into its convolution.

    The image is read; each convolution's output is written and read once (the heads' last ones are
    only written, a pyramid level is read by both heads); what joins is read a second time; the
    weights are read once per batch.
    """
    width = 2 if precision in ("bf16", "fp16") else 4
    every = layers(image_size)
    outputs = sum(each.elements for each in every)
    last = sum(each.elements for each in heads(image_size) if each.outputs != PYRAMID)
    again = sum(each.elements for each in every if each.joins)
    again += sum(PYRAMID * side**2 for side in sides(image_size))
    moved = 3 * image_size**2 + 2 * outputs - last + again
    return width * (moved + weights() / batch)


def memory_bytes(setting: Setting) -> float:
    """The weights, the batch of images, and its largest output of a convolution."""
    size: int = parameters(setting, **DEFAULTS)["image_size"]
    width = 2 if setting.precision in ("bf16", "fp16") else 4
    largest = max(each.elements for each in layers(size))
    return width * (weights() + setting.batch_size * (3 * size**2 + largest))


def work(setting: Setting) -> Work:
    """What one image costs."""
    size: int = parameters(setting, **DEFAULTS)["image_size"]
    return Work(
        unit=unit,
        flops_per_unit=forward_flops(size),
        other_flops_per_unit=other_flops(size),
        bytes_per_unit=least_bytes(size, setting.batch_size, setting.precision),
        convention="mm2-dense-v1",
    )


def load(setting: Setting) -> Job:
    """The network with random weights on the device, and noise for images."""
    from benchbench import images
    from benchbench.backend import inference, input_dtype, peeked

    refuse(setting, "data", "weights")
    chosen = parameters(setting, **DEFAULTS)
    size, last = chosen["image_size"], chosen["channels_last"]
    if size < _SMALLEST:
        raise UsageError(f"image_size {size} leaves the coarsest level nothing; use 64 or more")
    noise = images.noise(setting, size, CLASSES, channels_last=last, dtype=input_dtype(setting))
    example, pictures = peeked(picture for picture, _ in noise)  # (batch, 3, size, size)

    def model() -> "torch.nn.Module":
        return build(setting).to(memory_format=images.layout(channels_last=last))

    step, reference = inference(model, setting, example)
    return Job(
        batches=pictures,
        step=step,  # → (batch, anchors, CLASSES), (batch, anchors, 4)
        units_per_step=setting.batch_size,
        from_memory=True,
        parameters={**chosen, "data": "synthetic", "weights": "random"},
        reference=reference,
    )


def build(setting: Setting) -> "torch.nn.Module":
    """The network in fp32 on the CPU; the same seed gives the same random weights."""
    import torch
    from torchvision.models.detection import retinanet_resnet50_fpn

    torch.manual_seed(setting.seed)
    whole = retinanet_resnet50_fpn(weights=None, weights_backbone=None, num_classes=CLASSES)

    class Network(torch.nn.Module):
        """Without what torchvision does to the image before and to the boxes after."""

        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.head = whole.backbone, whole.head

        def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            found = self.head(list(self.backbone(pictures).values()))
            return found["cls_logits"], found["bbox_regression"]

    network = Network()
    calibrate(network)
    return network.eval()


def calibrate(network: "torch.nn.Module") -> None:
    """Give random weights what training would: scores that depend on the image, and not on noise.

    torchvision's heads begin with weights so small, and a bias so large, that every image scores
    the same, and a check of the outputs could not fail. Batch norms get the statistics of a batch,
    the last of each block a quarter of its weight, or each block would amplify rounding.
    """
    import torch
    from torchvision.models.resnet import Bottleneck

    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # a plain average over the batches seen
        if isinstance(module, Bottleneck):
            torch.nn.init.constant_(module.bn3.weight, 0.25)
    for module in network.get_submodule("head").modules():
        if isinstance(module, torch.nn.Conv2d) and module.bias is not None:
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            torch.nn.init.zeros_(module.bias)
    with torch.inference_mode():
        network.train()(torch.randn(_CALIBRATION_SHAPE))
