"""The verdict on what limits a step, one case per regime."""

import pytest

from benchbench.derive.figures import InputCost
from benchbench.derive.regime import regime
from benchbench.stats import Estimate
from tests import factories as make


def share(value: float) -> Estimate:
    """A measured share of a ceiling."""
    return Estimate(value=value, basis="measured")


@pytest.mark.parametrize(
    ("compute", "memory", "verdict"),
    [
        (0.8, 0.3, "compute"),
        (0.2, 0.9, "memory"),
        (0.3, 0.2, "undetermined"),
        (0.80, 0.78, "undetermined"),
    ],
)
def test_the_nearest_ceiling_limits(compute: float, memory: float, verdict: str) -> None:
    """Near one ceiling and clear of the other; else nobody knows yet."""
    result = regime([make.measurement()], None, share(compute), share(memory))
    assert result.name == verdict
    assert "%" in result.evidence


def test_one_known_ceiling_decides_nothing() -> None:
    """Without the memory ceiling, 80 % of compute may still be both."""
    assert regime([make.measurement()], None, share(0.8), None).name == "undetermined"


def test_waiting_for_data_comes_first() -> None:
    """When the same step runs twice as fast from memory, nothing else matters."""
    waiting = InputCost(seconds_per_step=1, from_memory_units_per_s=None, slowdown=2.0)
    result = regime([make.measurement()], waiting, share(0.8), share(0.1))
    assert result.name == "input"
    assert "2.00 times" in result.evidence


def test_an_input_within_noise_is_not_blamed() -> None:
    """5 % is not beyond the noise of two measurements."""
    nearly = InputCost(seconds_per_step=1, from_memory_units_per_s=None, slowdown=1.05)
    assert regime([make.measurement()], nearly, share(0.8), share(0.1)).name == "compute"


def test_an_idle_device_is_overhead() -> None:
    """Device busy for half of the wall time: launches limit."""
    measurement = make.measurement(10.0, device_s=(0.4,) * 20)
    assert regime([measurement], None, share(0.3), share(0.3)).name == "overhead"


def test_nothing_valid_is_undetermined() -> None:
    """No measurement, no verdict."""
    assert regime([], None, None, None).name == "undetermined"
