"""Llama inference: prompts read at once (prefill), then one token after the other (decode).

The architecture of Llama 3 at a named size (`--set size=tiny|1b|8b`; random weights run as fast as
real ones; `tiny` suits two cores, `1b` is the default on an accelerator). A step answers a batch of
prompts, no two of which begin alike; its two parts are timed apart: the time to the first token,
and the time per token after it. With `--set rates=auto`, or requests per second as `rates=1,2,4`,
requests then arrive at rising rates and are batched continuously (`--backend vllm`: by vLLM).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchbench.errors import UsageError
from benchbench.models import llama
from benchbench.record import PartWork, Precision, Scalar, Scenario, Work
from benchbench.workload import EAGER, VLLM, Engine, Job, Parts, Setting, parameters

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM

name = "llm-infer"
scenario: Scenario = "offline"
unit = "token"
precisions: tuple[Precision, ...] = ("fp32", "tf32", "bf16", "fp16")
batch_size = 4
batch_size_accelerator = 16
backends = (EAGER, VLLM)
stresses = ("memory bandwidth", "memory capacity", "compute")

_STREAM_TOKENS = 2**22


def chosen_for(setting: Setting) -> dict[str, Any]:
    """The setting's parameters over the defaults, which a processor has smaller ones of."""
    small = setting.device == "cpu"
    defaults: dict[str, Scalar] = {
        "size": "tiny" if small else "1b",
        "prompt_tokens": 128 if small else 1024,
        "new_tokens": 64 if small else 128,
        "rates": "off",
    }
    return parameters(setting, **defaults)


def lengths(setting: Setting) -> tuple[llama.Shape, int, int]:
    """The model, its prompts and its answers. Raises UsageError for lengths it cannot have."""
    chosen = chosen_for(setting)
    shape = llama.shape_of(chosen["size"], setting.weights)
    prompt, new = chosen["prompt_tokens"], chosen["new_tokens"]
    if prompt < 1 or new < 2 or prompt + new > shape.positions:  # noqa: PLR2004 - one from each part
        message = (
            f"prompt_tokens {prompt} must be 1 or more, new_tokens {new} 2 or more, and both "
            f"together fit the model's {shape.positions} positions"
        )
        raise UsageError(message)
    return shape, prompt, new


def rates_of(text: str) -> tuple[float, ...]:
    """`0.5,1,2` → requests per second, rising; none for `off` and `auto`. Raises UsageError."""
    if text in ("off", "auto"):
        return ()
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or min(found) <= 0 or list(found) != sorted(found):
        message = f"rates={text} is neither off, auto nor rising numbers, as rates=0.5,1,2"
        raise UsageError(message)
    return found


def contexts(prompt: int, new: int) -> range:
    """Tokens each decoding step looks at, its own among them; the prefill gave the first token."""
    return range(prompt + 1, prompt + new)


def work(setting: Setting) -> Work:
    """What one generated token costs: its share of its prompt's prefill, and its own decoding."""
    shape, prompt, new = lengths(setting)
    batch, precision = setting.batch_size, setting.precision
    steps = contexts(prompt, new)
    middle = (steps[0] + steps[-1]) / 2
    prefill = PartWork(
        name="prefill",
        units=batch * prompt,
        flops=batch * llama.prefill_flops(shape, prompt),
        bytes=llama.prefill_bytes(shape, prompt, batch, precision),
    )
    decode = PartWork(
        name="decode",
        units=batch,
        flops=batch * llama.decode_flops(shape, middle),
        bytes=llama.decode_bytes(shape, middle, batch, precision),
    )
    tokens = batch * new
    other = llama.other_flops(shape, prompt) + sum(
        llama.other_flops(shape, 1) + 7 * shape.layers * shape.heads * (each - 1) for each in steps
    )
    return Work(
        unit=unit,
        flops_per_unit=((prefill.flops or 0) + len(steps) * (decode.flops or 0)) / tokens,
        other_flops_per_unit=other / new,
        bytes_per_unit=((prefill.bytes or 0) + len(steps) * (decode.bytes or 0)) / tokens,
        convention="mm2-dense-v1",
        parts=(prefill, decode),
    )


def kv_cache_bytes(setting: Setting) -> int:
    """Keys and values of a whole batch when its answers are complete."""
    shape, prompt, new = lengths(setting)
    each = llama.kv_bytes_per_token(shape, setting.precision)
    return setting.batch_size * (prompt + new) * each


def memory_bytes(setting: Setting) -> float:
    """Weights, the full cache, and the hidden states of the prompts."""
    shape, prompt, _ = lengths(setting)
    width = llama.width(setting.precision)
    states = setting.batch_size * prompt * shape.hidden * width
    return llama.weights(shape) * width + kv_cache_bytes(setting) + states


