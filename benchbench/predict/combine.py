"""Several measured chips carried over to one nobody measured, each by its closeness.

The logarithm of a chip's throughput is what its figures promise, plus a departure that chips
share the more the closer they are: of one architecture, of alike design, the very chip. Departures
are normal with the variances in `knowledge`; given the measured chips, the unmeasured one's
expectation and variance follow (best linear unbiased prediction, Robinson 1991; in geostatistics
universal kriging). The level of each software stack is free, so only ratios within a stack count.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchbench.predict.hardware import Hardware
from benchbench.predict.knowledge import Knowledge

_FREE_VARIANCE = 100.0
"""Of a stack's level: a factor of 22,000 either way."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shares:
    """Of the time at the anchor: arithmetic and memory traffic at full speed."""

    compute: float
    memory: float

    @property
    def rest(self) -> float:
        """What neither explains."""
        return max(0.0, 1.0 - self.compute - self.memory)

    def relative_time(self, logs: Sequence[float], weights: Sequence[float]) -> float:
        """Time per unit over the anchor's, from the logarithms of ratios of figures."""
        other = sum(log * weight for log, weight in zip(logs, weights, strict=True))
        return (
            self.compute * math.exp(-logs[0])
            + self.memory * math.exp(-logs[1])
            + self.rest * math.exp(-other)
        )


@dataclass(frozen=True)
class Seen:
    """A chip measured under one software stack; `logs` of its figures over the anchor's."""

    hardware: Hardware
    logs: Sequence[float]
    stack: str
    log_rate: float = 0.0
    noise_sd: float = 0.0


def carried(
    seen: Sequence[Seen], target: Seen, shares: Shares, knowledge: Knowledge
) -> tuple[float, float]:
    """Natural logarithm of the target's rate under its stack, and its standard deviation."""
    everything = [*seen, target]
    promised = np.array([_promised(one, shares, knowledge) for one in everything])
    covariance = _covariance(everything, knowledge)
    among, across = covariance[:-1, :-1], covariance[-1, :-1]
    weights = np.linalg.solve(among, across)
    departures = np.array([s.log_rate for s in seen]) - promised[:-1]
    level = departures.mean()
    mean = promised[-1] + level + weights @ (departures - level)
    return float(mean), float(math.sqrt(covariance[-1, -1] - weights @ across))


def _promised(one: Seen, shares: Shares, knowledge: Knowledge) -> float:
    """An architecture's efficiency concerns the time at less than full speed."""
    efficiency = knowledge.efficiency.get(one.hardware.architecture or "", 0.0)
    return shares.rest * efficiency - math.log(shares.relative_time(one.logs, knowledge.weights))


def _architecture_sd(one: Seen, knowledge: Knowledge) -> float:
    known = one.hardware.architecture in knowledge.efficiency
    return knowledge.known_architecture_sd if known else knowledge.architecture_sd


def _covariance(seen: Sequence[Seen], knowledge: Knowledge) -> Floats:
    logs = np.array([one.logs for one in seen])
    stack = _same([one.stack for one in seen])
    chip = _same([one.hardware.name for one in seen])
    architecture = _same([one.hardware.architecture for one in seen])
    vendor = _same([one.hardware.vendor for one in seen])
    spread = np.array([_architecture_sd(one, knowledge) for one in seen])
    squares = ((logs[:, None, :3] - logs[None, :, :3]) ** 2).sum(axis=-1)
    alike = np.exp(-squares / (2 * knowledge.design_reach**2))
    shared = (
        _FREE_VARIANCE * stack
        + knowledge.weight_sd**2 * logs @ logs.T
        + np.outer(spread, spread) * architecture
        + knowledge.design_sd**2 * architecture * alike
        + knowledge.software_sd**2 * architecture * stack
        + knowledge.chip_sd**2 * chip
        + knowledge.vendor_sd**2 * vendor
    )
    own = [knowledge.noise_sd**2 + one.noise_sd**2 for one in seen]
    return np.asarray(shared + np.diag(own), dtype=np.float64)


def _same(labels: Sequence[str | None]) -> Floats:
    _, codes = np.unique([str(label) for label in labels], return_inverse=True)
    return np.asarray(codes[:, None] == codes[None, :], dtype=np.float64)
