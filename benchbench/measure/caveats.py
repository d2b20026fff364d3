"""Doubts about a measurement: pure functions of what was seen, each with what to do about it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from benchbench import units
from benchbench.measure.loop import half_width_fraction
from benchbench.measure.sampler import Interference
from benchbench.record import Caveat, Ceiling, Effort, Measurement, Precision, Severity, Work
from benchbench.stats import median, modified_z

_NOISY_FRACTION = 0.05
_TOO_NOISY_FRACTION = 0.5
_FEW_STEPS = 8
_SLOW_FIRST_STEP = 5.0
_OUTLIER_Z = 14.8
_STEAL_FRACTION = 0.02
_FOREIGN_CPU_FRACTION = 0.05
_QUOTA_FRACTION = 0.01
_CLOCKS_APART_FRACTION = 0.05
_LEAST_COSINE = 0.99
_CACHED_SPEEDUP = 1.1
_ABOVE_CEILING = 1.05
_FEWEST_LOSSES = 8
_HARMLESS_THROTTLE = {"power_cap"}
_MEMORY = {"memory_copy", "memory_scale", "memory_add", "memory_triad", "memory_read"}


@dataclass(frozen=True)
class Observed:
    """A measurement and what was seen around it that only doubts keep."""

    measurement: Measurement
    effort: Effort
    device: str
    trains: bool = False
    """Whether the step should return a loss."""
    interference: Interference = field(default_factory=Interference)
    cosine: float | None = None
    """Of the outputs with those of the fp32 reference; None where there is none."""
    repeat_speedup: float | None = None
    """How much faster one batch again and again is than new ones; None where not judged."""


def caveats(observed: Observed) -> tuple[Caveat, ...]:
    """All doubts, in the order a reader should meet them."""
    return tuple(caveat for check in _CHECKS for caveat in check(observed))


def ceiling_caveats(
    measurement: Measurement,
    work: Work,
    ceilings: Sequence[Ceiling],
    *,
    device: str,
    precision: Precision,
) -> tuple[Caveat, ...]:
    """Work done faster than the best this session measured: the ceiling was measured too low."""
    rate = measurement.units_completed / measurement.elapsed_s
    here = [ceiling for ceiling in ceilings if ceiling.device == device]
    compute = [c.value for c in here if c.kind == "matmul" and c.dtype == precision]
    memory = [c.value for c in here if c.kind in _MEMORY]
    pairs = (
        ("compute", work.flops_per_unit, compute, units.flops),
        ("memory", work.bytes_per_unit, memory, units.bandwidth),
    )
    return tuple(
        _above_ceiling(name, per_unit * rate, max(values), text)
        for name, per_unit, values, text in pairs
        if per_unit is not None and values and per_unit * rate > _ABOVE_CEILING * max(values)
    )


def _above_ceiling(
    name: str, achieved: float, ceiling: float, text: Callable[[float | None], str]
) -> Caveat:
    return Caveat(
        code="ceiling_too_low",
        severity="warning",
        message=f"the workload did {text(achieved)}, above the measured {name} ceiling of "
        f"{text(ceiling)}: that was measured too low, or the work is counted too high",
        remedy="measure the ceilings again on an idle machine",
    )


def _warmup(observed: Observed) -> Iterator[Caveat]:
    measurement = observed.measurement
    if measurement.steady is False:
        yield _warning(
            "not_steady",
            "step times had not settled when warm-up reached its limit "
            f"({len(measurement.warmup_s)} steps)",
            "measure longer (--standard or --full), or a smaller batch",
        )
    typical = median(measurement.step_s)
    first = measurement.first_step_s
    if first is not None and first > _SLOW_FIRST_STEP * typical > 0:
        yield _note(
            "cold_start",
            f"the first step took {units.number(first / typical)}x the median step",
            "count the cold start too where processes are short-lived",
        )


def _length(observed: Observed) -> Iterator[Caveat]:
    steps = observed.measurement.step_s
    if len(steps) < _FEW_STEPS:
        yield _warning(
            "few_steps",
            f"only {len(steps)} timed steps",
            "measure longer (--standard or --full), or a smaller batch",
        )
    if observed.effort == "quick":
        yield _note("indicative", "a quick measurement in one process", "repeat with --standard")


def _spread(observed: Observed) -> Iterator[Caveat]:
    steps = observed.measurement.step_s
    half_width = half_width_fraction(_running_sums(steps))
    if half_width is not None and half_width > _NOISY_FRACTION:
        hopeless = half_width > _TOO_NOISY_FRACTION
        make, code = (_invalid, "too_noisy") if hopeless else (_warning, "noisy")
        yield make(
            code,
            f"the mean step is only known to {units.interval(half_width)}",
            "stop other work on this machine, or measure longer",
        )
    outliers = int((abs(modified_z(steps)) > _OUTLIER_Z).sum())
    if outliers:
        yield _note(
            "outliers",
            f"{outliers} of {len(steps)} steps lie far from the median; all are kept",
            "look for periodic work: checkpoints, garbage collection, other processes",
        )


def _disturbance(observed: Observed) -> Iterator[Caveat]:
    seen = observed.interference
    remedy = "stop the other work and measure again"
    if (seen.steal_fraction or 0.0) > _STEAL_FRACTION:
        yield _warning(
            "disturbed",
            f"the hypervisor gave {units.percent(seen.steal_fraction)} of our processor time away",
            "measure again at another time, or on an instance that is not shared or burstable",
        )
    if observed.device == "cpu" and (seen.foreign_cpu_fraction or 0.0) > _FOREIGN_CPU_FRACTION:
        share = units.percent(seen.foreign_cpu_fraction)
        yield _warning(
            "disturbed", f"other processes used {share} of the processors we may use", remedy
        )
    if seen.foreign_gpu_processes:
        count = seen.foreign_gpu_processes
        yield _warning("disturbed", f"{count} other processes computed on the device", remedy)


def _throttling(observed: Observed) -> Iterator[Caveat]:
    looked = [s for s in observed.measurement.samples if s.device is not None and s.time_s >= 0]
    for code, harmless in (("throttled", False), ("power_capped", True)):
        reasons = [{r for r in s.throttle if (r in _HARMLESS_THROTTLE) is harmless} for s in looked]
        share = fmean(map(bool, reasons)) if reasons else 0.0
        if share == 0:
            continue
        lasted = units.duration(share * observed.measurement.elapsed_s)
        names = ", ".join(sorted(set().union(*reasons)))
        yield Caveat(
            code=code,
            severity="note" if harmless else "warning",
            message=f"the device held its clock down for {lasted} ({names})",
            remedy="normal under heavy load; a higher power limit would raise the clock"
            if harmless
            else "improve cooling or power, then measure again",
        )
    stopped = observed.interference.quota_throttled_fraction
    if stopped is not None and stopped > _QUOTA_FRACTION:
        yield _warning(
            "quota",
            f"the container's CPU quota stopped us for {units.percent(stopped)} of the time",
            "raise the quota, or lower the number of threads to it",
        )


def _clocks(observed: Observed) -> Iterator[Caveat]:
    measurement = observed.measurement
    apart = sum(measurement.step_s) / measurement.elapsed_s - 1
    if abs(apart) > _CLOCKS_APART_FRACTION:
        yield _warning(
            "clocks_disagree",
            f"the steps add up to {units.percent(1 + apart)} of the wall time",
            "check that the step runs on the device's current stream",
        )


def _plausibility(observed: Observed) -> Iterator[Caveat]:
    if observed.cosine is not None and observed.cosine < _LEAST_COSINE:
        yield _invalid(
            "wrong_output",
            f"outputs differ from the fp32 reference (cosine {units.number(observed.cosine)})",
            "try another precision or backend; speed without the answer counts for nothing",
        )
    if observed.repeat_speedup is not None and observed.repeat_speedup > _CACHED_SPEEDUP:
        yield _invalid(
            "cached",
            f"one batch again and again ran {units.number(observed.repeat_speedup)}x as fast as "
            "new ones: something is cached",
            "turn the cache off, or make the inputs larger than it",
        )
    losses = observed.measurement.losses
    if observed.trains and losses is None:
        yield _warning(
            "loss_unchecked",
            "the training step returned no loss, so nothing shows that it learns",
            "return the loss from step",
        )
    yield from _losses(losses or ())


def _losses(losses: Sequence[float]) -> Iterator[Caveat]:
    if len(losses) < _FEWEST_LOSSES or len(set(losses)) > 1:
        return
    make = _invalid if losses[0] == 0 else _warning
    yield make(
        "constant_loss",
        f"the loss was {units.number(losses[0])} at every step",
        "check that the step computes and returns its loss, and that batches differ",
    )


_CHECKS: tuple[Callable[[Observed], Iterator[Caveat]], ...] = (
    _plausibility,
    _disturbance,
    _throttling,
    _clocks,
    _warmup,
    _length,
    _spread,
)


def _running_sums(values: Sequence[float]) -> list[float]:
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    return sums


def _caveat(severity: Severity) -> Callable[[str, str, str], Caveat]:
    return lambda code, message, remedy: Caveat(
        code=code, severity=severity, message=message, remedy=remedy
    )


_note, _warning, _invalid = _caveat("note"), _caveat("warning"), _caveat("invalid")
