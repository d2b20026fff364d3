"""After the timed window: is the number what it seems? The same step on known data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchbench.measure.budget import Budget
from benchbench.measure.device import Clock, Device
from benchbench.measure.failure import of_exception
from benchbench.measure.loop import time_repeatedly
from benchbench.stats import median
from benchbench.workload import Job

_FEWEST_PAIRS = 6
_NEAR_TIE = 0.1
"""Standard deviations of a row: bf16 alone moves a logit by up to half of that."""
_SAMPLED_ROWS = 3


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
        fresh_s.append(timed(job, next(job.batches), bench.device))
        same_s.append(timed(job, same, bench.device))
    return _if_consistent(fresh_s, same_s) if median(same_s) > 0 else None


@dataclass(frozen=True)
class Agreement:
    """Outputs beside those of the fp32 reference on one batch; the worst of several outputs."""

    cosine: float
    top1_fraction: float | None = None
    """Rows whose highest score is the reference's too, near-ties aside; None without rows."""


def agreement(job: Job) -> Agreement | None:
    """None without a reference or outputs.

    Raises:
        FloatingPointError: an output holds NaN or infinity.
    """
    if job.reference is None:
        return None
    batch = next(job.batches)
    outputs, references = _arrays(job.step(batch)), _arrays(job.reference(batch))
    if len(outputs) != len(references):
        return Agreement(cosine=0.0)
    pairs = list(zip(outputs, references, strict=True))
    if not pairs:
        return None
    top1 = [share for a, b in pairs if (share := _top1(a, b)) is not None]
    return Agreement(min(_cosine(a, b) for a, b in pairs), min(top1, default=None))


def agreement_if_it_fits(job: Job) -> Agreement | None:
    """As `agreement`; None where memory that held the step cannot hold the reference too."""
    try:
        return agreement(job)
    except (MemoryError, RuntimeError) as error:
        if of_exception(error).kind != "out_of_memory":
            raise
        return None


def _if_consistent(fresh_s: Sequence[float], same_s: Sequence[float]) -> float:
    """The ratio of medians; 1 when not nearly all pairs agree, which is noise and no cache."""
    faster = sum(same < fresh for fresh, same in zip(fresh_s, same_s, strict=True))
    return median(fresh_s) / median(same_s) if faster >= len(same_s) - 1 else 1.0


def timed(job: Job, batch: Any, device: Device) -> float:  # noqa: ANN401 - the workload's own type
    """One step from an idle device to an idle device, in seconds."""
    device.synchronise()
    start = device.mark()
    job.step(batch)
    return device.between_s(start, device.mark())


def input_doubt(first: Any, second: Any) -> Literal["constant", "repeated"] | None:  # noqa: ANN401 - as above
    """What is wrong with two batches in a row, judged by three rows of each array in them.

    Constant numbers switch fewer transistors than real ones and clock higher; repeated ones may be
    answered from a cache. Whole numbers (labels, masks) only count where there are no others.
    """
    rows, later = _sampled(first), _sampled(second)
    if not rows:
        return None
    if all(np.ptp(row) == 0 for row in rows):
        return "constant"
    same = len(rows) == len(later) and all(map(np.array_equal, rows, later))
    return "repeated" if same else None


def _sampled(batch: Any) -> list[NDArray[np.float64]]:  # noqa: ANN401 - as above
    """The first, middle and last row of every array of a batch; of the real-valued, if any."""
    arrays = [array for array in leaves(batch) if len(getattr(array, "shape", ())) > 0]
    real = [array for array in arrays if "float" in str(array.dtype)]
    return [_array(_some_rows(array)).ravel() for array in real or arrays if array.shape[0] > 0]


def _some_rows(array: Any) -> Any:  # noqa: ANN401 - as above
    return array[:: max(1, (array.shape[0] - 1) // (_SAMPLED_ROWS - 1))][:_SAMPLED_ROWS]


def _top1(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """Of rows of scores (…, classes); None where there are no rows or no choice."""
    if b.ndim < 2 or b.shape[-1] < 2 or a.shape != b.shape:  # noqa: PLR2004 - as said
        return None
    ours, theirs = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
    chosen = np.take_along_axis(theirs, ours.argmax(axis=1)[:, None], axis=1)[:, 0]
    missed = theirs.max(axis=1) - chosen
    return float((missed <= _NEAR_TIE * theirs.std(axis=1)).mean())


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a.ravel(), b.ravel()
    if not np.isfinite(a).all():
        raise FloatingPointError("an output is not a finite number")
    if a.shape != b.shape:
        return 0.0
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths > 0 else float(np.array_equal(a, b))


def _arrays(outputs: Any) -> list[NDArray[np.float64]]:  # noqa: ANN401 - as above
    """Every array in nested outputs, in fp64: tensors of any framework, lists, mappings."""
    return [_array(leaf) for leaf in leaves(outputs)]


def leaves(nested: Any) -> list[Any]:  # noqa: ANN401 - as above
    """The arrays and numbers in nested outputs: lists, tuples and mappings of them."""
    if isinstance(nested, Mapping):
        return [leaf for value in nested.values() for leaf in leaves(value)]
    if isinstance(nested, tuple | list) and nested and not isinstance(nested[0], int | float):
        return [leaf for value in nested for leaf in leaves(value)]
    return [nested]


def _array(leaf: Any) -> NDArray[np.float64]:  # noqa: ANN401 - as above
    if hasattr(leaf, "detach"):
        leaf = leaf.detach().double().cpu().numpy()
    return np.asarray(leaf, dtype=np.float64)
