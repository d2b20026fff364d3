"""Llama training: predict the next token; large matrix products, attention, and a large softmax.

The architecture of Llama 3 at a named size (`--set size=tiny|1b|8b`), AdamW, mixed precision.
Random weights and random tokens train as fast as real ones; `tiny` suits two cores, `1b` is the
default on an accelerator. With `--set checkpointing=true` the layers' activations are computed
again going back: the work counted stays the model's (MFU), what was executed is counted beside it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from benchbench.errors import UsageError
from benchbench.models import llama
from benchbench.record import Precision, Scalar, Scenario, Work
from benchbench.workload import COMPILE, EAGER, Job, Setting, parameters

if TYPE_CHECKING:
    import torch

name = "llm-train"
scenario: Scenario = "train"
unit = "token"
precisions: tuple[Precision, ...] = ("fp32", "tf32", "bf16")
batch_size = 2
batch_size_accelerator = 8
backends = (EAGER, COMPILE)
parallel = ("ddp", "fsdp")
stresses = ("compute", "memory capacity")

LEARNING_RATE = 3e-4
_STREAM_TOKENS = 2**22
_MASTER = 4
"""Bytes of a weight, of its gradient and of each of AdamW's two moments: all are fp32."""
_STATES = 4


def chosen_for(setting: Setting) -> dict[str, Any]:
    """The setting's parameters over the defaults, which a processor has smaller ones of."""
    small = setting.device == "cpu"
    defaults: dict[str, Scalar] = {
        "size": "tiny" if small else "1b",
        "sequence_length": 256 if small else 2048,
        "checkpointing": False,
    }
    return parameters(setting, **defaults)


def shape_and_length(setting: Setting) -> tuple[llama.Shape, int]:
    """The model and its sequences. Raises UsageError for a length it has no positions for."""
    chosen = chosen_for(setting)
    shape, length = llama.shape_of(chosen["size"], setting.weights), chosen["sequence_length"]
    if not 1 < length <= shape.positions:
        message = f"sequence_length {length} must lie within 2 and {shape.positions}"
        raise UsageError(message)
    return shape, length


def training_flops(shape: llama.Shape, length: int) -> float:
    """3 x forward per sequence: itself, gradients of weights and of inputs, the embedding's too."""
    return 3 * llama.forward_flops(shape, length)


def recomputed_flops(shape: llama.Shape, length: int) -> float:
    """What checkpointing adds per sequence: every layer once more, the head not."""
    return llama.layers_flops(shape, length, length)


def other_flops(shape: llama.Shape, length: int, batch: int) -> float:
    """Everything else per token: about 3 x forward's, the loss, AdamW's 14 per weight shared.

    Softmax and cross entropy 5 + 2 per class. AdamW: decay 2, first moment 3, second 4, corrections
    2, root, add, divide 1 each.
    """
    model = 3 * llama.other_flops(shape, length) / length + 7 * shape.vocabulary
    return model + 14 * llama.weights(shape) / (batch * length)


def least_bytes(shape: llama.Shape, length: int, batch: int, precision: Precision) -> float:
    """Least traffic per token.

    Weights, gradients and both moments, in fp32, are read and written once a step; the hidden state
    is written and read between layers, forward and back.
    """
    state = 2 * _STATES * _MASTER * llama.weights(shape)
    states = 2 * (1 + 2 * shape.layers) * shape.hidden * llama.width(precision)
    return state / (batch * length) + states


def work(setting: Setting) -> Work:
    """What one token of one training step costs."""
    shape, length = shape_and_length(setting)
    flops = training_flops(shape, length) / length
    again = recomputed_flops(shape, length) / length if chosen_for(setting)["checkpointing"] else 0
    return Work(
        unit=unit,
        flops_per_unit=flops,
        executed_flops_per_unit=flops + again if again else None,
        other_flops_per_unit=other_flops(shape, length, setting.batch_size),
        bytes_per_unit=least_bytes(shape, length, setting.batch_size, setting.precision),
        gradient_bytes=_MASTER * llama.weights(shape),
        convention="mm2-dense-v1",
    )


