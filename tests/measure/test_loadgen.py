"""Queries by the real LoadGen on a step that costs next to nothing."""

from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
import pytest
import torch

from benchbench.errors import CannotMeasureError, UsageError
from benchbench.measure import loadgen, verdict
from benchbench.measure.budget import BUDGETS
from benchbench.measure.device import Host
from benchbench.measure.loadgen import Answered, Load, LoadScenario
from benchbench.measure.verdict import Verdict
from benchbench.synthetic import windows
from benchbench.workload import Job
from tests.measure.fakes_workload import TINY

SUMMARY = """\
SUT name : PySUT
Scenario : Offline
Mode     : PerformanceOnly
Samples per second: 5.70834
Result is : INVALID
90.00 percentile latency (ns)   : 4270000000
99.00 percentile latency (ns)   : 4500000000
"""


class Edges:
    """A watch that notes when it is told."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def begin(self) -> None:
        """The window opens."""
        self.seen.append("begin")

    def end(self) -> None:
        """It is closed."""
        self.seen.append("end")


def run(
    folder: Path, scenario: LoadScenario, batch: int, step: Any = None, watch: Any = None
) -> tuple[Answered, Verdict]:
    """A fifth of a second of `scenario` over rows of one matrix product."""
    weight = torch.randn(64, 64)
    rows = windows(torch.randn(512, 64), batch)
    job = Job(rows, step or (lambda x: x @ weight), units_per_step=batch, from_memory=True)
    load = Load(scenario, batch, min_duration_s=0.2, expected_step_s=1e-3)
    return loadgen.drive(
        job,
        load,
        device=Host(),
        clock=perf_counter_ns,
        logs=folder,
        watch=watch or Edges(),
        on_tick=lambda _tick: None,
    )


def test_offline_answers_all_samples_in_batches(tmp_path: Path) -> None:
    """LoadGen's samples per second are ours; all batches are full, as compiled models need."""
    sizes: list[int] = []

    def step(batch: torch.Tensor) -> torch.Tensor:
        sizes.append(len(batch))
        until = perf_counter_ns() + 1_000_000
        while perf_counter_ns() < until:  # else what LoadGen itself takes would show
            pass
        return batch

    answered, verdict = run(tmp_path, "offline", 8, step)
    assert answered.samples == sum(sizes)
    assert set(sizes) == {8}
    assert sum(answered.step_s) == pytest.approx(answered.elapsed_s)
    assert verdict.samples_per_s == pytest.approx(answered.samples / answered.elapsed_s, rel=0.05)


def test_single_stream_asks_one_sample_at_a_time(tmp_path: Path) -> None:
    """One latency a query, and LoadGen's 90th percentile is ours."""
    answered, verdict = run(tmp_path, "single_stream", 1)
    assert len(answered.latency_s) == answered.samples == len(answered.step_s)
    assert verdict.p90_latency_s is not None
    ours = float(np.percentile(answered.latency_s, 90))
    assert ours == pytest.approx(verdict.p90_latency_s, rel=0.5, abs=1e-4)


def test_multi_stream_asks_eight(tmp_path: Path) -> None:
    """MLPerf's eight samples a query."""
    answered, _ = run(tmp_path, "multi_stream", 8)
    assert answered.samples == 8 * len(answered.latency_s)


def test_the_watch_sees_the_queries_and_nothing_else(tmp_path: Path) -> None:
    """It begins before the first step and ends after the last, before LoadGen writes its logs."""
    watch = Edges()
    run(tmp_path, "single_stream", 1, lambda _batch: watch.seen.append("step"), watch)
    assert watch.seen[0] == "begin"
    assert watch.seen[-1] == "end"
    assert set(watch.seen[1:-1]) == {"step"}


def test_logs_are_kept(tmp_path: Path) -> None:
    """LoadGen's own summary and detail."""
    run(tmp_path, "single_stream", 1)
    assert {"mlperf_log_summary.txt", "mlperf_log_detail.txt"} <= {
        p.name for p in tmp_path.iterdir()
    }


def test_samples_are_drawn_from_all_of_the_library(tmp_path: Path) -> None:
    """Unique inputs: no sample is asked for all the time."""
    seen: list[float] = []
    run(tmp_path, "single_stream", 1, lambda batch: seen.append(float(batch[0, 0])))
    assert len(set(seen)) > 16


