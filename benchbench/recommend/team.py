"""How several instances of one kind work together: on their own, or training one model.

Training one model on n instances (data parallel, each keeps its batch, so the global batch is n
times as large and the epochs to a target may differ), a model, not a measurement:

    time of a step = t + e(n),   e(n) = 2 (n - 1)/n · gradients / network

t is the step on one instance, e(n) the ring all-reduce, which no exchange can undercut (Patarasuk
and Yuan, 2009). The value adds e(n) whole; the high end hides it behind the backward pass, two
thirds of t; the low end also loses n^-0.1 to whatever else grows with n (`predict`'s assumption).
"""

from dataclasses import dataclass

import numpy as np

from benchbench.catalog.interruption import lost_fraction
from benchbench.recommend.ranges import Bools, Floats, Indices, Range

_FORWARD = 1 / 3
"""Of a training step: the backward pass has twice its multiplications."""
_OTHER_LOSS = 0.1
_BITS = 8.0
_MOST = 2**16


@dataclass(frozen=True)
class Interruptions:
    """Mean hours between two on one instance, infinite where none count, and what each costs."""

    hours: Range
    checkpoint_h: float
    restart_h: float

    def lost(self, n: Floats | float) -> Range:
        """Of the useful time, with n instances of which each stops all."""
        return Range(*(self._lost(end / n) for end in self._ends))

    @property
    def _ends(self) -> tuple[Floats, Floats, Floats]:
        return self.hours.high, self.hours.value, self.hours.low

    def _lost(self, hours: Floats) -> Floats:
        counted = np.where(np.isfinite(hours), hours, 1.0)
        lost = lost_fraction(counted, self.checkpoint_h, self.restart_h)
        return np.where(np.isposinf(hours), 0.0, np.where(np.isnan(hours), np.nan, lost))

    def at(self, keep: Indices) -> "Interruptions":
        """Of some offers."""
        return Interruptions(self.hours.at(keep), self.checkpoint_h, self.restart_h)


def never(count: int) -> Interruptions:
    """No interruption counts."""
    return Interruptions(Range.exactly(np.full(count, np.inf)), 0.0, 0.0)


@dataclass(frozen=True)
class Team:
    """Of each offer: whether its instances train one model, and what that exchanges."""

    step_s: Floats
    """One step on one instance; NaN where it is not known."""
    ring_s: Floats
    """2 · gradients / network; NaN where one of them is not known."""
    interruptions: Interruptions
    together: bool

    @classmethod
    def independent(cls, count: int, interruptions: Interruptions | None = None) -> "Team":
        """Of n instances, each does its own work."""
        nothing = np.zeros(count)
        return cls(nothing, nothing, interruptions or never(count), together=False)

    @classmethod
    def training(
        cls,
        step_s: Floats,
        gradient_bytes: float | None,
        network_bits_per_s: Floats,
        interruptions: Interruptions,
    ) -> "Team":
        """Of n instances, all train one model."""
        gradients = np.nan if gradient_bytes is None else gradient_bytes
        ring_s = 2 * gradients * _BITS / network_bits_per_s
        return cls(step_s, ring_s, interruptions, together=True)

    def at(self, keep: Indices) -> "Team":
        """Of some offers."""
        stops = self.interruptions.at(keep)
        return Team(self.step_s[keep], self.ring_s[keep], stops, self.together)

    def efficiency(self, n: Floats | float) -> Range:
        """Of perfect scaling on n instances; 1 alone, NaN where it cannot be modelled."""
        ones = np.ones_like(self.step_s)
        if not self.together:
            return Range.exactly(ones)
        exchange = np.where(n == 1, 0.0, self.ring_s * (n - 1) / n) / np.where(
            n == 1, 1.0, self.step_s
        )
        whole, hidden = 1 / (1 + exchange), 1 / np.maximum(1.0, _FORWARD + exchange)
        return Range(whole * n**-_OTHER_LOSS, whole, hidden)

    def lost(self, n: Floats | float) -> Range:
        """Time added for checkpoints and interruptions, as a fraction of the useful time."""
        return self.interruptions.lost(n if self.together else 1.0)

    def delivers(self, throughput: Range, n: Floats | float) -> Range:
        """Useful units per second of n instances."""
        scale, lost = self.efficiency(n), self.lost(n)
        sure = np.isnan(throughput.low)
        low = np.where(sure, throughput.value, throughput.low) * n * scale.low / (1 + lost.high)
        high = np.where(sure, throughput.value, throughput.high) * n * scale.high / (1 + lost.low)
        value = throughput.value * n * scale.value / (1 + lost.value)
        none = sure & (low == value)
        return Range(np.where(none, np.nan, low), value, np.where(none, np.nan, high))

    def relied_on(self, cautious: Floats, n: Floats | float) -> Floats:
        """Units per second of n instances at the cautious end of everything."""
        return cautious * n * self.efficiency(n).low / (1 + self.lost(n).high)

    def fewest(self, cautious: Floats, needed: float) -> Floats:
        """The fewest instances that deliver `needed` units per second; NaN where none do."""
        if needed <= 0:
            return np.ones_like(cautious)
        alone = self.relied_on(cautious, 1.0)
        if not self.together:
            return np.maximum(1.0, np.ceil(needed / alone))
        return self._search(cautious, needed, alone >= needed)

    def _search(self, cautious: Floats, needed: float, enough: Bools) -> Floats:
        """Doubling, then halving between the last two: more instances deliver more."""
        high = np.where(enough, 1.0, np.nan)
        step = 2.0
        while step <= _MOST and np.isnan(high).any():
            reached = self.relied_on(cautious, step) >= needed
            high = np.where(np.isnan(high) & reached, step, high)
            step *= 2
        low = np.floor(high / 2)
        while (high - low > 1).any():
            middle = np.maximum(1.0, np.floor((low + high) / 2))
            reached = self.relied_on(cautious, middle) >= needed
            high, low = np.where(reached, middle, high), np.where(reached, low, middle)
        return high
