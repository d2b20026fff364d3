"""Doubts about a measurement: pure functions of what was seen, each with what to do about it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from benchbench import units
from benchbench.measure.checks import Agreement
from benchbench.measure.power import LONGEST_GAP_S, Integral
from benchbench.record import (
    Caveat,
    Ceiling,
    Effort,
    Energy,
    Interference,
    Measurement,
    Precision,
    Scenario,
    Severity,
    Work,
)
from benchbench.stats import mean_step_interval, median, modified_z

_NOISY_FRACTION = 0.05
_TOO_NOISY_FRACTION = 0.5
_FEW_STEPS = 8
_SLOW_FIRST_STEP = 5.0
_OUTLIER_Z = 14.8
_STEAL_FRACTION = 0.02
_FOREIGN_CPU_FRACTION = 0.05
_QUOTA_FRACTION = 0.01
_HOT_FRACTION = 0.01
_CLOCKS_APART_FRACTION = 0.05
_LEAST_COSINE = 0.99
_CACHED_SPEEDUP = 1.1
_ABOVE_CEILING = 1.05
_FEWEST_LOSSES = 8
_HARMLESS_THROTTLE = {"power_cap"}
_ONE_QUERY_AT_A_TIME = {"single_stream", "multi_stream"}
_FEWEST_UNDER_WAY = 0.5
_STALLS = (("memory", 0.01), ("io", 0.1), ("cpu", 0.1))
_LARGEST_JUMP_S = 0.1
_LARGEST_JUMP_FRACTION = 1e-3
"""A clock that is steered goes wrong by up to 0.05 %; one that is set jumps."""
_ENERGIES_APART_FRACTION = 0.05
_FEWEST_POWER_SAMPLES = 60
_LEAST_TOP1 = 0.99
_MEMORY = {"memory_copy", "memory_scale", "memory_add", "memory_triad", "memory_read"}


@dataclass(frozen=True)
class Observed:
    """A measurement and what was seen around it that only doubts keep."""

    measurement: Measurement
    effort: Effort
    device: str
    trains: bool = False
    """Whether the step should return a loss."""
    power: Integral | None = None
    """Of the device's sampled power over the window."""
    energy_doubts: tuple[str, ...] = ()
    """What energy counters did that energy cannot do."""
    mig: bool = False
    agreement: Agreement | None = None
    """Of the outputs with those of the fp32 reference; None where there is none."""
    inputs: Literal["constant", "repeated"] | None = None
    """What is wrong with them."""
    repeat_speedup: float | None = None
    """How much faster one batch again and again is than new ones; None where not judged."""

    @property
    def interference(self) -> Interference:
        """What else happened during the window."""
        return self.measurement.interference or Interference()


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
    """Work done faster than the best this session measured.

    More arithmetic than the best matmul shows a ceiling measured too low. More bytes than memory
    can move were not moved: they were in a cache or never touched, and the count is wrong.
    """
    rate = measurement.units_completed / measurement.elapsed_s
    here = [ceiling for ceiling in ceilings if ceiling.device == device]
    compute = [c.value for c in here if c.kind == "matmul" and c.dtype == precision]
    memory = [c.value for c in here if c.kind in _MEMORY]
    found = []
    if (over := _above(work.flops_per_unit, rate, compute)) is not None:
        found.append(
            _warning(
                "ceiling_too_low",
                f"the workload did {units.flops(over)}, above the measured compute ceiling of "
                f"{units.flops(max(compute))}: that was measured too low, or the work is counted "
                "too high",
                "measure the ceilings again on an idle machine",
            )
        )
    if (over := _above(work.bytes_per_unit, rate, memory)) is not None:
        found.append(
            _invalid(
                "above_memory_bandwidth",
                f"the workload would have moved {units.bandwidth(over)}, above the memory's "
                f"{units.bandwidth(max(memory))}: its data fit the cache, its bytes are counted "
                "too high, or the bandwidth was measured too low",
                "use a larger batch or model, check the workload's bytes, or measure the ceilings "
                "again on an idle machine",
            )
        )
    return tuple(found)


def _above(per_unit: float | None, rate: float, ceilings: Sequence[float]) -> float | None:
    """What was reached, where it is more than a ceiling allows."""
    if per_unit is None or not ceilings or per_unit * rate <= _ABOVE_CEILING * max(ceilings):
        return None
    return per_unit * rate