def test_an_error_of_the_step_comes_out(tmp_path: Path) -> None:
    """It must not end the process from a thread of LoadGen's."""

    def step(_batch: torch.Tensor) -> None:
        message = "out of memory"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="out of memory"):
        run(tmp_path, "single_stream", 1, step)


def test_the_summary_is_read_as_written() -> None:
    """A slow BERT's: 5.7 samples/s, too few for LoadGen to call it valid."""
    said = verdict.read(SUMMARY)
    assert not said.valid
    assert said.samples_per_s == pytest.approx(5.70834)
    assert said.latency_s == {90.0: pytest.approx(4.27), 99.0: pytest.approx(4.5)}


def test_the_seeds_are_the_official_ones() -> None:
    """Those of the MLPerf inference settings the design names."""
    import mlperf_loadgen

    asked = loadgen.settings(Load("offline", 4, 60.0, 2.0), mlperf_loadgen)
    assert asked.qsl_rng_seed == 2085463073848966840
    assert asked.sample_index_rng_seed == 2747215439041700203
    assert asked.schedule_rng_seed == 16159082839903944936
    assert asked.offline_expected_qps == pytest.approx(2.0)
    assert asked.min_query_count == 4 * 33  # 1.1 times 60 s of batches of four in 2 s each
    assert asked.min_duration_ms == 60_000


@pytest.mark.parametrize(
    ("scenario", "step_s", "queries"),
    [
        ("single_stream", 0.01, 64),
        ("single_stream", 2.4, 1),
        ("multi_stream", 0.01, 662),
        ("multi_stream", 0.2, 1),
        ("offline", 0.01, 1),
    ],
)
def test_as_many_queries_as_the_percentile_needs_if_they_fit(
    scenario: LoadScenario, step_s: float, queries: int
) -> None:
    """MLPerf's early stopping: 64 for the 90th, 662 for the 99th percentile; a cap of 30 s."""
    load = loadgen.planned(scenario, 1, BUDGETS["quick"], step_s)
    assert load.min_queries == queries
    assert (load.min_duration_s, load.max_duration_s) == (6.5, 30.0)


def test_the_library_holds_no_more_than_the_run_needs() -> None:
    """Three batches fill 6.5 s at 2.4 s each; fast work draws from MLPerf's 1024 samples."""
    assert Load("offline", 1, 6.5, 2.4).samples == 3
    assert Load("offline", 8, 6.5, 1e-3).samples == 1024
    assert 32 * Load("offline", 32, 6.5, 1e-6).batches == 2**20


def test_a_scenario_that_cannot_be_driven_names_those_that_can() -> None:
    """One sentence."""
    known = "choose offline, single_stream, multi_stream, server"
    with pytest.raises(UsageError, match=rf"no scenario 'train'.*{known}"):
        loadgen.chosen("train")


def test_a_querys_batch_is_the_scenarios() -> None:
    """One sample, eight, or what was asked for offline; never silently another than asked."""
    assert loadgen.batch_size(None, "single_stream") == 1
    assert loadgen.batch_size(8, "multi_stream") == 8
    assert loadgen.batch_size(16, "offline") == 16
    with pytest.raises(UsageError, match="leave --batch out"):
        loadgen.batch_size(4, "single_stream")


def test_without_loadgen_nothing_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(CannotMeasureError, match=r"benchbench\[bench\]"):
        loadgen.require_installed()


def test_a_whole_measurement_warms_up_first() -> None:
    """As the loop does; LoadGen's logs come back as text."""
    job = Job(windows(torch.randn(64, 4), 1), lambda x: x + 1, units_per_step=1, from_memory=True)
    found = loadgen.time_queries(
        job,
        "single_stream",
        1,
        device=Host(),
        clock=perf_counter_ns,
        budget=TINY,
        watch=Edges(),
        on_tick=lambda _tick: None,
    )
    assert found.timed.first_step_s >= found.timed.warmup_s[0] > 0
    assert len(found.latency_s or ()) == len(found.timed.step_s) >= 64
    assert "MLPerf Results Summary" in found.logs["mlperf_log_summary.txt"]
    assert set(found.logs) == {"mlperf_log_summary.txt", "mlperf_log_detail.txt"}
