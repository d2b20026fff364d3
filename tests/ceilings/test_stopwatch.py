"""What a stopwatch encloses, with pretended clocks."""

import pytest
import torch

from benchbench.ceilings.stopwatch import (
    CudaTimeline,
    DeviceStopwatch,
    HostStopwatch,
    flusher,
    nothing,
)
from tests.ceilings.fakes_ceilings import FakeTimeline


def test_the_host_stopwatch_reads_its_clock() -> None:
    """From 5 ns to 2,000,000,005 ns are two seconds."""
    ticks = iter([5, 2_000_000_005])
    assert HostStopwatch(clock=lambda: next(ticks)).time(nothing) == pytest.approx(2.0)


def test_the_flush_is_not_timed() -> None:
    """The order is flush, clock, call, clock."""
    log: list[str] = []

    def clock() -> int:
        log.append("clock")
        return 0

    stopwatch = HostStopwatch(lambda: log.append("flush"), clock)
    stopwatch.time(lambda: log.append("call"))
    assert log == ["flush", "clock", "call", "clock"]


def test_the_device_stopwatch_encloses_device_time_only() -> None:
    """A flush of 7 ms before and work of another stream leave a call of 3 ms at 3 ms."""
    device = FakeTimeline()
    device.launch("earlier", 100.0)
    stopwatch = DeviceStopwatch(device, lambda: device.launch("flush", 7.0))
    assert stopwatch.time(lambda: device.launch("call", 3.0)) == pytest.approx(0.003)


def test_the_device_is_idle_before_and_waited_for_after() -> None:
    """The flush comes after the wait and just before the first event: launches are hidden."""
    device = FakeTimeline()
    stopwatch = DeviceStopwatch(device, lambda: device.launch("flush", 7.0))
    stopwatch.time(lambda: device.launch("call", 3.0))
    assert device.log == ["synchronize", "flush", "event", "call", "event", "synchronize"]


def test_flushing_touches_twice_the_cache() -> None:
    """One call overwrites two cache sizes of bytes."""
    flushed = flusher(4096, "cpu")()
    assert isinstance(flushed, torch.Tensor)
    assert flushed.nbytes == 8192
    assert not flushed.any()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_cuda_events_time_a_product() -> None:
    """Four times the work takes longer by CUDA's own events."""
    stopwatch = DeviceStopwatch(CudaTimeline(), flusher(64 * 2**20, "cuda"))
    small, large = (torch.randn(n, n, device="cuda") for n in (2048, 8192))
    stopwatch.time(lambda: small @ small)
    stopwatch.time(lambda: large @ large)
    assert 0 < stopwatch.time(lambda: small @ small) < stopwatch.time(lambda: large @ large)
