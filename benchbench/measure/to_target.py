"""A training to its target in this process, with evaluation on the clock."""

import resource
from pathlib import Path
from time import perf_counter_ns, time_ns
from typing import Any

from benchbench.measure import (
    learn,
    mllog,
)
from benchbench.measure.caveats import Observed, surroundings
from benchbench.measure.channel import Channel
from benchbench.measure.counters import Proc, nvml_counters
from benchbench.measure.device import NANOSECONDS, Cuda, device_named
from benchbench.measure.measuring import _KIBIBYTE, require_device, set_threads, with_threads
from benchbench.measure.message import (
    MeasureWorkload,
    Message,
    TrainingResult,
)
from benchbench.measure.plan import TARGET
from benchbench.measure.sampler import Sampler, Watch
from benchbench.system.software import loaded_blas
from benchbench.workload.file import load_file


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
