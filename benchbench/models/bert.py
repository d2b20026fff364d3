"""BERT with an answering head (Devlin et al. 2018), counted by hand; no torch."""

import json
from pathlib import Path
from typing import NamedTuple

from benchbench.errors import UsageError
from benchbench.record import Precision

_TOKEN_BYTES = 8


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


def weights(shape: Shape) -> int:
    """All of them, three embeddings with their norm and the head: 334,094,338 of BERT-large."""
    embeddings = (shape.vocabulary + shape.positions + 2 + 2) * shape.hidden
    return shape.layers * layer_weights(shape) + embeddings + 2 * shape.hidden + 2


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
