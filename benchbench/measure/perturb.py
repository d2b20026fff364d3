"""The step with one thing changed, to see what it waits for: half the batch, half the threads.

Time that follows the work is spent on the work, time that does not is overhead; time that follows
the threads is spent in the cores, time that does not on the memory they share, or on one thread.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import repeat
from time import process_time_ns
from typing import Any, Literal

from benchbench.measure.checks import Bench, timed
from benchbench.measure.device import NANOSECONDS
from benchbench.record import Perturbation
from benchbench.workload import Job

_FEWEST_CYCLES = 2
_HALF = 2
_REFUSALS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a step raises that is made for one shape."""
Limit = Callable[[int], AbstractContextManager[object]]
"""A context in which the libraries use so many threads."""


@dataclass(frozen=True)
class _Change:
    kind: Literal["half_batch", "half_threads", "no_exchange"]
    kept_fraction: float
    costs: float
    """About how many unchanged steps one changed step may take."""
    batch: Callable[[Any], Any]
    limited: Callable[[], AbstractContextManager[object]]


def perturbations(
    job: Job, bench: Bench, *, typical_s: float, batch_size: int, threads: int, limit: Limit | None
) -> tuple[Perturbation, ...]:
    """Cycles of an unchanged and each changed step, as many as fit the check's limit.

    Data come from memory: their cost is another question. A change is left out where it cannot be
    made (a batch of one, a step made for one shape, one thread, `limit` None) and where not even
    two cycles with steps of `typical_s` would fit.
    """
    batches = job.batches if job.from_memory else repeat(next(job.batches))
    possible = _changes(next(batches), batch_size, threads, limit)
    changes = [
        change
        for change in _affordable(possible, typical_s, bench.budget.check_cap_s)
        if _accepts(job, change, next(batches), bench)
    ]
    return _cycles(job, bench, batches, changes) if changes else ()


def without_exchange(job: Job, bench: Bench, *, ranks: int) -> tuple[Perturbation, ...]:
    """Steps in which each process keeps its own gradient, in turn with steps as they are.

    What they take less is what exchanging costs beyond what computing hides. All ranks do as many.
    None where nothing is exchanged, or nobody could leave it out (a model spread over the ranks).
    """
    from benchbench.backend import parallel  # noqa: PLC0415 - brings PyTorch

    if not parallel.exchanges():
        return ()
    batches = job.batches if job.from_memory else repeat(next(job.batches))
    change = _Change("no_exchange", 1 / ranks, 1.0, lambda batch: batch, parallel.silenced)
    return _cycles(job, bench, batches, [change])


def halved(batch: Any, size: int) -> Any | None:  # noqa: ANN401 - the workload's own type
    """The first half of everything in the batch that has `size` rows; None where nothing has."""
    half, found = _halved(batch, size)
    return half if found else None


def _halved(batch: Any, size: int) -> tuple[Any, bool]:  # noqa: ANN401 - as above
    shape = getattr(batch, "shape", None)
    if shape is not None:
        fits = len(shape) > 0 and shape[0] == size and size >= _HALF
        return (batch[: size // _HALF], True) if fits else (batch, False)
    if isinstance(batch, Mapping):
        pairs = {key: _halved(value, size) for key, value in batch.items()}
        return {key: value for key, (value, _) in pairs.items()}, any(f for _, f in pairs.values())
    if isinstance(batch, tuple | list):
        parts = [_halved(value, size) for value in batch]
        values = [value for value, _ in parts]
        make = type(batch)._make if hasattr(batch, "_make") else type(batch)
        return make(values), any(found for _, found in parts)
    return batch, False


def _changes(batch: Any, size: int, threads: int, limit: Limit | None) -> Iterator[_Change]:  # noqa: ANN401 - as above
    if halved(batch, size) is not None:
        kept = size // _HALF / size
        yield _Change("half_batch", kept, 1.0, lambda b: halved(b, size), nullcontext)
    if limit is not None and threads >= _HALF:
        fewer = threads // _HALF
        kept = fewer / threads
        yield _Change("half_threads", kept, 1 / kept, lambda b: b, lambda: limit(fewer))


def _affordable(possible: Iterable[_Change], typical_s: float, cap_s: float) -> Iterator[_Change]:
    """Each costs a step of preparation and one in every cycle, beside the unchanged one."""
    spent_s = _FEWEST_CYCLES * typical_s
    for change in possible:
        spent_s += (1 + _FEWEST_CYCLES) * change.costs * typical_s
        if spent_s <= cap_s:
            yield change


def _accepts(job: Job, change: _Change, batch: Any, bench: Bench) -> bool:  # noqa: ANN401 - as above
    """Once without being counted: the first step of another shape may have to be prepared."""
    try:
        with change.limited():
            timed(job, change.batch(batch), bench.device)
    except _REFUSALS:
        return False
    return True


def _cycles(
    job: Job, bench: Bench, batches: Iterator[Any], changes: list[_Change]
) -> tuple[Perturbation, ...]:
    began = bench.clock()
    unchanged: list[float] = []
    processor: list[float] = []
    changed: dict[str, list[float]] = {change.kind: [] for change in changes}
    spent_s = 0.0
    while bench.agree(
        len(unchanged) < bench.budget.check_steps and _fits(spent_s, len(unchanged), bench)
    ):
        before = process_time_ns()
        unchanged.append(timed(job, next(batches), bench.device))
        processor.append((process_time_ns() - before) / NANOSECONDS)
        for change in changes:
            with change.limited():
                changed[change.kind].append(timed(job, change.batch(next(batches)), bench.device))
        spent_s = (bench.clock() - began) / NANOSECONDS
    return tuple(
        Perturbation(
            kind=change.kind,
            kept_fraction=change.kept_fraction,
            step_s=tuple(changed[change.kind]),
            unchanged_s=tuple(unchanged),
            unchanged_processor_s=tuple(processor),
        )
        for change in changes
    )


def _fits(spent_s: float, cycles: int, bench: Bench) -> bool:
    """Whether one cycle more, as long as those before, stays within the limit."""
    if cycles < _FEWEST_CYCLES:
        return True
    return spent_s * (cycles + 1) / cycles <= bench.budget.check_cap_s
