"""Every exit code that is documented, by the command that gives it."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchbench import session
from benchbench.cli import app
from benchbench.errors import ExitCode
from benchbench.record import Record
from benchbench.run import Outcome, Planned
from benchbench.store import Store
from tests import factories as make

ROOT = Path(__file__).parents[1]


def ran(monkeypatch: pytest.MonkeyPatch, out: Path, *records: Record) -> int:
    """How `run` ends when these records are measured."""

    def measured(plan: Sequence[Planned], *, store: Store, **_: Any) -> Outcome:
        del plan
        return Outcome(records, tuple(store.write(one) for one in records), "fake")

    monkeypatch.setattr(session, "measure", measured)
    return CliRunner().invoke(app, ["run", "resnet50-train", "--out", str(out)]).exit_code


def test_the_codes_are_these() -> None:
    """Scripts rely on them."""
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "GATE_FAILED": 1,
        "USAGE": 2,
        "INVALID": 3,
        "PARTIAL": 4,
        "CANNOT_MEASURE": 5,
    }


def test_0_all_of_it_is_valid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With warnings too."""
    doubtful = make.record(3.0, caveats=(make.caveat(),), batch_size=4)
    assert ran(monkeypatch, tmp_path, make.record(4.0), doubtful) == 0


def test_1_a_gate_failed(tmp_path: Path) -> None:
    """Here the catalogue's: an offer that cannot be."""
    text = (ROOT / "instance_catalog/offers/aws.csv").read_text(encoding="utf-8").splitlines()
    columns, values = text[0].split(","), text[1].split(",")
    values[columns.index("cores")] = "900"
    (tmp_path / "mine.csv").write_text("\n".join([text[0], ",".join(values)]), encoding="utf-8")
    found = CliRunner().invoke(app, ["catalog", "check", "--file", str(tmp_path / "mine.csv")])
    assert found.exit_code == 1, found.stdout


def test_2_usage_or_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag that does not exist, and a settings file that is wrong."""
    assert CliRunner().invoke(app, ["run", "--nonsense"]).exit_code == 2
    (tmp_path / "benchbench.toml").write_text("nonsense = 1")
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["results", "list"]).exit_code == 2


def test_3_nothing_can_be_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All failed or invalid."""
    failed = make.record(failure=make.out_of_memory())
    invalid = make.record(4.0, caveats=(make.caveat("invalid"),), batch_size=4)
    assert ran(monkeypatch, tmp_path, failed, invalid) == 3


def test_4_a_part_failed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The rest is stored."""
    failed = make.record(batch_size=64, failure=make.out_of_memory())
    assert ran(monkeypatch, tmp_path, make.record(4.0), failed) == 4
    assert len(Store(tmp_path).read().records) == 2


def test_5_this_machine_cannot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A GPU asked for where none is."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    asked = ["run", "resnet50-train", "--device", "cuda", "--out", str(tmp_path)]
    assert CliRunner().invoke(app, asked).exit_code == 5


WAITING = '''
"""Loads until it is told to end."""
from itertools import count
from pathlib import Path
from threading import Event
from benchbench.record import Work
from benchbench.workload import Job
name, scenario, unit, precisions, batch_size = "waiting", "offline", "number", ("fp64",), 1
def work(setting):
    return Work(unit=unit)
def load(setting):
    Path(__file__).with_name("loading").touch()
    Event().wait()
    return Job(count(), abs, units_per_step=1)
'''


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_as_shells_count(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    """128 and the signal's number, whether we end ourselves or are ended."""
    (tmp_path / "waiting.py").write_text(WAITING)
    runner = subprocess.Popen(
        [sys.executable, "-m", "benchbench", "run", "./waiting.py", "--quick", "--no-ceilings"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "loading").exists():
        assert runner.poll() is None, runner.stderr and runner.stderr.read()
    runner.send_signal(number)
    try:
        _, said = runner.communicate(timeout=60)
    finally:
        runner.kill()
    ended = runner.returncode
    assert (ended if ended >= 0 else 128 - ended) == code
    assert "Traceback" not in said
