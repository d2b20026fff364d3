"""Why it is not faster (roofline, Williams et al. 2009; He 2022): what limits a step.

A regime is named only where changing one thing confirmed it: data from memory, half the batch, half
the threads (`benchbench.record.Perturbation`). A share of a ceiling alone is a guess.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from benchbench import units
from benchbench.derive.figures import InputCost, Regime, RegimeName
from benchbench.record import Ceiling, Measurement, Perturbation
from benchbench.stats import Estimate, median

_CLEAR = 1.10
"""A slowdown or a lead of 10 % is beyond the noise of two measurements."""
_NEAR = 0.6
"""Above this share of a ceiling, that ceiling is what a user meets first."""
_BUSY = 0.85
"""Device time below this share of wall time: the device waits."""
_UNMOVED = 0.9
"""Half the work in more than this share of the time: it was not spent on the work."""
_FOLLOWS = 0.7
"""Half the work in less than this share of the time: it was."""
_AT_WORK = 0.75
"""Of the threads' time: the step is no work of a single one."""
_TELLING = 1.3
"""Two expectations this far apart can be told from each other."""
_MEMORY = {"memory_copy", "memory_triad"}

_TRY: dict[RegimeName, str] = {
    "input": "decode with more workers, cache the decoded images or resize them once beforehand",
    "overhead": "a larger batch, or torch.compile, so that each launch does more work",
    "memory": "a lower precision or a fused (compiled) model moves fewer bytes per step",
    "compute": "a device with a higher peak, or a lower precision where this one has units for it",
    "communication": "fewer devices, or a faster network between them",
    "undetermined": "a larger batch or a compiled model, one at a time, to see which one helps",
}
_TRY_BACKEND = "another backend (benchbench run --tune): these cores can do more than this one asks"


@dataclass(frozen=True)
class Roofline:
    """How near a step is to each ceiling, and the ceilings themselves."""

    compute: Estimate | None = None
    """Share of the measured matmul ceiling reached."""
    memory: Estimate | None = None
    """Share of the memory bandwidth reached."""
    ceilings: tuple[Ceiling, ...] = ()
    """Of the step's device and precision, at every number of threads measured."""
    threads: int | None = None
    """The step's."""
    cores: int | None = None
    """Physical ones it could use."""


def regime(
    measured: Sequence[Measurement], input_cost: InputCost | None, roofline: Roofline
) -> Regime:
    """The verdict, its evidence and the one thing to try."""
    if not measured:
        return _verdict("undetermined", "there is no valid measurement")
    for judge in (_input, _communication, _overhead, _threads, _nearest_ceiling):
        found = judge(_Seen(measured, input_cost, roofline))
        if found is not None:
            return found
    return _verdict("undetermined", _said(_Seen(measured, input_cost, roofline)))


@dataclass(frozen=True)
class _Seen:
    measured: Sequence[Measurement]
    input_cost: InputCost | None
    roofline: Roofline

    def ratios(self, kind: str) -> list[float]:
        """Changed over unchanged time, cycle by cycle, of all processes."""
        return [
            changed / unchanged
            for each in self.perturbations(kind)
            for changed, unchanged in zip(each.step_s, each.unchanged_s, strict=True)
            if unchanged > 0
        ]

    def perturbations(self, kind: str) -> list[Perturbation]:
        return [each for one in self.measured for each in one.perturbations if each.kind == kind]

    def shares(self) -> dict[str, float]:
        both = {"compute": self.roofline.compute, "memory": self.roofline.memory}
        return {name: share.value for name, share in both.items() if share is not None}


_Judge = Callable[[_Seen], Regime | None]


def _verdict(name: RegimeName, evidence: str, try_next: str | None = None) -> Regime:
    return Regime(name=name, evidence=evidence, try_next=try_next or _TRY[name])


def _input(seen: _Seen) -> Regime | None:
    """Fed from memory, the same step is faster."""
    cost = seen.input_cost
    if cost is None or cost.slowdown is None or cost.slowdown < _CLEAR:
        return None
    faster = units.number(cost.slowdown)
    return _verdict("input", f"the same step fed from memory is {faster} times as fast")


def _communication(seen: _Seen) -> Regime | None:
    """Without exchanging gradients, the same step is faster."""
    ratios = seen.ratios("no_exchange")
    if not ratios or median(ratios) > _UNMOVED:
        return None
    share = units.percent(median(ratios))
    return _verdict("communication", f"without exchanging gradients the step takes {share} of it")


