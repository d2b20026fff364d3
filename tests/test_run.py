"""Whole runs with real workers on tiny workloads: records, failures, interrupts, resuming."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchbench import run
from benchbench.derive import figures
from benchbench.errors import CannotMeasureError
from benchbench.measure import process
from benchbench.measure.journal import exclusive
from benchbench.measure.message import CeilingsResult, WorkloadResult
from benchbench.record import Record
from benchbench.store import Store
from tests import factories as make
from tests.measure.fakes_workload import TINY, dies, noted, write_workload

RUNNER = """
import sys
from pathlib import Path
from benchbench import run
from benchbench.store import Store
from tests import factories as make
from tests.measure.fakes_workload import TINY
folder = Path(sys.argv[1])
planned = run.plan(
    [folder / "first.py", folder / "second.py"], system=make.system(), budget=TINY
)
try:
    run.execute(
        planned, store=Store(folder / "results"), system=make.system(), lock=folder / "lock",
        resume="--resume" in sys.argv,
    )
except KeyboardInterrupt:
    sys.exit(130)
"""


def execute(folder: Path, *files: Path, **options: Any) -> tuple[run.Outcome, list[run.Event]]:
    """Run these files into `folder/results`."""
    events: list[run.Event] = []
    planned = run.plan(files, system=make.system(), budget=TINY, seed=3)
    outcome = run.execute(
        planned,
        store=Store(folder / "results"),
        system=make.system(),
        on_event=events.append,
        lock=folder / "lock",
        **options,
    )
    return outcome, events


def stored(folder: Path) -> tuple[Record, ...]:
    """What `folder/results` holds; nothing in it may be damaged."""
    found = Store(folder / "results").read()
    assert found.quarantined == ()
    return found.records


@pytest.mark.fault("death")
def test_a_failure_is_a_record_and_the_others_go_on(tmp_path: Path) -> None:
    """Crash first, measure second: two records, one session, in order, with their origin."""
    crash = write_workload(tmp_path, name="crash", load="os.abort()")
    good = write_workload(tmp_path, name="good", load="parameters['data'] = 'synthetic'")
    command = ("benchbench", "run", str(Path.home() / "good.py"))
    outcome, events = execute(tmp_path, crash, good, command=command, ceilings=(make.ceiling(1e3),))
    failed, measured = outcome.records
    assert failed.failure is not None
    assert (failed.failure.kind, failed.failure.signal) == ("crashed", "SIGABRT")
    assert failed.validity == "invalid"
    assert failed.work.unit == "item"
    assert measured.measurement is not None
    assert measured.validity != "valid"
    assert "ceiling_too_low" in {caveat.code for caveat in measured.caveats}
    assert measured.parameters == {"data": "synthetic", "threads": 4}
    assert measured.provenance.seed == 3
    assert measured.provenance.command[-1] == "~/good.py"
    assert measured.provenance.session == failed.provenance.session == outcome.session
    assert measured.ceilings == failed.ceilings == (make.ceiling(1e3),)
    assert stored(tmp_path) == outcome.records
    assert [(e.name, e.index, e.phase) for e in events if e.phase in {"done", "failed"}] == [
        ("crash", 0, "failed"),
        ("good", 1, "done"),
    ]
    done = events[-1]
    assert done.units_per_s == pytest.approx(
        measured.measurement.units_completed / measured.measurement.elapsed_s
    )
    assert "ceiling_too_low" in done.message
    assert not list((tmp_path / "results").glob(".run-*"))


def last_event(record: Record, folder: Path, monkeypatch: pytest.MonkeyPatch) -> run.Event:
    """What is told of a measurement that ended with this record's."""
    result = WorkloadResult(
        work=record.work,
        measurement=record.measurement or make.measurement(),
        caveats=record.caveats,
        parameters={},
    )
    monkeypatch.setattr(run, "run_worker", lambda *_, **__: process.Ended(result, None))
    return execute(folder, write_workload(folder))[1][-1]


def test_the_last_event_has_the_figures_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line above the table and the table say the same of the same steps."""
    step_s = (1.0, 1.3, 0.9, 1.1, 2.0, 1.2, 1.0, 0.8)
    seen = make.measurement(step_s=step_s, elapsed_s=sum(step_s))
    event = last_event(make.record(measurement=seen), tmp_path, monkeypatch)
    throughput = figures(stored(tmp_path)).throughput
    assert throughput is not None
    assert event.units_per_s == pytest.approx(throughput.value)
    assert event.ends == pytest.approx((throughput.low, throughput.high))


def test_a_doubt_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two reasons for one doubt are one word, in the order a reader should meet them."""
    doubts = tuple(make.caveat(code=code) for code in ("disturbed", "disturbed", "noisy"))
    record = make.record(caveats=doubts, validity="valid_with_warnings")
    assert last_event(record, tmp_path, monkeypatch).message == "disturbed noisy"


