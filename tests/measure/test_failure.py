"""What stopped a worker, by kind."""

import signal
from typing import Any

import pytest

from benchbench.errors import UsageError
from benchbench.measure.failure import of_death, of_exception


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), "out_of_memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "out_of_memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"), "out_of_memory"),
        (RuntimeError("std::bad_alloc"), "out_of_memory"),
        (FloatingPointError("loss 3 is nan"), "not_finite"),
        (RuntimeError("CUDA error: uncorrectable ECC error encountered"), "device_lost"),
        (RuntimeError("Unable to determine the device handle: GPU is lost"), "device_lost"),
        (UsageError("batch must be even; use --batch 2"), "error"),
        (RuntimeError("shape mismatch"), "error"),
    ],
)
@pytest.mark.fault("death")
def test_exceptions_have_a_kind_and_a_remedy(error: Exception, kind: str) -> None:
    """Memory by type or by the words allocators use; the workload's own errors as they are."""
    found = of_exception(error)
    assert found.kind == kind
    assert found.remedy


def test_an_exception_is_told_in_one_line() -> None:
    """Type and first line; a user's error as it is; a missing package with how to get it."""
    assert of_exception(ValueError("first\nsecond")).message == "ValueError: first"
    assert of_exception(MemoryError()).message == "MemoryError"
    assert of_exception(UsageError("say --batch 2")).message == "say --batch 2"
    assert of_exception(SystemExit()).message == "SystemExit: something called sys.exit()"
    assert "pip install" in of_exception(ModuleNotFoundError("No module named 'torch'")).remedy


@pytest.mark.parametrize(
    ("returncode", "oom", "kind", "name"),
    [
        (-signal.SIGSEGV, False, "crashed", "SIGSEGV"),
        (-signal.SIGABRT, False, "crashed", "SIGABRT"),
        (-signal.SIGILL, True, "crashed", "SIGILL"),
        (-signal.SIGKILL, False, "killed", "SIGKILL"),
        (-signal.SIGKILL, True, "out_of_memory", "SIGKILL"),
        (-signal.SIGTERM, True, "killed", "SIGTERM"),
        (-60, False, "killed", "signal 60"),
    ],
)
@pytest.mark.fault("death")
def test_signals_tell_crashes_from_kills(
    returncode: int, kind: str, name: Any, *, oom: bool
) -> None:
    """SIGKILL is the out-of-memory killer's when the kernel counted one meanwhile."""
    found = of_death(returncode, oom_killed=oom)
    assert (found.kind, found.signal, found.exit_code) == (kind, name, None)


@pytest.mark.fault("death")
def test_an_exit_without_result_is_an_error() -> None:
    """Even an exit code of 0 is no result."""
    assert of_death(3, oom_killed=False).exit_code == 3
    assert of_death(0, oom_killed=False).kind == "error"
