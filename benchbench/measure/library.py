"""Single units of work in memory, from which a query of any samples can be put together."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchbench.errors import CannotMeasureError
from benchbench.workload import Job


class Library:
    """The first `count` units a job's batches hold; `batch` picks any of them, in any order.

    What it picks lies where the pick before of as many lay: memory allocated anew for each batch
    makes glibc hand freed memory back and fetch it again, in steps that alone would not.
    """

    def __init__(self, job: Job, count: int) -> None:
        size = int(job.units_per_step)
        self.count = count
        batches = [next(job.batches) for _ in range(-(-count // size))]
        self._units = _joined(batches, size)
        self._picked: dict[int, Any] = {}

    def batch(self, indices: Sequence[int]) -> Any:  # noqa: ANN401 - the workload's own type
        """The units at `indices`, as one batch of the workload's own form.

        It holds until the next one of as many units is asked for.
        """
        picks = list(indices)
        into = self._picked.get(len(picks))
        self._picked[len(picks)] = picked = _picked(self._units, picks, into)
        return picked


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


def _picked(units: Any, indices: list[int], into: Any) -> Any:  # noqa: ANN401 - as above
    """Into memory of the same form, or into new memory where that is None."""
    if units is None:
        return None
    if isinstance(units, Mapping):
        return {k: _picked(v, indices, into and into[k]) for k, v in units.items()}
    if isinstance(units, tuple):
        olds = into or (None,) * len(units)
        return tuple(_picked(each, indices, old) for each, old in zip(units, olds, strict=True))
    if into is None:
        return units[indices]
    import torch  # noqa: PLC0415 - as above

    picks = torch.tensor(indices, device=units.device)
    return torch.index_select(units, 0, picks, out=into)
