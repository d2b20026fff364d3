"""One workload measured in this process: loaded, warmed up, timed, checked."""

import math
import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter_ns, sleep
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it has none

from benchbench import backend
from benchbench.errors import UsageError
from benchbench.measure import (
    checks,
    examination,
    honesty,
    loadgen,
    serving,
    verdict,
)
from benchbench.measure.budget import PACES
from benchbench.measure.caveats import Observed, caveats
from benchbench.measure.channel import Channel, progress
from benchbench.measure.counters import Proc, nvml_counters
from benchbench.measure.device import NANOSECONDS, Cuda, Device, device_named
from benchbench.measure.failure import DeviceLostError
from benchbench.measure.loadgen import Queried, time_queries
from benchbench.measure.loop import Tick, Timed, time_job
from benchbench.measure.message import (
    MeasureWorkload,
    WorkloadResult,
)
from benchbench.measure.perturb import Limit, perturbations, without_exchange
from benchbench.measure.power import idle_power
from benchbench.measure.ranks import ALONE, Company, Gathered
from benchbench.measure.sampler import Sampler, Watch
from benchbench.measure.server import time_server
from benchbench.record import Caveat, Measurement, Part, Perturbation, Scalar
from benchbench.stats import median
from benchbench.system.software import loaded_blas
from benchbench.workload import Job, QueryRules, Workload, query_rules
from benchbench.workload.file import load_file

if TYPE_CHECKING:
    from benchbench.accuracy import Exam


_KIBIBYTE = 1024


def measure_workload(
    request: MeasureWorkload, channel: Channel, company: Company = ALONE
) -> WorkloadResult:
    """Load, warm up, time, check. Raises FloatingPointError on a loss that is not finite."""
    began = perf_counter_ns()
    channel.phase("load")
    workload = load_file(Path(request.file))
    if request.gate_fraction is not None:
        return measure_accuracy(workload, request, request.gate_fraction, channel)
    work, trains = workload.work(request.setting), workload.scenario == "train"
    device = device_named(request.setting.device)
    host = Proc(groups=company.process_groups())
    gpu = nvml_counters(device.name, device.uuid) if isinstance(device, Cuda) else None
    paused = perf_counter_ns()
    idle = idle_power(host, gpu, perf_counter_ns, sleep)
    began += perf_counter_ns() - paused
    job = backend.load(workload, request.setting)
    witness = honesty.Witness(job)
    threads = set_threads(request.threads)
    device.synchronise()
    load_s = (perf_counter_ns() - began) / NANOSECONDS
    watch = Watch(host, gpu, perf_counter_ns)
    with Sampler(watch):
        rules = query_rules(workload)
        timed, queried = _timed(job, request, device, watch, channel, rules, company, trains=trains)
    if queried is not None:
        job = replace(job, units_per_step=float(request.setting.batch_size), from_memory=True)
    require_device(watch)
    require_finite(timed)
    by_driver = (
        {"interval_target_fraction": request.budget.interval_fraction}
        if queried is None
        else _by_loadgen(queried)
    )
    measurement = _measurement(timed, job, device, watch).model_copy(
        update={"load_s": load_s, "idle_power": idle, **by_driver}
    )
    measurement = _offered(measurement, job, request, channel)
    channel.phase("check")
    measurement, doubts = _checked(
        measurement, job, device, watch, request, witness, company, trains=trains
    )
    if queried is not None:
        doubts += verdict.doubts(measurement, queried.verdict, queried.scenario)
    return WorkloadResult(
        work=work,
        measurement=measurement,
        caveats=doubts,
        parameters=with_threads(_bounded(job.parameters, request), threads),
        blas=loaded_blas(),
        logs={} if queried is None else dict(queried.logs),
    )


