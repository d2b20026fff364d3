"""BERT-large fine-tuning on SQuAD at sequence length 384: matrix products, attention, dropout.

The model of Devlin et al. 2018 (24 layers, 1024 wide, 16 heads) with the SQuAD v1.1 head, AdamW at
the learning rate of its appendix A.3, mixed precision. Weights, questions and answers are random:
they train as fast as real ones.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from benchbench.errors import UsageError
from benchbench.models import bert
from benchbench.record import Precision, Scalar, Scenario, Work
from benchbench.workload import COMPILE, EAGER, Job, Setting, parameters

if TYPE_CHECKING:
    import torch

name = "bert-large-train"
scenario: Scenario = "train"
unit = "sequence"
precisions: tuple[Precision, ...] = ("fp32", "tf32", "bf16")
batch_size = 1
batch_size_accelerator = 32
backends = (EAGER, COMPILE)
parallel = ("ddp",)
stresses = ("compute", "memory capacity")

DEFAULTS: dict[str, Scalar] = {"sequence_length": 384}
LEARNING_RATE = 3e-5
_STREAM_TOKENS = 2**22
_MASTER = 4
"""Bytes of a weight, of its gradient and of each of AdamW's two moments: all are fp32."""
_STATES = 4
_ENDS = 2
"""An answer has a start and an end."""


class Batch(NamedTuple):
    """Tokens (batch, length), and where each answer starts and ends (batch, 2)."""

    tokens: "torch.Tensor"
    answers: "torch.Tensor"


def training_flops(shape: bert.Shape, length: int) -> int:
    """3 x forward: itself, gradients of weights and of inputs, the embeddings' too.

    739,275,964,416 of BERT-large at 384.
    """
    return 3 * bert.forward_flops(shape, length)


def other_flops(shape: bert.Shape, length: int, batch: int) -> float:
    """Everything else per sequence: about 3 x forward's, dropout, AdamW's 14 per weight shared.

    Dropout 2 forward (draw, scale) and 1 back per element of two outputs and the scores of a layer.
    """
    elements = 2 * length * shape.hidden + shape.heads * length**2
    dropout = 3 * shape.layers * elements
    return 3 * bert.other_flops(shape, length) + dropout + 14 * bert.weights(shape) / batch


def least_bytes(shape: bert.Shape, length: int, batch: int, precision: Precision) -> float:
    """Least traffic per sequence.

    Weights, gradients and both moments, in fp32, are read and written once a step; the hidden state
    is written and read between layers, forward and back.
    """
    state = 2 * _STATES * _MASTER * bert.weights(shape)
    width = 2 if precision == "bf16" else 4
    return state / batch + 2 * (1 + 2 * shape.layers) * length * shape.hidden * width


def length_of(setting: Setting, shape: bert.Shape) -> int:
    """Raises UsageError for a sequence the model has no positions for."""
    length: int = parameters(setting, **DEFAULTS)["sequence_length"]
    if not 1 < length <= shape.positions:
        message = f"sequence_length {length} must lie within 2 and {shape.positions}"
        raise UsageError(message)
    return length


def work(setting: Setting) -> Work:
    """What one sequence of one training step costs."""
    shape = bert.shape_of(setting.weights)
    length = length_of(setting, shape)
    return Work(
        unit=unit,
        flops_per_unit=training_flops(shape, length),
        other_flops_per_unit=other_flops(shape, length, setting.batch_size),
        bytes_per_unit=least_bytes(shape, length, setting.batch_size, setting.precision),
        gradient_bytes=_MASTER * bert.weights(shape),
        convention="mm2-dense-v1",
    )


def memory_bytes(setting: Setting) -> float:
    """Weights, gradients and both moments in fp32, and what each layer keeps for its gradient."""
    shape = bert.shape_of(setting.weights)
    kept = shape.layers * length_of(setting, shape) * shape.hidden
    width = 2 if setting.precision == "bf16" else 4
    return _STATES * _MASTER * bert.weights(shape) + setting.batch_size * kept * width


def load(setting: Setting) -> Job:
    """The model on the device, its optimiser, and random questions with random answers."""
    import torch
    from transformers import BertConfig, BertForQuestionAnswering

    from benchbench.backend import training
    from benchbench.backend.parallel import spread
    from benchbench.precision import autocast, set_float32_math

    if setting.data is not None or setting.weights is not None:
        message = (
            "bert-large-train makes its own questions and weights: leave --data and --weights out"
        )
        raise UsageError(message)
    shape = bert.shape_of(None)
    length = length_of(setting, shape)
    set_float32_math(setting.precision)
    torch.manual_seed(setting.seed)
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.positions,
    )
    model = spread(BertForQuestionAnswering(config).train().to(setting.device), setting)
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, fused=True)
    entropy = torch.nn.CrossEntropyLoss()

    def loss_of(tokens: "torch.Tensor", answers: "torch.Tensor") -> "torch.Tensor":
        with autocast(setting.precision, setting.device):
            found = model(input_ids=tokens)
            scores = torch.stack((found.start_logits, found.end_logits), dim=1)
            loss: torch.Tensor = entropy(scores.flatten(0, 1).float(), answers.flatten())
        return loss

    forward = training(loss_of, setting)

    def step(batch: Batch) -> "torch.Tensor":
        optimiser.zero_grad(set_to_none=True)
        loss = forward(batch.tokens, batch.answers)
        loss.backward()  # type: ignore[no-untyped-call] # torch's
        optimiser.step()
        return loss.detach()

    return Job(
        batches=questions(setting, shape, length),
        step=step,
        units_per_step=setting.batch_size,
        from_memory=True,
        parameters={"sequence_length": length, "data": "synthetic", "weights": "random"},
    )


def questions(setting: Setting, shape: bert.Shape, length: int) -> Iterator[Batch]:
    """Windows into one stream of random tokens and one of random answers, filled now."""
    import torch

    from benchbench.synthetic import windows

    random = torch.Generator().manual_seed(setting.seed)
    size = setting.batch_size * length
    tokens, answers = (
        torch.randint(most, (count,), generator=random).to(setting.device)
        for most, count in (
            (shape.vocabulary, max(_STREAM_TOKENS, 3 * size)),
            (length, max(4096, 3 * _ENDS * setting.batch_size)),
        )
    )
    ends = windows(answers, _ENDS * setting.batch_size)
    for window, answer in zip(windows(tokens, size), ends, strict=True):
        yield Batch(window.view(setting.batch_size, length), answer.view(setting.batch_size, _ENDS))