def latency_caveats(measurement: Measurement, scenario: Scenario) -> tuple[Caveat, ...]:
    """Little's law (1961): queries under way = rate x mean latency.

    Where one query follows the other there is one under way; more means that latencies or the rate
    are wrong, far less that most of the time nobody was asked.
    """
    latency_s = measurement.latency_s
    if not latency_s or scenario not in _ONE_QUERY_AT_A_TIME:
        return ()
    under_way = sum(latency_s) / measurement.elapsed_s
    if _FEWEST_UNDER_WAY <= under_way <= _ABOVE_CEILING:
        return ()
    return (
        _invalid(
            "littles_law",
            f"latency and rate mean {units.number(under_way)} queries at a time where there was "
            "one: they come from two clocks, or one of them is wrong",
            "look at where the driver takes its times",
        ),
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
    if observed.measurement.rate_search is not None:
        return  # its batches differ in size, and the rate comes from the search
    steps = observed.measurement.step_s
    low, high = mean_step_interval(observed.measurement) or (0.0, 0.0)
    half_width = (high - low) / (high + low) if high > 0 else None
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


def _stalls(observed: Observed) -> Iterator[Caveat]:
    seen = observed.interference
    stalled = {
        "memory": (seen.memory_stall_fraction, "use a smaller batch, or more memory"),
        "io": (seen.io_stall_fraction, "keep the data in memory, or on a faster disk"),
        "cpu": (seen.cpu_stall_fraction, "use no more threads and workers than processors"),
    }
    for resource, limit in _STALLS:
        share, remedy = stalled[resource]
        if (share or 0.0) > limit:
            make = _note if resource == "cpu" else _warning
            what = f"tasks waited for {resource} during {units.percent(share)} of the window"
            yield make(f"{resource}_stalled", what, remedy)


def _clock_jump(observed: Observed) -> Iterator[Caveat]:
    seen, elapsed_s = observed.interference, observed.measurement.elapsed_s
    allowed_s = _LARGEST_JUMP_S + _LARGEST_JUMP_FRACTION * elapsed_s
    remedy = "measure again when nothing pauses the machine or sets its clock"
    if (seen.suspended_s or 0.0) > allowed_s:
        text = f"the machine was suspended for {units.duration(seen.suspended_s)}"
        yield _warning("clock_jump", text, remedy)
    elif abs(seen.wall_clock_jump_s or 0.0) > allowed_s:
        jump = units.duration(abs(seen.wall_clock_jump_s or 0.0))
        text = f"the wall clock jumped by {jump}: it was set, or the machine paused or migrated"
        yield _warning("clock_jump", text, remedy)


def _device(observed: Observed) -> Iterator[Caveat]:
    seen = observed.interference
    remedy = "look for Xid in the kernel's log (dmesg), and have the device checked"
    if seen.xids:
        names = ", ".join(str(xid) for xid in sorted(set(seen.xids)))
        yield _invalid("xid", f"the driver reported critical errors of the device: {names}", remedy)
    if seen.uncorrected_memory_errors:
        count = seen.uncorrected_memory_errors
        text = f"{count} memory errors of the device could not be corrected"
        yield _invalid("memory_errors", text, remedy)
    if observed.mig:
        yield _note(
            "mig_slice",
            "the device is a slice of a board: power, energy and other slices' work are not seen",
            "measure energy on a whole board",
        )


def _energy(observed: Observed) -> Iterator[Caveat]:
    for doubt in observed.energy_doubts:
        yield _warning("energy_implausible", f"{doubt}, so no energy is given", "update the driver")
    power = observed.power
    if power is None:
        return
    if power.longest_gap_s > LONGEST_GAP_S:
        gap = units.duration(power.longest_gap_s)
        text = f"power was not seen for {gap}, so its samples give no energy"
        yield _warning("power_gap", text, "leave a processor free for the sampler")
    elif power.samples < _FEWEST_POWER_SAMPLES:
        text = f"only {power.samples} looks at the device's power"
        yield _note("low_sample_count", text, "measure longer (--standard or --full)")
    counted = [e.joules for e in observed.measurement.energy if _is_counted_board(e)]
    if counted and abs(power.joules / sum(counted) - 1) > _ENERGIES_APART_FRACTION:
        share = units.percent(power.joules / sum(counted), 3)
        text = f"sampled power adds up to {share} of the energy counter"
        yield _warning("energy_disagrees", text, "trust neither beyond their difference")


def _is_counted_board(energy: Energy) -> bool:
    return energy.scope == "gpu_board" and energy.method == "counter"


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
    hot_s = observed.interference.cpu_overheated_s or 0.0
    if observed.device == "cpu" and hot_s > _HOT_FRACTION * observed.measurement.elapsed_s:
        yield _warning(
            "throttled",
            f"processors slowed down for heat, for {units.duration(hot_s)} of processor time",
            "improve cooling, then measure again",
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
    if measurement.rate_search is not None:
        return  # a server waits for queries
    apart = sum(measurement.step_s) / measurement.elapsed_s - 1
    if abs(apart) > _CLOCKS_APART_FRACTION:
        yield _warning(
            "clocks_disagree",
            f"the steps add up to {units.percent(1 + apart)} of the wall time",
            "check that the step runs on the device's current stream",
        )


def _plausibility(observed: Observed) -> Iterator[Caveat]:
    yield from _agreement(observed.agreement)
    if observed.inputs == "constant":
        yield _invalid(
            "constant_inputs",
            "the inputs are one number repeated: such data draw less power and clock higher",
            "make them random, as benchbench.synthetic does",
        )
    elif observed.inputs == "repeated":
        yield _warning(
            "repeated_inputs",
            "two batches in a row were the same, so a cache would not show",
            "make every batch new, as benchbench.synthetic does",
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


def _agreement(seen: Agreement | None) -> Iterator[Caveat]:
    if seen is None:
        return
    remedy = "try another precision or backend; speed without the answer counts for nothing"
    if seen.cosine < _LEAST_COSINE:
        text = f"outputs differ from the fp32 reference (cosine {units.number(seen.cosine)})"
        yield _invalid("wrong_output", text, remedy)
    elif seen.top1_fraction is not None and seen.top1_fraction < _LEAST_TOP1:
        share = units.percent(seen.top1_fraction)
        text = f"only {share} of the outputs choose what the fp32 reference chooses"
        yield _invalid("wrong_output", text, remedy)


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
    _device,
    _disturbance,
    _stalls,
    _throttling,
    _clock_jump,
    _clocks,
    _energy,
    _warmup,
    _length,
    _spread,
)


def _caveat(severity: Severity) -> Callable[[str, str, str], Caveat]:
    return lambda code, message, remedy: Caveat(
        code=code, severity=severity, message=message, remedy=remedy
    )


def surroundings(observed: Observed) -> tuple[Caveat, ...]:
    """Doubts about the machine alone, where the figure is not made of steps."""
    checks = (_device, _disturbance, _stalls, _throttling, _clock_jump, _energy)
    return tuple(caveat for check in checks for caveat in check(observed))


_note, _warning, _invalid = _caveat("note"), _caveat("warning"), _caveat("invalid")
