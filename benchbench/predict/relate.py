"""The nearest reference and all others together: one prediction, one interval."""

import math
from collections.abc import Iterable
from dataclasses import replace

from benchbench.predict.combine import Seen, carried
from benchbench.predict.hardware import logarithms
from benchbench.predict.knowledge import WITHIN_80_PERCENT, Knowledge
from benchbench.predict.reference import Reference
from benchbench.predict.scale import Pair, Scaled, counted, shares

_SIXTEEN_BITS = ("bf16", "fp16")
_ONE_RATIO_ONLY = 0.1
"""Assumed: a standard deviation more where only peaks or only bandwidths are known."""
_HALF_WIDTHS = 1.96
"""Standard deviations in half of a 95 % interval."""


def related(
    nearest: Scaled, others: Iterable[Scaled], count: float, knowledge: Knowledge
) -> tuple[Scaled, int]:
    """`nearest` corrected by the `others`, and how many chips of its own stack it then rests on."""
    if nearest.pair is None:
        return nearest, 1
    anchor = nearest.pair
    kept = _representatives(nearest, others, count)
    seen = [one for one in (_seen(one, anchor, knowledge) for one in kept) if one is not None]
    noise = _ONE_RATIO_ONLY if None in anchor.there.over(anchor.here)[:2] else 0.0
    target = Seen(anchor.there, anchor.logs, stack(nearest.reference), noise_sd=noise)
    mean, sd = carried(seen, target, shares(nearest.reference, anchor.here), knowledge)
    factor = math.exp(WITHIN_80_PERCENT * knowledge.calibration[nearest.step] * sd)
    down, up = counted(nearest.reference, count / nearest.reference.count)
    support = sum(one.stack == target.stack for one in seen)
    value = math.exp(mean) * count
    return replace(nearest, value=value, down=factor * down, up=factor * up), support


def stack(one: Reference) -> str:
    """What shares software and precision; 16-bit types stand in for each other."""
    figures = one.figures
    precision = "16 bits" if figures.precision in _SIXTEEN_BITS else figures.precision
    return f"{figures.backend}, {precision}"


def _representatives(nearest: Scaled, others: Iterable[Scaled], count: float) -> list[Scaled]:
    """Of each chip and stack the fastest configuration at the number of devices nearest `count`."""
    best: dict[tuple[str, str], Scaled] = {}
    for one in others:
        if one.pair is not None and one.reference.kind == nearest.reference.kind:
            key = (one.reference.name, stack(one.reference))
            best[key] = min(best.get(key, one), one, key=lambda s: _preference(s.reference, count))
    best[nearest.reference.name, stack(nearest.reference)] = nearest
    return list(best.values())


def _preference(one: Reference, count: float) -> tuple[float, float]:
    return abs(math.log(count / one.count)), -one.throughput.value


def _seen(one: Scaled, anchor: Pair, knowledge: Knowledge) -> Seen | None:
    if one.pair is None:
        return None
    reference = one.reference
    logs = logarithms(one.pair.here.over(anchor.here), knowledge.weights)
    noise = (reference.throughput.half_width_fraction or 0.0) / _HALF_WIDTHS
    rate = math.log(reference.throughput.value / reference.count)
    return None if logs is None else Seen(one.pair.here, logs, stack(reference), rate, noise)
