"""After the timed window: is the number what it seems? The same step on known data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchbench.measure.budget import Budget
from benchbench.measure.device import Clock, Device
from benchbench.measure.failure import of_exception
from benchbench.measure.loop import time_repeatedly
from benchbench.stats import median
from benchbench.workload import Job

_FEWEST_PAIRS = 6


@dataclass(frozen=True)
class Bench:
    """What a step is timed with."""

    device: Device
    clock: Clock
    budget: Budget


def from_memory(job: Job, bench: Bench) -> tuple[float, ...] | None:
    """The same step fed from memory; None where the data were there all along."""
    if job.from_memory:
        return None
    still = replace(job, batches=repeat(next(job.batches)))
    return time_repeatedly(still, device=bench.device, clock=bench.clock, budget=bench.budget)


def repeat_speedup(job: Job, bench: Bench, *, typical_s: float) -> float | None:
    """How much faster one batch again and again is than new ones, step by step in turn.

    None where data are not in memory (their cost would decide), or too few pairs of steps of
    `typical_s` fit the budget.
    """
    if not job.from_memory or typical_s <= 0:
        return None
    if 2 * _FEWEST_PAIRS * typical_s > bench.budget.check_cap_s:
        return None
    same = next(job.batches)
    pairs = min(bench.budget.check_steps, int(bench.budget.check_cap_s / (2 * typical_s)))
    fresh_s: list[float] = []
    same_s: list[float] = []
    for _ in range(pairs):
        fresh_s.append(_timed(job, next(job.batches), bench.device))
        same_s.append(_timed(job, same, bench.device))
    return _if_consistent(fresh_s, same_s) if median(same_s) > 0 else None


def output_cosine(job: Job) -> float | None:
    """The least cosine between an output and its fp32 reference on one batch; None without one.

    Raises:
        FloatingPointError: an output holds NaN or infinity.
    """
    if job.reference is None:
        return None
    batch = next(job.batches)
    outputs, references = _arrays(job.step(batch)), _arrays(job.reference(batch))
    if len(outputs) != len(references):
        return 0.0
    return min((_cosine(a, b) for a, b in zip(outputs, references, strict=True)), default=None)


def output_cosine_if_it_fits(job: Job) -> float | None:
    """As `output_cosine`; None where memory that held the step cannot hold the reference too."""
    try:
        return output_cosine(job)
    except (MemoryError, RuntimeError) as error:
        if of_exception(error).kind != "out_of_memory":
            raise
        return None


def _if_consistent(fresh_s: Sequence[float], same_s: Sequence[float]) -> float:
    """The ratio of medians; 1 when not nearly all pairs agree, which is noise and no cache."""
    faster = sum(same < fresh for fresh, same in zip(fresh_s, same_s, strict=True))
    return median(fresh_s) / median(same_s) if faster >= len(same_s) - 1 else 1.0


def _timed(job: Job, batch: Any, device: Device) -> float:  # noqa: ANN401 - the workload's own type
    device.synchronise()
    start = device.mark()
    job.step(batch)
    return device.between_s(start, device.mark())


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if not np.isfinite(a).all():
        raise FloatingPointError("an output is not a finite number")
    if a.shape != b.shape:
        return 0.0
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths > 0 else float(np.array_equal(a, b))


def _arrays(outputs: Any) -> list[NDArray[np.float64]]:  # noqa: ANN401 - as above
    """Every array in nested outputs, flat, in fp64: tensors of any framework, lists, mappings."""
    if isinstance(outputs, Mapping):
        return [array for value in outputs.values() for array in _arrays(value)]
    if isinstance(outputs, tuple | list) and outputs and not isinstance(outputs[0], int | float):
        return [array for value in outputs for array in _arrays(value)]
    if hasattr(outputs, "detach"):
        outputs = outputs.detach().double().cpu().numpy()
    return [np.asarray(outputs, dtype=np.float64).ravel()]
