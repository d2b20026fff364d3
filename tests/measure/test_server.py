"""The server scenario by the real LoadGen on a fake that answers in a known time."""

import threading
import time
from time import perf_counter_ns
from typing import Any

import numpy as np
import pytest
import torch

from benchbench.measure import loadgen, server, verdict
from benchbench.measure.arrivals import scheduled_s
from benchbench.measure.budget import Pace
from benchbench.measure.device import Host
from benchbench.measure.library import Library
from benchbench.measure.loadgen import SEEDS, Load, Queried
from benchbench.measure.server import Bench
from benchbench.record import Measurement
from benchbench.stats import median
from benchbench.synthetic import windows
from benchbench.workload import Job, QueryRules
from benchmarks import server_search
from tests import factories as make
from tests.measure.fakes_workload import TINY
from tests.measure.test_loadgen import Edges

SERVICE_S = 0.004


class Answering:
    """Takes its time over each batch, whatever is in it: LoadGen's clock cannot be faked."""

    def __init__(self, service_s: float = SERVICE_S) -> None:
        self.service_s, self.sizes = service_s, list[int]()

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        """Sleep to the very end: waking late would be part of the service."""
        until = perf_counter_ns() + int(self.service_s * 1e9)
        self.sizes.append(len(batch))
        time.sleep(max(0.0, self.service_s - 5e-4))
        while perf_counter_ns() < until:
            pass
        return batch


def bench(step: Any, *, batch: int = 1, padded: bool = False) -> Bench:
    """Sixteen rows to ask for."""
    job = Job(windows(torch.randn(64, 4), batch), step, units_per_step=batch, from_memory=True)
    return Bench(job, Library(job, 16), batch, padded, Host(), perf_counter_ns, lambda _tick: None)


def at(rate: float, queries: int = 60, bound_s: float = 1.0) -> Load:
    """So many queries at a rate."""
    return Load("server", 1, 0.0, 1 / rate, min_queries=queries, rate_per_s=rate, bound_s=bound_s)


def timed(step: Any, bound_s: float, pace: Pace, *, batch: int = 1) -> Queried:
    """A whole search."""
    job = Job(windows(torch.randn(64, 4), batch), step, units_per_step=batch, from_memory=True)
    return server.time_server(
        job,
        batch,
        bound_s=bound_s,
        padded=False,
        pace=pace,
        rules=QueryRules(),
        device=Host(),
        clock=perf_counter_ns,
        budget=TINY,
        watch=Edges(),
        on_tick=lambda _tick: None,
    )


@pytest.mark.slow
def test_the_known_capacity_is_found_within_3_percent() -> None:
    """99 % of queries within 20 services, by the real LoadGen; a queue of its schedule knows."""
    answer, services, queries = Answering(), 20, 662
    found = timed(answer, services * SERVICE_S, Pace(queries, 0.5, 8.0, 60.0, 0.01))
    known = server_search.capacity(
        lambda rate: scheduled_s(rate, queries, SEEDS[2]),
        services * SERVICE_S,
        median(found.timed.step_s),
    )
    search = found.rate_search
    assert search is not None
    assert search.settled
    assert search.rate_per_s == pytest.approx(known, rel=0.03)
    assert search.probes[-1].rate_per_s == search.rate_per_s
    assert search.probes[-1].queries >= queries


def test_a_loose_bound_is_limited_by_the_service_alone() -> None:
    """Every query may wait a second: the rate is 1 / service, and no faster than it answers."""
    found = timed(Answering(), 1.0, Pace(150, 0.2, 0.5, 10.0, 0.03))
    search = found.rate_search
    assert search is not None
    assert search.rate_per_s == pytest.approx(1 / SERVICE_S, rel=0.05)
    assert found.samples is not None
    assert found.samples / found.timed.elapsed_s < 1 / SERVICE_S


def test_a_bound_below_the_service_is_met_at_no_rate() -> None:
    """One light run says so, and what the least latency is; the numbers are withheld."""
    found = timed(Answering(), SERVICE_S / 2, Pace(150, 0.2, 0.5, 10.0, 0.03))
    search = found.rate_search
    assert search is not None
    assert search.rate_per_s is None
    assert len(search.probes) == 1
    assert not search.probes[0].met
    assert min(search.alone_s) == pytest.approx(SERVICE_S, rel=0.2)
    doubts = verdict.doubts(measured(found), found.verdict, "server")
    first = doubts[0]
    assert (first.code, first.severity) == ("bound_unmet", "invalid")
    assert "no rate meets 2.00 ms at p99" in first.message
    assert "--latency-bound" in first.remedy
    assert "loadgen_invalid" not in {one.code for one in doubts}


def measured(found: Queried) -> Measurement:
    """As the worker makes it."""
    return make.measurement(1.0, units_per_step=1.0).model_copy(
        update={
            "step_s": found.timed.step_s,
            "elapsed_s": found.timed.elapsed_s,
            "units_completed": float(found.samples or 0),
            "latency_s": found.latency_s,
            "lateness_s": found.lateness_s,
            "loadgen": found.run,
            "rate_search": found.rate_search,
        }
    )


