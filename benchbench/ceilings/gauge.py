"""What a device's counters show while a ceiling is measured: clock, power, heat, throttling.

A ceiling reached at 1.4 GHz under a power cap is another fact than one reached at 1.98 GHz.
"""

import threading
from collections.abc import Iterable, Sequence
from statistics import fmean
from types import TracebackType
from typing import Protocol, Self

from benchbench.record import Scalar

_PERIOD_S = 0.05


class Reading(Protocol):
    """One look; None where a counter is missing."""

    @property
    def clock_hz(self) -> float | None:
        """Of the multiprocessors."""

    @property
    def power_w(self) -> float | None:
        """Of the board."""

    @property
    def temperature_c(self) -> float | None:
        """Of the chip."""

    @property
    def throttle(self) -> tuple[str, ...]:
        """Why the clock is held down, as names."""


class Gauge(Protocol):
    """A device's counters."""

    def read(self) -> Reading:
        """Look once."""


class NoGauge:
    """A device whose counters nobody can read: everything is unknown."""

    clock_hz = power_w = temperature_c = None
    throttle = ()

    def read(self) -> Self:
        """Nothing seen."""
        return self


class Watch:
    """Looks every 50 ms from a thread of its own, and once more at the end; use as a context."""

    def __init__(self, gauge: Gauge, period_s: float = _PERIOD_S) -> None:
        self._gauge, self._period_s = gauge, period_s
        self._readings: list[Reading] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gauge", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._period_s):
            self._readings.append(self._gauge.read())
        self._readings.append(self._gauge.read())

    def seen(self) -> dict[str, Scalar]:
        """For the ceiling's setting."""
        return summary(self._readings)


def summary(readings: Sequence[Reading]) -> dict[str, Scalar]:
    """Mean clock and power, highest temperature, every reason to throttle; None where unknown."""
    reasons = sorted({reason for reading in readings for reason in reading.throttle})
    known = any(reading.clock_hz is not None for reading in readings)
    return {
        "clock_hz": _mean(reading.clock_hz for reading in readings),
        "power_w": _mean(reading.power_w for reading in readings),
        "temperature_c": max(_known(r.temperature_c for r in readings), default=None),
        "throttle": ", ".join(reasons) or ("none" if known else None),
    }


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _mean(values: Iterable[float | None]) -> float | None:
    known = _known(values)
    return fmean(known) if known else None
