"""Queries by the real LoadGen on a step that costs next to nothing."""

from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
import pytest
import torch

from benchbench.measure import loadgen
from benchbench.measure.device import Host
from benchbench.measure.loadgen import Answered, Load, LoadScenario, Verdict
from benchbench.synthetic import windows
from benchbench.workload import Job

SUMMARY = """\
SUT name : PySUT
Scenario : Offline
Mode     : PerformanceOnly
Samples per second: 5.70834
Result is : INVALID
90.00 percentile latency (ns)   : 4270000000
99.00 percentile latency (ns)   : 4500000000
"""


def run(
    folder: Path, scenario: LoadScenario, batch: int, step: Any = None
) -> tuple[Answered, Verdict]:
    """A fifth of a second of `scenario` over rows of one matrix product."""
    weight = torch.randn(64, 64)
    rows = windows(torch.randn(512, 64), batch)
    job = Job(rows, step or (lambda x: x @ weight), units_per_step=batch, from_memory=True)
    load = Load(scenario, batch, min_duration_s=0.2, expected_step_s=1e-3, samples=64)
    return loadgen.drive(job, load, device=Host(), clock=perf_counter_ns, logs=folder)


def test_offline_answers_all_samples_in_batches(tmp_path: Path) -> None:
    """LoadGen's samples per second are ours; batches are full but for the last."""
    sizes: list[int] = []

    def step(batch: torch.Tensor) -> torch.Tensor:
        sizes.append(len(batch))
        return batch

    answered, verdict = run(tmp_path, "offline", 8, step)
    assert answered.samples == sum(sizes)
    assert set(sizes[:-1]) == {8}
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
    verdict = loadgen.verdict(SUMMARY)
    assert not verdict.valid
    assert verdict.samples_per_s == pytest.approx(5.70834)
    assert verdict.p99_latency_s == pytest.approx(4.5)


def test_the_seeds_are_the_official_ones() -> None:
    """Those of the MLPerf inference settings the design names."""
    import mlperf_loadgen

    asked = loadgen.settings(Load("offline", 4, 60.0, 2.0), mlperf_loadgen)
    assert asked.qsl_rng_seed == 2085463073848966840
    assert asked.sample_index_rng_seed == 2747215439041700203
    assert asked.schedule_rng_seed == 16159082839903944936
    assert asked.offline_expected_qps == 2.0
    assert asked.min_duration_ms == 60_000
