"""The search: which candidate wins, and what is kept of the others. Time is pretended."""

import numpy as np
import pytest

from benchbench.ceilings.search import (
    FEWEST_REPETITIONS,
    MOST_REPETITIONS,
    Candidate,
    Kernel,
    ceiling,
    kept,
    settle,
)
from benchbench.errors import InvalidMeasurementError
from benchbench.record import Ceiling
from benchbench.stats import median, median_interval
from tests.ceilings.fakes_ceilings import FakeStopwatch, PretendedCall, candidate


def kernel(*candidates: Candidate) -> Kernel:
    """A matmul on a pretended CPU."""
    return Kernel("matmul", "FLOP/s", "cpu", FakeStopwatch(), candidates, "fp32", threads=2)


def found(*candidates: Candidate, seconds: float = 1.0) -> Ceiling:
    """The ceiling, which must exist."""
    result = ceiling(kernel(*candidates), seconds)
    assert result is not None
    return result


def test_the_fastest_path_wins() -> None:
    """1000 FLOP in 1 ms beat 1000 FLOP in 2 ms: 1 MFLOP/s, by that path."""
    best = found(
        candidate("slow", 1000, PretendedCall(0.002)), candidate("fast", 1000, PretendedCall(0.001))
    )
    assert best.path == "fast"
    assert best.value == pytest.approx(1e6)
    assert best.unit == "FLOP/s"
    assert (best.kind, best.dtype, best.device, best.threads) == ("matmul", "fp32", "cpu", 2)


def test_the_losers_figures_are_kept() -> None:
    """The setting holds every path's own trial rate beside the winner's shape."""
    best = found(
        candidate("slow", 1000, PretendedCall(0.002)), candidate("fast", 1000, PretendedCall(0.001))
    )
    assert best.setting["shape"] == "1000"
    assert best.setting["slow"] == pytest.approx(5e5)
    assert best.setting["fast"] == pytest.approx(1e6)


def test_the_best_shape_of_a_path_wins() -> None:
    """Shapes of one path compete too."""
    best = found(
        candidate("only", 1000, PretendedCall(0.001)),
        candidate("only", 4000, PretendedCall(0.002)),
        candidate("only", 8000, PretendedCall(0.016)),
    )
    assert best.setting == {"shape": "4000", "only": pytest.approx(2e6)}


def test_the_value_is_the_median_of_the_repetitions() -> None:
    """Of calls taking 1, 2 and 4 ms in turn the middle one counts, inside its interval."""
    best = found(candidate("only", 1000, PretendedCall(0.001, 0.002, 0.004)))
    assert best.value == pytest.approx(5e5)
    assert best.low <= best.value <= best.high
    assert set(best.samples) == {1000 / 0.001, 1000 / 0.002, 1000 / 0.004}


def test_a_lucky_trial_does_not_win() -> None:
    """A path fast in its trials only is beaten in the repetitions that decide."""
    lucky = PretendedCall(*([0.001] * 4 + [0.010] * 996))
    best = found(candidate("lucky", 1000, lucky), candidate("steady", 1000, PretendedCall(0.002)))
    assert best.path == "steady"


def test_the_first_call_is_dropped() -> None:
    """A first call of one second leaves no trace in the samples."""
    best = found(candidate("only", 1000, PretendedCall(*([1.0] + [0.001] * 3) * 2, *[0.001] * 999)))
    assert best.value == pytest.approx(1e6)


def test_repetitions_fill_the_time() -> None:
    """Three seconds for three finalists give one second of calls that vary, 10 ms on average."""
    best = found(candidate("only", 1000, PretendedCall(0.005, 0.015)), seconds=3.0)
    assert len(best.samples) == pytest.approx(100, abs=1)


def test_what_is_known_is_not_measured_longer() -> None:
    """Equal calls end after a quarter of the time, and their interval lies within 1 %."""
    best = found(candidate("only", 1000, PretendedCall(0.010)), seconds=3.0)
    assert 25 <= len(best.samples) <= 40
    assert best.high - best.low <= 0.02 * best.value


def test_what_is_not_known_is() -> None:
    """Calls 3 % apart either way leave more than 1 % until many of them were made."""
    calls = PretendedCall(*np.random.default_rng(0).normal(0.010, 0.0005, 500))
    durations = settle(calls.timed, 5.0)
    assert 125 <= len(durations) < 500
    low, high = median_interval(durations)
    assert high - low <= 0.02 * median(durations)


def test_the_whole_time_is_filled_where_others_work_beside() -> None:
    """Devices at work at once must not stop one by one."""
    calls = PretendedCall(0.010)
    durations = settle(calls.timed, 1.0, whole_time=True)
    assert len(durations) == pytest.approx(100, abs=1)


