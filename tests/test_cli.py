"""The commands as a shell sees them: documents, exit codes, streams, start-up."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from benchbench import schemas
from benchbench.cli import app
from benchbench.record import Cloud, Work
from benchbench.store import Store
from tests import factories as make

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "benchbench"]


def call(*arguments: str) -> Result:
    """One command in this process."""
    return CliRunner().invoke(app, list(arguments))


def document(name: str, *arguments: str) -> dict[str, Any]:
    """What a command prints with --json, held against its published schema."""
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    parsed: dict[str, Any] = json.loads(result.stdout)
    jsonschema.validate(parsed, schemas.of(name))
    return parsed


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A quick CPU measurement of ResNet-50 training, with ceilings."""
    ceilings = (make.ceiling(1.2e11), make.bandwidth_ceiling(2e10))
    Store(tmp_path).write(make.record(4.0, ceilings=ceilings, effort="quick"))
    return tmp_path


def test_help_imports_nothing_heavy() -> None:
    """What makes a start slow is imported by the command that needs it."""
    code = (
        "import sys; from typer.testing import CliRunner; from benchbench.cli import app;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "print([m for m in ('torch','numpy','pandas','matplotlib','scipy','pydantic','jinja2')"
        " if m in sys.modules])"
    )
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


def test_version() -> None:
    """As pip knows it."""
    from importlib.metadata import version

    assert call("--version").stdout.strip() == f"benchbench {version('benchbench')}"


@pytest.mark.parametrize("name", schemas.NAMES)
def test_every_schema_is_valid_json_schema(name: str) -> None:
    """Printed by `schema`, usable by any validator."""
    printed = json.loads(call("schema", name).stdout)
    jsonschema.Draft202012Validator.check_schema(printed)
    assert printed == schemas.of(name)


def test_doctor_prints_one_document() -> None:
    """This machine, by its schema."""
    printed = document("doctor", "doctor")
    assert printed["system"]["cpu"]["usable_threads"] == len(os.sched_getaffinity(0))


def test_workloads_print_their_counted_work() -> None:
    """The goldens: 24.299 GFLOP per image trained, 246.4 GFLOP per sequence."""
    listed = {one["name"]: one for one in document("workloads", "workloads")["workloads"]}
    assert listed["resnet50-train"]["flops_per_unit"] == 24_299_077_632
    assert listed["bert-large-infer"]["flops_per_unit"] == 246_425_321_472
    counted = [one for one in listed.values() if one["flops_per_unit"] is not None]
    assert {one["convention"] for one in counted} == {"mm2-dense-v1"}
    assert listed["image-input"]["flops_per_unit"] is None


def test_a_workload_is_shown_in_full() -> None:
    """By name or by file; one that does not exist names those that do."""
    shown = call("workloads", "whisper-infer")
    assert "--set size=" in shown.stdout
    assert "next: benchbench run whisper-infer --quick" in shown.stderr
    assert call("workloads", "tests/data/mine.py").stdout.startswith("my-mlp")
    assert "known: bert-large-infer" in call("workloads", "whisper").stderr


def test_results_list_prints_figures(stored: Path) -> None:
    """4 images/s of 24.3 GFLOP are 81 % of a ceiling of 120 GFLOP/s."""
    printed = document("results", "results", "list", "--results", str(stored))
    figures = printed["results"][0]["figures"]
    assert figures["throughput"]["value"] == pytest.approx(4.0)
    assert figures["share_of_achievable"]["value"] == pytest.approx(0.80997, rel=1e-4)


def test_compare_gates_on_a_slower_result(tmp_path: Path) -> None:
    """B at half the speed: exit 1 only where --gate asks for it."""
    for folder, rates in (("a", (10.0, 10.1, 9.9)), ("b", (5.0, 5.1, 4.9))):
        for index, rate in enumerate(rates):
            Store(tmp_path / folder).write(make.record(rate, repeat=index))
    sides = str(tmp_path / "a"), str(tmp_path / "b")
    (found,) = document("compare", "compare", *sides)["comparisons"]
    assert found["verdict"] == "slower"
    assert found["ratio"]["value"] == pytest.approx(0.5, rel=0.01)
    assert call("compare", *sides, "--gate").exit_code == 1
    assert "SLOWER" in call("compare", *sides).stdout


def test_compare_of_different_work_is_invalid(tmp_path: Path) -> None:
    """An image is no sequence: exit 3, and why."""
    for folder, unit in (("a", "image"), ("b", "sequence")):
        Store(tmp_path / folder).write(make.record(work=Work(unit=unit)))
    result = call("compare", str(tmp_path / "a"), str(tmp_path / "b"))
    assert result.exit_code == 3
    assert "one counts in images, the other in sequences" in result.stdout


def test_compare_wants_two_of_a_kind() -> None:
    """A workload to measure cannot be held against a stored result in turns."""
    result = call("compare", "resnet50-train", "some-result")
    assert result.exit_code == 2
    assert "not one of each" in result.stderr


def test_results_show_explains(stored: Path) -> None:
    """One configuration in full, with what limits it."""
    shown = call("results", "show", "resnet50-train", "--results", str(stored))
    assert "4.00 images/s" in shown.stdout
    assert "Limited by:" in shown.stdout


def test_recommend_prints_a_ranking(stored: Path) -> None:
    """Ranked by dollars per unit, every other offer rejected with a reason."""
    printed = document("recommend", "recommend", "--results", str(stored))
    costs = [one["usd_per_unit"]["value"] for one in printed["candidates"]]
    assert costs == sorted(costs)
    assert all(one["because"] for one in printed["rejected"])
    assert printed["indicative"]


def test_recommend_without_an_answer_fails_the_gate(stored: Path) -> None:
    """Exit code 1, and the smallest change that would help."""
    result = call("recommend", "--results", str(stored), "--budget-per-hour", "0.0001")
    assert result.exit_code == 1
    assert "$" in result.stdout


def test_a_goal_file_is_read_and_flags_go_first(stored: Path, tmp_path: Path) -> None:
    """The file's price kinds, the flag's provider; a slip in the file is one sentence."""
    goal = tmp_path / "goal.toml"
    goal.write_text('price_kinds = ["spot"]\nproviders = ["gcp"]\n', encoding="utf-8")
    command = ("recommend", "--results", str(stored), "--goal", str(goal))
    printed = json.loads(call(*command, "--provider", "aws", "--json").stdout)
    assert {one["offer"]["provider"] for one in printed["candidates"]} == {"aws"}
    assert {one["offer"]["price_kind"] for one in printed["candidates"]} == {"spot"}
    goal.write_text("rate = 1\n", encoding="utf-8")
    slip = call(*command)
    assert slip.exit_code == 2
    assert "did you mean 'rate_per_s'" in slip.stderr


def test_rejected_offers_are_listed_as_far_as_wanted(stored: Path) -> None:
    """All by default; the counts stay whole."""
    command = ("recommend", "--results", str(stored), "--json")
    few = json.loads(call(*command, "--rejected", "2").stdout)
    whole = json.loads(call(*command).stdout)
    assert few["reasons"] == whole["reasons"]
    assert len(whole["rejected"]) == sum(one["offers"] for one in whole["reasons"])
    assert len(few["rejected"]) == sum(min(2, one["offers"]) for one in whole["reasons"])


def test_why_not_an_instance_is_answered(stored: Path) -> None:
    """By name, in every region it is offered in."""
    result = call("recommend", "--results", str(stored), "--why-not", "p5.48xlarge")
    assert result.exit_code == 0
    assert "p5.48xlarge" in result.stdout


def test_a_quota_on_nothing_offered_is_a_slip(stored: Path) -> None:
    """It would limit nothing, silently."""
    result = call("recommend", "--results", str(stored), "--quota", "p5.49xlarge=4")
    assert result.exit_code == 2
    assert "no offer matches the quota (p5.49xlarge)" in result.stderr


def test_training_on_several_instances_must_be_asked_for(stored: Path) -> None:
    """Nobody measured the network between them: one by default, a caveat beyond."""
    work = ("--units", "1e7", "--deadline", "24", "--results", str(stored))
    one = json.loads(call("recommend", *work, "--json").stdout)
    assert {candidate["replicas"] for candidate in one["candidates"]} == {1}
    several = ("--max-instances", "8", "--set", "gradient_bytes=100MB", "--json")
    many = json.loads(call("recommend", *work, *several).stdout)
    assert max(candidate["replicas"] for candidate in many["candidates"]) > 1
    assert "multi_node" in {caveat["code"] for caveat in many["caveats"]}


def test_tco_prints_alternatives(stored: Path) -> None:
    """The built-in scenario needs no file."""
    printed = document("tco", "tco", "--results", str(stored))
    assert {"on_demand", "hybrid"} <= {one["name"] for one in printed["alternatives"]}
    assert printed["break_even"]["sentence"]


def test_report_is_one_file(stored: Path) -> None:
    """Written where asked, complete."""
    out = stored / "r.html"
    result = call("report", "--results", str(stored), "--out", str(out))
    assert result.exit_code == 0, result.stderr
    page = out.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "resnet50-train" in page


@pytest.mark.parametrize("out", ["missing/r.html", "."])
@pytest.mark.fault("disk")
def test_a_report_that_cannot_be_written_is_one_sentence(stored: Path, out: str) -> None:
    """The path, the reason, the next step; no traceback."""
    result = call("report", "--results", str(stored), "--out", str(stored / out))
    assert result.exit_code == 2
    assert "choose another path" in result.stderr
    assert "Traceback" not in result.stderr


def test_two_machines_are_told_apart(stored: Path) -> None:
    """One table each, named."""
    xeon = make.system(cpu=make.cpu(model="Xeon 8488C"))
    Store(stored).write(make.record(5.0, system=xeon))
    shown = call("results", "list", "--results", str(stored)).stdout
    assert "Results on AMD EPYC 7B13" in shown
    assert "Results on Xeon 8488C" in shown


def test_the_next_command_works_as_printed(stored: Path) -> None:
    """It names a workload and the results folder."""
    hint = call("results", "list", "--results", str(stored)).stderr
    assert f"benchbench recommend --workload resnet50-train --results {stored}" in hint


def test_catalogue_shows_and_checks() -> None:
    """The bundled offers are found, and lint without error."""
    shown = call("catalog", "show", "--instance", "x1e.32xlarge", "--json")
    offers = json.loads(shown.stdout)["offers"]
    assert 26.688 in [one["price_usd_per_hour"] for one in offers]
    assert call("catalog", "check").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("results", "show", "nothing"), 2, "results list"),
        (("recommend",), 2, "benchbench run --quick"),
        (("report",), 2, "benchbench run --quick"),
        (("run", "no-such-workload"), 2, "known: "),
        (("run", "./nowhere.py"), 2, "nowhere.py"),
        (("run", "--quick", "--full"), 2, "exclude one another"),
        (("run", "resnet50-train", "--device", "cuda"), 5, "--device cpu"),
        (("run", "resnet50-train", "--device", "tpu"), 2, "cpu, cuda"),
        (("run", "resnet50-train", "--batch", "0"), 2, "batch"),
        (("tco", "nowhere.toml"), 2, "nowhere.toml"),
        (("results", "list"), 2, "benchbench run --quick"),
        (("results", "show", ""), 2, "results list"),
        (("catalog", "show", "--gpu", "no-such-gpu"), 2, "no offer with the accelerator"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: tuple[str, ...],
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It names the next step, on stderr, with its exit code and no traceback."""
    monkeypatch.chdir(tmp_path)
    result = call(*arguments)
    assert result.exit_code == code
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_which_workload_is_asked_when_several_were_measured(stored: Path) -> None:
    """No silent choice."""
    Store(stored).write(make.record(0.5, workload="bert-large-infer"))
    result = call("recommend", "--results", str(stored))
    assert result.exit_code == 2
    assert "--workload" in result.stderr


@pytest.mark.fault("death")
def test_a_failed_measurement_is_shown_and_never_recommended(tmp_path: Path) -> None:
    """It stays in the list with its reason."""
    failed = make.record(failure=make.out_of_memory(), system=make.system(cloud=CLOUD))
    Store(tmp_path).write(failed)
    assert "out_of_memory" in call("results", "list", "--results", str(tmp_path)).stdout
    result = call("recommend", "--results", str(tmp_path), "--workload", failed.workload)
    assert result.exit_code in {1, 2}


CLOUD = Cloud(provider="aws", instance_type="c6a.xlarge", source="flag")


def test_answers_go_to_stdout_and_hints_to_stderr(stored: Path) -> None:
    """A pipe gets the answer only."""
    result = call("results", "list", "--results", str(stored))
    assert "next:" in result.stderr
    assert "next:" not in result.stdout


def test_a_closed_pipe_is_no_error(stored: Path) -> None:
    """`| head` shows no traceback."""
    command = f"{' '.join(COMMAND)} recommend --results {stored} --json | head -1"
    seen = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert seen.stdout == "{\n"
    assert "Traceback" not in seen.stderr


def test_a_terminal_without_unicode_still_gets_an_answer(stored: Path) -> None:
    """Characters it lacks are replaced, not fatal."""
    seen = subprocess.run(
        [*COMMAND, "results", "list", "--results", str(stored)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert seen.returncode == 0
    assert b"4.00 images/s" in seen.stdout


OWN = '''
"""Sums squares: a workload that needs no torch."""
from itertools import count
from benchbench.record import Work
from benchbench.workload import Job
name, scenario, unit, precisions, batch_size = "squares", "offline", "number", ("fp64",), 100000
def work(setting):
    return Work(unit=unit, flops_per_unit=2, convention="mm2-dense-v1")
def load(setting):
    step = lambda start: sum(i * i for i in range(start, start + setting.batch_size))
    return Job(count(), step, units_per_step=setting.batch_size, from_memory=True)
'''


@pytest.mark.slow
def test_run_measures_a_users_own_file_and_prints_one_document(tmp_path: Path) -> None:
    """A real quick run in a real process: JSON on stdout, the record on disk."""
    (tmp_path / "squares.py").write_text(OWN)
    arguments = ("run", "./squares.py", "--quick", "--no-ceilings", "--json", "--out", "out")
    seen = subprocess.run(
        [*COMMAND, *arguments],
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert seen.returncode == 0, seen.stderr
    printed = json.loads(seen.stdout)
    jsonschema.validate(printed, schemas.of("results"))
    (result,) = printed["results"]
    stored = Store(tmp_path / "out").read()
    assert result["names"] == list(stored.names)
    measurement = stored.records[0].measurement
    assert measurement is not None
    assert measurement.elapsed_s >= 6
    rate = measurement.units_completed / measurement.elapsed_s
    assert result["figures"]["throughput"]["value"] == pytest.approx(rate)
    assert "squares" in seen.stderr


@pytest.mark.slow
def test_run_tunes_a_users_own_file(tmp_path: Path) -> None:
    """A real search in real processes: trials stored, the winner measured in full and printed."""
    (tmp_path / "squares.py").write_text(OWN)
    options = ("--tune", "--budget-minutes", "0.1", "--quick", "--no-ceilings", "--json")
    seen = subprocess.run(
        [*COMMAND, "run", "./squares.py", *options, "--out", "out"],
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert seen.returncode == 0, seen.stderr
    printed = json.loads(seen.stdout)
    jsonschema.validate(printed, schemas.of("results"))
    winner = next(one for one in printed["results"] if one["figures"]["role"] == "best")
    stored = Store(tmp_path / "out").read().records
    trials = [one for one in stored if one.is_trial]
    assert [one["units_per_s"] is not None for one in winner["tried"]] == [True] * len(trials)
    assert len(trials) >= 1
    assert "[trial 1] squares fp64 x100000 torch-eager" in seen.stderr.replace("\n", " ")
