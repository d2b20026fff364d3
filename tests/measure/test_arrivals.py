"""The schedule of a server's queries, held against LoadGen's own."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchbench.measure import loadgen
from benchbench.measure.arrivals import scheduled_s
from benchbench.measure.loadgen import SEEDS, Load

RATE = 5000.0


def generated_ns(queries: int, folder: Path) -> int:
    """When LoadGen would issue the query after the last of so many: a sum of that many gaps."""
    import mlperf_loadgen

    respond = mlperf_loadgen.QuerySampleResponse

    def issue(query: Sequence[Any]) -> None:
        mlperf_loadgen.QuerySamplesComplete([respond(sample.id, 0, 0) for sample in query])

    load = Load(
        scenario="server",
        batch_size=1,
        min_duration_s=0.0,
        expected_step_s=1 / RATE,
        min_queries=queries,
        rate_per_s=RATE,
        bound_s=1.0,
    )
    loadgen.start(issue, lambda: None, 8, load, folder, mlperf_loadgen)
    found = re.search(
        r'"generated_query_duration", "value": (\d+)', (folder / loadgen.LOGS[1]).read_text()
    )
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("queries", [1, 2, 7, 300])
def test_the_schedule_is_loadgens_to_the_nanosecond(queries: int, tmp_path: Path) -> None:
    """Its detail log says where the schedule ends; so do we, after any number of queries."""
    ours = scheduled_s(RATE, queries + 1, SEEDS[2])[-1] * 1e9
    assert ours == pytest.approx(generated_ns(queries, tmp_path), abs=queries)


def test_gaps_are_exponential() -> None:
    """Of mean 1 / rate, by Kolmogorov and Smirnov's test; the first query comes at once."""
    times = scheduled_s(40.0, 20_001, seed=7)
    assert times[0] == 0
    assert stats.kstest(np.diff(times), stats.expon(scale=1 / 40).cdf).pvalue > 0.01


def test_another_rate_stretches_the_same_schedule() -> None:
    """So a search compares rates, not luck."""
    slow, fast = scheduled_s(10.0, 50, SEEDS[2]), scheduled_s(20.0, 50, SEEDS[2])
    np.testing.assert_allclose(slow, 2 * fast, rtol=1e-6)
