"""One measurement in a process of its own: `python -m benchbench.measure.worker FD PARENT`.

Reads one request line on stdin, writes message lines to the descriptor FD, and dies with PARENT.
"""

import ctypes
import faulthandler
import math
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter_ns, sleep, time_ns
from types import TracebackType
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # it has none

from benchbench import backend
from benchbench.errors import UsageError
from benchbench.measure import (
    checks,
    examination,
    failure,
    honesty,
    learn,
    loadgen,
    mllog,
    serving,
    verdict,
)
from benchbench.measure.budget import PACES
from benchbench.measure.caveats import Observed, caveats, surroundings
from benchbench.measure.counters import Proc, nvml_counters
from benchbench.measure.device import NANOSECONDS, Cuda, Device, device_named
from benchbench.measure.failure import DeviceLostError
from benchbench.measure.loadgen import Queried, time_queries
from benchbench.measure.loop import Phase, Tick, Timed, time_job
from benchbench.measure.message import (
    BatchResult,
    CeilingsResult,
    MeasureCeilings,
    MeasureCollectives,
    MeasureWorkload,
    Message,
    Progress,
    Request,
    TrainingResult,
    TryBatch,
    WorkloadResult,
)
from benchbench.measure.perturb import Limit, perturbations, without_exchange
from benchbench.measure.plan import TARGET
from benchbench.measure.power import idle_power
from benchbench.measure.process import MARK
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

_PR_SET_PDEATHSIG = 1
_KIBIBYTE = 1024
# Descendants of a killed worker would live on: this one waits for the runner's end of the pipe to
# close and takes with it who bears the worker's mark, and the process group, itself included.
_GUARD = f"""
while read -r _; do :; done
for one in /proc/[0-9]*; do
  [ "$one" = "/proc/$$" ] && continue
  grep -aqs "{MARK}=${MARK}" "$one/environ" && kill -KILL "${{one#/proc/}}"
done
kill -KILL 0
"""


class Channel:
    """The line to the runner."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, message: Message) -> None:
        """One line."""
        line = message.model_dump_json().encode() + b"\n"
        while line:
            line = line[os.write(self._descriptor, line) :]

    def phase(self, phase: Phase, text: str = "") -> None:
        """A phase begins."""
        self.send(Message(progress=Progress(phase=phase, elapsed_s=0.0, message=text)))

    def last_words(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Whatever ends the worker is told to the runner (a `sys.excepthook`)."""
        self.send(Message(failure=failure.of_exception(error)))
        sys.__excepthook__(kind, error, trace)


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
            on_tick=lambda tick: channel.send(_progress(tick, watch)),
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
        channel.send(_progress(tick, watch))

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


def measure_training(request: MeasureWorkload, target: float, channel: Channel) -> TrainingResult:
    """Load, train to the target, evaluate on the clock. Raises FloatingPointError as above."""
    began = perf_counter_ns()
    channel.phase("load")
    workload: Any = load_file(Path(request.file))
    device = device_named(request.setting.device)
    gpu = nvml_counters(device.name, device.uuid) if isinstance(device, Cuda) else None
    training = workload.train(request.setting)
    threads = set_threads(request.threads)
    device.synchronise()
    load_s = (perf_counter_ns() - began) / NANOSECONDS
    watch = Watch(Proc(), gpu, perf_counter_ns)
    began_ms = time_ns() / 1e6

    def tell(seen: learn.Seen) -> None:
        channel.send(Message(progress=learn.progress(seen)))

    with Sampler(watch):
        seen = learn.follow(
            training.marks,
            target,
            device=device,
            clock=perf_counter_ns,
            watch=watch,
            on_mark=tell,
        )
    require_device(watch)
    found = learn.convergence(seen, target, training.quality)
    missed, measurement = learn.missed(found), learn.measurement(seen)
    measurement = measurement.model_copy(
        update={
            "load_s": load_s,
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE,
            "peak_device_memory_bytes": device.peak_memory_bytes(),
            "samples": watch.samples(),
            "energy": watch.energy(),
            "interference": watch.interference(),
        }
    )
    observed = Observed(measurement, request.effort, request.setting.device)
    return TrainingResult(
        work=training.work,
        convergence=found,
        measurement=None if missed else measurement,
        failure=missed,
        caveats=(*surroundings(observed), *learn.caveats(request.effort, request.runs)),
        parameters=with_threads({**training.parameters, TARGET: target}, threads),
        blas=loaded_blas(),
        logs={
            mllog.FILE: mllog.log(
                seen,
                began_ms=began_ms,
                load_s=load_s,
                seed=request.setting.seed,
                platform=request.platform,
                reached=missed is None,
            )
        },
    )


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