def measure_accuracy(
    workload: Workload, request: MeasureWorkload, demanded: float, channel: Channel
) -> WorkloadResult:
    """Every sample of a data set answered once, and scored."""
    setting, began = request.setting, perf_counter_ns()
    device = device_named(setting.device)
    exam: Exam = workload.exam(setting)  # type: ignore[attr-defined] # the plan made sure of it
    threads = set_threads(request.threads)
    load_s = (perf_counter_ns() - began) / NANOSECONDS
    watch = Watch(Proc(), None, perf_counter_ns)
    with Sampler(watch):
        taken = examination.take(
            exam,
            setting.batch_size,
            demanded,
            device=device,
            clock=perf_counter_ns,
            watch=watch,
            on_tick=lambda tick: channel.send(progress(tick, watch)),
        )
    measurement = Measurement(
        units_per_step=float(setting.batch_size),
        step_s=taken.step_s,
        elapsed_s=taken.elapsed_s,
        units_completed=float(exam.samples),
        stop_reason="step_limit",
        load_s=load_s,
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE,
        peak_device_memory_bytes=device.peak_memory_bytes(),
    )
    return WorkloadResult(
        work=workload.work(setting),
        measurement=measurement,
        accuracy=taken.accuracy,
        caveats=examination.doubts(taken.accuracy, trained=setting.weights is not None),
        parameters=with_threads(exam.parameters, threads),
        blas=loaded_blas(),
        logs=taken.logs,
    )


def _by_loadgen(queried: Queried) -> dict[str, Any]:
    """What only queries bring to a measurement."""
    found: dict[str, Any] = {
        "latency_s": queried.latency_s,
        "lateness_s": queried.lateness_s,
        "loadgen": queried.run,
        "rate_search": queried.rate_search,
    }
    if queried.samples is not None:
        found["units_completed"] = float(queried.samples)
    return found


def _bounded(parameters: Mapping[str, Scalar], request: MeasureWorkload) -> dict[str, Scalar]:
    """A bound on latency changes the answer: it is one of the parameters."""
    bound = request.latency_bound_s
    return {**parameters, **({} if bound is None else {"latency_bound_s": bound})}


def _timed(
    job: Job,
    request: MeasureWorkload,
    device: Device,
    watch: Watch,
    channel: Channel,
    rules: QueryRules,
    company: Company,
    *,
    trains: bool,
) -> tuple[Timed, Queried | None]:
    """By the loop, or by LoadGen, which also says what it makes of it."""

    def tell(tick: Tick) -> None:
        channel.send(progress(tick, watch))

    if request.load is None:
        timed = time_job(
            job,
            device=device,
            clock=perf_counter_ns,
            budget=request.budget,
            watch=Gathered(watch, company),
            keep_losses=trains,
            on_tick=tell,
            agree=company.agree,
        )
        return timed, None
    if request.load == "server":
        queried = time_server(
            job,
            request.setting.batch_size,
            bound_s=request.latency_bound_s or 0.0,
            padded=loadgen.fixed_shapes(request.setting.backend),
            pace=PACES[request.effort],
            rules=rules,
            device=device,
            clock=perf_counter_ns,
            budget=request.budget,
            watch=watch,
            on_tick=tell,
        )
        return queried.timed, queried
    queried = time_queries(
        job,
        request.load,
        request.setting.batch_size,
        device=device,
        clock=perf_counter_ns,
        budget=request.budget,
        watch=watch,
        on_tick=tell,
        rules=rules,
    )
    return queried.timed, queried


def _offered(
    seen: Measurement, job: Job, request: MeasureWorkload, channel: Channel
) -> Measurement:
    """Requests at rising rates, where the workload answers them one by one."""
    if job.engine is None or request.load is not None or request.setting.ranks > 1:
        return seen
    answers_per_s = seen.units_completed / seen.elapsed_s / job.engine.new_tokens
    offered = serving.offer(
        job.engine,
        job.rates or serving.around(answers_per_s),
        seconds=request.budget.timed_min_s,
        seed=request.setting.seed,
        clock=perf_counter_ns,
        sleep=sleep,
        tell=lambda text: channel.phase("measure", text),
    )
    return seen.model_copy(update={"offered": offered})


def peak_resident_bytes() -> int:
    """The most of this program that was in memory; what its parent held before it does not count.

    `getrusage` starts with the parent's peak where the process was made by vfork.
    """
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * _KIBIBYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE


def with_threads(parameters: Mapping[str, Scalar], threads: int) -> dict[str, Scalar]:
    """What a workload says it used, and our threads. Raises UsageError if it said so already."""
    if "threads" in parameters and parameters["threads"] != threads:
        raise UsageError(
            f"the workload says threads={parameters['threads']} and {threads} were set; "
            "give its parameter another name"
        )
    return {**parameters, "threads": threads}


