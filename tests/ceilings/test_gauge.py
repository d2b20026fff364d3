"""What a device's counters showed while a ceiling was measured."""

import threading
from dataclasses import dataclass, field

import pytest

from benchbench.ceilings.gauge import NoGauge, Watch, summary
from benchbench.ceilings.search import Kernel, ceiling
from tests.ceilings.fakes_ceilings import FakeStopwatch, PretendedCall, candidate


@dataclass(frozen=True)
class Look:
    """One reading."""

    clock_hz: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    throttle: tuple[str, ...] = ()


@dataclass
class Looks:
    """Counters that show these readings in turn, the last one for ever."""

    readings: list[Look]
    looked: threading.Event = field(default_factory=threading.Event)

    def read(self) -> Look:
        """The next one."""
        if len(self.readings) > 1:
            return self.readings.pop(0)
        self.looked.set()
        return self.readings[0]


def test_means_and_the_worst() -> None:
    """Clocks of 1.2 and 1.8 GHz are 1.5 on average; heat is its highest; reasons are all told."""
    readings = [
        Look(1.2e9, 600.0, 70.0, ("thermal_hardware", "power_cap")),
        Look(1.8e9, 700.0, 80.0, ("power_cap",)),
    ]
    assert summary(readings) == {
        "clock_hz": pytest.approx(1.5e9),
        "power_w": pytest.approx(650.0),
        "temperature_c": 80.0,
        "throttle": "power_cap, thermal_hardware",
    }


def test_what_is_missing_is_unknown() -> None:
    """A counter without an answer is None; not throttled is known only where something was."""
    assert summary([Look(), Look()]) == dict.fromkeys(
        ("clock_hz", "power_w", "temperature_c", "throttle")
    )
    assert summary([Look(clock_hz=1e9), Look()])["throttle"] == "none"
    assert summary([Look(clock_hz=1e9), Look()])["clock_hz"] == 1e9


def test_it_looks_while_the_work_runs() -> None:
    """Both readings are taken inside the block, from another thread."""
    gauge = Looks([Look(1e9), Look(3e9)])
    with Watch(gauge, period_s=1e-4) as watch:
        assert gauge.looked.wait(30)
    clock = watch.seen()["clock_hz"]
    assert isinstance(clock, float)
    assert 1e9 < clock <= 3e9


def test_a_very_short_work_is_still_seen() -> None:
    """At least one look, at its end."""
    with Watch(Looks([Look(2e9)]), period_s=3600) as watch:
        pass
    assert watch.seen()["clock_hz"] == 2e9


def test_a_ceiling_keeps_the_clock_it_was_reached_at() -> None:
    """In its setting, beside the shape; unknown where nobody can read the counters."""
    only = candidate("only", 1000, PretendedCall(0.001))

    def found(gauge: Looks | NoGauge) -> object:
        kernel = Kernel("matmul", "FLOP/s", "cuda:0", FakeStopwatch(), [only], gauge=gauge)
        best = ceiling(kernel, 0.01)
        return best and (best.setting["clock_hz"], best.setting["shape"])

    assert found(Looks([Look(1.4e9)])) == (1.4e9, "1000")
    assert found(NoGauge()) == (None, "1000")


def test_a_processor_has_no_such_counters() -> None:
    """Without a gauge the setting does not speak of clocks."""
    only = candidate("only", 1000, PretendedCall(0.001))
    best = ceiling(Kernel("matmul", "FLOP/s", "cpu", FakeStopwatch(), [only]), 0.01)
    assert best is not None
    assert "clock_hz" not in best.setting