def try_batch(request: TryBatch, channel: Channel) -> BatchResult:
    """Load the workload at this batch, step, compare with its reference: what did that take?

    The second step is timed: the first one allocates.
    """
    channel.phase("load")
    workload = load_file(Path(request.file))
    device = device_named(request.setting.device)
    job = backend.load(workload, request.setting)
    set_threads(request.threads)
    job.step(next(job.batches))
    step_s = checks.timed(job, next(job.batches), device)
    checks.agreement_if_it_fits(job)
    device.synchronise()
    own = device.peak_memory_bytes()
    peak = peak_resident_bytes() if own is None else own
    return BatchResult(step_s=step_s, peak_memory_bytes=peak)


def peak_resident_bytes() -> int:
    """The most of this program that was in memory; what its parent held before it does not count.

    `getrusage` starts with the parent's peak where the process was made by vfork.
    """
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * _KIBIBYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE


def measure_ceilings(request: MeasureCeilings, channel: Channel) -> CeilingsResult:
    """What the machine could do, by `benchbench.ceilings`."""
    from benchbench import ceilings  # noqa: PLC0415 - a workload's measurement needs none of it

    channel.phase("measure")
    set_threads(request.threads)
    folder, seconds = request.storage_folder, request.seconds_per_kernel
    feeding = ceilings.feeding(
        seconds_per_kernel=seconds,
        decoders=request.decoders,
        folder=None if folder is None else Path(folder),
        on_progress=lambda text: channel.phase("measure", text),
    )
    found = ceilings.measure(
        devices=request.devices,
        precisions=request.precisions,
        seconds_per_kernel=seconds,
        on_progress=lambda text: channel.phase("measure", text),
        last_level_cache_bytes=request.last_level_cache_bytes,
        available_bytes=request.available_bytes,
        gauges=lambda device: nvml_counters(device, Cuda(device).uuid),
    )
    return CeilingsResult(ceilings=(*feeding, *found))


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


def _progress(tick: Tick, watch: Watch) -> Message:
    return Message(
        progress=Progress(
            phase=tick.phase,
            elapsed_s=tick.elapsed_s,
            units_per_s=tick.units_per_s,
            half_width_fraction=tick.half_width_fraction,
            clock_hz=watch.latest.clock_hz,
            power_w=watch.latest.power_w,
        )
    )


def set_threads(threads: int) -> int:
    """Tell PyTorch, if the workload brought it; the other libraries read OMP_NUM_THREADS."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    return threads


def die_with(parent: int) -> None:
    """The kernel kills us when the runner dies; if it already has, end here."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _read_request() -> Request:
    """The request; afterwards stdin is empty, and only the guard holds the runner's pipe."""
    text = sys.stdin.readline()
    subprocess.Popen(  # nobody waits for it: it ends with the process group
        ["/bin/sh", "-c", _GUARD], stdin=0, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return Request.model_validate_json(text)


def _answer(
    body: MeasureWorkload | MeasureCeilings | MeasureCollectives | TryBatch,
    channel: Channel,
    descriptor: int,
) -> WorkloadResult | TrainingResult | CeilingsResult | BatchResult:
    """What several processes do together is launched by this one, which does nothing else."""
    if isinstance(body, MeasureCeilings):
        return measure_ceilings(body, channel)
    if isinstance(body, MeasureWorkload) and body.target is not None:
        return measure_training(body, body.target, channel)
    if isinstance(body, MeasureWorkload) and body.setting.ranks == 1:
        return measure_workload(body, channel)
    if isinstance(body, TryBatch):
        return try_batch(body, channel)
    from benchbench.measure import launch  # noqa: PLC0415 - brings PyTorch

    return launch.together(body, descriptor)


def main(descriptor: int, parent: int) -> None:
    """Serve one request. Ends without the interpreter's teardown, where libraries like to crash."""
    die_with(parent)
    os.set_inheritable(descriptor, False)  # noqa: FBT003 - the name says what False means
    os.dup2(2, 1)  # a library's prints must not look like an answer
    faulthandler.enable()
    channel = Channel(descriptor)
    sys.excepthook = channel.last_words
    body = _read_request().body
    try:
        channel.send(Message(result=_answer(body, channel, descriptor)))
    except SystemExit as error:  # passes `sys.excepthook` by
        channel.send(Message(failure=failure.of_exception(error)))
        raise
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
