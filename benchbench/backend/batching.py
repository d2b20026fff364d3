"""Continuous batching with PyTorch alone: simple, and no faster than it looks.

Each iteration either reads the prompt of one waiting request, if a slot is free, or gives every
request in a slot one token more. A request leaves its slot when its answer is complete, and the
next one takes it: nobody waits for the longest answer of a batch (Yu et al. 2022, "Orca"). Prompts
go first and whole: a new one holds up all answers under way, as in any engine without chunking.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

import torch
from transformers import Cache, DynamicCache, LlamaForCausalLM
from transformers.cache_utils import DynamicLayer

from benchbench.workload import Setting


@dataclass
class _Answering:
    """A request in a slot."""

    index: int
    token: int
    """The last it was given."""
    given: int = 1


class Slots:
    """As many requests under way as the setting's batch holds (a `benchbench.workload.Engine`)."""

    def __init__(self, model: LlamaForCausalLM, setting: Setting, prompt: int, new: int) -> None:
        self._model, self._setting, self._prompt = model, setting, prompt
        self.new_tokens = new
        self._queue: deque[int] = deque()
        self._slots: dict[int, _Answering] = {}
        self._table: _Table | None = None

    @property
    def waiting(self) -> int:
        """Requests in the queue and in slots."""
        return len(self._queue) + len(self._slots)

    def submit(self, index: int) -> None:
        """A request joins the queue; its prompt is made when it is read."""
        self._queue.append(index)

    def clear(self) -> None:
        """Forget every request."""
        self._queue.clear()
        self._slots.clear()

    @torch.inference_mode()
    def advance(self) -> list[int]:
        """One prompt read, or one token for each request in a slot; none where nothing waits."""
        free = next((s for s in range(self._setting.batch_size) if s not in self._slots), None)
        if self._queue and free is not None:
            return [self._read(self._queue.popleft(), free)]
        return self._decode() if self._slots else []

    def prompt(self, index: int) -> torch.Tensor:
        """(1, prompt) random tokens, other ones for each request."""
        random = torch.Generator().manual_seed(self._setting.seed + 1_000_003 * (index + 1))
        vocabulary = self._model.config.vocab_size
        return torch.randint(vocabulary, (1, self._prompt), generator=random)

    def _read(self, index: int, slot: int) -> int:
        cache = DynamicCache(config=self._model.config)
        scores = self._model(
            input_ids=self.prompt(index).to(self._setting.device),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits
        self._memory().fill(slot, cache)
        self._slots[slot] = _Answering(index, int(scores[0, -1].argmax()))
        return index

    def _decode(self) -> list[int]:
        slots = list(self._slots)
        under_way = [self._slots[slot] for slot in slots]
        positions = [self._prompt + one.given - 1 for one in under_way]
        chosen = self._scores(slots, [one.token for one in under_way], positions)
        for slot, one, token in zip(slots, under_way, chosen, strict=True):
            one.token, one.given = token, one.given + 1
            if one.given == self.new_tokens:
                del self._slots[slot]
        return [one.index for one in under_way]

    def _scores(self, slots: list[int], tokens: list[int], positions: list[int]) -> list[int]:
        """The likeliest next token of each; every one looks at its own past only."""
        device = self._setting.device
        at = torch.tensor(positions, device=device)
        memory = self._memory()
        memory.select(torch.tensor(slots, device=device), at)
        seen = torch.arange(max(positions) + 1, device=device) <= at[:, None]
        scores = self._model(
            input_ids=torch.tensor(tokens, device=device)[:, None],
            position_ids=at[:, None],
            attention_mask=seen[:, None, None, :],  # of four dimensions: used as it is
            past_key_values=memory.cache,
            use_cache=True,
        ).logits
        return [int(each) for each in scores[:, -1].argmax(dim=-1).tolist()]

    def _memory(self) -> "_Table":
        if self._table is None:  # only where requests come: it is as large as a batch's cache
            longest = self._prompt + self.new_tokens
            self._table = _Table(self._model, self._setting.batch_size, longest)
        return self._table


class _Table:
    """Keys and values of every slot, each filled to its own length."""

    def __init__(self, model: LlamaForCausalLM, slots: int, longest: int) -> None:
        config: Any = model.config
        shape = (slots, config.num_key_value_heads, longest, config.head_dim)
        like = model.lm_head.weight
        self._layers = [_SlotLayer(like, shape) for _ in range(config.num_hidden_layers)]
        self.cache = Cache(layers=list(self._layers))

    def fill(self, slot: int, read: DynamicCache) -> None:
        """A slot takes over what was read of a prompt."""
        given: Any
        for mine, given in zip(self._layers, read.layers, strict=True):
            mine.fill(slot, given.keys, given.values)

    def select(self, slots: torch.Tensor, positions: torch.Tensor) -> None:
        """The slots of the next step, and where each one's new token stands."""
        for layer in self._layers:
            layer.slots, layer.positions = slots, positions
            layer.longest = int(positions.max()) + 1


class _SlotLayer(DynamicLayer):  # type: ignore[no-untyped-call] # transformers' own hook
    """One layer's keys and values: (slots, heads, longest, width)."""

    keys: torch.Tensor
    values: torch.Tensor
    slots: torch.Tensor
    positions: torch.Tensor
    longest: int

    def __init__(self, like: torch.Tensor, shape: tuple[int, ...]) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # transformers'
        self.keys, self.values = (
            torch.zeros(shape, dtype=like.dtype, device=like.device) for _ in range(2)
        )
        self.is_initialized = True

    def fill(self, slot: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """One slot, from its start."""
        self.keys[slot, :, : keys.shape[2]] = keys[0]
        self.values[slot, :, : values.shape[2]] = values[0]

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One token of each selected slot goes where it stands; what they hold comes back."""
        self.keys[self.slots, :, self.positions] = key_states[:, :, 0]
        self.values[self.slots, :, self.positions] = value_states[:, :, 0]
        return self.keys[self.slots, :, : self.longest], self.values[self.slots, :, : self.longest]