def require_device(watch: Watch) -> None:
    """Raises DeviceLostError when the driver says that the device is gone."""
    if watch.device_lost:
        raise DeviceLostError("the driver lost the device while it was measured")


def require_finite(timed: Timed) -> None:
    """Raises FloatingPointError naming the first loss that is infinite or not a number."""
    for index, loss in enumerate(timed.losses or ()):
        if not math.isfinite(loss):
            raise FloatingPointError(f"loss {index} of the timed steps is {loss}")


def _checked(
    measurement: Measurement,
    job: Job,
    device: Device,
    watch: Watch,
    request: MeasureWorkload,
    witness: honesty.Witness,
    company: Company,
    *,
    trains: bool,
) -> tuple[Measurement, tuple[Caveat, ...]]:
    """The same step on known data, after the peaks of memory were read."""
    bench = checks.Bench(device, perf_counter_ns, request.budget, company.agree)
    typical_s = company.shared(median(measurement.step_s))
    observed = Observed(
        measurement=measurement.model_copy(
            update={
                "step_from_memory_s": checks.from_memory(job, bench),
                "one_batch_losses": checks.lessons(job, bench, typical_s=typical_s)
                if trains
                else None,
            }
        ),
        effort=request.effort,
        device=request.setting.device,
        trains=trains,
        power=watch.power_integral(),
        energy_doubts=watch.energy_doubts(),
        mig=watch.mig,
        repeat_speedup=checks.repeat_speedup(job, bench, typical_s=typical_s),
        agreement=checks.agreement_if_it_fits(job),
        inputs=checks.input_doubt(next(job.batches), next(job.batches)),
        outputs=None if trains else checks.output_doubt(job),
    )
    fallbacks = honesty.doubts(
        witness,
        job.parameters,
        request.setting,
        device_memory_bytes=measurement.peak_device_memory_bytes,
        agreement=observed.agreement,
    )
    doubts = (*fallbacks, *caveats(observed))
    perturbed = _perturbed(job, bench, request, typical_s)
    return observed.measurement.model_copy(update={"perturbations": perturbed}), doubts


def _perturbed(
    job: Job, bench: checks.Bench, request: MeasureWorkload, typical_s: float
) -> tuple[Perturbation, ...]:
    """Last of all, since it may change what the libraries keep; only plain PyTorch takes it.

    A compiled model would be compiled again for another shape, and another engine has threads of
    its own.
    """
    if request.setting.ranks > 1:
        return without_exchange(job, bench, ranks=request.setting.ranks)
    if request.setting.backend != "torch-eager":
        return ()
    on_cpu = request.setting.device == "cpu"
    limit: Limit | None = _limited(request.threads) if on_cpu else None
    return perturbations(
        job,
        bench,
        typical_s=typical_s,
        batch_size=request.setting.batch_size,
        threads=request.threads,
        limit=limit,
    )


def _limited(usual: int) -> Limit:
    @contextmanager
    def limit(threads: int) -> Iterator[None]:
        with threadpool_limits(threads):
            set_threads(threads)
            try:
                yield
            finally:
                set_threads(usual)

    return limit


def _measurement(timed: Timed, job: Job, device: Device, watch: Watch) -> Measurement:
    return Measurement(
        units_per_step=job.units_per_step,
        step_s=timed.step_s,
        warmup_s=timed.warmup_s,
        elapsed_s=timed.elapsed_s,
        units_completed=job.units_per_step * len(timed.step_s),
        device_s=timed.device_s,
        input_s=None if job.from_memory else timed.input_s,
        first_step_s=timed.first_step_s,
        steady=timed.steady,
        stop_reason=timed.stop_reason,
        peak_memory_bytes=peak_resident_bytes(),
        peak_device_memory_bytes=device.peak_memory_bytes(),
        losses=timed.losses,
        parts=tuple(Part(name=name, seconds=each) for name, each in timed.part_s.items()),
        samples=watch.samples(),
        energy=watch.energy(),
        interference=watch.interference(),
    )


def set_threads(threads: int) -> int:
    """Tell PyTorch, if the workload brought it; the other libraries read OMP_NUM_THREADS."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    return threads
