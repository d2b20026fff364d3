"""ResNet-50 v1.5 training on 224 x 224 images: convolutions, mixed precision, SGD.

The model of He et al. 2015 with the stride in the 3x3 convolution (torchvision's), 1000 classes,
SGD with momentum 0.9 and weight decay 1e-4, in channels_last.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from benchbench.models.resnet50 import (
    CLASSES,
    FEATURES,
    convolutions,
    forward_flops,
    pooled,
    weights,
)
from benchbench.record import Precision, Scalar, Scenario, Work
from benchbench.workload import COMPILE, EAGER, Job, Setting, Training, parameters

if TYPE_CHECKING:
    import torch

name = "resnet50-train"
scenario: Scenario = "train"
unit = "image"
precisions: tuple[Precision, ...] = ("fp32", "tf32", "bf16", "fp16")
batch_size = 8
batch_size_accelerator = 256
backends = (EAGER, COMPILE)
tunable = {"channels_last": (True, False)}
parallel = ("ddp",)
stresses = ("compute", "memory bandwidth")

RATE_PER_IMAGE = 0.1 / 256  # linear scaling rule (Goyal et al. 2017)
MOMENTUM, WEIGHT_DECAY = 0.9, 1e-4  # He et al. 2015, section 3.4


def training_flops(image_size: int) -> int:
    """3 x forward: itself, gradients of weights and of inputs; but the image needs no gradient.

    24,299,077,632 at 224.
    """
    first = next(convolutions(image_size))
    return 3 * forward_flops(image_size) - first.flops


def other_flops(image_size: int, batch: int) -> float:
    """Everything that is no multiply-add of a matrix, unfused, per image of a training step.

    Per element of a convolution's output: batch norm 6 forward (mean 1, variance 3, scale and
    shift 2) and 9 backward (two sums 5, gradient 4), ReLU 1 + 1. Max pool: 8 comparisons and 1
    addition back, average pool 1 + 1, shortcut 1 + 1, classifier's bias 1 + 1, softmax and cross
    entropy 5 + 2 per class. SGD: 6 per weight (decay 2, momentum 2, update 2) shared by the batch.
    """
    layers = list(convolutions(image_size))
    shortcuts = [each.elements for each in layers if each.joins]
    elementwise = 17 * sum(each.elements for each in layers) + 9 * pooled(image_size)
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


def memory_bytes(setting: Setting) -> float:
    """Weights, gradients and momentum in fp32, and what the backward pass reads of the forward one.

    That is each convolution's output and the image, as in `least_bytes`.
    """
    image_size: int = parameters(setting, **DEFAULTS)["image_size"]
    bytes_per_activation = 2 if setting.precision in ("bf16", "fp16") else 4
    kept = sum(each.elements for each in convolutions(image_size)) + 3 * image_size**2
    return 3 * 4 * weights() + setting.batch_size * kept * bytes_per_activation


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
RECIPE: dict[str, Scalar] = {
    "epochs": 90,
    "warmup_epochs": 5,
    "evaluate_every": 4,
    "augment": True,
}
"""Of `train` alone. 90 epochs are He et al. 2015's; MLPerf evaluates every 4th."""


class Learner(NamedTuple):
    """The model on the device and how it learns."""

    model: "torch.nn.Module"
    optimiser: "torch.optim.Optimizer"
    step: Callable[[tuple["torch.Tensor", "torch.Tensor"]], "torch.Tensor"]


def learner(setting: Setting, *, channels_last: bool) -> Learner:
    """The same seed gives the same model."""
    import torch
    from torchvision.models import resnet50

    from benchbench import images
    from benchbench.backend import training
    from benchbench.backend.parallel import spread
    from benchbench.precision import autocast, set_float32_math

    set_float32_math(setting.precision)
    torch.manual_seed(setting.seed)
    model = resnet50(weights=None, num_classes=CLASSES)
    model = spread(
        model.to(setting.device, memory_format=images.layout(channels_last=channels_last)), setting
    )
    optimiser = torch.optim.SGD(
        model.parameters(),
        lr=RATE_PER_IMAGE * setting.batch_size * setting.ranks,
        momentum=MOMENTUM,
        weight_decay=WEIGHT_DECAY,
        fused=True,  # otherwise fp16's scaler would wait for the device in every step
    )
    scaler = torch.amp.GradScaler(
        torch.device(setting.device).type, enabled=setting.precision == "fp16"
    )
    entropy = torch.nn.CrossEntropyLoss()

    def loss_of(pictures: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
        with autocast(setting.precision, setting.device):
            loss: torch.Tensor = entropy(model(pictures), labels)
        return loss

    forward = training(loss_of, setting)

    def step(batch: tuple["torch.Tensor", "torch.Tensor"]) -> "torch.Tensor":
        pictures, labels = batch  # (batch, 3, size, size) fp32, (batch,) int64
        optimiser.zero_grad(set_to_none=True)
        loss = forward(pictures, labels)
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call] # torch's
        scaler.step(optimiser)
        scaler.update()
        return loss.detach()

    return Learner(model, optimiser, step)


def load(setting: Setting) -> Job:
    """The model on the device, its optimiser, and images: a folder of JPEGs, or noise."""
    from benchbench import images

    chosen = parameters(setting, **DEFAULTS)
    size, last = chosen["image_size"], chosen["channels_last"]
    step = learner(setting, channels_last=last).step
    if setting.data is None:
        batches = images.noise(setting, size, CLASSES, channels_last=last)
        chosen |= {"data": "synthetic", "workers": 0}
    else:
        batches = images.photographs(
            setting, size, CLASSES, chosen["workers"], half="train", channels_last=last
        )
        chosen |= {"data": "ImageFolder"}
    return Job(
        batches=batches,
        step=step,
        units_per_step=setting.batch_size,
        from_memory=setting.data is None,
        parameters=chosen,
    )


def train(setting: Setting) -> Training:
    """The same model and steps, until images it does not learn from are told apart well enough."""
    from benchbench import images, learning
    from benchbench.precision import autocast

    chosen = parameters(setting, **DEFAULTS, **RECIPE)
    made = learner(setting, channels_last=chosen["channels_last"])
    recipe = learning.Recipe(
        epochs=chosen["epochs"],
        warmup_epochs=min(chosen["warmup_epochs"], chosen["epochs"] - 1),
        evaluate_every=chosen["evaluate_every"],
        base_rate=RATE_PER_IMAGE * setting.batch_size,
    )

    def step(batch: tuple["torch.Tensor", "torch.Tensor"]) -> "torch.Tensor":
        made.model.train()
        return made.step(batch)

    def scores(pictures: "torch.Tensor") -> "torch.Tensor":
        made.model.train(mode=False)
        with autocast(setting.precision, setting.device):
            found: torch.Tensor = made.model(pictures)
        return found

    def halves() -> tuple["images.Pictures", "images.Pictures"]:
        return images.halves(
            setting,
            chosen["image_size"],
            CLASSES,
            chosen["workers"],
            channels_last=chosen["channels_last"],
            augment=chosen["augment"],
        )

    counted = {name: chosen[name] for name in DEFAULTS}
    facts: dict[str, Scalar] = {
        "submission_benchmark": "resnet",
        "sgd_opt_momentum": MOMENTUM,
        "sgd_opt_weight_decay": WEIGHT_DECAY,
    }
    return Training(
        marks=learning.marks(halves, step, scores, made.optimiser, recipe, facts),
        work=work(replace(setting, parameters=counted)),
        quality=learning.QUALITY,
        parameters={**chosen, "data": "ImageFolder"},
    )
