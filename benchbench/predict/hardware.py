"""The figures of one device that a prediction looks at, and their ratios between two."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from benchbench.catalog.silicon import Chip, OfferSilicon
from benchbench.predict.reference import Ceilings, Reference, times
from benchbench.record import Precision

REACH = 0.8
"""Share of a datasheet figure a good kernel reaches; used only beside a measured ceiling."""

Ratios = tuple[float | None, float | None, float | None, float | None]
"""Of peak, memory bandwidth, board power and L2 cache, per accelerator or core."""


@dataclass(frozen=True)
class Hardware:
    """One accelerator or core; None where nobody measured or says."""

    name: str
    vendor: str | None
    architecture: str | None
    """A CPU family is an architecture of its own."""
    peak: float | None
    """Datasheet FLOP/s at the precision of the question."""
    bandwidth: float | None
    matmul: float | None
    """Measured FLOP/s."""
    triad: float | None
    """Measured bytes/s."""
    power: float | None = None
    cache: float | None = None

    @classmethod
    def measured(cls, one: Reference, chip: Chip | None) -> Self:
        """Under a measured configuration, at its precision."""
        made = cls(
            name=one.name,
            vendor=chip.vendor if chip else None,
            architecture=one.name if one.kind == "cpu" else one.architecture,
            peak=times(one.peak_flops(one.figures.precision), 1 / one.count),
            bandwidth=times(one.bandwidth, 1 / one.count),
            matmul=times(one.matmul, 1 / one.count),
            triad=times(one.memory, 1 / one.count),
        )
        return made._of_card(chip)

    @classmethod
    def offered(
        cls, target: OfferSilicon, precision: Precision, chip: Chip | None, ceilings: Ceilings
    ) -> Self:
        """Of an instance, with what was ever measured on its silicon."""
        made = cls(
            name=target.name,
            vendor=chip.vendor if chip else None,
            architecture=chip.architecture if chip else target.name,
            peak=times(target.peak_flops(precision), 1 / target.count),
            bandwidth=times(target.bandwidth_bytes_per_s, 1 / target.count),
            matmul=ceilings.flops.get((target.name, precision)),
            triad=ceilings.bytes_per_s.get(target.name),
        )
        return made._of_card(chip)

    def _of_card(self, chip: Chip | None) -> Self:
        if chip is None:
            return self
        return replace(self, power=chip.tdp_w, cache=times(chip.l2_bytes, 1.0))

    def over(self, other: "Hardware") -> Ratios:
        """This device's figures over the other's."""
        return (
            _ratio(self.matmul, other.matmul, self.peak, other.peak),
            _ratio(self.triad, other.triad, self.bandwidth, other.bandwidth),
            _quotient(self.power, other.power),
            _quotient(self.cache, other.cache),
        )


def _ratio(
    measured_there: float | None,
    measured_here: float | None,
    sheet_there: float | None,
    sheet_here: float | None,
) -> float | None:
    """There over here: both measured, else both datasheets, else a datasheet at `REACH`."""
    if measured_there is not None and measured_here is not None:
        return measured_there / measured_here
    if sheet_there is None or sheet_here is not None:
        return _quotient(sheet_there, sheet_here)
    return None if measured_here is None else REACH * sheet_there / measured_here


def _quotient(there: float | None, here: float | None) -> float | None:
    return None if there is None or here is None else there / here


def logarithms(ratios: Ratios, weights: Sequence[float]) -> tuple[float, ...] | None:
    """Natural logarithms; what is unknown moves with what is known. None when all is unknown.

    Power and cache alone say nothing: a peak or a bandwidth must be known.
    """
    if ratios[0] is None and ratios[1] is None:
        return None
    known = [(math.log(r), w) for r, w in zip(ratios, weights, strict=True) if r is not None]
    total = sum(weight for _, weight in known)
    typical = sum(log * weight for log, weight in known) / total
    return tuple(typical if ratio is None else math.log(ratio) for ratio in ratios)
