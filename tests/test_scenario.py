"""`run --scenario`: queries by LoadGen, from the command line to the record and its logs."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benchbench import run
from benchbench.cli import app
from benchbench.measure import plan as planning
from benchbench.measure.budget import BUDGETS
from benchbench.measure.provenance import Scrubber
from benchbench.record import Record
from benchbench.store import Store
from tests import factories as make
from tests.measure.fakes_workload import TINY, write_workload

ROWS = '''
"""Products of random rows: a user's own workload."""
from benchbench.record import Work
from benchbench.workload import Job
name, scenario, unit, precisions, batch_size = "rows", "offline", "row", ("fp32",), 4
def work(setting):
    return Work(unit=unit)
def load(setting):
    import torch
    from benchbench.synthetic import windows
    weight = torch.randn(256, 256)
    def step(rows):
        for _ in range(8):
            answer = rows @ weight
        return answer
    rows = windows(torch.randn(512, 256), setting.batch_size)
    return Job(rows, step, units_per_step=setting.batch_size, from_memory=True, reference=step)
'''


def call(*arguments: str) -> Result:
    """One command in this process; its worker is a real one."""
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's file; a quick measurement takes a fraction of a second."""
    (tmp_path / "rows.py").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # threads that wait for each other hate company
    monkeypatch.setitem(BUDGETS, "quick", TINY)
    return tmp_path


def measured(folder: Path, scenario: str, *options: str) -> Record:
    """What one run stored."""
    words = ("./rows.py", "--scenario", scenario, "--quick", "--no-ceilings", "--out", "out")
    result = call("run", *words, *options)
    (record,) = Store(folder / "out").read().records
    assert record.measurement is not None, result.stderr
    return record


@pytest.mark.parametrize(("scenario", "batch"), [("single_stream", 1), ("multi_stream", 8)])
def test_streams_are_queries_with_latencies(folder: Path, scenario: str, batch: int) -> None:
    """One step a query, of the scenario's samples; warm-up as the loop's; LoadGen's logs kept."""
    record = measured(folder, scenario)
    seen = record.measurement
    assert seen is not None
    assert (record.driver, record.scenario, record.batch_size) == ("loadgen", scenario, batch)
    assert len(seen.latency_s or ()) == len(seen.step_s)
    assert seen.units_completed == batch * len(seen.step_s)
    assert seen.elapsed_s == pytest.approx(sum(seen.step_s))
    assert len(seen.warmup_s) >= 1
    assert "not_mlperf" in {one.code for one in record.caveats}
    (name,) = Store(folder / "out").read().names
    logs = folder / "out" / name.replace(".json", ".loadgen")
    assert {path.name for path in logs.iterdir()} == {
        "mlperf_log_summary.txt",
        "mlperf_log_detail.txt",
    }
    assert Record.model_validate_json(record.to_json()) == record
    kind = {"single_stream": "SingleStream", "multi_stream": "MultiStream"}[scenario]
    assert f"Scenario : {kind}" in (logs / "mlperf_log_summary.txt").read_text()


def test_offline_is_one_query_answered_in_batches(folder: Path) -> None:
    """No latency; the batch is the user's choice, and the table names scenario and driver."""
    record = measured(folder, "offline", "--batch", "16")
    seen = record.measurement
    assert seen is not None
    assert seen.latency_s is None
    assert (record.driver, record.scenario, record.batch_size) == ("loadgen", "offline", 16)
    assert seen.units_completed == 16 * len(seen.step_s)
    assert call("results", "verify", "out").exit_code == 0
    assert "LoadGen" in call("results", "list", "--results", "out").stdout
    shown = call("results", "show", "rows", "--results", "out").stdout
    assert "offline by LoadGen" in shown
    assert "not an MLPerf result" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("resnet50-train", "--scenario", "offline"), "resnet50-train trains"),
        (("./rows.py", "--scenario", "server"), "rows names no bound on"),
        (("./rows.py", "--scenario", "train"), "no scenario 'train': choose"),
        (("./rows.py", "--scenario", "single_stream", "--batch", "4"), "leave --batch out"),
        (("./rows.py", "--scenario", "offline", "--tune"), "leave one of them out"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    folder: Path, arguments: tuple[str, ...], says: str
) -> None:
    """Before anything is measured, with the next step."""
    result = call("run", *arguments, "--quick", "--out", "out")
    assert result.exit_code == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (folder / "out").exists()


def test_batches_without_samples_cannot_be_asked_for(folder: Path) -> None:
    """A failure record that says what to do: this workload's batches are bare numbers."""
    write_workload(folder)
    result = call(
        *("run", "./tiny.py", "--scenario", "offline", "--quick", "--no-ceilings", "--out", "out")
    )
    assert result.exit_code == 3
    (record,) = Store(folder / "out").read().records
    assert record.failure is not None
    assert "measure without --scenario" in record.failure.message


def test_a_scenario_tells_measurements_apart(folder: Path) -> None:
    """A resumed run takes no result of the loop for one of LoadGen, nor one stream for another."""
    asked: list[Any] = [None, "offline", "single_stream", "multi_stream"]
    plans = [
        run.plan([folder / "rows.py"], system=make.system(), scenario=one, batch_size=None)
        for one in asked
    ]
    assert len({planning.identity(plan[0]) for plan in plans}) == 4
    assert len({planning.fingerprint(plan) for plan in plans}) == 4
    (loop,), (offline,) = plans[0], plans[1]
    assert loop.setting == offline.setting
    record = make.record(scenario="offline", driver="loadgen")
    assert planning.identity_of(record) != planning.identity_of(make.record(scenario="offline"))


def test_no_name_of_this_machine_stays_in_the_logs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LoadGen 6 writes none; were its own name the host's, it would be taken out."""
    fake = Scrubber(home="/home/ada", user="ada", host="PySUT")
    monkeypatch.setattr(Scrubber, "of_this_machine", classmethod(lambda _cls: fake))
    measured(folder, "offline")
    for log in (folder / "out").glob("*.loadgen/*"):
        text = log.read_text()
        assert text
        assert "PySUT" not in text
    summary = next((folder / "out").glob("*.loadgen/mlperf_log_summary.txt")).read_text()
    assert "SUT name : host" in summary
