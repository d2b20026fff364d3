"""Llama's counts against published figures, transformers' models and PyTorch's counter."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import DynamicCache, LlamaForCausalLM

from benchbench.errors import UsageError
from benchbench.models import llama

SMALL = llama.Shape(64, 2, 4, 2, 96, 50, tied=False)


def model() -> Any:
    """A Llama of two layers, ready to infer."""
    net: Any = llama.build(SMALL, 0, None)
    return net.eval()


def test_llama_3_8b_has_its_published_weights() -> None:
    """8,030,261,248, as the model's page on the Hugging Face hub counts its safetensors."""
    assert llama.weights(llama.SIZES["8b"]) == 8_030_261_248


def test_llama_3_2_1b_has_its_published_weights() -> None:
    """1,235,814,400 with its embedding shared, as on the hub (published as 1.23 B)."""
    assert llama.weights(llama.SIZES["1b"]) == 1_235_814_400


@pytest.mark.parametrize("size", ["1b", "8b"])
def test_transformers_counts_the_same_weights(size: str) -> None:
    """The real architecture, built without memory, has as many."""
    with torch.device("meta"):
        built = LlamaForCausalLM(llama.config(llama.SIZES[size]))
    assert sum(each.numel() for each in built.parameters()) == llama.weights(llama.SIZES[size])


def test_a_forward_pass_is_twice_the_weights_and_attention() -> None:
    """Llama 3 8B, per token: 2 x (parameters - embedding) + 4 x layers x width x context.

    Chowdhery et al. 2022 (PaLM), appendix B: 6N + 12LHQT trained, a third of it forward; Kaplan et
    al. 2020, table 1, leaves the embedding out. Its norms' 266,240 weights multiply no matrix.
    """
    shape, context = llama.SIZES["8b"], 8192
    published = 2 * (8_030_261_248 - 128_256 * 4096) + 4 * 32 * 4096 * context
    counted = llama.forward_flops(shape, context) / context
    assert counted == published - 2 * 266_240
    assert counted == pytest.approx(published, rel=1e-4)


def test_a_decoded_token_costs_a_pass_over_its_context() -> None:
    """15,009,316,864 of Llama 3 8B's products, and 524,288 per token looked at."""
    shape = llama.SIZES["8b"]
    assert llama.decode_flops(shape, 0) == 15_009_316_864
    assert llama.decode_flops(shape, 1000) == 15_009_316_864 + 524_288 * 1000


@pytest.mark.known_error("MACs reported as FLOPs; CPU attention counted as 0")
def test_pytorchs_counter_agrees_on_prefill_and_decode() -> None:
    """A prompt of 24 tokens of two sequences, then one token more."""
    net, cache = model(), DynamicCache()
    tokens = torch.randint(SMALL.vocabulary, (2, 25))
    # Fused attention on a CPU has been counted as 0; the one made of products cannot be.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        with FlopCounterMode(display=False) as prefill:
            net(input_ids=tokens[:, :24], past_key_values=cache, use_cache=True, logits_to_keep=1)
        with FlopCounterMode(display=False) as decode:
            net(input_ids=tokens[:, 24:], past_key_values=cache, use_cache=True)
    assert prefill.get_total_flops() == 2 * llama.prefill_flops(SMALL, 24)
    assert decode.get_total_flops() == 2 * llama.decode_flops(SMALL, 25)


def test_the_cache_is_what_transformers_keeps() -> None:
    """Bytes of the keys and values of 24 tokens of two sequences, in fp32 and in bf16."""
    cache: Any = DynamicCache()
    tokens = torch.randint(SMALL.vocabulary, (2, 24))
    with torch.no_grad():
        model()(input_ids=tokens, past_key_values=cache, use_cache=True)
    kept = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    assert kept == 2 * 24 * llama.kv_bytes_per_token(SMALL, "fp32")
    assert llama.kv_bytes_per_token(llama.SIZES["8b"], "bf16") == 131_072


def test_least_bytes_by_hand() -> None:
    """Weights once, but the embedding's rows; a cache per sequence; states between layers."""
    read = llama.weights(SMALL) - 50 * 64
    assert llama.decode_bytes(SMALL, 10, 3, "fp32") == 4 * read + 3 * 10 * (2 * 2 * 32 * 4)
    states = 5 * 10 * 64
    each = 10 * 2 * 2 * 32 + states
    assert llama.prefill_bytes(SMALL, 10, 3, "bf16") == 2 * (read + 3 * each)
    tied = SMALL._replace(tied=True)
    assert llama.decode_bytes(tied, 0, 1, "fp32") == 4 * llama.weights(tied)


def test_a_folder_brings_its_own_shape_and_weights(tmp_path: Path) -> None:
    """What was saved is what is built; a pickle, another model or nothing is refused."""
    net = model()
    net.save_pretrained(tmp_path)
    assert llama.shape_of("8b", tmp_path)._replace(positions=8192) == SMALL
    again = llama.build(SMALL, 1, tmp_path)
    assert torch.equal(again.lm_head.weight, net.lm_head.weight)
    (tmp_path / "model.safetensors").unlink()
    torch.save(net.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(UsageError, match="safetensors"):
        llama.build(SMALL, 0, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(UsageError, match=r"config\.json"):
        llama.shape_of("1b", tmp_path)
    with pytest.raises(UsageError, match="tiny, 1b, 8b"):
        llama.shape_of("70b")


def test_the_seed_makes_the_weights() -> None:
    """The same twice, another one otherwise."""
    first, again, other = (llama.build(SMALL, seed, None).lm_head.weight for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
