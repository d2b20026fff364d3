"""Checks after the window: data from memory, caches, outputs against the reference."""

from collections.abc import Callable
from itertools import repeat
from typing import Any

import numpy as np
import pytest

from benchbench.measure.checks import (
    Agreement,
    Bench,
    agreement,
    agreement_if_it_fits,
    from_memory,
    input_doubt,
    lessons,
    output_doubt,
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


def cosine_of(job: Job) -> float | None:
    """Of a job's outputs with its reference's."""
    found = agreement(job)
    return None if found is None else found.cosine


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


@pytest.mark.known_error("warm prefix cache (+86 % tokens/s seen)")
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
    """Two pairs of 2 s do not fit five seconds; not one step is spent on it."""
    clock = FakeClock()
    began = clock()
    assert repeat_speedup(job(clock.advance, [2.0]), bench(clock), typical_s=2.0) is None
    assert repeat_speedup(job(clock.advance, [0.0]), bench(clock), typical_s=0.0) is None
    assert clock() == began


def test_of_few_pairs_only_a_large_factor_counts() -> None:
    """Two pairs of a second each: 20 % may be noise, and three times is a cache."""
    for known_s, expected in ((0.8, 1.0), (0.33, 1 / 0.33)):
        clock = FakeClock()
        lying = remembering(clock, lambda _: 1.0, known_s)
        found = repeat_speedup(lying, bench(clock), typical_s=1.0)
        assert found == pytest.approx(expected)


def learning(losses: Any) -> Job:
    """Steps that return these losses."""
    script = iter(losses)
    return Job(iter(range(1000)), lambda _batch: next(script), 1.0, from_memory=True)


def test_lessons_are_the_losses_of_one_batch() -> None:
    """Eight, or as many as fit; too few tell nothing, and no loss is none."""
    clock = FakeClock()
    falling = [9.0 - index for index in range(8)]
    assert lessons(learning(falling), bench(clock), typical_s=0.1) == tuple(falling)
    assert lessons(learning(falling), bench(clock), typical_s=1.0) == tuple(falling[:5])
    assert lessons(learning(falling), bench(clock), typical_s=1.3) is None
    assert lessons(learning(falling), bench(clock), typical_s=0.0) is None
    assert lessons(learning([None] * 8), bench(clock), typical_s=0.1) is None
    with pytest.raises(FloatingPointError):
        lessons(learning([1.0, float("inf")] * 4), bench(clock), typical_s=0.1)


def giving(*outputs: Any) -> Job:
    """Steps that return these."""
    script = iter(outputs)
    return Job(repeat(None), lambda _batch: next(script), 1.0, from_memory=True)


def test_outputs_that_do_not_depend_on_the_input_are_noticed() -> None:
    """Zeros, the same vector, the same classes; what differs anywhere is none of it."""
    zeros, rising = np.zeros((2, 3)), np.arange(6.0).reshape(2, 3)
    assert output_doubt(giving(zeros, zeros)) == ("constant", True)
    assert output_doubt(giving(rising, rising)) == ("ignores_input", True)
    assert output_doubt(giving(np.array([3, 3]), np.array([3, 3]))) == ("constant", False)
    assert output_doubt(giving(rising, rising + 1)) is None
    assert output_doubt(giving((zeros, rising), (zeros, rising + 1))) is None
    boxes = {"boxes": rising, "classes": np.array([1])}
    assert output_doubt(giving(boxes, {**boxes, "boxes": rising + 1})) is None
    assert output_doubt(giving(boxes, {**boxes, "classes": np.array([2])})) == (
        "ignores_input",
        True,
    )


def test_outputs_that_are_no_arrays_or_empty_are_not_judged() -> None:
    """Nothing, something else, no boxes found."""
    for nothing in (None, "text", np.zeros((0, 4)), [np.zeros((0, 4))]):
        assert output_doubt(giving(nothing, nothing)) is None
    with pytest.raises(FloatingPointError):
        output_doubt(giving(np.array([np.nan, 1.0]), np.array([1.0, 2.0])))


def test_data_that_cost_a_wait_are_not_judged() -> None:
    """Where batches are not in memory their own cost would decide."""
    clock = FakeClock()
    fed = job(clock.advance, [0.1], from_memory=False)
    assert repeat_speedup(fed, bench(clock), typical_s=0.1) is None


def test_cosine_of_known_vectors() -> None:
    """(1, 0) and (1, 1) enclose 45°."""
    cosine = cosine_of(answering(np.array([1.0, 0.0]), np.array([1.0, 1.0])))
    assert cosine == pytest.approx(np.sqrt(0.5))


def test_the_worst_of_several_outputs_counts() -> None:
    """Start logits right and end logits reversed is reversed."""
    good, bad = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    cosine = cosine_of(answering((good, bad), [good, -bad]))
    assert cosine == pytest.approx(-1.0)
    assert cosine_of(answering({"a": good, "b": bad}, {"a": good, "b": bad})) == pytest.approx(1)


def test_outputs_of_another_shape_are_wrong() -> None:
    """Another number of values or of outputs has nothing in common with the reference."""
    assert cosine_of(answering([1.0, 2.0], [1.0, 2.0, 3.0])) == 0.0
    assert cosine_of(answering([[1.0], [2.0]], [[1.0]])) == 0.0


def test_zeros_only_match_zeros() -> None:
    """A dead model is not orthogonal to a dead reference."""
    assert cosine_of(answering([0.0, 0.0], [0.0, 0.0])) == 1.0
    assert cosine_of(answering([0.0, 0.0], [1.0, 0.0])) == 0.0


def test_outputs_that_are_not_numbers_are_refused() -> None:
    """NaN raises what becomes a not_finite failure."""
    with pytest.raises(FloatingPointError, match="finite"):
        cosine_of(answering([float("nan")], [1.0]))


def test_without_reference_nothing_is_claimed() -> None:
    """None, not 1."""
    assert cosine_of(job(lambda _: None, [0.1])) is None


def test_low_precision_tensors_are_compared_in_double() -> None:
    """A bf16 tensor on its way to numpy, gradient and all."""
    torch = pytest.importorskip("torch")
    outputs = torch.tensor([[1.0, 2.0]], dtype=torch.bfloat16, requires_grad=True)
    assert cosine_of(answering(outputs, torch.tensor([[1.0, 2.0]]))) == pytest.approx(1.0)


def failing(error: Exception) -> Job:
    """A job whose reference raises."""

    def reference(_batch: object) -> None:
        raise error

    job = answering([1.0], None)
    job.reference = reference
    return job


def test_a_reference_too_large_does_not_cost_the_measurement() -> None:
    """Out of memory in fp32: unchecked, not failed; any other error is one."""
    assert agreement_if_it_fits(failing(RuntimeError("CUDA out of memory."))) is None
    assert agreement_if_it_fits(failing(MemoryError())) is None
    with pytest.raises(RuntimeError, match="shape"):
        agreement_if_it_fits(failing(RuntimeError("shape mismatch")))
    assert agreement_if_it_fits(answering([1.0], [1.0])) == Agreement(1.0)


def test_the_highest_score_must_be_the_references() -> None:
    """Of four rows one chooses another class: 75 %, whatever the cosine says."""
    reference = np.array([[9.0, 1, 0], [0, 9, 1], [1, 0, 9], [9, 0, 1]])
    outputs = reference.copy()
    outputs[0] = (8.0, 8.5, 0)
    found = agreement(answering(outputs, reference))
    assert found is not None
    assert found.top1_fraction == 0.75


def test_a_near_tie_may_go_either_way() -> None:
    """Scores that differ by rounding, in rows of deviation 4.7, have no true winner."""
    reference = np.array([[10.0, 9.9, 0.0]])
    found = agreement(answering(np.array([[9.9, 10.0, 0.0]]), reference))
    assert found is not None
    assert found.top1_fraction == 1.0


def test_outputs_without_rows_choose_nothing() -> None:
    """One number per row, or one row of numbers without a batch."""
    assert agreement(answering(np.ones((4, 1)), np.ones((4, 1)))) == Agreement(1.0)
    assert agreement(answering(np.array([0.0, 2]), np.array([0.0, 2]))) == Agreement(1.0)


@pytest.mark.known_error("ones or identity matrices (less switching, higher clocks)")
def test_constant_inputs_are_noticed() -> None:
    """Images of ones are, labels beside them or not; noise is not; tokens count when alone."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 9, 8)
    assert input_doubt((np.ones((8, 3)), labels), (np.ones((8, 3)), labels)) == "constant"
    assert input_doubt(np.zeros((8, 3), int), np.zeros((8, 3), int)) == "constant"
    noise = [(random.normal(size=(8, 3)), np.ones(8, int)) for _ in range(2)]
    assert input_doubt(*noise) is None
    assert input_doubt(*random.integers(0, 9, (2, 8, 30))) is None


def test_the_same_batch_twice_is_noticed() -> None:
    """Mappings of arrays too; what is no array is not judged."""
    batch = {"ids": np.arange(24).reshape(8, 3)}
    assert input_doubt(batch, {"ids": batch["ids"].copy()}) == "repeated"
    assert input_doubt(batch, {"ids": batch["ids"] + 1}) is None
    assert input_doubt((0, 0.5), (1, 0.5)) is None


def test_inputs_of_low_precision_are_judged_too() -> None:
    """bf16, which numpy does not know."""
    torch = pytest.importorskip("torch")
    ones = torch.ones(4, 3, dtype=torch.bfloat16)
    assert input_doubt(ones, ones) == "constant"
    assert input_doubt(torch.randn(4, 3).bfloat16(), torch.randn(4, 3).bfloat16()) is None