def memory_bytes(setting: Setting) -> float:
    """Weights, gradients and both moments in fp32, and one hidden state per layer and token."""
    shape, length = shape_and_length(setting)
    kept = shape.layers * shape.hidden * llama.width(setting.precision)
    return _STATES * _MASTER * llama.weights(shape) + setting.batch_size * length * kept


def load(setting: Setting) -> Job:
    """The model on the device, its optimiser, and windows of tokens: a .npy file, or noise."""
    import torch

    from benchbench.backend import training
    from benchbench.backend.parallel import spread
    from benchbench.precision import autocast, set_float32_math

    chosen = chosen_for(setting)
    shape, length = shape_and_length(setting)
    set_float32_math(setting.precision)
    model = llama.build(shape, setting.seed, setting.weights).train()
    model.config.use_cache = False
    if chosen["checkpointing"]:
        checkpointed(model)
    model.to(setting.device)
    model = spread(model, setting, parts=model.model.layers)
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, fused=True)
    entropy = torch.nn.CrossEntropyLoss()

    def loss_of(tokens: "torch.Tensor") -> "torch.Tensor":
        with autocast(setting.precision, setting.device):
            scores = model(input_ids=tokens[:, :-1]).logits  # (batch, length, vocabulary)
            loss: torch.Tensor = entropy(scores.flatten(0, 1).float(), tokens[:, 1:].flatten())
        return loss

    forward = training(loss_of, setting)

    def step(tokens: "torch.Tensor") -> "torch.Tensor":  # (batch, length + 1) int64
        optimiser.zero_grad(set_to_none=True)
        loss = forward(tokens)
        loss.backward()  # type: ignore[no-untyped-call] # torch's
        optimiser.step()
        return loss.detach()

    return Job(
        batches=sequences(setting, shape, length + 1),
        step=step,
        units_per_step=setting.batch_size * length,
        from_memory=True,
        parameters={
            **chosen,
            "data": "synthetic" if setting.data is None else "tokens",
            "weights": "file" if setting.weights else "random",
        },
    )


def checkpointed(model: Any) -> None:  # noqa: ANN401 - the method's name depends on the version
    """Layers forget their activations and compute them again going back."""
    turn_on = getattr(model, "activation_checkpointing_enable", None)
    (turn_on or model.gradient_checkpointing_enable)()


def sequences(setting: Setting, shape: llama.Shape, length: int) -> Iterator["torch.Tensor"]:
    """Windows of (batch, length) into one stream of tokens on the device, filled now."""
    from benchbench.synthetic import windows

    size = setting.batch_size * length
    stream = tokens_of(setting, shape, 3 * size).to(setting.device)
    return (window.view(setting.batch_size, length) for window in windows(stream, size))


def tokens_of(setting: Setting, shape: llama.Shape, fewest: int) -> "torch.Tensor":
    """A .npy file of token numbers, or random ones. Raises UsageError if it is not one."""
    import numpy as np
    import torch

    if setting.data is None:
        random = torch.Generator().manual_seed(setting.seed)
        return torch.randint(shape.vocabulary, (max(_STREAM_TOKENS, fewest),), generator=random)
    try:
        tokens = np.load(setting.data, allow_pickle=False)
        fits = tokens.ndim == 1 and tokens.dtype.kind in "iu" and len(tokens) >= fewest
        if fits and tokens.min() >= 0 and tokens.max() < shape.vocabulary:
            return torch.from_numpy(tokens.astype(np.int64))
    except (OSError, ValueError, EOFError):
        pass
    message = (
        f"{setting.data} is no .npy of at least {fewest} whole numbers below {shape.vocabulary}; "
        "save token numbers with numpy.save, or lower --batch"
    )
    raise UsageError(message)
