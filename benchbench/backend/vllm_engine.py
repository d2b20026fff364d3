"""vLLM behind the same interface: imported only when it was asked for.

Prefix caching is off and prompts never repeat; its weights are random, made by vLLM itself, so that
its outputs have no reference here.
"""

import os
import random
import tempfile
from collections.abc import Sequence
from typing import Any

from benchbench.errors import CannotMeasureError
from benchbench.models import llama
from benchbench.record import Precision
from benchbench.workload import Parts, Setting

_DTYPES: dict[Precision, str] = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
_HEADROOM = 0.9
"""Of the device's memory for weights and cache, vLLM's own default."""


class Vllm:
    """One vLLM engine (a `benchbench.workload.Engine`); also answers whole batches at once.

    Raises CannotMeasureError where vLLM is not installed or cannot use the device.
    """

    def __init__(self, shape: llama.Shape, setting: Setting, prompt: int, new: int) -> None:
        self._vllm = _imported(setting)
        self._setting, self._shape, self._prompt = setting, shape, prompt
        self.new_tokens = new
        self._given: dict[str, int] = {}
        self._answers: dict[str, list[int]] = {}
        # It reads the shape when it starts, and not again.
        with tempfile.TemporaryDirectory(prefix="benchbench-vllm-") as folder:
            self._engine = self._started(prompt + new, folder)

    @property
    def waiting(self) -> int:
        """Requests it has not answered in full."""
        return len(self._given)

    def submit(self, index: int) -> None:
        """A request with a prompt of its own joins vLLM's queue."""
        self._ask(str(index), self._prompt_of(index))

    def advance(self) -> list[int]:
        """One iteration of vLLM's; the requests that got a token."""
        return [int(name) for name in self._advance()]

    def clear(self) -> None:
        """Take back every request."""
        if self._given:
            self._engine.abort_request(list(self._given))
        self._given.clear()
        self._answers.clear()

    def answer(self, tokens: Any, parts: Parts) -> list[list[int]]:  # noqa: ANN401 - a tensor
        """(batch, prompt and more) → the tokens of each answer; the batch's prompts are the rows'.

        The first part ends when all have their first token; then each iteration is one of the rest.
        """
        names = [str(row) for row in range(len(tokens))]
        for name, row in zip(names, tokens.tolist(), strict=True):
            self._ask(name, row[: self._prompt])
        answered: set[str] = set()
        while self._given:
            answered |= set(self._advance())
            if len(answered) == len(names):
                parts.ended("prefill")
                break
        while self._given:
            self._advance()
            parts.ended("decode")
        return [self._answers.pop(name) for name in names]

    def _ask(self, name: str, prompt: Sequence[int]) -> None:
        wanted = self._vllm.SamplingParams(
            max_tokens=self.new_tokens, temperature=0.0, ignore_eos=True, detokenize=False
        )
        self._engine.add_request(name, {"prompt_token_ids": list(prompt)}, wanted)
        self._given[name] = 0

    def _advance(self) -> list[str]:
        progressed = []
        for output in self._engine.step():
            name, tokens = output.request_id, list(output.outputs[0].token_ids)
            progressed += [name] * (len(tokens) - self._given.get(name, len(tokens)))
            self._given[name] = len(tokens)
            if output.finished:
                self._answers[name] = tokens
                del self._given[name]
        return progressed

    def _prompt_of(self, index: int) -> list[int]:
        own = random.Random(self._setting.seed + 1_000_003 * (index + 1))  # noqa: S311 - no secret
        return [own.randrange(self._shape.vocabulary) for _ in range(self._prompt)]

    def _started(self, longest: int, folder: str) -> Any:  # noqa: ANN401 - vLLM is not installed here
        given = self._setting.weights
        if given is None:
            llama.config(self._shape).save_pretrained(folder)
        asked = self._vllm.EngineArgs(
            model=folder if given is None else str(given),
            load_format="dummy" if given is None else "safetensors",
            skip_tokenizer_init=True,
            dtype=_DTYPES[self._setting.precision],
            seed=self._setting.seed,
            max_model_len=longest,
            max_num_seqs=self._setting.batch_size,
            gpu_memory_utilization=_HEADROOM,
            enable_prefix_caching=False,
            trust_remote_code=False,
        )
        return self._vllm.LLMEngine.from_engine_args(asked)


def _imported(setting: Setting) -> Any:  # noqa: ANN401 - as above
    if setting.precision not in _DTYPES:
        message = f"vLLM has no {setting.precision}; choose one of {', '.join(_DTYPES)}"
        raise CannotMeasureError(message)
    if setting.device == "cpu":
        raise CannotMeasureError("vLLM needs an NVIDIA GPU here; choose torch-eager")
    # In this process, so that its time and its memory are ours to see.
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    try:
        import vllm  # type: ignore[import-not-found] # noqa: PLC0415 - only when it was asked for
    except ImportError as error:
        raise CannotMeasureError(
            "vLLM is not installed; install it beside this PyTorch, or choose torch-eager"
        ) from error
    return vllm
