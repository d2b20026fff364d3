"""Llama training: its count against PyTorch's, its data, and that it learns."""

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchbench.errors import UsageError
from benchbench.models import llama
from benchbench.record import Precision
from benchbench.workload import Setting
from benchbench.workload.file import find, load_file

train: Any = load_file(find("llm-train"))
SMALL = llama.Shape(64, 2, 4, 2, 96, 50, tied=True)
SETTING = Setting(batch_size=2, parameters={"sequence_length": 24})


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tiny` is smaller still."""
    monkeypatch.setitem(llama.SIZES, "tiny", SMALL)


def counted(setting: Setting) -> int:
    """FLOPs of a real step by PyTorch's counter."""
    job = train.load(setting)
    batch = next(job.batches)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        job.step(batch)
    return int(counter.get_total_flops())


@pytest.mark.known_error("MACs reported as FLOPs; CPU attention counted as 0")
def test_pytorchs_counter_agrees() -> None:
    """Two sequences of 24 tokens, forward and back."""
    flops = train.work(SETTING).flops_per_unit
    assert counted(SETTING) == pytest.approx(48 * flops, rel=1e-9)


def test_recomputing_is_counted_apart() -> None:
    """With checkpointing more is executed; the model's own work stays what it was."""
    again = replace(SETTING, parameters={"sequence_length": 24, "checkpointing": True})
    work, plain = train.work(again), train.work(SETTING)
    assert plain.executed_flops_per_unit is None
    assert work.flops_per_unit == plain.flops_per_unit
    # The last product of a layer need not be computed again: nothing but the sum after it uses it.
    assert counted(again) == pytest.approx(48 * work.executed_flops_per_unit, rel=0.1)
    assert counted(again) > 1.15 * counted(SETTING)


def test_llama_3_8b_trains_at_three_times_its_forward_pass() -> None:
    """PaLM's 6N + 12LHQT per token, appendix B, without the embedding and the norms."""
    setting = Setting(parameters={"size": "8b", "sequence_length": 8192})
    products = 8_030_261_248 - 128_256 * 4096 - 266_240
    expected = 6 * products + 12 * 32 * 4096 * 8192
    assert train.work(setting).flops_per_unit == pytest.approx(expected, rel=1e-12)
    assert train.work(setting).gradient_bytes == 4 * 8_030_261_248


def test_memory_holds_four_copies_of_the_weights() -> None:
    """Of Llama 3 8B 128 GB of weights, gradients and moments before anything else."""
    setting = Setting(parameters={"size": "8b", "sequence_length": 8192}, precision="bf16")
    assert train.memory_bytes(setting) > 16 * 8_030_261_248
    assert train.memory_bytes(replace(setting, batch_size=2)) > train.memory_bytes(setting)


def test_the_loss_falls_on_one_batch() -> None:
    """It begins near ln 50 and falls."""
    job = train.load(SETTING)
    batch = next(job.batches)
    losses = [float(job.step(batch)) for _ in range(8)]
    assert losses[0] == pytest.approx(np.log(50), abs=0.3)
    assert losses[-1] < losses[0] - 0.01


@pytest.mark.parametrize("precision", ["bf16"])
def test_reduced_precision_steps(precision: Precision) -> None:
    """Mixed precision gives nearly the loss of fp32; checkpointing exactly the same."""
    exact = train.load(SETTING)
    loss = float(exact.step(next(exact.batches)))
    reduced = train.load(replace(SETTING, precision=precision))
    assert float(reduced.step(next(reduced.batches))) == pytest.approx(loss, abs=0.05)
    again = train.load(replace(SETTING, parameters={"sequence_length": 24, "checkpointing": True}))
    assert float(again.step(next(again.batches))) == pytest.approx(loss, abs=1e-5)


def test_sequences_never_repeat() -> None:
    """A hundred batches, all different."""
    batches = list(islice(train.load(SETTING).batches, 100))
    assert len({each.numpy().tobytes() for each in batches}) == 100
    assert batches[0].shape == (2, 25)


def test_tokens_come_from_a_file(tmp_path: Path) -> None:
    """In their order; what is no list of small whole numbers is refused, pickles too."""
    file = tmp_path / "tokens.npy"
    np.save(file, np.arange(200, dtype=np.uint16) % 50)
    job = train.load(replace(SETTING, data=file))
    assert job.parameters["data"] == "tokens"
    assert next(job.batches)[0, :3].tolist() == [0, 1, 2]
    for bad in (
        np.arange(200),
        np.zeros(200),
        np.zeros((2, 100), int),
        np.arange(10),
        np.array([{}] * 200),
    ):
        np.save(file, bad, allow_pickle=True)
        with pytest.raises(UsageError, match=r"numpy\.save"):
            train.load(replace(SETTING, data=file))


def test_a_sequence_must_fit_the_model() -> None:
    """Refused before anything is built."""
    with pytest.raises(UsageError, match="within 2 and 8192"):
        train.work(Setting(parameters={"sequence_length": 8193}))


def test_an_accelerator_trains_a_larger_one() -> None:
    """The default there is 1b at 2048 tokens, and the record will say so."""
    assert train.chosen_for(Setting(device="cuda:0")) == {
        "size": "1b",
        "sequence_length": 2048,
        "checkpointing": False,
    }


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_it_trains_on_a_gpu() -> None:
    """The loss is a number, and falls."""
    job = train.load(replace(SETTING, device="cuda:0", precision="bf16"))
    batch = next(job.batches)
    losses = [float(job.step(batch)) for _ in range(8)]
    assert losses[-1] < losses[0]


def test_compiling_is_offered() -> None:
    """It runs on PyTorch alone, compiled or not."""
    assert train.backends == ("torch-eager", "torch-compile")
    assert torch.__version__
