"""BERT-large question answering at sequence length 384: matrix products and attention.

The model of Devlin et al. 2018 (24 layers, 1024 wide, 16 heads) with the SQuAD v1.1 head. Random
weights run as fast as trained ones; a folder of weights also brings its own shape and vocabulary.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchbench.accuracy import Exam, squad
from benchbench.errors import UsageError
from benchbench.record import Precision, Scalar, Scenario, Work
from benchbench.workload import BACKENDS, Job, QueryRules, Setting, parameters

if TYPE_CHECKING:
    import torch
    from transformers import BertForQuestionAnswering

name = "bert-large-infer"
scenario: Scenario = "offline"
unit = "sequence"
precisions: tuple[Precision, ...] = ("fp32", "tf32", "bf16", "fp16", "int8")
batch_size = 1
batch_size_accelerator = 64
backends = BACKENDS
tunable = {"attention": ("sdpa", "eager")}
stresses = ("compute",)
query_rules = QueryRules(latency_bound_s=0.130, offline_samples=10_833, library_samples=10_833)

DEFAULTS: dict[str, Scalar] = {"sequence_length": 384, "attention": "sdpa"}
_TOKEN_BYTES = 8
_STREAM_TOKENS = 2**22


class Shape(NamedTuple):
    """The numbers of a BERT; the defaults are BERT-large, uncased."""

    vocabulary: int = 30522
    hidden: int = 1024
    layers: int = 24
    heads: int = 16
    feed_forward: int = 4096
    positions: int = 512


def shape_of(weights: Path | None) -> Shape:
    """From the folder's config.json. Raises UsageError if it has none or it is no BERT's."""
    if weights is None:
        return Shape()
    try:
        config = json.loads((weights / "config.json").read_text())
        return Shape(
            vocabulary=config["vocab_size"],
            hidden=config["hidden_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            feed_forward=config["intermediate_size"],
            positions=config["max_position_embeddings"],
        )
    except (OSError, ValueError, KeyError) as error:
        message = f"{weights} holds no BERT: its config.json is missing or lacks a field ({error})"
        raise UsageError(f"{message}; save it with save_pretrained") from error


def forward_flops(shape: Shape, length: int) -> int:
    """Per layer: four projections, QK' and AV, two feed-forward products; then the head's two rows.

    2 per multiply-add, Devlin et al. 2018, section 3. BERT-large at 384: 246,425,321,472.
    """
    projections = 4 * 2 * length * shape.hidden**2
    attention = 2 * 2 * length**2 * shape.hidden
    feed_forward = 2 * 2 * length * shape.hidden * shape.feed_forward
    head = 2 * length * shape.hidden * 2
    return shape.layers * (projections + attention + feed_forward) + head


def other_flops(shape: Shape, length: int) -> int:
    """Everything that is no multiply-add of a matrix, unfused, per sequence.

    Layer norm 8 per element (mean 1, variance 3, normalise 2, scale and shift 2), softmax 5 per
    score (maximum, subtract, exponential, sum, divide) and 2 to scale and mask it, GELU 5 (scale,
    erf, add 1, multiply, halve), biases and residuals 1, three embeddings 2.
    """
    elements = length * shape.hidden
    scores = shape.heads * length**2
    norms_and_residuals = 2 * (8 + 1) * elements
    biases = (5 * shape.hidden + shape.feed_forward) * length
    gelu = 5 * length * shape.feed_forward
    layer = norms_and_residuals + biases + gelu + 7 * scores
    return shape.layers * layer + (2 + 8) * elements + 2 * length


def layer_weights(shape: Shape) -> int:
    """Four projections, two feed-forward matrices, their biases, two layer norms."""
    projections = 4 * (shape.hidden + 1) * shape.hidden
    feed_forward = 2 * shape.hidden * shape.feed_forward + shape.hidden + shape.feed_forward
    return projections + feed_forward + 4 * shape.hidden


def least_bytes(shape: Shape, length: int, batch: int, precision: Precision) -> float:
    """Least memory traffic per sequence.

    Once per batch: the weights of all layers and the head, positions, token types. Per sequence:
    three integers per token in, one embedding row per token, the hidden state written and read
    between layers, two logits per token out. In int8 the states between products are fp32.
    """
    width = 2 if precision in ("bf16", "fp16") else 4
    width_of_weights = 1 if precision == "int8" else width
    once = shape.layers * layer_weights(shape) + (length + 2 + 2) * shape.hidden
    once += 2 * shape.hidden + 2
    states = (1 + 2 * shape.layers) * length * shape.hidden
    moved = width_of_weights * once / batch + width * (states + 2 * length)
    return moved + 3 * _TOKEN_BYTES * length


def memory_bytes(setting: Setting) -> float:
    """All weights, and the widest state between two products of a layer.

    In int8 only products have small weights; embeddings stay fp32.
    """
    length: int = parameters(setting, **DEFAULTS)["sequence_length"]
    shape = shape_of(setting.weights)
    width = 2 if setting.precision in ("bf16", "fp16") else 4
    width_of_weights = 1 if setting.precision == "int8" else width
    embeddings = (shape.vocabulary + shape.positions + 2 + 2) * shape.hidden
    layers = shape.layers * layer_weights(shape) + 2 * shape.hidden + 2
    states = setting.batch_size * length * (shape.hidden + shape.feed_forward)
    return width_of_weights * layers + width * (embeddings + states)


def work(setting: Setting) -> Work:
    """What one sequence costs, padding included: the device multiplies it too."""
    length = parameters(setting, **DEFAULTS)["sequence_length"]
    shape = shape_of(setting.weights)
    return Work(
        unit=unit,
        flops_per_unit=forward_flops(shape, length),
        other_flops_per_unit=other_flops(shape, length),
        bytes_per_unit=least_bytes(shape, length, setting.batch_size, setting.precision),
        convention="mm2-dense-v1",
    )


def load(setting: Setting) -> Job:
    """The model on the device and its sequences: a SQuAD v1.1 file, or random tokens."""
    from benchbench.backend import inference, peeked

    chosen, shape, length = asked(setting)
    if setting.data is None:
        batches, data = random_tokens(setting, shape, length), "synthetic"
    else:
        batches, data = questions(setting, length), "squad-v1.1"

    def model() -> "torch.nn.Module":
        return build(setting, shape, chosen["attention"])

    example, batches = peeked(batches)
    step, reference = inference(model, setting, example)
    return Job(
        batches=batches,
        step=step,  # mapping of (batch, sequence) → (batch, 2, sequence)
        units_per_step=setting.batch_size,
        from_memory=True,
        parameters={**chosen, "data": data, "weights": "file" if setting.weights else "random"},
        reference=reference,
    )


_ATTENTION = ("sdpa", "eager")


def asked(setting: Setting) -> tuple[dict[str, Any], Shape, int]:
    """Parameters, shape, length. Raises UsageError if the model cannot take such sequences."""
    chosen = parameters(setting, **DEFAULTS)
    shape, length = shape_of(setting.weights), chosen["sequence_length"]
    fits = squad.QUESTION_TOKENS < length <= shape.positions
    if not fits or chosen["attention"] not in _ATTENTION:
        message = (
            f"sequence_length {length} must lie above {squad.QUESTION_TOKENS} and within the "
            f"model's {shape.positions} positions, and attention must be one of "
            f"{', '.join(_ATTENTION)}"
        )
        raise UsageError(message)
    return chosen, shape, length


def exam(setting: Setting) -> Exam:
    """F1 and exact match on a SQuAD v1.1 file, by the same model."""
    import hashlib

    import numpy as np
    import torch

    from benchbench import weights
    from benchbench.backend import inference

    chosen, shape, length = asked(setting)
    file = setting.data or Path()
    known = list(squad.read(file))
    shown = list(squad.windows(squad.vocabulary(setting.weights), known, length))
    if not shown:
        raise UsageError(f"{file} asks no questions; name SQuAD's dev-v1.1.json with --data")

    def batch(indices: Sequence[int]) -> dict[str, torch.Tensor]:  # each (batch, length)
        rows = [(shown[i].ids, shown[i].types, shown[i].mask) for i in indices]
        columns = torch.tensor(rows, device=setting.device).unbind(1)
        return dict(zip(_INPUTS, columns, strict=True))

    def answers(outputs: Any, count: int) -> list[bytes]:  # noqa: ANN401 - a backend's own array
        logits = torch.as_tensor(outputs)[:count].float().cpu().numpy()
        return [squad.best_logits(row) for row in np.asarray(logits)]

    step, _ = inference(
        lambda: build(setting, shape, chosen["attention"]), setting, batch([0] * setting.batch_size)
    )
    return Exam(
        samples=len(shown),
        prepare=lambda _indices: None,
        batch=batch,
        step=step,
        answers=answers,
        score=lambda found: squad.score(known, squad.predictions(known, shown, found)),
        reference_percent=squad.REFERENCE_F1_PERCENT,
        reference=squad.REFERENCE,
        parameters={**chosen, "data": "squad-v1.1"},
        data_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        weights_sha256=None if setting.weights is None else weights.sha256(setting.weights),
    )


_INPUTS = ("input_ids", "token_type_ids", "attention_mask")


def build(setting: Setting, shape: Shape, attention: str) -> "torch.nn.Module":
    """The model in fp32 on the CPU; the same seed gives the same random weights."""
    import torch
    from transformers import BertConfig, BertForQuestionAnswering

    torch.manual_seed(setting.seed)
    if setting.weights is None:
        config = BertConfig(
            vocab_size=shape.vocabulary,
            hidden_size=shape.hidden,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            intermediate_size=shape.feed_forward,
            max_position_embeddings=shape.positions,
        )
        model = BertForQuestionAnswering(config)
    else:
        model = pretrained(setting.weights)
    model.set_attn_implementation(attention)
    return answering(model).eval()


def pretrained(folder: Path) -> "BertForQuestionAnswering":
    """Weights from safetensors only: a pickle may run anything. Raises UsageError without them."""
    import torch
    from transformers import BertForQuestionAnswering

    try:
        return BertForQuestionAnswering.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
        )
    except OSError as error:
        message = f"{folder} holds no model.safetensors; save it with save_pretrained"
        raise UsageError(message) from error


def answering(network: "BertForQuestionAnswering") -> "torch.nn.Module":
    """Both logits of a token in one tensor, and a mask that nobody has to look at."""
    import torch

    class Answering(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(
            self,
            input_ids: torch.Tensor,
            token_type_ids: torch.Tensor | None = None,
            attention_mask: torch.Tensor | None = None,
        ) -> torch.Tensor:
            """Start and end of the answer: (batch, sequence) → (batch, 2, sequence)."""
            mask = attention_mask
            if mask is not None:
                # Four dimensions are used as they are; two would make the device wait.
                dtype = self.network.dtype
                mask = (1 - mask[:, None, None, :].to(dtype)) * torch.finfo(dtype).min
            answer = self.network(
                input_ids=input_ids, token_type_ids=token_type_ids, attention_mask=mask
            )
            return torch.stack((answer.start_logits, answer.end_logits), dim=1)

    return Answering()


def random_tokens(setting: Setting, shape: Shape, length: int) -> Iterator[Any]:
    """Windows into one stream of random tokens on the device, filled now; none is padding."""
    import torch

    from benchbench.synthetic import windows

    tokens = setting.batch_size * length
    random = torch.Generator().manual_seed(setting.seed)
    stream = torch.randint(
        shape.vocabulary, (max(_STREAM_TOKENS, 3 * tokens),), generator=random
    ).to(setting.device)
    return (
        {"input_ids": window.view(setting.batch_size, length)} for window in windows(stream, tokens)
    )


def questions(setting: Setting, length: int) -> Iterator[Any]:
    """Every span of every question, tokenised before the clock starts, in endless turns."""
    import torch

    from benchbench.synthetic import windows

    tokenizer = squad.vocabulary(setting.weights)
    spans = list(squad.windows(tokenizer, squad.read(setting.data or Path()), length))
    if len(spans) < setting.batch_size:
        message = f"{setting.data} gives {len(spans)} sequences, less than one batch; lower --batch"
        raise UsageError(message)
    shown = [(one.ids, one.types, one.mask) for one in spans]
    rows = windows(torch.tensor(shown, device=setting.device), setting.batch_size)
    return (dict(zip(_INPUTS, window.unbind(1), strict=True)) for window in rows)