def test_latency_counts_from_the_schedule_as_loadgen_counts_it() -> None:
    """A query issued while another is answered waits: its wait is in it. LoadGen's p99 is ours."""
    run = server.run_once(bench(Answering()), at(0.7 / SERVICE_S), Edges())
    ours = verdict.order_statistic(run.latency_s, 99)
    assert ours == pytest.approx(run.said.latency_s[99.0], rel=0.02, abs=2e-4)
    assert run.lateness_s is not None
    assert len(run.lateness_s) == len(run.latency_s) == 60
    assert min(run.lateness_s) == 0
    assert min(run.latency_s) >= SERVICE_S


def test_late_issue_is_part_of_latency_and_reported() -> None:
    """A client kept from the interpreter issues late; the query's latency holds that."""
    holding = bench(lambda batch: batch)
    system_issue = server._SystemUnderTest.issue

    def slow(self: Any, query: Any) -> None:
        time.sleep(0.02)
        system_issue(self, query)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server._SystemUnderTest, "issue", slow)
        run = server.run_once(holding, at(200.0, 20), Edges())
    assert run.lateness_s is not None
    assert max(run.lateness_s) > 0.1  # 20 queries 5 ms apart, each held up for 20 ms
    assert max(run.latency_s) >= max(run.lateness_s)


def test_an_unknown_schedule_is_not_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where LoadGen's schedule is another, lateness is None and a doubt says so."""
    monkeypatch.setattr(
        "benchbench.measure.arrivals.scheduled_s", lambda _r, n, _s: np.arange(float(n))
    )
    run = server.run_once(bench(lambda batch: batch), at(500.0, 10), Edges())
    assert run.lateness_s is None
    assert len(run.latency_s) == 10


def test_batches_are_greedy() -> None:
    """All that is queued, never more than a batch holds, never waiting for more."""
    answer = Answering()
    run = server.run_once(bench(answer, batch=4), at(2.5 / SERVICE_S), Edges())
    assert sum(answer.sizes) == 60
    assert max(answer.sizes) == 4
    assert len(answer.sizes) == len(run.served.step_s) < 60
    assert bench(answer, batch=4).policy == "greedy: all that is queued, at most 4 samples at once"


def test_a_backend_of_fixed_shapes_gets_full_batches() -> None:
    """Filled up by repeating; the answers of the rest count for nothing."""
    answer = Answering()
    run = server.run_once(bench(answer, batch=4, padded=True), at(1 / SERVICE_S, 20), Edges())
    assert set(answer.sizes) == {4}
    assert len(run.latency_s) == 20
    assert "filled up" in bench(answer, batch=4, padded=True).policy


def test_the_thread_that_warmed_up_answers() -> None:
    """A library's own threads belong to the one that first called it."""
    seen: set[int] = set()
    server.run_once(bench(lambda _b: seen.add(threading.get_ident())), at(500.0, 10), Edges())
    assert seen == {threading.get_ident()}


def test_an_error_of_the_step_comes_out() -> None:
    """After LoadGen, which cannot be stopped, has had its empty answers."""

    def step(_batch: torch.Tensor) -> None:
        message = "out of memory"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="out of memory"):
        server.run_once(bench(step), at(1000.0, 10), Edges())


def test_every_rate_tried_keeps_its_summary() -> None:
    """Beside the last run's logs, numbered in order."""
    found = timed(Answering(), 0.1, Pace(20, 0.05, 0.1, 5.0, 0.2))
    search = found.rate_search
    assert search is not None
    names = [f"probe-{n + 1:02}_mlperf_log_summary.txt" for n in range(len(search.probes))]
    assert set(found.logs) == {*loadgen.LOGS, *names}
    assert "Scenario : Server" in found.logs[names[0]]
    assert found.run.early_stopping is not None


def test_official_settings_are_those_of_the_rules() -> None:
    """600 s, and the fewest queries of mlperf.conf: 24,576 offline images, 662 of eight."""
    import mlperf_loadgen

    for scenario, queries in (
        ("offline", 24_576),
        ("multi_stream", 662),
        ("single_stream", 100),
        ("server", 100),
    ):
        load = Load(scenario, 8, 6.5, 1.0, max_duration_s=30.0, rate_per_s=5.0, bound_s=0.015)  # type: ignore[arg-type] # a literal
        asked = loadgen.settings(loadgen.official(load, QueryRules()), mlperf_loadgen)
        assert asked.min_duration_ms == 600_000
        assert asked.max_duration_ms == 0
        assert asked.min_query_count == queries
    assert asked.server_target_latency_ns == 15_000_000
    assert asked.server_target_latency_percentile == pytest.approx(0.99)
    assert asked.server_target_qps == pytest.approx(5.0)


def test_the_record_says_whether_a_run_was_official() -> None:
    """What was asked of LoadGen, and of how many samples."""
    said = verdict.read("Result is : VALID\n")
    run = loadgen.as_recorded(loadgen.official(at(50.0), QueryRules(library_samples=77)), said)
    assert run.official
    assert (run.min_duration_s, run.min_queries, run.library_samples) == (600.0, 100, 77)
    assert not loadgen.as_recorded(at(50.0), said).official
