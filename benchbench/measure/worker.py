"""One measurement in a process of its own: `python -m benchbench.measure.worker FD PARENT`.

Reads one request line on stdin, writes message lines to the descriptor FD, and dies with PARENT.
"""

import ctypes
import faulthandler
import os
import signal
import subprocess
import sys
from pathlib import Path

from benchbench import backend
from benchbench.measure import checks, failure
from benchbench.measure.channel import Channel
from benchbench.measure.counters import nvml_counters
from benchbench.measure.device import Cuda, device_named
from benchbench.measure.measuring import measure_workload, peak_resident_bytes, set_threads
from benchbench.measure.message import (
    BatchResult,
    CeilingsResult,
    MeasureCeilings,
    MeasureCollectives,
    MeasureWorkload,
    Message,
    Request,
    TrainingResult,
    TryBatch,
    WorkloadResult,
)
from benchbench.measure.process import MARK
from benchbench.measure.to_target import measure_training
from benchbench.workload.file import load_file

_PR_SET_PDEATHSIG = 1
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
