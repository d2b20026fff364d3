"""The server scenario through a worker of its own, into a store and out of it again."""

from pathlib import Path

import pytest

from benchbench import derive, run, verify
from benchbench.record import Record
from benchbench.store import Store
from tests import factories as make
from tests.measure.fakes_workload import TINY

FILE = '''"""Rows that take two milliseconds."""
import time
import torch
from benchbench.record import Work
from benchbench.synthetic import windows
from benchbench.workload import Job, QueryRules
name, scenario, unit, precisions, batch_size = "rows", "offline", "row", ("fp32",), 4
query_rules = QueryRules(latency_bound_s=0.001)

def work(setting):
    return Work(unit=unit)

def load(setting):
    def step(rows):
        time.sleep(0.002)
        return rows
    rows = windows(torch.randn(256, 4), setting.batch_size)
    return Job(rows, step, units_per_step=setting.batch_size, from_memory=True)
'''


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Record]:
    """Its own bound of a millisecond cannot be met."""
    place = tmp_path_factory.mktemp("server")
    (place / "rows.py").write_text(FILE)
    plan = run.plan(
        [place / "rows.py"],
        system=make.system(),
        device="cpu",
        budget=TINY,
        scenario="server",
    )
    store = Store(place / "results")
    outcome = run.execute(plan, store=store, system=make.system(), lock=place / "lock")
    return place / "results", outcome.records[0]


def test_a_bound_that_no_rate_meets_is_a_record_that_says_so(
    measured: tuple[Path, Record],
) -> None:
    """Invalid, with the least latency; no number is derived from it, and it is a gate missed."""
    _, record = measured
    assert record.failure is None, record.failure
    assert record.validity == "invalid"
    assert record.gate_failed
    assert "bound_unmet" in {caveat.code for caveat in record.caveats}
    assert record.parameters["latency_bound_s"] == 0.001
    assert record.measurement is not None
    search = record.measurement.rate_search
    assert search is not None
    assert min(search.alone_s) >= 0.002
    assert record.measurement.units_completed == len(record.measurement.latency_s or ()) > 0
    figures = derive.figures([record])
    assert figures.throughput is None
    assert figures.rate_search is not None


def test_its_logs_lie_beside_it(measured: tuple[Path, Record]) -> None:
    """LoadGen's own, and each rate's summary; the store verifies."""
    folder, _ = measured
    (logs,) = folder.glob("*.loadgen")
    assert {file.name for file in logs.iterdir()} == {
        "mlperf_log_summary.txt",
        "mlperf_log_detail.txt",
        "probe-01_mlperf_log_summary.txt",
    }
    assert "Scenario : Server" in (logs / "mlperf_log_summary.txt").read_text()
    assert verify.store(folder).findings == ()