@pytest.mark.fault("secrets")
def test_private_paths_do_not_reach_a_failures_record(tmp_path: Path) -> None:
    """The home directory in an exception's text is hidden."""
    home = Path.home() / "secret-folder"
    file = write_workload(tmp_path, load=f"raise UsageError('no data in {home}')")
    outcome, _ = execute(tmp_path, file)
    failure = outcome.records[0].failure
    assert failure is not None
    assert failure.message == "no data in ~/secret-folder"


def start(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """A runner in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", RUNNER, str(folder), *options]
    return subprocess.Popen(command, env=environment)


COUNT = "(HERE / f'{name}.runs').open('a').write('x')"
HANG_ONCE = (
    "once = HERE / 'hung'; again = once.exists(); once.touch(); "
    "(HERE / 'pid').write_text(f'{os.getpid()}\\n'); time.sleep(0 if again else 600)"
)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)]
)
@pytest.mark.fault("hang or kill")
def test_an_interrupted_run_keeps_what_it_has_and_goes_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C or kill -9 in the second workload; --resume measures that one and not the first."""
    write_workload(tmp_path, name="first", load=COUNT)
    write_workload(tmp_path, name="second", load=HANG_ONCE)
    runner = start(tmp_path)
    worker = noted(tmp_path / "pid")
    runner.send_signal(number)
    assert runner.wait(timeout=60) == (130 if number == signal.SIGINT else -number)
    assert dies(worker)
    (first,) = stored(tmp_path)
    assert first.workload == "first"

    assert start(tmp_path, "--resume").wait(timeout=120) == 0
    records = stored(tmp_path)
    assert [record.workload for record in records] == ["first", "second"]
    assert records[1].provenance.session == first.provenance.session
    assert records[1].measurement is not None
    assert (tmp_path / "first.runs").read_text() == "x"


def test_without_resume_a_plan_begins_anew(tmp_path: Path) -> None:
    """The same plan twice is two sessions; with nothing interrupted --resume is one more."""
    file = write_workload(tmp_path)
    (first, silent), (second, told) = (
        execute(tmp_path, file, resume=resume) for resume in (False, True)
    )
    assert first.session != second.session
    assert not second.resumed
    assert len(stored(tmp_path)) == 2
    assert [one.message for one in told if one.phase == "notice"] == [
        "nothing to resume: starting anew"
    ]
    assert "notice" not in {one.phase for one in silent}


@pytest.mark.fault("two runners")
def test_a_second_runner_is_refused_before_it_measures(tmp_path: Path) -> None:
    """Nothing is stored and the message names the first."""
    file = write_workload(tmp_path)
    with exclusive(tmp_path / "lock"), pytest.raises(CannotMeasureError, match=str(os.getpid())):
        execute(tmp_path, file)
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_ceilings_that_cannot_be_measured_name_the_reason(tmp_path: Path) -> None:
    """A GPU that is not there, seen from a real worker."""
    pytest.importorskip("torch")
    events: list[run.Event] = []
    with pytest.raises(CannotMeasureError, match="cuda:7"):
        run.measure_ceilings(
            make.system(), ["cuda:7"], ["fp32"], on_event=events.append, lock=tmp_path / "lock"
        )
    assert events[-1].phase == "failed"
    assert events[-1].name == "ceilings"


def test_ceilings_are_free_of_what_holds_a_library_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exported OPENBLAS_CORETYPE slows the user's own work, and no ceiling."""
    environments: list[dict[str, str | None]] = []

    def fake(_request: Any, environment: dict[str, str | None], **_options: object) -> Any:
        environments.append(environment)
        return process.Ended(CeilingsResult(ceilings=(make.ceiling(5.0),)), None)

    monkeypatch.setattr(run, "run_worker", fake)
    run.measure_ceilings(make.system(), ["cpu"], ["fp32"], lock=tmp_path / "lock")
    (environment,) = environments
    assert environment["OPENBLAS_CORETYPE"] is None
    assert environment["ONEDNN_MAX_CPU_ISA"] is None
    assert environment["OMP_NUM_THREADS"] == "4"


def test_ceilings_are_asked_for_with_what_is_known_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caches and the container's memory limit go along; what the worker found comes back."""
    asked: list[Any] = []

    def fake(request: Any, **_options: object) -> process.Ended:
        asked.append(request.body)
        return process.Ended(CeilingsResult(ceilings=(make.ceiling(5.0),)), None)

    monkeypatch.setattr(run, "run_worker", fake)
    memory = make.system().memory.model_copy(update={"available_bytes": 9, "limit_bytes": 4})
    machine = make.system(cpu=make.cpu(l3_bytes=32), memory=memory)
    found = run.measure_ceilings(machine, ["cpu"], ["fp32", "bf16"], lock=tmp_path / "lock")
    assert found == (make.ceiling(5.0),)
    (body,) = asked
    assert (body.last_level_cache_bytes, body.available_bytes, body.threads) == (32, 4, 4)
    assert (body.devices, body.precisions) == (("cpu",), ("fp32", "bf16"))
