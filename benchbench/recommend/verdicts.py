"""One verdict per shape of instance: half a million offers have only some hundred shapes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchbench.recommend.columns import Offers, first_of_each
from benchbench.recommend.fit import Delivery, Shapes, Unfit
from benchbench.recommend.ledger import Ledger
from benchbench.recommend.ranges import Floats, Indices, Range

_SHAPE = (
    "accelerator",
    "variant",
    "accelerator_count",
    "accelerator_memory_bytes",
    "arch",
    "cpu_model",
    "cores",
    "vcpu",
    "memory_bytes",
)
"""The columns of an offer that say what it can do."""

Verdict = Delivery | Unfit


@dataclass(frozen=True)
class Verdicts:
    """What each shape delivers of each workload, and which shape each offer has.

    A shape of -1 was not judged. `of_part[p][s]` is the verdict on workload p and shape s.
    """

    shape: Indices
    of_part: Sequence[Sequence[Verdict]]
    shares: Sequence[float]

    def throughput(self, at: Indices) -> Range:
        """Units of the mix per second, by the offers at these positions."""
        if len(self.of_part) == 1:
            return self.of_one(0, at)
        ends = [self.of_one(part, at) for part in range(len(self.of_part))]
        known = np.array([~np.isnan(end.low) for end in ends]).any(axis=0)
        low = self._mixed([np.where(np.isnan(end.low), end.value, end.low) for end in ends])
        high = self._mixed([np.where(np.isnan(end.high), end.value, end.high) for end in ends])
        value = self._mixed([end.value for end in ends])
        return Range(np.where(known, low, np.nan), value, np.where(known, high, np.nan))

    def _mixed(self, rates: Sequence[Floats]) -> Floats:
        """One after the other on the same instance: the weighted harmonic mean."""
        times = [share / rate for share, rate in zip(self.shares, rates, strict=True)]
        return np.asarray(1 / np.sum(times, axis=0), float)

    def of_one(self, part: int, at: Indices) -> Range:
        """Units per second of one workload; NaN where the offer does not do it."""
        ends = np.array([_ends(verdict) for verdict in self.of_part[part]], float).reshape(-1, 3)
        low, value, high = ends[self.shape[at]].T
        return Range(low, value, high)

    def units_per_step(self, at: Indices) -> Floats:
        """Of the whole instance; NaN where unknown. A mix has none."""
        if len(self.of_part) > 1:
            return np.full(len(at), np.nan)
        sizes = [
            one.units_per_step if isinstance(one, Delivery) else None for one in self.of_part[0]
        ]
        return np.array([_or_nan(size) for size in sizes], float)[self.shape[at]]

    def farthest_step(self) -> Indices:
        """Of each shape: 0 measured, 1 the chip measured in another number or place, 2 other."""
        steps = [[_step(verdict) for verdict in verdicts] for verdicts in self.of_part]
        return np.asarray(np.array(steps, np.intp).max(axis=0, initial=0), np.intp)

    def deliveries(self, at: int) -> tuple[Delivery, ...]:
        """Of an offer that is fit, one per workload."""
        found = [verdicts[int(self.shape[at])] for verdicts in self.of_part]
        return tuple(one for one in found if isinstance(one, Delivery))


def judge(ledger: Ledger, parts: Sequence[Shapes], shares: Sequence[float]) -> Verdicts:
    """Judge one offer of each shape that is still in; the unfit are struck out."""
    left = ledger.left
    groups = _groups(ledger.offers, left, {name for part in parts for name in part.instances})
    examples = [ledger.offers.offer(int(left[row])) for row in first_of_each(groups)]
    of_part = [[part.judge(offer) for offer in examples] for part in parts]
    shape = np.full(len(ledger.offers), -1, np.intp)
    shape[left] = groups
    _strike(ledger, left, groups, [_first_unfit(one) for one in zip(*of_part, strict=True)], shape)
    return Verdicts(shape, of_part, shares)


def _first_unfit(verdicts: Sequence[Verdict]) -> Unfit | None:
    """A mix needs all of its workloads."""
    return next((one for one in verdicts if isinstance(one, Unfit)), None)


def _strike(
    ledger: Ledger, left: Indices, groups: Indices, unfit: Sequence[Unfit | None], shape: Indices
) -> None:
    def say(row: int) -> str:
        found = unfit[shape[row]]
        return "" if found is None else found.because

    codes = np.array(["" if one is None else one.code for one in unfit], object)
    for code in dict.fromkeys(codes):
        if code:
            ledger.reject(left[(codes == code)[groups]], code, say)


def _groups(offers: Offers, rows: Indices, own: set[str]) -> Indices:
    """The shape of each of `rows`; an instance type with records of its own is one of its own."""
    if not own:
        return offers.groups(_SHAPE, rows)
    providers, instances = offers.text("provider"), offers.text("instance")
    alone = np.full(len(rows), -1, np.int64)
    for number, name in enumerate(sorted(own)):
        provider, _, instance = name.partition("/")
        here = providers.where(provider.__eq__) & instances.where(instance.__eq__)
        alone[here[rows]] = number
    return offers.groups(_SHAPE, rows, alone)


def _step(verdict: Verdict) -> int:
    if isinstance(verdict, Unfit):
        return 2
    return 0 if verdict.step is None else 1 if verdict.step == "same_chip" else 2


def _ends(verdict: Verdict) -> tuple[float, float, float]:
    if isinstance(verdict, Unfit):
        return np.nan, np.nan, np.nan
    known = verdict.throughput
    return _or_nan(known.low), known.value, _or_nan(known.high)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