def load(setting: Setting) -> Job:
    """The model on the device, and prompts that never repeat, made before the clock starts."""
    chosen = chosen_for(setting)
    shape, prompt, new = lengths(setting)
    rates = rates_of(chosen["rates"])
    if setting.data is not None:
        message = "llm-infer makes its own prompts, no two of which begin alike: leave --data out"
        raise UsageError(message)
    parts = Parts()
    engine: Engine
    reference: Callable[[Any], Any] | None = None
    if setting.backend == VLLM:
        from benchbench.backend.vllm_engine import Vllm

        engine = answering = Vllm(shape, setting, prompt, new)
        step: Callable[[Any], Any] = lambda batch: answering.answer(batch, parts)  # noqa: E731
    else:
        from benchbench.backend.batching import Slots

        model = placed(shape, setting)
        step = generation(model, prompt, parts)
        reference = whole(model, shape, setting, prompt)
        engine = Slots(model, setting, prompt, new)
    return Job(
        batches=prompts(setting, shape, prompt + new - 1),
        step=step,
        units_per_step=setting.batch_size * new,
        from_memory=True,
        parameters={
            **chosen,
            "data": "synthetic",
            "weights": "file" if setting.weights else "random",
            "kv_cache_bytes": kv_cache_bytes(setting),
        },
        reference=reference,
        parts=parts,
        engine=None if chosen["rates"] == "off" else engine,
        rates=rates,
    )


def placed(shape: llama.Shape, setting: Setting) -> "LlamaForCausalLM":
    """The model on the device, ready to infer."""
    from benchbench.precision import set_float32_math, torch_dtype

    set_float32_math(setting.precision)
    dtype = torch_dtype(setting.precision, setting.device)
    model: Any = llama.build(shape, setting.seed, setting.weights)
    placed: LlamaForCausalLM = model.to(setting.device, dtype).eval()
    return placed


def generation(
    model: "LlamaForCausalLM", prompt: int, parts: Parts
) -> Callable[["torch.Tensor"], "torch.Tensor"]:
    """The step: scores after the prompt and after the last token but one of the answer.

    The tokens of the answer are given with the prompt, not chosen: another precision would choose
    others after the first near-tie, and nothing could be compared. It costs the same.
    """
    import torch
    from transformers import DynamicCache

    @torch.inference_mode()
    def step(tokens: torch.Tensor) -> torch.Tensor:  # (batch, prompt + new - 1) int64
        cache = DynamicCache(config=model.config)
        scores = model(
            input_ids=tokens[:, :prompt], past_key_values=cache, use_cache=True, logits_to_keep=1
        ).logits
        parts.ended("prefill")
        after_prompt = scores
        for index in range(prompt, tokens.shape[1]):
            scores = model(
                input_ids=tokens[:, index : index + 1], past_key_values=cache, use_cache=True
            ).logits
            parts.ended("decode")
        return torch.cat((after_prompt, scores), dim=1)  # (batch, 2, vocabulary)

    return step


def whole(
    model: "LlamaForCausalLM", shape: llama.Shape, setting: Setting, prompt: int
) -> Callable[["torch.Tensor"], "torch.Tensor"]:
    """The same scores by one fp32 pass over prompt and answer, without any cache."""
    import torch

    from benchbench.backend.pytorch import float32_math

    @torch.inference_mode()
    def reference(tokens: torch.Tensor) -> torch.Tensor:
        exact = (
            model
            if setting.precision == "fp32"
            else placed(shape, replace(setting, precision="fp32"))
        )
        kept = torch.tensor([prompt - 1, tokens.shape[1] - 1], device=tokens.device)
        with float32_math(setting.precision):
            scores: torch.Tensor = exact(
                input_ids=tokens, use_cache=False, logits_to_keep=kept
            ).logits
        return scores

    return reference


def prompts(setting: Setting, shape: llama.Shape, length: int) -> Iterator["torch.Tensor"]:
    """Windows of (batch, length) into one stream of random tokens on the device, filled now.

    A cache of prompts that begin alike finds nothing: no two have their first tokens in common.
    """
    import torch

    from benchbench.synthetic import windows

    size = setting.batch_size * length
    random = torch.Generator().manual_seed(setting.seed)
    stream = torch.randint(shape.vocabulary, (max(_STREAM_TOKENS, 3 * size),), generator=random).to(
        setting.device
    )
    return (window.view(setting.batch_size, length) for window in windows(stream, size))
