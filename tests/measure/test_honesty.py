"""What ran is held against what was asked for."""

from itertools import count
from typing import Any

import pytest

from benchbench.measure.checks import Agreement
from benchbench.measure.honesty import Tensor, Witness, doubts
from benchbench.workload import Job, Setting


class Array:
    """As far as a witness looks at one."""

    def __init__(self, device: str, *shape: int) -> None:
        self.device, self.shape = device, shape


def witness(batch: Any, outcome: Any) -> Witness:
    """Of a first step on this batch with this outcome."""
    job = Job(count(), lambda _batch: outcome, units_per_step=1.0, from_memory=True)
    seen = Witness(job)
    job.step(batch)
    return seen


def messages(
    seen: Witness,
    setting: Setting,
    *,
    memory: int | None = None,
    agreement: Agreement | None = None,
    **said: Any,
) -> list[str]:
    """What is wrong, each as `asked … but instead …`; always invalid, always with a remedy."""
    found = doubts(seen, said, setting, device_memory_bytes=memory, agreement=agreement)
    assert {(one.code, one.severity) for one in found} <= {("fell_back", "invalid")}
    assert all(one.remedy for one in found)
    return [one.message for one in found]


ROWS = (Array("cpu", 8, 3), [Array("cpu", 8)])
HONEST = witness(ROWS, Array("cpu", 8, 10))


def test_the_first_step_is_looked_at_and_no_other() -> None:
    """Nested arrays with device and shape; afterwards the job has its own step back."""

    def step(_batch: object) -> dict[str, Array]:
        return {"logits": Array("cuda:0", 8, 10)}

    job = Job(count(), step, units_per_step=1.0, from_memory=True)
    seen = Witness(job)
    assert job.step is not step
    assert set(job.step(ROWS)) == {"logits"}
    assert job.step is step
    assert seen.batch == (Tensor("cpu", (8, 3)), Tensor("cpu", (8,)))
    assert seen.outcome == (Tensor("cuda:0", (8, 10)),)


def test_a_first_step_that_fails_leaves_the_job_as_it_was() -> None:
    """Its error comes out, and the next look finds the plain step."""

    def step(_batch: object) -> None:
        raise RuntimeError("no")

    job = Job(count(), step, units_per_step=1.0, from_memory=True)
    Witness(job)
    with pytest.raises(RuntimeError, match="no"):
        job.step(None)
    assert job.step is step


@pytest.mark.fault("lie")
def test_a_gpu_where_nothing_ever_was_did_not_do_the_work() -> None:
    """All data on the host and no byte of the GPU's memory used: a silent fallback."""
    on_gpu = Setting(device="cuda:0", batch_size=8)
    (said,) = messages(HONEST, on_gpu, memory=0)
    assert "asked for cuda:0" in said
    assert "on cpu" in said
    assert messages(HONEST, on_gpu, memory=1 << 20) == [], "answers may go back to the host"
    assert messages(witness(ROWS, Array("cuda:0", 8)), on_gpu, memory=0) == []
    assert messages(witness(3, None), on_gpu, memory=0) == [], "no array to judge by"


@pytest.mark.fault("lie")
def test_work_for_the_processor_stays_off_the_gpu() -> None:
    """Outputs on a GPU: its time was not even waited for."""
    (said,) = messages(witness(ROWS, Array("cuda:0", 8)), Setting(batch_size=8))
    assert "asked for the cpu" in said
    assert "cuda:0" in said
    assert messages(HONEST, Setting(batch_size=8)) == []


@pytest.mark.fault("lie")
@pytest.mark.parametrize(
    ("batch", "asked", "smaller"),
    [
        (Array("cpu", 4, 3, 224, 224), 8, True),
        ([Array("cpu", 4, 384), Array("cpu", 4)], 8, True),
        (Array("cpu", 8, 3, 224, 224), 8, False),
        (Array("cpu", 128, 512), 8, False),  # 8 sequences of 16 tokens in a row
        (Array("cpu", 4, 8, 512), 8, False),  # tokens first, then sequences
        ([Array("cpu", 4, 3), Array("cpu", 2)], 8, False),  # no common rows: another layout
        (Array("cpu"), 8, False),
        (["a", "b"], 8, False),
        ([Array("cpu", 3, 224, 224)] * 8, 8, False),  # a list of eight pictures
    ],
)
def test_fewer_rows_than_asked_for_are_another_batch(
    batch: Any, asked: int, *, smaller: bool
) -> None:
    """Where all arrays agree on them; another layout of the batch is no doubt."""
    found = messages(witness(batch, None), Setting(batch_size=asked))
    assert [f"a batch of {asked}" in one for one in found] == [True] * smaller


@pytest.mark.fault("lie")
@pytest.mark.parametrize(
    ("name", "used", "asked"),
    [
        ("device", "cpu", Setting(device="cuda:0")),
        ("precision", "fp32", Setting(precision="bf16")),
        ("batch_size", 4, Setting(batch_size=8)),
        ("backend", "torch-eager", Setting(backend="torch-compile")),
    ],
)
def test_a_workloads_own_word_counts(name: str, used: Any, asked: Setting) -> None:
    """Whoever says that another configuration was used is believed; saying the same is no doubt."""
    seen = witness(None, None)
    (said,) = messages(seen, asked, **{name: used})
    assert f"asked for {name} {getattr(asked, name)}" in said
    assert str(used) in said
    assert messages(seen, asked, **{name: getattr(asked, name)}) == []


@pytest.mark.parametrize(
    "said",
    [{"device": "cuda"}, {"device": "board 3"}, {"precision": "mixed"}, {"backend": "flash"}],
)
def test_a_parameter_that_means_something_else_is_no_confession(said: dict[str, Any]) -> None:
    """The kind of the device asked for, and words that no setting has."""
    assert messages(witness(None, None), Setting(device="cuda:0"), **said) == []


@pytest.mark.fault("lie")
@pytest.mark.parametrize(
    ("asked", "error", "doubted"),
    [
        ("bf16", 0.0, True),
        ("bf16", 1e-6, True),  # another fp32 engine
        ("bf16", 2**-9 / 3**0.5, False),  # one rounding: uniform within half a step
        ("fp16", 1e-6, True),
        ("fp16", 2**-12 / 3**0.5, False),
        ("int8", 1e-2, False),
        ("fp32", 0.0, False),
    ],
)
def test_outputs_that_were_never_rounded_are_fp32s(
    asked: Any, error: float, *, doubted: bool
) -> None:
    """Two vectors at a relative distance of e have a cosine of 1 - e²/2."""
    agreement = Agreement(cosine=1 - error**2 / 2)
    found = messages(HONEST, Setting(precision=asked, batch_size=8), agreement=agreement)
    assert bool(found) is doubted
