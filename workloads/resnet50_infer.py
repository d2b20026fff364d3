"""ResNet-50 v1.5 inference on 224 x 224 images: convolutions, forward only.

The model of resnet50-train with its batch norms fixed. Random weights run as fast as trained ones;
saved ones, in safetensors or a PyTorch checkpoint, have torchvision's names.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.models.resnet50 import (
    CLASSES,
    FEATURES,
    convolutions,
    forward_flops,
    pooled,
    weights,
)
from benchbench.record import Precision, Scalar, Scenario, Work
from benchbench.workload import BACKENDS, Job, QueryRules, Setting, parameters

if TYPE_CHECKING:
    import torch

    from benchbench.accuracy import Exam

name = "resnet50-infer"
scenario: Scenario = "offline"
unit = "image"
precisions: tuple[Precision, ...] = ("fp32", "tf32", "bf16", "fp16")
batch_size = 8
batch_size_accelerator = 256
backends = BACKENDS
tunable = {"channels_last": (True, False)}
stresses = ("compute",)
query_rules = QueryRules(latency_bound_s=0.015)

DEFAULTS: dict[str, Scalar] = {
    "image_size": 224,
    "channels_last": True,
    "workers": min(8, len(os.sched_getaffinity(0))),
}
_CALIBRATION_IMAGES = 4
_SHARE_OF_A_BLOCK = 0.25


def other_flops(image_size: int) -> int:
    """Everything that is no multiply-add of a matrix, unfused, per image.

    Per element of a convolution's output: batch norm 2 (its statistics are constants: scale and
    shift) and ReLU 1. Max pool: 8 comparisons, average pool 1, shortcut 1, classifier's bias 1.
    """
    layers = list(convolutions(image_size))
    shortcuts = sum(each.elements for each in layers if each.joins)
    elementwise = 3 * sum(each.elements for each in layers) + 8 * pooled(image_size)
    return elementwise + shortcuts + FEATURES * layers[-1].side ** 2 + CLASSES


def least_bytes(image_size: int, batch: int, precision: Precision) -> float:
    """Least memory traffic per image, every layer fused into its convolution.

    The image is read; each convolution's output is written and read once, and the shortcuts a
    second time; the weights are read once per batch; the classes' scores are written.
    """
    width = 2 if precision in ("bf16", "fp16") else 4
    layers = list(convolutions(image_size))
    outputs = sum(each.elements for each in layers)
    shortcuts = sum(each.elements for each in layers if each.joins)
    moved = 3 * image_size**2 + 2 * outputs + shortcuts + CLASSES
    return width * (moved + weights() / batch)


def memory_bytes(setting: Setting) -> float:
    """The weights, the batch of images, and the largest output of a convolution."""
    image_size: int = parameters(setting, **DEFAULTS)["image_size"]
    width = 2 if setting.precision in ("bf16", "fp16") else 4
    largest = max(each.elements for each in convolutions(image_size))
    return width * (weights() + setting.batch_size * (3 * image_size**2 + largest))


def work(setting: Setting) -> Work:
    """What one image costs."""
    image_size = parameters(setting, **DEFAULTS)["image_size"]
    return Work(
        unit=unit,
        flops_per_unit=forward_flops(image_size),
        other_flops_per_unit=other_flops(image_size),
        bytes_per_unit=least_bytes(image_size, setting.batch_size, setting.precision),
        convention="mm2-dense-v1",
    )


def load(setting: Setting) -> Job:
    """The model on the device, and images: a folder of JPEGs, or noise."""
    from benchbench import images
    from benchbench.backend import inference, input_dtype, peeked

    chosen = parameters(setting, **DEFAULTS)
    size, last = chosen["image_size"], chosen["channels_last"]
    dtype = input_dtype(setting)
    if setting.data is None:
        batches = images.noise(setting, size, CLASSES, channels_last=last, dtype=dtype)
        chosen |= {"data": "synthetic", "workers": 0}
    else:
        batches = images.photographs(
            setting, size, CLASSES, chosen["workers"], half="val", channels_last=last, dtype=dtype
        )
        chosen |= {"data": "ImageFolder"}
    example, pictures = peeked(picture for picture, _ in batches)  # (batch, 3, size, size)

    def model() -> "torch.nn.Module":
        return build(setting, size).to(memory_format=images.layout(channels_last=last))

    step, reference = inference(model, setting, example)
    return Job(
        batches=pictures,
        step=step,  # (batch, 3, size, size) → (batch, CLASSES)
        units_per_step=setting.batch_size,
        from_memory=setting.data is None,
        parameters={**chosen, "weights": "file" if setting.weights else "random"},
        reference=reference,
    )


def exam(setting: Setting) -> "Exam":
    """Top-1 on a folder of images per class, by the same model."""
    import torch

    from benchbench import images, weights
    from benchbench.accuracy import Exam, imagenet
    from benchbench.backend import inference, input_dtype

    chosen = parameters(setting, **DEFAULTS)
    layout = images.layout(channels_last=chosen["channels_last"])
    shown = imagenet.Photographs(
        setting.data or Path(), chosen["image_size"], CLASSES, chosen["workers"]
    )

    def batch(indices: Sequence[int]) -> torch.Tensor:  # (batch, 3, size, size)
        pictures = shown.batch(indices).to(setting.device, input_dtype(setting))
        return pictures.contiguous(memory_format=layout)

    def model() -> torch.nn.Module:
        return build(setting, chosen["image_size"]).to(memory_format=layout)

    shown.prepare([0])
    step, _ = inference(model, setting, batch([0] * setting.batch_size))
    return Exam(
        samples=len(shown),
        prepare=shown.prepare,
        batch=batch,
        step=step,
        answers=imagenet.chosen,
        score=lambda answers: imagenet.score(answers, shown.labels),
        reference_percent=imagenet.REFERENCE_TOP1_PERCENT,
        reference=imagenet.REFERENCE,
        parameters={**chosen, "data": "ImageFolder"},
        weights_sha256=None if setting.weights is None else weights.sha256(setting.weights),
    )


def build(setting: Setting, size: int) -> "torch.nn.Module":
    """The model in fp32 on the CPU; the same seed gives the same random weights."""
    import torch
    from torchvision.models import resnet50

    from benchbench.weights import fill

    torch.manual_seed(setting.seed)
    model: torch.nn.Module = resnet50(weights=None, num_classes=CLASSES)
    if setting.weights is None:
        calibrate(model, size)
    else:
        fill(model, setting.weights)
    return model.eval()


def calibrate(model: "torch.nn.Module", size: int) -> None:
    """Give random weights what training would: scores that depend on the image, and not on noise.

    Untrained batch norms leave every image nearly the same scores, and a check of the outputs
    could not fail. Their statistics come from a batch; the last one of each block is scaled down,
    as trained ones are, or each block would amplify the rounding of the one before.
    """
    import torch
    from torchvision.models.resnet import Bottleneck

    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # a plain average over the batches seen
        if isinstance(module, Bottleneck):
            torch.nn.init.constant_(module.bn3.weight, _SHARE_OF_A_BLOCK)
    with torch.inference_mode():
        model.train()(torch.randn(_CALIBRATION_IMAGES, 3, size, size))
