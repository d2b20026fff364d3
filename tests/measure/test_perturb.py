"""One thing changed at a time, with a clock that pretends; a real step on real threads once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import pytest

from benchbench.measure.checks import Bench
from benchbench.measure.device import Host
from benchbench.measure.perturb import halved, perturbations
from benchbench.record import Perturbation
from benchbench.workload import Job
from tests.measure.fakes_measure import SHORT, FakeClock


class Machine:
    """A processor whose steps last as long as `step_s` says for these rows and threads."""

    def __init__(self, step_s: Callable[[int, int], float], size: int = 8) -> None:
        self.clock, self.threads, self.size = FakeClock(), 4, size
        self._step_s = step_s
        self.steps: list[tuple[int, int]] = []

    def job(self, **changes: Any) -> Job:
        """Steps on batches of new rows."""

        def step(batch: Any) -> None:
            self.steps.append((len(batch), self.threads))
            self.clock.advance(self._step_s(len(batch), self.threads))

        batches = (np.arange(self.size) + start for start in count())
        fields: dict[str, Any] = {"units_per_step": 8.0, "from_memory": True}
        return Job(batches=batches, step=step, **{**fields, **changes})

    @contextmanager
    def limit(self, threads: int) -> Iterator[None]:
        """Fewer threads for a while."""
        self.threads = threads
        yield
        self.threads = 4

    def perturbed(self, typical_s: float, **changes: Any) -> dict[str, Perturbation]:
        """What changed, by kind."""
        found = perturbations(
            self.job(),
            Bench(Host(self.clock), self.clock, SHORT),
            **{
                "typical_s": typical_s,
                "batch_size": self.size,
                "threads": 4,
                "limit": self.limit,
                **changes,
            },
        )
        return {one.kind: one for one in found}


def test_changed_and_unchanged_steps_alternate() -> None:
    """Work shared by the threads: half the rows 0.05 s, half the threads 0.2 s, unchanged 0.1 s."""
    machine = Machine(lambda rows, threads: 0.05 * rows / threads)
    found = machine.perturbed(0.1)
    assert found["half_batch"].step_s == pytest.approx([0.05] * 8)
    assert found["half_threads"].step_s == pytest.approx([0.2] * 8)
    assert found["half_batch"].unchanged_s == pytest.approx([0.1] * 8)
    assert found["half_threads"].kept_fraction == found["half_batch"].kept_fraction == 0.5
    assert machine.steps[:2] == [(4, 4), (8, 2)]  # once each, uncounted
    assert machine.steps[2:5] == [(8, 4), (4, 4), (8, 2)]
    assert machine.threads == 4


def test_as_many_cycles_as_fit_the_limit() -> None:
    """Cycles of 0.3 + 0.3 + 0.3 s in 5 s: five, after preparing both."""
    machine = Machine(lambda _rows, _threads: 0.3)
    assert len(machine.perturbed(0.3)["half_batch"].step_s) == 5


def test_what_does_not_fit_is_left_out() -> None:
    """Steps of 0.6 s: half the batch fits 5 s, half the threads would not; of 2 s: neither."""
    assert set(Machine(lambda _rows, _threads: 0.6).perturbed(0.6)) == {"half_batch"}
    machine = Machine(lambda _rows, _threads: 2.0)
    assert machine.perturbed(2.0) == {}
    assert machine.steps == []


def test_what_cannot_be_changed_is_left_out() -> None:
    """A batch of one, one thread, no way to limit threads."""
    steady = Machine(lambda _rows, _threads: 0.1, size=1)
    assert set(steady.perturbed(0.1)) == {"half_threads"}
    steady = Machine(lambda _rows, _threads: 0.1)
    assert set(steady.perturbed(0.1, threads=1)) == {"half_batch"}
    assert set(steady.perturbed(0.1, limit=None)) == {"half_batch"}


def test_a_step_made_for_one_shape_is_not_forced() -> None:
    """It raises at half a batch; the rest is still tried."""

    def rigid(rows: int, _threads: int) -> float:
        if rows != 8:
            raise RuntimeError("expected input of shape [8]")
        return 0.1

    assert set(Machine(rigid).perturbed(0.1)) == {"half_threads"}


def test_data_that_cost_a_wait_come_from_memory() -> None:
    """One batch is fetched, however many steps are made."""
    machine = Machine(lambda _rows, _threads: 0.1)
    fetched = count()
    job = machine.job(from_memory=False)
    job = replace(job, batches=(np.arange(8) + next(fetched) for _ in count()))
    bench = Bench(Host(machine.clock), machine.clock, SHORT)
    perturbations(job, bench, typical_s=0.1, batch_size=8, threads=4, limit=machine.limit)
    assert next(fetched) == 1


class Pair(NamedTuple):
    """Images and labels."""

    images: np.ndarray
    labels: np.ndarray


def test_nested_batches_are_halved_where_they_have_rows() -> None:
    """Tuples, named ones and mappings keep their form; a mask of one row and a number stay."""
    images, labels = np.arange(24).reshape(8, 3), np.arange(8)
    pair = halved(Pair(images, labels), 8)
    assert isinstance(pair, Pair)
    assert [len(part) for part in pair] == [4, 4]
    mixed = halved({"ids": images, "mask": np.ones((1, 3)), "steps": 7}, 8)
    assert mixed is not None
    assert (len(mixed["ids"]), len(mixed["mask"]), mixed["steps"]) == (4, 1, 7)
    assert [len(part) for part in halved([images, labels], 8) or ()] == [4, 4]


def test_a_batch_without_rows_cannot_be_halved() -> None:
    """Another number of rows, none at all, or a single one."""
    assert halved(np.arange(8), 6) is None
    assert halved((0, 0.5), 8) is None
    assert halved(np.arange(1), 1) is None


def test_tensors_are_halved_without_a_copy() -> None:
    """channels_last survives."""
    torch = pytest.importorskip("torch")
    images = torch.randn(8, 3, 4, 4).to(memory_format=torch.channels_last)
    half: Any = halved(images, 8)
    assert half.shape == (4, 3, 4, 4)
    assert half.data_ptr() == images.data_ptr()
    assert half.is_contiguous(memory_format=torch.channels_last)
