"""Why there is no number: exceptions and deaths of a worker, as failures with a remedy."""

import signal

from benchbench.errors import BenchbenchError
from benchbench.record import Failure, FailureKind

_LOST_PHRASES = ("gpu is lost", "fallen off the bus", "uncorrectable ecc")
_MEMORY_PHRASES = (
    *("out of memory", "can't allocate memory", "not enough memory", "bad_alloc"),
    "_alloc_failed",  # cuBLAS and cuDNN, whose workspace no longer fits
)
_REMEDIES: dict[FailureKind, str] = {
    "out_of_memory": "lower --batch, or use a machine with more memory",
    "killed": "see who ends processes here (a job limit, an out-of-memory killer), then run again",
    "crashed": "run the workload's file alone; suspect a library built for another processor",
    "timeout": "lower --batch, or look for what hangs",
    "not_finite": "try fp32 or bf16 in place of fp16, or look at the workload's data",
    "target_missed": "look at the accuracy after each epoch; allow more epochs, or a lower target",
    "device_lost": "look for Xid in the kernel's log (dmesg), reset or replace the device",
    "error": "read the message, mend the workload or its parameters, and run again",
}
_INSTALL = "install what the workload needs: pip install 'benchbench[bench]' brings PyTorch"
_NO_EXIT = "take the exit out of the workload, or raise an error that says what is wrong"
_CRASHES = {
    *(signal.SIGSEGV, signal.SIGABRT, signal.SIGILL, signal.SIGBUS, signal.SIGFPE),
    *(signal.SIGTRAP, signal.SIGSYS),
}


class DeviceLostError(RuntimeError):
    """The driver no longer answers for the device."""


def failure(
    kind: FailureKind,
    message: str,
    *,
    signal_name: str | None = None,
    exit_code: int | None = None,
    remedy: str | None = None,
) -> Failure:
    """A failure with the remedy its kind usually needs."""
    return Failure(
        kind=kind,
        message=message,
        remedy=remedy or _REMEDIES[kind],
        signal=signal_name,
        exit_code=exit_code,
    )


def of_exception(error: BaseException) -> Failure:
    """What stopped a worker from within."""
    text = str(error).strip().splitlines()
    message = f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
    if isinstance(error, BenchbenchError):
        return failure("error", str(error))
    if isinstance(error, SystemExit):
        code = "" if error.code is None else error.code
        return failure("error", f"SystemExit: something called sys.exit({code})", remedy=_NO_EXIT)
    if isinstance(error, ImportError):
        return failure("error", message, remedy=_INSTALL)
    if isinstance(error, FloatingPointError):
        return failure("not_finite", str(error))
    return failure(_kind(error), message)


def _kind(error: BaseException) -> FailureKind:
    text = str(error).lower()
    if isinstance(error, DeviceLostError) or any(phrase in text for phrase in _LOST_PHRASES):
        return "device_lost"
    if isinstance(error, MemoryError) or any(phrase in text for phrase in _MEMORY_PHRASES):
        return "out_of_memory"
    return "error"


def of_death(returncode: int, *, oom_killed: bool) -> Failure:
    """What a worker that left no last word died of."""
    if returncode >= 0:
        return failure(
            "error", f"the worker left no result (exit code {returncode})", exit_code=returncode
        )
    number = -returncode
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    if number == signal.SIGKILL and oom_killed:
        return failure("out_of_memory", "killed by the system for memory", signal_name=name)
    kind: FailureKind = "crashed" if number in _CRASHES else "killed"
    verb = "crashed" if kind == "crashed" else "was killed"
    return failure(kind, f"the worker {verb} ({name})", signal_name=name)
