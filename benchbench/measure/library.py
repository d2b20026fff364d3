"""Single units of work in memory, from which a query of any samples can be put together."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchbench.errors import CannotMeasureError
from benchbench.workload import Job


class Library:
    """The first `count` units a job's batches hold; `batch` picks any of them, in any order."""

    def __init__(self, job: Job, count: int) -> None:
        size = int(job.units_per_step)
        self.count = count
        batches = [next(job.batches) for _ in range(-(-count // size))]
        self._units = _joined(batches, size)

    def batch(self, indices: Sequence[int]) -> Any:  # noqa: ANN401 - the workload's own type
        """The units at `indices`, as one batch of the workload's own form."""
        return _picked(self._units, list(indices))


def _joined(batches: Sequence[Any], size: int) -> Any:  # noqa: ANN401 - as above
    """Batches of one form as one, along the dimension that holds their units."""
    first = batches[0]
    if isinstance(first, Mapping):
        return {key: _joined([batch[key] for batch in batches], size) for key in first}
    if isinstance(first, tuple | list):
        return tuple(_joined(parts, size) for parts in zip(*batches, strict=True))
    if first is None:
        return None
    shape = tuple(getattr(first, "shape", ()))
    if shape[:1] != (size,):
        message = (
            f"a batch holds {type(first).__name__} of shape {shape}, which has no "
            f"dimension of {size} units to pick queries from; measure without --scenario"
        )
        raise CannotMeasureError(message)
    import torch  # noqa: PLC0415 - only a measurement needs it

    return torch.cat([torch.as_tensor(batch) for batch in batches])


def _picked(units: Any, indices: list[int]) -> Any:  # noqa: ANN401 - as above
    if isinstance(units, Mapping):
        return {key: _picked(value, indices) for key, value in units.items()}
    if isinstance(units, tuple):
        return tuple(_picked(value, indices) for value in units)
    return None if units is None else units[indices]
