"""How long a measurement may take: the only place that says so."""

from dataclasses import dataclass

from benchbench.record import Effort


@dataclass(frozen=True)
class Budget:
    """Limits of one measurement, in seconds of wall time and in steps.

    A step that would end beyond a cap is not begun, but one step of each phase always runs.

    The timed window ends as soon as the 95 % interval of its mean step is within
    `interval_fraction` either way, once `timed_min_s` and `timed_min_steps` are over; else at its
    cap or its most steps. The record says which. What a fixed length would add is not certainty:
    processes differ more than the tenth minute differs from the first, so `REPEATS` are worth more.
    """

    warmup_min_s: float
    warmup_cap_s: float
    timed_min_s: float
    timed_cap_s: float
    check_cap_s: float
    """For each of the phases after the timed window."""
    timeout_s: float
    """For the whole process, loading and compiling included."""
    warmup_min_steps: int = 10
    window_steps: int = 8
    """Warm-up is over when the medians of two windows of at least this many steps agree."""
    steady_fraction: float = 0.02
    timed_min_steps: int = 16
    """No early stop before this many steps; the cap knows no such mercy."""
    timed_max_steps: int = 1_000_000
    interval_fraction: float = 0.01
    """Stop once the 95 % interval is within this fraction either way."""
    check_steps: int = 8
    official: bool = False
    """Queries as MLPerf's rules have them, whatever that takes; nothing here but warm-up counts."""


BUDGETS: dict[Effort, Budget] = {
    "quick": Budget(3.0, 30.0, 6.5, 30.0, 10.0, timeout_s=600.0, interval_fraction=0.02),
    "standard": Budget(3.0, 120.0, 10.0, 180.0, 20.0, timeout_s=1800.0),
    "full": Budget(30.0, 120.0, 60.0, 1200.0, 60.0, timeout_s=5400.0, interval_fraction=0.005),
}
LONGEST_S = 7 * 86_400.0
"""Of what must be finished however long it takes: an official run, a whole data set."""


@dataclass(frozen=True)
class Pace:
    """How long a search for a server's highest rate may take, and how closely it looks."""

    queries: int
    """Of each rate tried, if they fit `probe_cap_s`."""
    probe_min_s: float
    probe_cap_s: float
    search_cap_s: float
    """No further rate is tried after so long."""
    resolution_fraction: float


PACES: dict[Effort, Pace] = {
    "quick": Pace(662, 1.5, 8.0, 45.0, 0.04),
    "standard": Pace(2000, 5.0, 60.0, 600.0, 0.02),
    "full": Pace(6000, 10.0, 120.0, 3600.0, 0.01),
}
"""662 queries are the fewest in which one may be too late (early stopping at p99)."""

REPEATS: dict[Effort, int] = {"quick": 1, "standard": 3, "full": 5}
"""Separate processes: variance between processes exceeds variance within one."""
