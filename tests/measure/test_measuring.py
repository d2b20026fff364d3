"""What a measurement makes of what it saw, without a process of its own."""

import os
import subprocess
import sys

import pytest

from benchbench.errors import UsageError
from benchbench.measure import failure
from benchbench.measure.failure import DeviceLostError
from benchbench.measure.measuring import (
    _limited,
    peak_resident_bytes,
    require_device,
    with_threads,
)
from benchbench.measure.sampler import Watch
from tests.measure.fakes_measure import FakeClock, FakeGpuCounters, FakeHost


@pytest.mark.fault("machine")
def test_a_lost_device_is_a_failure_and_no_number() -> None:
    """Steps may still have returned; nobody knows what."""
    gpu = FakeGpuCounters()
    watch = Watch(FakeHost(), gpu, FakeClock())
    require_device(watch)
    gpu.lost = True
    with pytest.raises(DeviceLostError) as raised:
        require_device(watch)
    assert failure.of_exception(raised.value).kind == "device_lost"


def test_a_peak_is_this_programs_own() -> None:
    """At least what is resident now; less than a child's would be that counted its parent's."""
    import psutil

    assert peak_resident_bytes() >= 0.9 * psutil.Process().memory_info().rss
    ballast = bytearray(os.urandom(1)) * 300_000_000
    code = "from benchbench.measure.measuring import peak_resident_bytes as p; print(p())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert 0 < int(told.stdout) < len(ballast) < peak_resident_bytes()


@pytest.mark.known_error("NaN in JSON; metric keys overwriting each other")
def test_a_workloads_parameter_is_never_overwritten() -> None:
    """Its own `threads` may only say what was set."""
    assert with_threads({"data": "synthetic"}, 4) == {"data": "synthetic", "threads": 4}
    assert with_threads({"threads": 4}, 4) == {"threads": 4}
    with pytest.raises(UsageError, match="another name"):
        with_threads({"threads": 1}, 4)


def test_threads_are_limited_for_a_while() -> None:
    """PyTorch's own count, and back, also when the step fails."""
    torch = pytest.importorskip("torch")
    usual = torch.get_num_threads()

    def fail() -> None:
        with _limited(usual)(1):
            assert torch.get_num_threads() == 1
            raise RuntimeError("no such shape")

    with pytest.raises(RuntimeError, match="shape"):
        fail()
    assert torch.get_num_threads() == usual
