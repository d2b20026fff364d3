"""Llama inference: its count against PyTorch's, its parts, its prompts and its reference."""

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchbench.errors import UsageError
from benchbench.measure.checks import agreement
from benchbench.models import llama
from benchbench.record import Precision
from benchbench.workload import Setting
from benchbench.workload.file import find, load_file

infer: Any = load_file(find("llm-infer"))
SMALL = llama.Shape(64, 2, 4, 2, 96, 50, tied=True)
SETTING = Setting(batch_size=3, parameters={"prompt_tokens": 16, "new_tokens": 6})


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tiny` is smaller still."""
    monkeypatch.setitem(llama.SIZES, "tiny", SMALL)


@pytest.mark.known_error("MACs reported as FLOPs; CPU attention counted as 0")
def test_pytorchs_counter_agrees() -> None:
    """Three prompts of 16 tokens and five tokens after the first of each."""
    job = infer.load(SETTING)
    batch = next(job.batches)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        job.step(batch)
    assert counter.get_total_flops() == pytest.approx(
        3 * 6 * infer.work(SETTING).flops_per_unit, rel=1e-9
    )


def test_the_parts_add_up_to_the_whole() -> None:
    """One prefill and five decodings are the FLOPs and bytes of a step."""
    work = infer.work(SETTING)
    prefill, decode = work.parts
    assert (prefill.name, prefill.units) == ("prefill", 48)
    assert (decode.name, decode.units) == ("decode", 3)
    assert prefill.flops + 5 * decode.flops == pytest.approx(18 * work.flops_per_unit)
    assert prefill.bytes + 5 * decode.bytes == pytest.approx(18 * work.bytes_per_unit)


def test_decoding_is_memory_bound_by_its_count() -> None:
    """Llama 3 8B in bf16: 15 GB of weights for a batch of one, shared by a larger one."""
    setting = Setting(precision="bf16", parameters={"size": "8b", "prompt_tokens": 1024})
    alone, many = (infer.work(replace(setting, batch_size=size)).parts[1] for size in (1, 64))
    assert alone.bytes == pytest.approx(2 * 7_504_924_672, rel=0.02)
    assert alone.flops / alone.bytes == pytest.approx(1, rel=0.1)
    assert many.bytes < 2 * alone.bytes
    assert many.flops == 64 * alone.flops


def test_the_step_says_when_its_parts_end() -> None:
    """One prefill, then each token."""
    job = infer.load(SETTING)
    told: list[str] = []
    job.parts.listen(told.append)
    job.step(next(job.batches))
    assert told == ["prefill", *["decode"] * 5]


def test_the_answer_is_that_of_one_pass_without_a_cache() -> None:
    """Scores after the prompt and after the last token, however they were reached."""
    job = infer.load(SETTING)
    batch = next(job.batches)
    scores = job.step(batch)
    assert scores.shape == (3, 2, 50)
    torch.testing.assert_close(scores, job.reference(batch), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_reduced_precision_agrees_with_its_reference(precision: Precision) -> None:
    """Which is fp32, of the same weights."""
    found = agreement(infer.load(replace(SETTING, precision=precision)))
    assert found is not None
    assert found.cosine > 0.99


def test_a_lost_cache_would_show() -> None:
    """Scores of the last token alone are far from the reference's: the prompt matters."""
    job = infer.load(SETTING)
    batch = next(job.batches)
    whole, lone = job.reference(batch)[:, 1], job.reference(batch[:, -1:].repeat(1, 16))[:, 0]
    cosine = torch.nn.functional.cosine_similarity(whole.flatten(), lone.flatten(), dim=0)
    assert float(cosine) < 0.99


@pytest.mark.known_error("warm prefix cache (+86 % tokens/s seen)")
def test_no_two_prompts_begin_alike() -> None:
    """Of a thousand batches no two share their first sixteen tokens, a cache's usual block."""
    batches = islice(infer.load(SETTING).batches, 1000)
    starts = {tuple(row[:16].tolist()) for batch in batches for row in batch}
    assert len(starts) == 3000


def test_the_record_will_say_what_the_cache_holds() -> None:
    """Three sequences of 22 tokens, two layers of keys and values of 32 numbers."""
    assert infer.load(SETTING).parameters["kv_cache_bytes"] == 3 * 22 * 2 * 2 * 32 * 4


def test_memory_grows_with_batch_and_length() -> None:
    """8B in bf16 needs 16 GB, and 131,072 bytes of cache a token."""
    setting = Setting(
        precision="bf16", parameters={"size": "8b", "prompt_tokens": 4096, "new_tokens": 1024}
    )
    one, two = (infer.memory_bytes(replace(setting, batch_size=size)) for size in (1, 2))
    assert one > 2 * 8_030_261_248
    assert two - one == pytest.approx(5120 * 131_072, rel=0.1)


def test_rates_are_read_as_people_write_them() -> None:
    """Rising numbers, `auto` or `off`."""
    assert infer.rates_of("0.5,1,2") == (0.5, 1.0, 2.0)
    assert infer.rates_of("auto") == infer.rates_of("off") == ()
    for bad in ("", "2,1", "0,1", "fast"):
        with pytest.raises(UsageError, match="rates="):
            infer.rates_of(bad)


def test_requests_are_answered_only_where_rates_were_asked_for() -> None:
    """No engine otherwise."""
    assert infer.load(SETTING).engine is None
    parameters = {**SETTING.parameters, "rates": "1,2"}
    job = infer.load(replace(SETTING, parameters=parameters))
    assert job.rates == (1.0, 2.0)
    assert job.engine.new_tokens == 6


def test_lengths_must_fit_the_model() -> None:
    """Refused in one sentence."""
    for bad in ({"prompt_tokens": 8192}, {"new_tokens": 1}, {"prompt_tokens": 0}):
        with pytest.raises(UsageError, match="8192 positions"):
            infer.work(Setting(parameters=bad))
    with pytest.raises(UsageError, match="leave --data out"):
        infer.load(replace(SETTING, data=Path("here")))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
@pytest.mark.parametrize("backend", ["torch-eager", "vllm"])
def test_it_answers_on_a_gpu(backend: str) -> None:
    """Both engines give something for every prompt."""
    if backend == "vllm":
        pytest.importorskip("vllm")
    job = infer.load(replace(SETTING, device="cuda:0", precision="bf16", backend=backend))
    assert len(job.step(next(job.batches))) == 3
