"""Learning to classify until it is good enough: the schedule, the epochs, the evaluations."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from benchbench.images import Pictures
from benchbench.record import Scalar
from benchbench.workload import Mark

QUALITY = "top-1 accuracy"


@dataclass(frozen=True)
class Recipe:
    """How a model learns: MLPerf's schedule for ResNet with SGD.

    The rate rises in a straight line to `base_rate` (Goyal et al. 2017), then falls with the square
    of what is left of all epochs to `end_rate`.
    """

    epochs: int
    """The most there may be; the schedule ends there."""
    warmup_epochs: int
    evaluate_every: int
    """Epochs; the last one is evaluated in any case."""
    base_rate: float
    end_rate: float = 1e-4

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """The learning rate of a step, counted from 0."""
        warmup = self.warmup_epochs * steps_per_epoch
        if step < warmup:
            return self.base_rate * (step + 1) / warmup
        left = 1 - (step - warmup) / self.decay_steps(steps_per_epoch)
        return self.end_rate + (self.base_rate - self.end_rate) * left**2

    def decay_steps(self, steps_per_epoch: int) -> int:
        """Steps after the rise."""
        return max(1, (self.epochs - self.warmup_epochs) * steps_per_epoch)


def marks(
    halves: Callable[[], tuple[Pictures, Pictures]],
    step: Callable[[Any], torch.Tensor],
    scores: Callable[[torch.Tensor], torch.Tensor],
    optimiser: torch.optim.Optimizer,
    recipe: Recipe,
    facts: Mapping[str, Scalar],
) -> Iterator[Mark]:
    """Epochs and evaluations in turn; the first mark opens the training and validation halves.

    `step` learns from a batch and returns its loss; `scores` is (batch, 3, size, size) →
    (batch, classes), the model as it is.
    """
    training, validation = halves()
    per_epoch = len(training)
    yield Mark("data", facts={**_facts(training, validation, recipe), **facts})
    done = 0
    for epoch in range(1, recipe.epochs + 1):
        yield Mark("epoch_start", epoch)
        loss = torch.zeros(())
        for batch in training:
            _set_rate(optimiser, recipe.rate(done, per_epoch))
            loss = step(batch)
            done += 1
        yield Mark("epoch_stop", epoch, loss=float(loss))
        if epoch % recipe.evaluate_every == 0 or epoch == recipe.epochs:
            yield Mark("eval_start", epoch)
            yield Mark("eval_stop", epoch, accuracy=top1(scores, validation))


def top1(scores: Callable[[torch.Tensor], torch.Tensor], validation: Pictures) -> float:
    """The share of images whose highest score is their class's."""
    right, seen = 0, 0
    with torch.inference_mode():
        for pictures, classes in validation:
            right += int((scores(pictures).argmax(dim=1) == classes).sum())
            seen += len(classes)
    return right / seen


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def _facts(training: Pictures, validation: Pictures, recipe: Recipe) -> dict[str, Scalar]:
    """By MLCommons' names, where there is one."""
    return {
        "train_samples": training.images,
        "eval_samples": validation.images,
        "samples_per_epoch": len(training) * training.batch_size,
        "global_batch_size": training.batch_size,
        "gradient_accumulation_steps": 1,
        "opt_name": "sgd",
        "sgd_opt_base_learning_rate": recipe.base_rate,
        "sgd_opt_end_learning_rate": recipe.end_rate,
        "sgd_opt_learning_rate_decay_poly_power": 2,
        "sgd_opt_learning_rate_decay_steps": recipe.decay_steps(len(training)),
        "opt_learning_rate_warmup_epochs": recipe.warmup_epochs,
        "model_bn_span": training.batch_size,
    }
