"""The Llama architecture (Touvron et al. 2023; Llama 3, Grattafiori et al. 2024), counted by hand.

Shapes and counts need no torch. Attention is counted dense, as in Chowdhery et al. 2022, appendix
B, and in PyTorch's counter: a kernel that skips the masked half does less.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchbench.errors import UsageError
from benchbench.record import Precision

if TYPE_CHECKING:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

ROPE_THETA = 500_000.0
_NORMS = 2
_KEY_AND_VALUE = 2


class Shape(NamedTuple):
    """The numbers of a Llama."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    feed_forward: int
    vocabulary: int
    tied: bool
    """Whether the head's weights are the embedding's."""
    positions: int = 8192

    @property
    def head_width(self) -> int:
        """Of one head's queries, keys and values."""
        return self.hidden // self.heads

    @property
    def kv_width(self) -> int:
        """Of a token's keys, as of its values, in one layer: fewer heads than the queries have."""
        return self.kv_heads * self.head_width


SIZES = {
    "tiny": Shape(512, 4, 8, 2, 1792, 8192, tied=True),
    "1b": Shape(2048, 16, 32, 8, 8192, 128256, tied=True, positions=131072),
    "8b": Shape(4096, 32, 32, 8, 14336, 128256, tied=False),
}
"""Published: Llama 3.2 1B and Llama 3 8B, from their config.json. Ours: tiny, for two cores."""


def shape_of(size: str, folder: Path | None = None) -> Shape:
    """A named shape, or the one of a folder's config.json. Raises UsageError if there is none."""
    if folder is None:
        if size not in SIZES:
            message = f"no Llama of size {size!r}; choose one of {', '.join(SIZES)}"
            raise UsageError(message)
        return SIZES[size]
    try:
        config = json.loads((folder / "config.json").read_text())
        return Shape(
            hidden=config["hidden_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            kv_heads=config["num_key_value_heads"],
            feed_forward=config["intermediate_size"],
            vocabulary=config["vocab_size"],
            tied=config["tie_word_embeddings"],
            positions=config["max_position_embeddings"],
        )
    except (OSError, ValueError, KeyError) as error:
        message = f"{folder} holds no Llama: its config.json is missing or lacks a field ({error})"
        raise UsageError(f"{message}; save it with save_pretrained") from error


def layer_products(shape: Shape) -> int:
    """Weights of one layer that multiply: queries, keys, values, output, three of the SwiGLU."""
    attention = 2 * shape.hidden**2 + _KEY_AND_VALUE * shape.hidden * shape.kv_width
    return attention + 3 * shape.hidden * shape.feed_forward


def embedding_weights(shape: Shape) -> int:
    """One row per token of the vocabulary; the head's matrix is as large."""
    return shape.vocabulary * shape.hidden


def weights(shape: Shape) -> int:
    """All of them. Llama 3 8B: 8,030,261,248; Llama 3.2 1B: 1,235,814,400."""
    layers = shape.layers * (layer_products(shape) + _NORMS * shape.hidden)
    matrices = (1 if shape.tied else 2) * embedding_weights(shape)
    return layers + shape.hidden + matrices


def attention_flops(shape: Shape, context: float) -> float:
    """Of one token over `context` tokens: its scores and their weighted sum, in every layer."""
    return shape.layers * 2 * 2 * shape.hidden * context


def layers_flops(shape: Shape, tokens: int, context: float) -> float:
    """All layers for `tokens`, each over `context`: 2 FLOPs per weight, and attention."""
    return tokens * (2 * shape.layers * layer_products(shape) + attention_flops(shape, context))


def head_flops(shape: Shape) -> int:
    """The scores of one token's successor."""
    return 2 * embedding_weights(shape)


def forward_flops(shape: Shape, length: int) -> float:
    """One sequence, the scores of every token's successor: what training does."""
    return layers_flops(shape, length, length) + length * head_flops(shape)


def prefill_flops(shape: Shape, length: int) -> float:
    """One prompt, the scores after its last token only."""
    return layers_flops(shape, length, length) + head_flops(shape)


def decode_flops(shape: Shape, context: float) -> float:
    """One token more, over `context` tokens, itself among them."""
    return layers_flops(shape, 1, context) + head_flops(shape)


def other_flops(shape: Shape, length: int) -> int:
    """Everything that is no multiply-add of a matrix, unfused, of one forward pass of a sequence.

    RMS norm 4 per element (square, mean, normalise, scale), rotation 3 per element of queries and
    keys, softmax 5 per score and 2 to scale and mask it, SiLU 5 and its gate 1, residuals 1.
    """
    elements = length * shape.hidden
    norms_and_residuals = _NORMS * (4 + 1) * elements
    rotation = 3 * length * (shape.hidden + shape.kv_width)
    scores = 7 * shape.heads * length**2
    gate = 6 * length * shape.feed_forward
    layer = norms_and_residuals + rotation + scores + gate
    return shape.layers * layer + 4 * elements


def kv_bytes_per_token(shape: Shape, precision: Precision) -> int:
    """Keys and values of one token in all layers."""
    return _KEY_AND_VALUE * shape.layers * shape.kv_width * width(precision)


def read_weights(shape: Shape) -> int:
    """Those a step must read whatever its batch: all but the embedding, of which it reads rows."""
    return weights(shape) - (0 if shape.tied else embedding_weights(shape))


def prefill_bytes(shape: Shape, length: int, batch: int, precision: Precision) -> int:
    """Least traffic of a batch of prompts.

    Weights once; per prompt its keys and values written, and the hidden state written and read
    between layers.
    """
    states = (1 + 2 * shape.layers) * length * shape.hidden * width(precision)
    each = length * kv_bytes_per_token(shape, precision) + states
    return width(precision) * read_weights(shape) + batch * each


def decode_bytes(shape: Shape, context: float, batch: int, precision: Precision) -> float:
    """Least traffic of one more token of each of `batch` sequences.

    Weights once for all of them; for each the keys and values of its context, its own among them.
    """
    cache = batch * context * kv_bytes_per_token(shape, precision)
    return width(precision) * read_weights(shape) + cache


def width(precision: Precision) -> int:
    """Bytes of one number."""
    return 2 if precision in ("bf16", "fp16") else 4


def config(shape: Shape) -> "LlamaConfig":
    """As transformers wants it."""
    from transformers import LlamaConfig  # noqa: PLC0415 - counting needs no torch

    return LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.feed_forward,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=shape.positions,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
        tie_word_embeddings=shape.tied,
        bos_token_id=None,
        eos_token_id=None,
    )


def build(
    shape: Shape, seed: int, folder: Path | None, dtype: "torch.dtype | None" = None
) -> "LlamaForCausalLM":
    """The model on the CPU, in fp32 or `dtype`; the same seed gives the same random weights.

    Raises UsageError for a folder without safetensors: a pickle may run anything.
    """
    import torch  # noqa: PLC0415 - counting needs no torch
    from transformers import LlamaForCausalLM  # noqa: PLC0415 - as above

    torch.manual_seed(seed)
    if folder is None:
        usual = torch.get_default_dtype()
        torch.set_default_dtype(dtype or torch.float32)
        try:
            return LlamaForCausalLM(config(shape))
        finally:
            torch.set_default_dtype(usual)
    try:
        return LlamaForCausalLM.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=dtype or torch.float32
        )
    except OSError as error:
        message = f"{folder} holds no model.safetensors; save it with save_pretrained"
        raise UsageError(message) from error
