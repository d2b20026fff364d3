"""Several devices at work at once."""

import threading
from collections.abc import Callable

import pytest

from benchbench.ceilings.search import Candidate, Kernel, Prepared, ceiling
from benchbench.ceilings.together import Alone, together
from tests.ceilings.fakes_ceilings import FakeStopwatch, PretendedCall, candidate


def alone(device: str, only: Candidate, dtype: str = "bf16") -> Alone:
    """What a device reached by itself."""
    kernel = Kernel("matmul", "FLOP/s", device, FakeStopwatch(), [only], dtype)  # type: ignore[arg-type] # a precision as text
    found = ceiling(kernel, 0.01)
    assert found is not None
    return Alone(kernel, found)


def one(device: str, seconds: float, dtype: str = "bf16") -> Alone:
    """1,000 FLOP in so many seconds."""
    return alone(device, candidate("only", 1000, PretendedCall(seconds)), dtype)


def test_the_slowest_counts() -> None:
    """1, 2 and 4 ms: 250,000 FLOP/s, with the other devices' rates beside it."""
    devices = [one(f"cuda:{index}", 0.001 * 2**index) for index in range(3)]
    (found,) = together(devices, 0.01)
    assert found.device == "all"
    assert found.value == pytest.approx(2.5e5)
    assert found.low <= found.value <= found.high
    assert found.setting == {
        "devices": 3,
        "cuda:0": pytest.approx(1e6),
        "cuda:1": pytest.approx(5e5),
        "cuda:2": pytest.approx(2.5e5),
    }


def test_types_are_not_mixed() -> None:
    """One ceiling a type; a type only one device has is nobody's together."""
    devices = [one("cuda:0", 0.001), one("cuda:1", 0.001), one("cuda:1", 0.001, "fp8")]
    assert [each.dtype for each in together(devices, 0.01)] == ["bf16"]


def meeting(count: int) -> Callable[[], Candidate]:
    """Work that goes on only while `count` devices are at it; alone it passes at once."""
    party = threading.Barrier(count)
    state = {"together": False}

    class Call(PretendedCall):
        def __call__(self) -> None:
            super().__call__()
            if state["together"] and self.calls > 1:
                party.wait(30)

    def make() -> Candidate:
        return Candidate("only", "1", 1.0, lambda: Prepared(Call(0.001), lambda: True))

    make.state = state  # type: ignore[attr-defined] # switched on by the test
    return make


def test_they_work_at_the_same_time() -> None:
    """Each call waits for the other device's: one after the other would wait for ever."""
    make = meeting(2)
    devices = [alone(f"cuda:{index}", make()) for index in range(2)]
    make.state["together"] = True  # type: ignore[attr-defined] # as above
    (found,) = together(devices, 0.01)
    assert found.setting["devices"] == 2


def test_a_device_that_fails_keeps_nobody_waiting() -> None:
    """Out of memory on one device ends the others' wait, and costs this figure only."""
    calls = iter([PretendedCall(0.001)] * 2)

    def prepare() -> Prepared:
        try:
            return Prepared(next(calls), lambda: True)
        except StopIteration:
            raise RuntimeError("out of memory") from None

    failing = alone("cuda:1", Candidate("only", "1", 1.0, prepare))
    working = [one("cuda:0", 0.001), failing, *(one(f"cuda:{n}", 0.001, "fp8") for n in (0, 1))]
    assert [each.dtype for each in together(working, 0.01)] == ["fp8"]
