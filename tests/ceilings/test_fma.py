"""The FMA loop does what it is counted as, and its clock is the clock of the moment."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from benchbench.ceilings import fma, ir, isa, jit, pages
from benchbench.ceilings.fma import Loop, ports
from benchbench.ceilings.isa import Element
from benchbench.ceilings.team import Team
from benchbench.errors import InvalidMeasurementError
from benchbench.record import Ceiling
from tests.ceilings.test_team import ONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

HERE = jit.host_isa()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of microseconds instead of milliseconds."""
    monkeypatch.setattr(fma, "ROUNDS", 64)
    monkeypatch.setattr(fma, "_CLOCK_ROUNDS", 64)
    monkeypatch.setattr(fma, "_WARM_CALLS", 1)


@pytest.mark.parametrize(("element", "dtype"), [("fp32", np.float32), ("fp64", np.float64)])
def test_the_accumulators_are_numpys(element: Element, dtype: type) -> None:
    """One round, computed in NumPy: sums of products in the order of the turns, within rounding."""
    function = ir.fma(HERE, element)
    kernel = jit.Library([function], HERE)[function]
    lanes, random = HERE.lanes(element), np.random.default_rng(0)
    values: NDArray[Any] = pages.allocate((4 + HERE.chains) * HERE.vector_bytes).view(dtype)
    values[:] = random.standard_normal(len(values))
    x, y, u, v = values[: 4 * lanes].reshape(4, lanes).astype(np.float64)
    sums = values[4 * lanes :].reshape(HERE.chains, lanes)
    expected = sums + ir.PAIRS * (x * y - u * v)
    with Team([ONE]) as team:
        team.run(kernel, [[1, values.ctypes.data, sums.ctypes.data]])
    np.testing.assert_allclose(sums, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("element", ["fp32", "fp64"])
@pytest.mark.usefixtures("quick")
def test_flops_are_two_per_lane_and_fma(element: Element) -> None:
    """Rounds x instructions x lanes x 2, on every member."""
    with Team([ONE]) as team:
        loop = Loop(team, HERE, element)
        per_round = 2 * ir.PAIRS * HERE.chains
        assert (
            loop.flop == 64 * per_round * (HERE.vector_bytes / (4 if element == "fp32" else 8)) * 2
        )
        assert loop.time() > 0
        assert loop.clock_hz() > 0


def test_a_loop_that_skips_half_its_work_is_noticed() -> None:
    """Half the rounds move the accumulators half as far: an invalid measurement, not a record."""
    with Team([ONE]) as team:
        loop = Loop(team, HERE, "fp32")
        assert loop.time() > 0

        def cheat(kernel: object, jobs: list[list[int]]) -> float:
            return Team.run(team, kernel, [[job[0] // 2, *job[1:]] for job in jobs])  # type: ignore[arg-type] # a fake

        team.run = cheat  # type: ignore[method-assign, assignment] # a fake
        with pytest.raises(InvalidMeasurementError, match="wrong result; check"):
            loop.time()
        with pytest.raises(InvalidMeasurementError, match="wrong result; check"):
            loop.clock_hz()


@pytest.mark.usefixtures("quick")
def test_the_ceiling_holds_clock_ports_lanes_and_units() -> None:
    """Value, clock, lanes and ports are consistent with each other."""
    with Team([ONE]) as team:
        found = fma.measure(team, HERE, "fp32", seconds=0.001)
    assert (found.kind, found.dtype, found.threads, found.unit) == ("fma", "fp32", 1, "FLOP/s")
    assert found.low <= found.value <= found.high
    clock, lanes = found.setting["clock_hz"], found.setting["lanes"]
    assert isinstance(clock, float)
    assert isinstance(lanes, int)
    assert found.setting["isa"] == HERE.name
    assert found.setting["fma_ports"] == pytest.approx(found.value / (clock * lanes * 2))


def measured(monkeypatch: pytest.MonkeyPatch, clock_hz: float, seconds: float) -> Ceiling:
    """A pretended AVX-512 machine of two cores."""

    class Pretended:
        flop = 2.0 * 64e6

        def __init__(self, *_: object) -> None: ...

        def time(self) -> float:
            return seconds

        def clock_hz(self) -> float:
            return clock_hz

    monkeypatch.setattr(fma, "Loop", Pretended)
    with Team([ONE, ONE]) as team:
        return fma.measure(team, isa.AVX512, "fp32", seconds=0.01)


def test_a_clock_below_the_base_is_measured_not_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Xeon Gold 6148 sold as 2.4 GHz runs AVX-512 on all cores at 2.2 (Intel, 2018): 2 ports."""
    seconds = 64e6 / (2 * 16 * 2 * 2.2e9)
    found = measured(monkeypatch, clock_hz=2.2e9, seconds=seconds)
    assert found.setting["clock_hz"] == 2.2e9
    assert found.setting["fma_ports"] == pytest.approx(2.0)
    assert found.value == pytest.approx(2 * 2 * 16 * 2 * 2.2e9)


def test_ports_of_known_processors() -> None:
    """Zen 3 does 32 fp32 FLOP per cycle and core on 2 ports of 8 lanes (AMD's guide, 2020)."""
    assert ports(32 * 3.5e9, 3.5e9, lanes=8, threads=1) == pytest.approx(2)
    assert ports(2 * 32 * 2.6e9, 2.6e9, lanes=4, threads=2) == pytest.approx(4)
