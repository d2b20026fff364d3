"""Continuous batching: the same tokens as one request alone, and slots that are used again."""

from typing import Any

import torch

from benchbench.backend.batching import Slots
from benchbench.models import llama
from benchbench.workload import Setting

SMALL = llama.Shape(64, 2, 4, 2, 96, 50, tied=True)
PROMPT, NEW = 7, 5


def engine(slots: int) -> Slots:
    """Answers of five tokens to prompts of seven."""
    model: Any = llama.build(SMALL, 0, None)
    return Slots(model.eval(), Setting(batch_size=slots), PROMPT, NEW)


def test_every_request_gets_the_tokens_it_would_get_alone() -> None:
    """Five requests in two slots, whose contexts differ in length at every step."""
    busy = engine(2)
    alone: Any = busy._model
    chosen: dict[int, list[int]] = {index: [] for index in range(5)}
    for index in chosen:
        busy.submit(index)
    while busy.waiting:
        before = {s.index: s for s in busy._slots.values()}
        for index in busy.advance():
            now = {s.index: s for s in busy._slots.values()} | before
            chosen[index].append(now[index].token)
    for index, tokens in chosen.items():
        ids = busy.prompt(index)
        with torch.inference_mode():
            answer = alone.generate(ids, max_new_tokens=NEW, do_sample=False, pad_token_id=0)
        assert tokens == answer[0, PROMPT:].tolist()


def test_a_prompt_is_read_first_and_a_slot_is_used_again() -> None:
    """With one slot the second request waits for all of the first; with two they run together."""
    for slots, expected in ((1, [0] * 5 + [1] * 5), (2, [0, 1] * 5)):
        busy = engine(slots)
        busy.submit(0)
        busy.submit(1)
        order: list[int] = []
        while busy.waiting:
            order += busy.advance()
        assert order == expected
        assert busy.advance() == []


def test_nothing_is_left_after_clearing() -> None:
    """Neither in the queue nor in a slot."""
    busy = engine(1)
    busy.submit(0)
    busy.submit(1)
    busy.advance()
    busy.clear()
    assert busy.waiting == 0
    assert busy.advance() == []


def test_no_two_requests_have_the_same_prompt() -> None:
    """A hundred, all different, the same again for the same seed."""
    busy = engine(1)
    prompts = {tuple(busy.prompt(index)[0].tolist()) for index in range(100)}
    assert len(prompts) == 100
    assert torch.equal(engine(1).prompt(3), busy.prompt(3))
