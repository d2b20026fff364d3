"""Whole runs under faults: each death is a record, the others go on, and nothing is lost."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner, Result

from benchbench import atomic, decide, derive, run, verify
from benchbench.catalog import catalogue
from benchbench.cli import app
from benchbench.measure import budget
from benchbench.measure.plan import digest, fingerprint, identity, identity_of
from benchbench.record import Failure, FailureKind, Record
from benchbench.store import Store
from tests import factories as make
from tests.measure.fakes_workload import TINY, noted, write_workload

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import faulty
import kill_loop
import soak

KILLS = int(os.environ.get("BENCHBENCH_KILLS", "0"))
"""So many of each kind instead of a few."""
TODAY = date(2026, 1, 1)


def stored(folder: Path) -> tuple[Record, ...]:
    """What a store holds; nothing in it may be damaged."""
    found = Store(folder).read()
    assert found.quarantined == ()
    return found.records


def executed(folder: Path, planned: tuple[run.Planned, ...], **options: Any) -> run.Outcome:
    """A run of these into `folder`."""
    lock, store = folder / ".lock", Store(folder)
    return run.execute(planned, store=store, system=make.system(), lock=lock, **options)


@pytest.fixture(scope="module")
def survived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """One run of a workload that dies in every way there is, and measures first and last."""
    folder = tmp_path_factory.mktemp("deaths")
    faults = [*faulty.FAULTS, "none"]
    outcome = executed(folder, kill_loop.planned(faults))
    assert stored(folder) == outcome.records
    named = {"last": outcome.records[-1]}
    return named | dict(zip(faulty.FAULTS, outcome.records, strict=False))


SIGNALS = {"segfault": "SIGSEGV", "abort": "SIGABRT", "illegal": "SIGILL", "killed": "SIGKILL"}


@pytest.mark.slow
@pytest.mark.fault("death")
@pytest.mark.parametrize("fault", [name for name, kind in faulty.FAULTS.items() if kind])
def test_every_death_is_a_record_with_its_kind(survived: dict[str, Record], fault: str) -> None:
    """Kind, signal where there was one, a remedy, and no number; in one run with the others."""
    record = survived[fault]
    assert record.failure is not None
    assert record.failure.kind == faulty.FAULTS[fault]
    assert record.failure.signal == SIGNALS.get(fault)
    assert record.failure.remedy
    assert record.measurement is None
    assert record.validity == "invalid"


@pytest.mark.fault("death")
def test_the_others_go_on(survived: dict[str, Record]) -> None:
    """What comes before, between and after the deaths is measured."""
    for name in ("none", "stray", "last"):
        assert survived[name].measurement is not None, name


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder to run in, where a quick measurement takes a moment."""
    monkeypatch.setitem(budget.BUDGETS, "quick", TINY)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(*files: Path, options: tuple[str, ...] = ()) -> Result:
    """`benchbench run` of these, as a user types it."""
    command = ["run", *map(str, files), "--quick", "--no-ceilings", "--out", "results", *options]
    return CliRunner().invoke(app, command)


@pytest.mark.fault("death")
def test_a_run_that_failed_in_part_exits_with_4(brief: Path) -> None:
    """One crashed, one measured: both stored, the failure told with its remedy."""
    crash = write_workload(brief, name="crash", load="os.abort()")
    good = write_workload(brief, name="good")
    result = ran(crash, good)
    assert result.exit_code == 4
    assert "SIGABRT" in result.stderr
    assert {one.workload for one in stored(brief / "results")} == {"crash", "good"}
    assert "failed: crashed" in result.stdout


@pytest.mark.fault("death")
def test_a_run_that_failed_as_a_whole_exits_with_3(brief: Path) -> None:
    """Nothing to believe, and a record that says why."""
    result = ran(write_workload(brief, step="raise RuntimeError('CUDA out of memory.')"))
    assert result.exit_code == 3
    (record,) = stored(brief / "results")
    assert record.failure is not None
    assert record.failure.kind == "out_of_memory"


