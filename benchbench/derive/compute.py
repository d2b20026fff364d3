"""Records of one configuration → its figures. Pure."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from benchbench import stats, units
from benchbench.derive import comparable, feeding, generation
from benchbench.derive.figures import Figures, InputCost, Percentile
from benchbench.derive.regime import Roofline, regime
from benchbench.record import (
    Caveat,
    Ceiling,
    EnergyScope,
    Measurement,
    Precision,
    RateSearch,
    Record,
    Validity,
)
from benchbench.stats import Estimate

_SCHEDULE_LUCK = 12.0


def group(records: Iterable[Record]) -> list[list[Record]]:
    """Repeats of one configuration in one run stay together, in the order first seen.

    Records of unlike machines, settings or runs never merge. The trials of a search are left out:
    too short to stand for their configuration, they are listed by the record of its winner. So are
    examinations: they say nothing of speed.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        if not (record.is_trial or record.is_exam):
            groups.setdefault(_configuration(record), []).append(record)
    return list(groups.values())


def figures(
    records: Sequence[Record],
    *,
    datasheet_flops: float | None = None,
    datasheet_bytes_per_s: float | None = None,
    datasheet_because: str | None = None,
) -> Figures:
    """What one configuration delivered; `records` are its repeats, as `group` returns them.

    `datasheet_flops` is the dense peak in FLOP/s of the devices used, at this precision;
    `datasheet_bytes_per_s` their memory bandwidth; `datasheet_because` says how
    both were found. An invalid repeat withholds every number.
    Raises ValueError on no records.
    """
    first = records[0]
    tuning = first.tuning
    validity = _worst(records)
    measured = [record.measurement for record in records if record.measurement is not None]
    believed = measured if validity != "invalid" else []
    throughput = _throughput(believed)
    reached = _reached(first, throughput, datasheet_flops, datasheet_bytes_per_s)
    input_cost = _input_cost(believed, throughput)
    decoded = feeding.decoders(first)
    hungry = feeding.too_slow(decoded, throughput, input_cost)
    return Figures(
        workload=first.workload,
        scenario=first.scenario,
        driver=first.driver,
        unit=first.work.unit,
        precision=first.precision,
        batch_size=first.batch_size,
        backend=first.backend,
        devices=first.devices,
        role=None if tuning is None or tuning.role == "trial" else tuning.role,
        session=first.provenance.session,
        processes=len(records),
        datasheet_because=datasheet_because,
        steps=sum(len(one.step_s) for one in believed),
        time_to_train=_time_to_train(records) if believed else None,
        convergence=tuple(one.convergence for one in records if one.convergence is not None),
        throughput=throughput,
        latency=_latency(believed),
        **_queries(measured),
        regime=regime(believed, input_cost, _roofline(first, reached)),
        input_cost=input_cost,
        parts=generation.parts(believed, first, reached),
        rates=generation.rates(believed),
        ranks=len(believed[0].ranks) or 1 if believed else 1,
        communication_fraction=generation.communication(believed),
        decode_ceiling=decoded,
        peak_memory_bytes=_highest(one.peak_memory_bytes for one in measured),
        peak_device_memory_bytes=_highest(one.peak_device_memory_bytes for one in measured),
        load_s=believed[0].load_s if believed else None,
        first_step_s=believed[0].first_step_s if believed else None,
        validity=validity,
        caveats=(
            *_caveats(records, reached["share_of_achievable"]),
            *(() if hungry is None else (hungry,)),
        ),
        **_steps(believed),
        **_energy(believed),
        **reached,
    )


def _reached(
    first: Record,
    throughput: Estimate | None,
    datasheet_flops: float | None,
    datasheet_bytes_per_s: float | None,
) -> dict[str, Any]:
    """Achieved work and its shares of the three ceilings (datasheet, matmul, memory)."""
    work, devices = first.work, len(first.devices)
    ceiling = _ceiling(first, "matmul", first.precision)
    memory = _ceiling(first, "memory_triad") or _ceiling(first, "memory_copy")
    executed = _times(throughput, work.executed_flops_per_unit)
    achieved = _times(throughput, work.flops_per_unit)
    moved = _times(throughput, work.bytes_per_unit)
    return {
        "flops_per_unit": work.flops_per_unit,
        "bytes_per_unit": work.bytes_per_unit,
        "intensity": _ratio(work.flops_per_unit, work.bytes_per_unit),
        "achieved_flops": achieved,
        "datasheet_flops": datasheet_flops,
        "mfu": _share(achieved, datasheet_flops),
        "hfu": _share(executed, datasheet_flops),
        "ceiling": ceiling,
        "share_of_achievable": _share(achieved, ceiling.value * devices if ceiling else None),
        "achieved_bytes_per_s": moved,
        "datasheet_bytes_per_s": datasheet_bytes_per_s,
        "memory_ceiling": memory,
        "mbu": _share(moved, memory.value * devices if memory else datasheet_bytes_per_s),
    }


