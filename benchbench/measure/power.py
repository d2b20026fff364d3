"""Energy from sampled power, and the power of an idle machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchbench.measure.counters import GpuCounters, HostCounters
from benchbench.measure.device import NANOSECONDS, Clock
from benchbench.record import IdlePower, Sample

LONGEST_GAP_S = 3.0
"""Between two looks: beyond it the curve is unknown."""
_IDLE_LOOKS = 5
_IDLE_S = 0.5


@dataclass(frozen=True)
class Integral:
    """Sampled power over the timed window."""

    joules: float
    samples: int
    """Inside the window."""
    longest_gap_s: float
    """Between two looks, or an edge and the look next to it outside the window."""


def integral(samples: Sequence[Sample], elapsed_s: float) -> Integral | None:
    """The trapezoid rule from 0 to `elapsed_s`, power at the edges interpolated.

    An edge without a look beyond it takes the nearest power. None with fewer than two looks.
    """
    seen = [(s.time_s, s.power_w) for s in samples if s.power_w is not None]
    inside = [look for look in seen if 0 <= look[0] <= elapsed_s]
    if len(inside) < 2:  # noqa: PLR2004 - one look is no curve
        return None
    before = [look for look in seen if look[0] < 0][-1:]
    after = [look for look in seen if look[0] > elapsed_s][:1]
    path = [*before, *inside, *after]
    edges = [(at, _interpolated(path, at)) for at in (0.0, elapsed_s)]
    curve = [edges[0], *inside, edges[1]]
    joules = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(curve))
    gaps = [b - a for (a, _), (b, _) in pairwise([*(before or edges[:1]), *inside, edges[1]])]
    return Integral(joules, len(inside), max(gaps))


def idle_power(
    host: HostCounters, gpu: GpuCounters | None, clock: Clock, sleep: Callable[[float], None]
) -> tuple[IdlePower, ...]:
    """What device and processor draw in half a second without work, where a counter says."""
    began, energy_j = clock(), host.energy_j()
    if energy_j is None and (gpu is None or gpu.read().power_w is None):
        return ()
    looks = []
    for _ in range(_IDLE_LOOKS):
        sleep(_IDLE_S / _IDLE_LOOKS)
        looks.append(None if gpu is None else gpu.read().power_w)
    elapsed_s = (clock() - began) / NANOSECONDS
    later_j = host.energy_j()
    found = []
    if gpu is not None and (powers := [power for power in looks if power is not None]):
        watts = sum(powers) / len(powers)
        found.append(
            IdlePower(scope="gpu_board", device=gpu.device, watts=watts, elapsed_s=elapsed_s)
        )
    if energy_j is not None and later_j is not None and later_j > energy_j:
        watts = (later_j - energy_j) / elapsed_s
        found.append(IdlePower(scope="cpu_package", watts=watts, elapsed_s=elapsed_s))
    return tuple(found)


def _interpolated(path: Sequence[tuple[float, float]], at: float) -> float:
    """Power at a time, between the looks around it; beyond the ends, that of the end."""
    if at <= path[0][0]:
        return path[0][1]
    for (t0, p0), (t1, p1) in pairwise(path):
        if t0 <= at <= t1:
            return p0 + (p1 - p0) * (at - t0) / (t1 - t0) if t1 > t0 else p1
    return path[-1][1]
