"""vLLM behind our interface, by a fake of the parts of it that are used."""

import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from benchbench.backend.vllm_engine import Vllm
from benchbench.errors import CannotMeasureError
from benchbench.models import llama
from benchbench.workload import Parts, Setting

SMALL = llama.Shape(64, 2, 4, 2, 96, 50, tied=True)
GPU = Setting(device="cuda:0", precision="bf16", batch_size=2)


@dataclass
class FakeEngine:
    """Gives each request one token in each iteration, one after the iteration it came in."""

    arguments: Any = None
    under_way: dict[str, tuple[list[int], int]] = field(default_factory=dict)
    prompts: list[list[int]] = field(default_factory=list)

    def add_request(self, name: str, prompt: dict[str, list[int]], wanted: Any) -> None:
        """Queue it."""
        self.prompts.append(prompt["prompt_token_ids"])
        self.under_way[name] = ([], wanted.max_tokens)

    def step(self) -> list[Any]:
        """One token each."""
        told = []
        for name, (tokens, most) in list(self.under_way.items()):
            tokens.append(len(tokens))
            finished = len(tokens) == most
            if finished:
                del self.under_way[name]
            answer = SimpleNamespace(token_ids=tuple(tokens))
            told.append(SimpleNamespace(request_id=name, outputs=[answer], finished=finished))
        return told

    def abort_request(self, names: list[str]) -> None:
        """Forget them."""
        for name in names:
            del self.under_way[name]


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """A module of that name."""
    engine = FakeEngine()

    def from_engine_args(arguments: Any) -> FakeEngine:
        engine.arguments = arguments
        return engine

    module = SimpleNamespace(
        SamplingParams=SimpleNamespace,
        EngineArgs=SimpleNamespace,
        LLMEngine=SimpleNamespace(from_engine_args=from_engine_args),
    )
    monkeypatch.setitem(sys.modules, "vllm", module)
    return engine


def test_caching_of_prompts_is_off_and_code_is_never_fetched(vllm: FakeEngine) -> None:
    """The settings that decide what is measured; a config of the very shape."""
    Vllm(SMALL, GPU, 7, 3)
    asked = vllm.arguments
    assert asked.enable_prefix_caching is False
    assert asked.trust_remote_code is False
    assert (asked.load_format, asked.dtype) == ("dummy", "bfloat16")
    assert (asked.max_model_len, asked.max_num_seqs) == (10, 2)


def test_a_batch_is_answered_with_its_parts(vllm: FakeEngine) -> None:
    """The first token of both, then two more; each prompt is its row's beginning."""
    parts = Parts()
    told: list[str] = []
    parts.listen(told.append)
    engine = Vllm(SMALL, GPU, 7, 3)
    answers = engine.answer(torch.arange(20).view(2, 10), parts)
    assert answers == [[0, 1, 2], [0, 1, 2]]
    assert told == ["prefill", "decode", "decode"]
    assert vllm.prompts == [list(range(7)), list(range(10, 17))]
    assert engine.waiting == 0


def test_requests_are_told_apart(vllm: FakeEngine) -> None:
    """Each iteration names who got a token; what is cleared is aborted."""
    engine = Vllm(SMALL, GPU, 7, 3)
    engine.submit(5)
    assert engine.advance() == [5]
    engine.submit(6)
    assert engine.advance() == [5, 6]
    assert engine.waiting == 2
    assert vllm.prompts[0] != vllm.prompts[1]
    engine.clear()
    assert (engine.waiting, vllm.under_way) == (0, {})


def test_where_it_cannot_run_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not installed, a processor, a precision it lacks."""
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(CannotMeasureError, match="not installed"):
        Vllm(SMALL, GPU, 7, 3)
    with pytest.raises(CannotMeasureError, match="NVIDIA GPU"):
        Vllm(SMALL, Setting(), 7, 3)
    with pytest.raises(CannotMeasureError, match="tf32"):
        Vllm(SMALL, Setting(device="cuda:0", precision="tf32"), 7, 3)