def _roofline(first: Record, reached: dict[str, Any]) -> Roofline:
    threads = first.parameters.get("threads")
    return Roofline(
        compute=reached["share_of_achievable"],
        memory=reached["mbu"],
        ceilings=tuple(
            ceiling
            for ceiling in first.ceilings
            if ceiling.device == first.devices[0] and ceiling.dtype in (None, first.precision)
        ),
        threads=threads if isinstance(threads, int) else None,
        cores=first.system.cpu.usable_cores,
    )


def _configuration(record: Record) -> str:
    return json.dumps([comparable.key(record), record.provenance.session], sort_keys=True)


def _worst(records: Sequence[Record]) -> Validity:
    order: tuple[Validity, ...] = ("valid", "valid_with_warnings", "invalid")
    return max((record.validity for record in records), key=order.index)


def _throughput(measured: Sequence[Measurement]) -> Estimate | None:
    """Units completed ÷ elapsed time; never 1 ÷ latency.

    Within one process the interval is the steps'; over several processes it is theirs, because
    they vary more.
    """
    if not measured:
        return None
    value, ends = stats.over_repeats([one.units_completed / one.elapsed_s for one in measured])
    if len(measured) == 1:
        ends = _rate_interval(measured[0], value)
    return _estimate(value, ends, n=sum(len(one.step_s) for one in measured))


def _time_to_train(records: Sequence[Record]) -> Estimate | None:
    """The mean of the runs, of five or more without the fastest and the slowest; None of no such.

    Each run is a process of its own with a seed of its own: they vary as trainings do.
    """
    reached = [one.convergence.reached_s for one in records if one.convergence is not None]
    seconds = [each for each in reached if each is not None]
    return _estimate(*stats.over_repeats(seconds), n=len(seconds)) if seconds else None


def _rate_interval(measurement: Measurement, value: float) -> tuple[float, float] | None:
    """The relative interval of the mean step, carried over to the rate.

    A server's rate was found by a search.
    """
    if measurement.rate_search is not None:
        return _searched_interval(measurement.rate_search, value)
    ends = stats.mean_step_interval(measurement)
    if ends is None or ends[0] <= 0:
        return None
    mean = sum(measurement.step_s) / len(measurement.step_s)
    return value * mean / ends[1], value * mean / ends[0]


def _searched_interval(search: RateSearch, value: float) -> tuple[float, float] | None:
    """95 % of what other schedules of so many queries would find, and the search's own bracket.

    Few queries decide a tail, and those that meet in a queue are late together: in simulated
    queues with known capacity (benchmarks/server_search.py) 19 of 20 searches of n queries end
    within 12 / sqrt(n) of it. A hundred say nothing.
    """
    half = _SCHEDULE_LUCK / math.sqrt(search.probes[-1].queries)
    if half >= 1:
        return None
    return value * (1 - half), max(value * (1 + half), search.failed_per_s or 0.0)


def _steps(measured: Sequence[Measurement]) -> dict[str, Any]:
    pooled = [seconds for one in measured for seconds in one.step_s]
    if not pooled:
        return {"step_s": None}
    middle, ends = stats.over_repeats([stats.median(one.step_s) for one in measured if one.step_s])
    if ends is None and len(pooled) > 1:
        ends = stats.median_interval(pooled)
    return {
        "step_s": _estimate(middle, ends, n=len(pooled)),
        "step_s_mad": stats.mad(pooled),
        "step_s_p5": stats.quantile(pooled, 5),
        "step_s_p95": stats.quantile(pooled, 95),
    }


