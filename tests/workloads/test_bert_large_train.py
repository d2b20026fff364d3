"""BERT-large fine-tuning: its count against published figures and PyTorch's, and that it learns."""

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchbench.errors import UsageError
from benchbench.models import bert
from benchbench.workload import Setting
from benchbench.workload.file import find, load_file

train: Any = load_file(find("bert-large-train"))
SMALL = bert.Shape(vocabulary=60, hidden=32, layers=2, heads=4, feed_forward=64, positions=64)
SETTING = Setting(batch_size=2, parameters={"sequence_length": 16})


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A BERT of two layers instead."""
    monkeypatch.setattr(bert, "shape_of", lambda _weights: SMALL)


def test_a_step_is_three_times_the_published_forward_pass() -> None:
    """3 x 246.425321472 GFLOP a sequence."""
    assert train.work(Setting()).flops_per_unit == 3 * 246_425_321_472
    assert train.work(Setting()).gradient_bytes == 4 * 334_094_338


@pytest.mark.usefixtures("_small")
@pytest.mark.known_error("MACs reported as FLOPs; CPU attention counted as 0")
def test_pytorchs_counter_agrees() -> None:
    """Two sequences of 16 tokens, forward and back."""
    job = train.load(SETTING)
    batch = next(job.batches)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        job.step(batch)
    assert counter.get_total_flops() == 2 * train.work(SETTING).flops_per_unit


@pytest.mark.usefixtures("_small")
def test_the_loss_falls_on_one_batch() -> None:
    """Dropout moves single steps; the later half lies below the earlier."""
    job = train.load(SETTING)
    batch = next(job.batches)
    losses = [float(job.step(batch)) for _ in range(40)]
    assert sum(losses[20:]) < sum(losses[:20])


@pytest.mark.usefixtures("_small")
def test_questions_never_repeat() -> None:
    """A hundred batches, all different, with answers within the sequence."""
    batches = list(islice(train.load(SETTING).batches, 100))
    assert len({each.tokens.numpy().tobytes() for each in batches}) == 100
    assert batches[0].tokens.shape == (2, 16)
    assert batches[0].answers.shape == (2, 2)
    assert all(int(each.answers.max()) < 16 for each in batches)


def test_least_bytes_and_memory_by_hand() -> None:
    """Four copies of the weights, read and written; hidden states forward and back."""
    weights = 334_094_338
    states = 2 * 49 * 384 * 1024 * 4
    assert train.least_bytes(bert.Shape(), 384, 8, "fp32") == 32 * weights / 8 + states
    kept = 24 * 384 * 1024 * 4
    assert train.memory_bytes(Setting()) == 16 * weights + kept


def test_what_it_cannot_use_is_refused() -> None:
    """A data set, weights, a sequence without positions."""
    for bad in (Setting(data=Path("here")), Setting(weights=Path("here"))):
        with pytest.raises(UsageError):
            train.load(bad)
    with pytest.raises(UsageError, match="within 2 and 512"):
        train.work(Setting(parameters={"sequence_length": 513}))
