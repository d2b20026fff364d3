"""One verdict per shape of instance: half a million offers have only some hundred shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchbench.recommend.fit import Delivery, Shapes, Unfit
from benchbench.recommend.ledger import Ledger
from benchbench.recommend.price import Indices, Range

if TYPE_CHECKING:
    from benchbench.catalog.catalogue import Catalog

_SHAPE = [
    "accelerator",
    "variant",
    "accelerator_count",
    "accelerator_memory_bytes",
    "arch",
    "cpu_model",
    "cores",
    "vcpu",
    "memory_bytes",
]
"""The columns of an offer that say what it can do."""


@dataclass(frozen=True)
class Verdicts:
    """What each shape delivers, and which shape each offer has (-1: was not judged)."""

    shape: Indices
    of_shape: Sequence[Delivery | Unfit]

    def throughput(self, at: Indices) -> Range:
        """Units per second of the offers at these positions."""
        ends = np.array([_ends(verdict) for verdict in self.of_shape], float).reshape(-1, 3)
        low, value, high = ends[self.shape[at]].T
        return Range(low, value, high)

    def delivery(self, at: int) -> Delivery:
        """Of an offer that is fit."""
        verdict = self.of_shape[int(self.shape[at])]
        if isinstance(verdict, Unfit):
            raise TypeError(verdict.because)
        return verdict


def judge(ledger: Ledger, catalog: "Catalog", shapes: Shapes) -> Verdicts:
    """Judge one offer of each shape that is still in; the unfit are struck out."""
    left = ledger.left
    groups, first = _groups(ledger, shapes)
    of_shape = [shapes.judge(catalog.offer(int(left[row]))) for row in first]
    unfit = [one if isinstance(one, Unfit) else Unfit("", "") for one in of_shape]
    if unfit:
        codes = np.array([one.code for one in unfit], object)
        reasons = np.array([one.because for one in unfit], object)
        ledger.reject(left, codes[groups], reasons[groups])
    shape = np.full(len(ledger.frame), -1, np.intp)
    shape[left] = groups
    return Verdicts(shape, of_shape)


def _groups(ledger: Ledger, shapes: Shapes) -> tuple[Indices, Indices]:
    """The shape of each offer still in, and the first offer of each shape.

    An instance type with records of its own is a shape of its own.
    """
    frame = ledger.frame.iloc[ledger.left]
    name = frame["provider"].str.cat(frame["instance"], sep="/")
    columns = frame[_SHAPE].assign(own=name.where(name.isin(shapes.instances)))
    grouped = columns.groupby([*_SHAPE, "own"], sort=False, dropna=False)
    groups = np.asarray(grouped.ngroup(), np.intp)
    return groups, np.asarray(np.unique(groups, return_index=True)[1], np.intp)


def _ends(verdict: Delivery | Unfit) -> tuple[float, float, float]:
    if isinstance(verdict, Unfit):
        return np.nan, np.nan, np.nan
    known = verdict.throughput
    return _or_nan(known.low), known.value, _or_nan(known.high)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