def _queries(measured: Sequence[Measurement]) -> dict[str, Any]:
    """What LoadGen said, and how a server's rate was found; of the first repeat."""
    if not measured:
        return {}
    first = measured[0]
    late = [seconds for one in measured for seconds in one.lateness_s or ()]
    return {
        "loadgen": first.loadgen,
        "rate_search": first.rate_search,
        "lateness_p99_s": stats.quantile(late, 99) if late else None,
    }


def _latency(measured: Sequence[Measurement]) -> tuple[Percentile, ...]:
    pooled = [seconds for one in measured for seconds in one.latency_s or ()]
    if not pooled:
        return ()
    return tuple(
        Percentile(
            percent=percent,
            seconds=stats.percentile_allowed(pooled, percent),
            queries=len(pooled),
            queries_needed=needed,
        )
        for percent, needed in stats.QUERIES_NEEDED.items()
    )


def _ceiling(record: Record, kind: str, precision: Precision | None = None) -> Ceiling | None:
    """The best of that kind: of several devices at work the slowest one's, else the first's."""
    fitting = [
        ceiling
        for ceiling in record.ceilings
        if ceiling.kind == kind and (precision is None or ceiling.dtype == precision)
    ]
    together = [one for one in fitting if one.device == "all" and len(record.devices) > 1]
    alone = [one for one in fitting if one.device == record.devices[0]]
    return max(together or alone, key=lambda ceiling: ceiling.value, default=None)


def _input_cost(measured: Sequence[Measurement], throughput: Estimate | None) -> InputCost | None:
    fed = [one for one in measured if one.input_s]
    if not fed or throughput is None:
        return None
    waited = [seconds for one in fed for seconds in one.input_s or ()]
    memory_steps = [seconds for one in fed for seconds in one.step_from_memory_s or ()]
    from_memory = None
    if memory_steps:
        mean = sum(memory_steps) / len(memory_steps)
        step = _estimate(mean, stats.mean_interval(memory_steps), n=len(memory_steps))
        from_memory = step.inverted(fed[0].units_per_step)
    return InputCost(
        seconds_per_step=sum(waited) / len(waited),
        from_memory_units_per_s=from_memory,
        slowdown=None if from_memory is None else from_memory.value / throughput.value,
    )


def _energy(measured: Sequence[Measurement]) -> dict[str, Any]:
    """Joules per unit at the widest scope all repeats have; scopes are never mixed."""
    scopes: tuple[EnergyScope, ...] = ("wall", "node_estimated", "gpu_board", "cpu_package")
    for scope in scopes:
        per_unit = [
            sum(e.joules for e in one.energy if e.scope == scope) / one.units_completed
            for one in measured
            if any(e.scope == scope for e in one.energy)
        ]
        if per_unit and len(per_unit) == len(measured):
            mean = _estimate(*stats.over_repeats(per_unit), n=len(per_unit))
            return {"joules_per_unit": mean, "energy_scope": scope}
    return {}


def _estimate(value: float, ends: tuple[float, float] | None, *, n: int) -> Estimate:
    """Of a positive quantity: an interval reaching below 0 is cut there."""
    return Estimate(
        value=value,
        low=None if ends is None else max(ends[0], 0.0),
        high=None if ends is None else ends[1],
        n=n,
        basis="measured",
    )


def _caveats(records: Sequence[Record], share: Estimate | None) -> tuple[Caveat, ...]:
    """The records' own doubts, once each, and those only the derived figures show."""
    seen = {caveat.code: caveat for record in records for caveat in record.caveats}
    if share is not None and share.value > 1:
        seen["ceiling_exceeded"] = Caveat(
            code="ceiling_exceeded",
            severity="warning",
            message=f"{units.percent(share.value, 3)} of the measured matmul ceiling was reached",
            remedy="measure the ceilings again on a quiet machine: benchbench doctor --ceilings",
        )
    return tuple(seen.values())


def _highest(values: Iterable[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


def _times(estimate: Estimate | None, factor: float | None) -> Estimate | None:
    return None if estimate is None or factor is None else estimate.scaled(factor)


def _share(estimate: Estimate | None, whole: float | None) -> Estimate | None:
    return None if estimate is None or whole is None else estimate.scaled(1 / whole)


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return None if numerator is None or denominator is None else numerator / denominator
