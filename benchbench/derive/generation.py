"""Figures of parts of a step, of requests at a rate, and of processes together. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from benchbench import stats
from benchbench.derive.figures import Figures, PartFigures, RateFigures, Scaling
from benchbench.record import Measurement, Offered, PartWork, Record
from benchbench.stats import Estimate, median

_GROWING = 2.0
"""The later half of the requests waiting this much longer than the earlier one: the queue grows."""


def parts(
    believed: Sequence[Measurement], first: Record, reached: Mapping[str, Any]
) -> tuple[PartFigures, ...]:
    """Each part of the step, in the order they happen; all processes' times together.

    `reached` holds the ceilings the whole step was held against.
    """
    if not believed:
        return ()
    works = {work.name: work for work in first.work.parts}
    names = [each.name for each in believed[0].parts]
    return tuple(
        _part(works[name], _seconds(believed, name), reached, len(first.devices))
        for name in names
        if name in works
    )


def _seconds(believed: Sequence[Measurement], name: str) -> list[float]:
    return [
        seconds
        for one in believed
        for part in one.parts
        if part.name == name
        for seconds in part.seconds
    ]


def _part(
    work: PartWork, seconds: Sequence[float], reached: Mapping[str, Any], devices: int
) -> PartFigures:
    middle = median(seconds)
    low, high = stats.median_interval(seconds) if len(seconds) > 1 else (None, None)
    ceiling, memory = reached["ceiling"], reached["memory_ceiling"]
    flops, moved = (_over(amount, fmean(seconds)) for amount in (work.flops, work.bytes))
    bandwidth = memory.value * devices if memory else reached["datasheet_bytes_per_s"]
    return PartFigures(
        name=work.name,
        seconds=Estimate(value=middle, low=low, high=high, n=len(seconds), basis="measured"),
        p95_s=stats.quantile(seconds, 95),
        units_per_s=work.units / fmean(seconds),
        flops_per_s=flops,
        mfu=_over(flops, reached["datasheet_flops"]),
        share_of_achievable=_over(flops, ceiling.value * devices if ceiling else None),
        bytes_per_s=moved,
        mbu=_over(moved, bandwidth),
    )


def _over(amount: float | None, whole: float | None) -> float | None:
    return None if amount is None or not whole else amount / whole


def rates(believed: Sequence[Measurement]) -> tuple[RateFigures, ...]:
    """The curve, from the first process that offered requests: each has rates of its own."""
    offered = next((one.offered for one in believed if one.offered), ())
    return tuple(map(_rate, offered))


def _rate(one: Offered) -> RateFigures:
    complete = [
        (first - arrived, (last - first) / (tokens - 1))
        for arrived, first, last, tokens in zip(
            one.arrived_s, one.first_token_s, one.last_token_s, one.tokens, strict=True
        )
        if first is not None and last is not None and tokens == one.wanted_tokens > 1
    ]
    firsts = [first for first, _ in complete]
    half = len(firsts) // 2
    grows = half > 0 and median(firsts[half:]) > _GROWING * median(firsts[:half])
    return RateFigures(
        requests_per_s=one.requests_per_s,
        offered=len(one.arrived_s),
        answered=len(complete),
        tokens_per_s=sum(one.tokens) / one.elapsed_s,
        first_token_s=median(firsts) if firsts else None,
        first_token_p90_s=stats.percentile_allowed(firsts, 90) if firsts else None,
        per_token_s=median([each for _, each in complete]) if complete else None,
        keeps_up=len(complete) == len(one.arrived_s) and not grows,
    )


def communication(believed: Sequence[Measurement]) -> float | None:
    """What the step takes less when no gradients are exchanged, of its whole time; 0 at least."""
    ratios = [
        changed / unchanged
        for one in believed
        for each in one.perturbations
        if each.kind == "no_exchange"
        for changed, unchanged in zip(each.step_s, each.unchanged_s, strict=True)
        if unchanged > 0
    ]
    return max(0.0, 1 - median(ratios)) if ratios else None


def scaling(together: Figures, others: Iterable[Figures]) -> Scaling | None:
    """Against one process alone: the same work, precision and batch per process, in the same run.

    None of one process, and where either has no valid figure.
    """
    if together.ranks == 1 or together.throughput is None:
        return None
    wanted = _work(together)
    found = (one for one in others if one.ranks == 1 and _work(one) == wanted)
    alone = next((one.throughput for one in found if one.throughput is not None), None)
    if alone is None:
        return None
    ideal = together.ranks * alone.value
    return Scaling(
        processes=together.ranks,
        alone_units_per_s=alone,
        efficiency=_ratio(together.throughput, alone).scaled(alone.value / ideal),
    )


def _work(one: Figures) -> tuple[object, ...]:
    each = one.batch_size / one.ranks
    return one.session, one.workload, one.scenario, one.precision, each, one.backend


def _ratio(above: Estimate, below: Estimate) -> Estimate:
    """Of two independent figures: their relative half-widths add up as squares."""
    value = above.value / below.value
    halves = above.half_width_fraction, below.half_width_fraction
    known = [half for half in halves if half is not None]
    if len(known) < len(halves):
        return Estimate(value=value, basis="measured")
    half = value * math.hypot(*known)
    return Estimate(value=value, low=value - half, high=value + half, basis="measured")
