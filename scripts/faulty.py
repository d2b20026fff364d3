"""A workload that takes milliseconds and fails in whichever way it is told to.

--set fault=segfault        see FAULTS for the others; none: it is measured
"""  # noqa: INP001  a file loaded by path, not a package

import ctypes
import itertools
import math
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from benchbench.record import FailureKind, Scalar, Work
from benchbench.workload import Job, Setting, parameters

name, scenario, unit, precisions, batch_size = "faulty", "train", "item", ("fp32",), 4

FAULTS: dict[str, FailureKind | None] = {
    "none": None,
    "stray": None,
    "segfault": "crashed",
    "abort": "crashed",
    "illegal": "crashed",
    "killed": "killed",
    "hang": "timeout",
    "error": "error",
    "exit": "error",
    "memory": "out_of_memory",
    "cuda": "out_of_memory",
    "nan": "not_finite",
}
"""Each with the kind of failure its record must have; None: a measurement."""
DEFAULTS: dict[str, Scalar] = {"fault": "none", "number": 0}
_ADDRESSES = 4 << 30


def work(_setting: Setting) -> Work:
    """Nothing worth counting."""
    return Work(unit=unit)


def load(setting: Setting) -> Job:
    """Ready to step, or to fail."""
    chosen = parameters(setting, **DEFAULTS)
    if chosen["fault"] == "stray":
        subprocess.Popen(["sleep", "600"], start_new_session=True)
    return Job(
        batches=itertools.count(),
        step=_STEPS.get(chosen["fault"], _step),
        units_per_step=float(setting.batch_size),
        from_memory=True,
        parameters=dict(chosen),
    )


def _step(batch: int) -> float:
    """About half a millisecond of work, and a loss that falls."""
    sum(range(20_000))
    return 1.0 + 1.0 / (1 + batch)


def _exhaust(_batch: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    bytearray(2 * _ADDRESSES)


def _fail(error: Exception) -> Callable[[int], float]:
    def step(_batch: int) -> float:
        raise error

    return step


def _die(number: signal.Signals) -> Callable[[int], float]:
    def step(batch: int) -> float:
        os.kill(os.getpid(), number)
        return _step(batch)

    return step


_STEPS: dict[str, Callable[[int], object]] = {
    "segfault": lambda _batch: ctypes.string_at(0),
    "abort": lambda _batch: os.abort(),
    "illegal": _die(signal.SIGILL),
    "killed": _die(signal.SIGKILL),
    "hang": lambda _batch: time.sleep(600),
    "error": _fail(RuntimeError("told to fail")),
    "exit": lambda _batch: sys.exit(3),
    "memory": _exhaust,
    "cuda": _fail(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")),
    "nan": lambda batch: math.nan if batch > 3 else 1.0,  # noqa: PLR2004 - not at once
}