def _overhead(seen: _Seen) -> Regime | None:
    """Half the batch takes as long, and no memory-bound weights explain that."""
    ratios, busy = seen.ratios("half_batch"), _device_share(seen.measured)
    if not ratios or median(ratios) < _UNMOVED:
        return None
    half = f"half the batch takes {units.percent(median(ratios))} of the time"
    if busy is not None and busy < _BUSY:
        return _verdict("overhead", f"{half}; the device worked {units.percent(busy)} of it")
    near_memory = seen.shares().get("memory", 0.0) >= _NEAR
    if near_memory:
        share = units.percent(seen.shares()["memory"])
        return _verdict("memory", f"{half}: the weights' bytes count; reaches {share} of bandwidth")
    if busy is not None:
        return None  # busy with little: small kernels or latency, nobody knows which
    return _verdict("overhead", half)


def _threads(seen: _Seen) -> Regime | None:
    """On a processor: half the threads tell its cores from the memory they share."""
    ratios, half = seen.ratios("half_threads"), seen.ratios("half_batch")
    if not ratios or not _uses_threads(seen) or (half and median(half) > _FOLLOWS):
        return None
    said = f"half the threads take {units.number(median(ratios))} times as long"
    if half:
        said += f", half the batch {units.percent(median(half))} of the time"
    said += f"; {_said(seen)}"
    bound = _cores_or_memory(median(ratios), seen)
    if bound == "compute" and seen.shares().get("compute", 1.0) < _NEAR:
        return _verdict("compute", said, _TRY_BACKEND)
    return None if bound is None else _verdict(bound, said)


def _cores_or_memory(slower: float, seen: _Seen) -> RegimeName | None:
    """Which of the two expectations half the threads came nearer to, where they can be told apart.

    Bound by the cores, the step slows down as the cores' ceiling falls; bound by memory, as its
    bandwidth falls. Where nobody measured that with half the threads, only a step that hardly slows
    down tells: its cores were waiting.
    """
    kept = min(each.kept_fraction for each in seen.perturbations("half_threads"))
    memory = _fall(seen.roofline, _MEMORY, kept)
    if memory is None:
        return "memory" if slower < _TELLING else None
    compute = _fall(seen.roofline, {"matmul"}, kept) or 1 / kept
    if compute / memory < _TELLING:
        return None
    return "compute" if slower > math.sqrt(compute * memory) else "memory"


def _fall(roofline: Roofline, kinds: set[str], kept: float) -> float | None:
    """A ceiling with all the step's threads over the same with the part that was kept.

    Where it was only measured with one thread and with all: so many times the one's, up to all's.
    """
    if roofline.threads is None:
        return None
    best: dict[int, float] = {}
    for ceiling in roofline.ceilings:
        if ceiling.kind in kinds and ceiling.threads is not None:
            best[ceiling.threads] = max(ceiling.value, best.get(ceiling.threads, 0.0))
    left = round(kept * roofline.threads)
    all_threads, one = best.get(roofline.threads), best.get(1)
    if all_threads is None or one is None:
        return None
    return all_threads / best.get(left, min(all_threads, left * one))


def _nearest_ceiling(seen: _Seen) -> Regime | None:
    """Near one ceiling and clear of the other, confirmed by time that follows the work."""
    half, shares = seen.ratios("half_batch"), seen.shares()
    if not half or median(half) > _FOLLOWS or set(shares) != {"compute", "memory"}:
        return None
    highest, runner_up = max(shares.values()), min(shares.values())
    if highest < _NEAR or highest < runner_up * _CLEAR:
        return None
    said = f"{_said(seen)}; half the batch takes {units.percent(median(half))} of the time"
    return _verdict("compute" if shares["compute"] == highest else "memory", said)


def _said(seen: _Seen) -> str:
    shares = seen.shares()
    if not shares:
        return "its work was not counted, or no ceiling was measured with it"
    text = ", ".join(f"{units.percent(value)} of the {name}" for name, value in shares.items())
    return f"reaches {text} ceiling"


def _uses_threads(seen: _Seen) -> bool:
    """Whether each thread had a core and was kept at work; else half of them prove nothing.

    With two threads on a core, the half that stays spreads over all cores and loses little.
    """
    steps = seen.perturbations("half_threads")
    wall_s = sum(sum(each.unchanged_s) for each in steps)
    at_work_s = sum(sum(each.unchanged_processor_s or ()) for each in steps)
    threads, cores = seen.roofline.threads, seen.roofline.cores
    if threads is None or cores is None or threads > cores:
        return False
    return at_work_s >= _AT_WORK * threads * wall_s > 0


def _device_share(measured: Sequence[Measurement]) -> float | None:
    """How much of the time the device worked: by its events, or by its driver where that is less.

    Events at the edges of a step do not see the gaps between its kernels; the driver does.
    """
    timed = [one for one in measured if one.device_s]
    if not timed:
        return None
    by_events = sum(sum(one.device_s or ()) for one in timed) / sum(one.elapsed_s for one in timed)
    by_driver = [
        look.utilisation_fraction
        for one in timed
        for look in one.samples
        if look.device is not None and look.utilisation_fraction is not None and look.time_s >= 0
    ]
    return min(by_events, fmean(by_driver)) if by_driver else by_events
