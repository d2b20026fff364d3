"""The two devices' marks."""

from time import perf_counter_ns

import pytest

from benchbench.measure.device import Cuda, Device, Host, device_named
from tests.measure.fakes_measure import FakeClock


def test_a_processors_marks_are_clock_readings() -> None:
    """Seconds between two of them; it has no memory of its own."""
    clock = FakeClock()
    host: Device = Host(clock)
    first = host.mark()
    clock.advance(0.25)
    host.synchronise()
    assert host.between_s(first, host.mark()) == 0.25
    assert host.in_flight == 0
    assert host.peak_memory_bytes() is None


def test_the_processor_is_named_cpu() -> None:
    """With the monotonic clock unless another is given."""
    host = device_named("cpu")
    assert host.name == "cpu"
    before = perf_counter_ns()
    assert host.mark() >= before


@pytest.mark.gpu
def test_a_gpus_marks_agree_with_the_wall() -> None:
    """Matrix products between two events, against the clock around a synchronisation."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no NVIDIA GPU here")
    gpu = Cuda("cuda:0")
    square = torch.randn(4096, 4096, device="cuda:0")
    square @ square
    gpu.synchronise()
    began, first = perf_counter_ns(), gpu.mark()
    for _ in range(50):
        square @ square
    measured_s = gpu.between_s(first, gpu.mark())
    wall_s = (perf_counter_ns() - began) / 1e9
    assert measured_s == pytest.approx(wall_s, rel=0.1)
    assert gpu.peak_memory_bytes() >= 3 * 4096 * 4096 * 4
    assert len(gpu.uuid) == len("11111111-aaaa-bbbb-cccc-000000000000")