@pytest.mark.fault("disk")
def test_a_full_disk_ends_the_run_in_one_sentence(
    brief: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 4, what was stored before is whole, and --resume measures the rest and only that."""
    first, second = (write_workload(brief, name=name) for name in ("first", "second"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    plain = Store.write

    def full(store: Store, record: Record) -> str:
        if record.workload == "second":
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            return plain(store, record)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", full)
        result = ran(first, second)
    assert result.exit_code == 4
    assert "could not be stored in results (File too large)" in result.stderr
    assert "--resume" in result.stderr
    (kept,) = stored(brief / "results")
    assert kept.workload == "first"
    assert ran(first, second, options=("--resume",)).exit_code == 0
    assert [one.workload for one in stored(brief / "results")] == ["first", "second"]
    assert len({one.provenance.session for one in stored(brief / "results")}) == 1
    assert [path.name for path in (brief / "results").glob(".*")] == []


@pytest.mark.fault("disk")
def test_an_answer_that_cannot_be_written_is_no_success(tmp_path: Path) -> None:
    """Standard output on a full disk: not exit 0, one sentence, no traceback."""
    Store(tmp_path).write(make.record())
    command = [sys.executable, "-m", "benchbench", "results", "list", "--results", str(tmp_path)]
    for options in ([], ["--json"]):
        with Path("/dev/full").open("w") as full:
            seen = subprocess.run(
                [*command, *options], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert seen.returncode == 2, options
        assert "No space left on device" in seen.stderr
        assert "Traceback" not in seen.stderr


def failed(kind: FailureKind) -> Record:
    """A larger batch that came to this end."""
    failure = Failure(kind=kind, message=f"ended as {kind}", remedy="mend it")
    return make.record(failure=failure, batch_size=16, effort="standard")


def called(*words: str) -> Result:
    """One command in this process."""
    return CliRunner().invoke(app, list(words))


@pytest.mark.fault("death")
@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_a_failure_is_shown_and_ranked_nowhere(tmp_path: Path, kind: FailureKind) -> None:
    """In the list and on the page with its kind; no offer rests on it; compared with nothing."""
    cloud = make.rented("aws", "c6a.xlarge", "us-east-1")
    machine = make.system(cloud=cloud)
    good = make.record(10.0, system=machine)
    bad = failed(kind).model_copy(update={"system": machine})
    store = Store(tmp_path)
    names = [store.write(good), store.write(bad)]

    listed = called("results", "list", "--results", str(tmp_path))
    shown = " ".join(listed.stdout.split())
    assert "failed:" in shown
    assert kind in shown
    goal = decide.goal([good, bad], {})
    offers = catalogue.from_offers([make.offer()])
    ranked = decide.recommendation([good, bad], goal, TODAY, offers=offers)
    assert {one.configuration.batch_size for one in ranked.candidates} == {8}
    assert kind.replace("_", " ") in decide.page([good, bad], scenario=None, today=TODAY).html
    compared = called("compare", *names, "--results", str(tmp_path))
    assert compared.exit_code == 3
    assert "no valid measurement" in " ".join(compared.stdout.split())
    assert verify.store(tmp_path).findings == ()


@pytest.mark.fault("death")
def test_a_failed_repeat_withholds_the_configurations_numbers() -> None:
    """Two good processes and a crashed one: nobody knows which of them is typical."""
    crash = make.record(failure=make.out_of_memory(kind="crashed"), repeat=2)
    figures = derive.figures([make.record(10.0), make.record(10.1, repeat=1), crash])
    assert figures.throughput is None
    assert figures.validity == "invalid"


@pytest.mark.fault("damaged file")
@pytest.mark.parametrize("command", ["recommend", "report", "tco"])
def test_what_was_left_out_is_named_where_it_matters(tmp_path: Path, command: str) -> None:
    """An answer from the others says so on stderr, with the document's name and the reason."""
    store = Store(tmp_path)
    store.write(make.record(10.0, effort="quick"))
    damaged = tmp_path / store.write(make.record(20.0, effort="quick"))
    damaged.write_bytes(damaged.read_bytes()[:-10])
    out = ("--out", str(tmp_path / "r.html")) if command == "report" else ()
    result = called(command, "--results", str(tmp_path), *out)
    assert result.exit_code == 0
    assert damaged.name in result.stderr
    assert "damaged or edited" in " ".join(result.stderr.split())
    assert damaged.exists(), "a damaged document is left where it is"


LIES = {
    "wrong outputs": ("return [0.0, 1.0, 2.0 + batch.odd]", "wrong_output"),
    "no number": ("return [math.nan, 1.0, 0.0]", None),
    "outputs of fp32": ("return [2.0 + batch.odd, 1.0, 0.0]", "fell_back"),
    "another device": ("return Array('cuda:0', 4, batch.value)", "fell_back"),
    "another precision": ("used['precision'] = 'fp32'", "fell_back"),
    "another batch": ("used['batch_size'] = 2", "fell_back"),
    "fewer rows": ("return None", "fell_back"),
    "another backend": ("used['backend'] = 'onnxruntime'", "fell_back"),
}
"""What a step asked for bf16 on the CPU in batches of 4 does, and the doubt about it."""
REFERENCE = "lambda batch: [2.0 + batch.odd, 1.0, 0.0]"
LYING = '''"""Not what was asked for."""
import itertools, math, time
import numpy
from benchbench.record import Work
from benchbench.workload import Job

name, scenario, unit, precisions, batch_size = "liar", "offline", "item", ("bf16",), 4
used = {}


class Array:
    dtype = "int64"

    def __init__(self, device, rows, value):
        self.device, self.shape, self.value, self.odd = device, (rows, 3), value, value % 2

    def __array__(self, dtype=None, copy=None):
        return numpy.full(self.shape, self.value, dtype or self.dtype)

    def __getitem__(self, part):
        return [1, 2, self.value]


def work(setting):
    return Work(unit=unit)


def step(batch):
    time.sleep(0.002)  # within microseconds chance looks like a cache
    BODY


def load(setting):
    batches = (Array("cpu", ROWS, value) for value in itertools.count())
    return Job(batches, step, 4.0, True, used, reference=REFERENCE)
'''


@pytest.mark.fault("lie")
@pytest.mark.parametrize("lie", LIES)
def test_a_lying_backend_gets_no_number(tmp_path: Path, lie: str) -> None:
    """Measured by a real worker, stored as INVALID with the cause, its number withheld."""
    body, code = LIES[lie]
    checked = lie in {"wrong outputs", "no number", "outputs of fp32"}
    text = LYING.replace("BODY", body).replace("ROWS", "2" if lie == "fewer rows" else "4")
    reference = REFERENCE if checked else "None"
    file = tmp_path / "liar.py"
    file.write_text(text.replace("REFERENCE", reference))
    planned = run.plan([file], system=make.system(), precision="bf16", budget=TINY)
    (record,) = executed(tmp_path / "results", planned).records
    assert record.validity == "invalid"
    assert derive.figures([record]).throughput is None
    if code is None:
        assert record.failure is not None
        assert record.failure.kind == "not_finite"
    else:
        assert [one.code for one in record.caveats if one.severity == "invalid"] == [code]


@pytest.mark.fault("lie")
def test_an_honest_backend_keeps_its_number(tmp_path: Path) -> None:
    """The same workload with outputs rounded to bf16: nothing invalid about it."""
    body = "return [2.0 + batch.odd + 2**-8, 1.0, 0.0]"
    text = LYING.replace("BODY", body).replace("ROWS", "4")
    file = tmp_path / "honest.py"
    file.write_text(text.replace("REFERENCE", REFERENCE))
    planned = run.plan([file], system=make.system(), precision="bf16", budget=TINY)
    (record,) = executed(tmp_path / "results", planned).records
    assert record.validity != "invalid", record.caveats
    assert derive.figures([record]).throughput is not None


@pytest.mark.fault("lie")
@pytest.mark.parametrize(
    "change",
    [
        {"device": "cuda:0"},
        {"precision": "bf16"},
        {"batch_size": 2},
        {"backend": "torch-compile"},
        {"seed": 1},
        {"parameters": {"channels_last": True}},
        {"threads": 2},
        {"environment": {"MALLOC_ARENA_MAX": "1"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_setting_is_another_record(tmp_path: Path, change: dict[str, Any]) -> None:
    """It is never resumed for, never averaged with, and never stored over the other."""
    (one,) = run.plan([write_workload(tmp_path)], system=make.system(), budget=TINY)
    other = replace(one, setting=replace(one.setting, **change))
    assert digest(one.setting) != digest(other.setting)
    assert identity(one) != identity(other)
    assert fingerprint([one]) != fingerprint([other])


@pytest.mark.fault("lie")
@pytest.mark.parametrize(
    "change",
    [
        {"precision": "bf16"},
        {"batch_size": 16},
        {"backend": "torch-compile"},
        {"devices": ("cuda:0",)},
        {"parameters": {"image_size": 160}},
        {"driver": "loadgen", "scenario": "offline"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_records_of_two_configurations_never_make_one_figure(change: dict[str, Any]) -> None:
    """Grouped apart, whatever else they share."""
    assert len(derive.group([make.record(), make.record(**change)])) == 2


@pytest.mark.fault("hang or kill")
def test_what_a_resumed_run_looks_for_is_what_it_stored(survived: dict[str, Record]) -> None:
    """A record's identity is its plan's: nothing is measured twice, nothing taken for another."""
    plan = kill_loop.planned([*faulty.FAULTS, "none"])
    made = [*(survived[name] for name in faulty.FAULTS), survived["last"]]
    assert [identity(one) for one in plan] == [identity_of(record) for record in made]
    assert len({identity(one) for one in plan}) == len(plan)


@pytest.mark.fault("disk")
def test_a_writer_killed_at_any_moment_loses_nothing() -> None:
    """What it told to be stored is stored, readable; what it was writing is swept."""
    tally = kill_loop.writers(KILLS or 20, seed=1)
    assert tally.damage == 0, tally
    assert tally.kills == (KILLS or 20)


@pytest.mark.slow
@pytest.mark.fault("hang or kill")
def test_a_runner_killed_at_any_moment_loses_nothing() -> None:
    """Nobody it started lives on; resumed, its plan is stored once, without a gap."""
    tally = kill_loop.runners(KILLS or 4, seed=2)
    assert tally.damage == 0, tally


@pytest.mark.fault("hang or kill")
def test_a_worker_killed_at_any_moment_is_a_failure_on_record() -> None:
    """The next measurement goes on; nobody is left."""
    tally = kill_loop.workers(KILLS or 2, seed=3)
    assert tally.damage == 0, tally


@pytest.mark.slow
@pytest.mark.fault("hang or kill")
def test_faults_in_a_row_lose_nothing() -> None:
    """Crashes, hangs, NaN, full disks and kills at random; every measurement has its outcome."""
    seen = soak.soak(KILLS or 8, seed=4)
    assert seen.damage == 0, seen
    assert sum(seen.outcomes.values()) == (KILLS or 8)


@pytest.mark.fault("hang or kill")
def test_ctrl_c_in_a_terminal_exits_with_130(brief: Path) -> None:
    """The whole foreground group gets it; what was finished is stored, and nobody is left."""
    first = write_workload(brief, name="first")
    note = "(HERE / 'pid').write_text('1\\n')"
    hang = write_workload(brief, name="hang", load=note, step="time.sleep(600)")
    with kill_loop.followed() as mark:
        command = [sys.executable, "-m", "benchbench", "run", str(first), str(hang)]
        runner = subprocess.Popen(
            [*command, "--quick", "--no-ceilings", "--out", "results"],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        noted(brief / "pid")
        os.killpg(runner.pid, signal.SIGINT)
        _, told = runner.communicate(timeout=60)
        assert runner.returncode == 130
        assert "what was finished is stored" in told
        assert kill_loop.orphans(mark) == 0
    assert [one.workload for one in stored(brief / "results")] == ["first"]


@pytest.mark.fault("left behind")
def test_a_run_takes_away_what_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a document, and the scratch folder of a worker with all that was compiled there."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    scratch = tmp_path / "tmp" / f"{atomic.SCRATCH}dead"
    scratch.mkdir(parents=True)
    (scratch / "kernel.so").touch()
    results = tmp_path / "results"
    results.mkdir()
    (results / f"{atomic.WRITING}dead").write_text('{"schema": 2, "work')
    noting = "(HERE / 'place').write_text(os.environ['TMPDIR'])"
    planned = run.plan([write_workload(tmp_path, load=noting)], system=make.system(), budget=TINY)
    executed(results, planned)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert list(results.glob(f"{atomic.WRITING}*")) == []
    place = Path((tmp_path / "place").read_text())
    assert place.parent == tmp_path / "tmp", "what a workload leaves is swept with its scratch"
    assert place.name.startswith(atomic.SCRATCH)


@pytest.mark.fault("hang or kill")
def test_what_is_told_is_stored_already(tmp_path: Path) -> None:
    """Whoever reads that a measurement is done may kill us then."""
    files = (
        write_workload(tmp_path, name="good"),
        write_workload(tmp_path, name="bad", load="os.abort()"),
    )
    seen: list[tuple[str, set[str]]] = []

    def look(event: run.Event) -> None:
        if event.phase in {"done", "failed"}:
            seen.append((event.name, {one.workload for one in stored(tmp_path / "results")}))

    planned = run.plan(files, system=make.system(), budget=TINY)
    executed(tmp_path / "results", planned, on_event=look)
    assert seen == [("good", {"good"}), ("bad", {"good", "bad"})]
