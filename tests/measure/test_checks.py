"""Checks after the window: data from memory, caches, outputs against the reference."""

from collections.abc import Callable
from itertools import repeat
from typing import Any

import numpy as np
import pytest

from benchbench.measure.checks import (
    Bench,
    from_memory,
    output_cosine,
    output_cosine_if_it_fits,
    repeat_speedup,
)
from benchbench.measure.device import Host
from benchbench.workload import Job
from tests.measure.fakes_measure import SHORT, FakeClock, job


def bench(clock: FakeClock) -> Bench:
    """A processor with this clock."""
    return Bench(Host(clock), clock, SHORT)


def answering(outputs: Any, reference: Any) -> Job:
    """A job whose every step gives `outputs`."""
    return Job(
        batches=repeat(None),
        step=lambda _batch: outputs,
        units_per_step=1.0,
        from_memory=True,
        reference=lambda _batch: reference,
    )


def test_data_from_memory_cost_no_wait() -> None:
    """Steps of 0.5 s behind a wait of 0.25 s take 0.5 s on a batch already here."""
    clock = FakeClock()
    fed = job(clock.advance, [0.5], wait=lambda: clock.advance(0.25), from_memory=False)
    assert from_memory(fed, bench(clock)) == (0.5,) * 8


def test_data_already_in_memory_need_no_second_look() -> None:
    """None where the timed steps were fed from memory already."""
    clock = FakeClock()
    assert from_memory(job(clock.advance, [0.5]), bench(clock)) is None


def remembering(clock: FakeClock, new_s: Callable[[int], float], known_s: float) -> Job:
    """Steps that are done in `known_s` on a batch seen before."""
    seen: set[int] = set()

    def step(batch: int) -> None:
        clock.advance(known_s if batch in seen else new_s(batch))
        seen.add(batch)

    return Job(batches=iter(range(1000)), step=step, units_per_step=1.0, from_memory=True)


def test_a_cache_shows_as_a_speedup() -> None:
    """New batches 0.2 s, known ones 0.1 s: twice as fast."""
    clock = FakeClock()
    lying = remembering(clock, lambda _: 0.2, 0.1)
    assert repeat_speedup(lying, bench(clock), typical_s=0.2) == pytest.approx(2.0)


def test_honest_steps_show_none() -> None:
    """The same time for any batch."""
    clock = FakeClock()
    assert repeat_speedup(job(clock.advance, [0.2]), bench(clock), typical_s=0.2) == 1.0


def test_noise_is_no_cache() -> None:
    """A faster median that only some pairs share is not called a cache."""
    clock = FakeClock()
    noisy = remembering(clock, lambda batch: 0.05 if batch % 3 == 0 else 0.2, 0.1)
    assert repeat_speedup(noisy, bench(clock), typical_s=0.2) == 1.0


def test_slow_steps_are_not_judged() -> None:
    """Six pairs of 2 s do not fit five seconds; not one step is spent on it."""
    clock = FakeClock()
    began = clock()
    assert repeat_speedup(job(clock.advance, [1.0]), bench(clock), typical_s=1.0) is None
    assert repeat_speedup(job(clock.advance, [0.0]), bench(clock), typical_s=0.0) is None
    assert clock() == began


def test_data_that_cost_a_wait_are_not_judged() -> None:
    """Where batches are not in memory their own cost would decide."""
    clock = FakeClock()
    fed = job(clock.advance, [0.1], from_memory=False)
    assert repeat_speedup(fed, bench(clock), typical_s=0.1) is None


def test_cosine_of_known_vectors() -> None:
    """(1, 0) and (1, 1) enclose 45°."""
    cosine = output_cosine(answering(np.array([1.0, 0.0]), np.array([1.0, 1.0])))
    assert cosine == pytest.approx(np.sqrt(0.5))


def test_the_worst_of_several_outputs_counts() -> None:
    """Start logits right and end logits reversed is reversed."""
    good, bad = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    cosine = output_cosine(answering((good, bad), [good, -bad]))
    assert cosine == pytest.approx(-1.0)
    assert output_cosine(answering({"a": good, "b": bad}, {"a": good, "b": bad})) == pytest.approx(
        1
    )


def test_outputs_of_another_shape_are_wrong() -> None:
    """Another number of values or of outputs has nothing in common with the reference."""
    assert output_cosine(answering([1.0, 2.0], [1.0, 2.0, 3.0])) == 0.0
    assert output_cosine(answering([[1.0], [2.0]], [[1.0]])) == 0.0


def test_zeros_only_match_zeros() -> None:
    """A dead model is not orthogonal to a dead reference."""
    assert output_cosine(answering([0.0, 0.0], [0.0, 0.0])) == 1.0
    assert output_cosine(answering([0.0, 0.0], [1.0, 0.0])) == 0.0


def test_outputs_that_are_not_numbers_are_refused() -> None:
    """NaN raises what becomes a not_finite failure."""
    with pytest.raises(FloatingPointError, match="finite"):
        output_cosine(answering([float("nan")], [1.0]))


def test_without_reference_nothing_is_claimed() -> None:
    """None, not 1."""
    assert output_cosine(job(lambda _: None, [0.1])) is None


def test_low_precision_tensors_are_compared_in_double() -> None:
    """A bf16 tensor on its way to numpy, gradient and all."""
    torch = pytest.importorskip("torch")
    outputs = torch.tensor([[1.0, 2.0]], dtype=torch.bfloat16, requires_grad=True)
    assert output_cosine(answering(outputs, torch.tensor([[1.0, 2.0]]))) == pytest.approx(1.0)


def failing(error: Exception) -> Job:
    """A job whose reference raises."""

    def reference(_batch: object) -> None:
        raise error

    job = answering([1.0], None)
    job.reference = reference
    return job


def test_a_reference_too_large_does_not_cost_the_measurement() -> None:
    """Out of memory in fp32: unchecked, not failed; any other error is one."""
    assert output_cosine_if_it_fits(failing(RuntimeError("CUDA out of memory."))) is None
    assert output_cosine_if_it_fits(failing(MemoryError())) is None
    with pytest.raises(RuntimeError, match="shape"):
        output_cosine_if_it_fits(failing(RuntimeError("shape mismatch")))
    assert output_cosine_if_it_fits(answering([1.0], [1.0])) == 1.0