def test_there_are_enough_repetitions_and_not_too_many() -> None:
    """A slow call is still repeated; a quick one does not flood the record."""
    slow = found(candidate("slow", 1000, PretendedCall(10.0)), seconds=0.1)
    quick = found(candidate("quick", 1000, PretendedCall(1e-6)))
    assert len(slow.samples) == FEWEST_REPETITIONS
    assert len(quick.samples) == MOST_REPETITIONS


def test_a_path_that_does_not_exist_here_is_unknown() -> None:
    """Missing operators and refusals of the library leave None, not 0, and another path wins."""
    best = found(
        candidate("missing", 1000, AttributeError("no such operator")),
        candidate("refused", 1000, RuntimeError("could not create a primitive")),
        candidate("works", 1000, PretendedCall(0.001)),
    )
    assert best.path == "works"
    assert best.setting["missing"] is None
    assert best.setting["refused"] is None


def test_a_shape_that_does_not_fit_leaves_the_smaller_ones() -> None:
    """Out of memory at one shape does not cost the path its figure."""
    best = found(
        candidate("only", 1000, PretendedCall(0.001)),
        candidate("only", 2000, RuntimeError("out of memory")),
    )
    assert best.setting == {"shape": "1000", "only": pytest.approx(1e6)}


def test_a_wrong_but_fast_path_never_wins() -> None:
    """A path whose result is wrong has no rate."""
    best = found(
        candidate("wrong", 1000, PretendedCall(0.0001), correct=[False]),
        candidate("right", 1000, PretendedCall(0.001)),
    )
    assert best.path == "right"
    assert best.setting["wrong"] is None


def test_a_result_that_goes_wrong_later_is_an_invalid_measurement() -> None:
    """Right in the trial and wrong in the repetitions: the machine cannot be believed."""
    with pytest.raises(InvalidMeasurementError, match="only at 1000 gave a wrong result; check"):
        found(candidate("only", 1000, PretendedCall(0.001), correct=[True, False]))


def test_nothing_that_works_is_no_ceiling() -> None:
    """Without a working path the ceiling is unknown."""
    assert ceiling(kernel(candidate("missing", 1000, RuntimeError())), 1.0) is None


def test_a_hopeless_path_is_not_tried_on_larger_shapes() -> None:
    """Ten times slower at the smallest shape: the larger one is never called."""
    larger = PretendedCall(1e-9)
    best = found(
        candidate("fast", 1000, PretendedCall(0.001)),
        candidate("hopeless", 1000, PretendedCall(0.010)),
        candidate("hopeless", 2000, larger),
    )
    assert best.path == "fast"
    assert larger.calls == 0


def test_a_shape_that_would_take_too_long_is_not_tried() -> None:
    """At 1 MFLOP/s, four calls of 1 GFLOP would need more than the second there is."""
    larger = PretendedCall(1e-9)
    found(candidate("only", 1000, PretendedCall(0.001)), candidate("only", 1e9, larger))
    assert larger.calls == 0


def test_time_left_over_goes_to_the_paths_after() -> None:
    """A path that fails costs nothing; the next may try a shape twice as long."""
    larger = PretendedCall(0.2)
    found(
        candidate("missing", 1000, RuntimeError()),
        candidate("only", 1000, PretendedCall(0.001)),
        candidate("only", 200_000, larger),
    )
    assert larger.calls > 0


def test_what_time_there_is_goes_to_the_path_ahead() -> None:
    """One of the large shapes can be afforded: that of the path that did better on small ones."""
    behind, ahead = PretendedCall(0.3), PretendedCall(0.3)
    found(
        candidate("behind", 1000, PretendedCall(0.0012)),
        candidate("behind", 300_000, behind),
        candidate("ahead", 1000, PretendedCall(0.001)),
        candidate("ahead", 300_000, ahead),
    )
    assert ahead.calls > 0
    assert behind.calls == 0


def test_a_path_far_behind_is_not_measured_anew() -> None:
    """The best, measured anew, is out of its reach: the time is saved."""
    slow = PretendedCall(0.003)
    found(candidate("fast", 1000, PretendedCall(0.001)), candidate("slow", 1000, slow))
    assert slow.calls == 4


def test_a_check_looks_at_the_result_that_was_timed() -> None:
    """Not at one computed for it; without any call yet, at a first one."""
    numbers = iter(range(10))
    call, latest = kept(lambda: next(numbers))
    assert latest() == 0
    call()
    assert call() == latest() == 2
