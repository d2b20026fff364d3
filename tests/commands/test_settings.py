"""Settings in files: which goes first, what is refused, and what a record says of them."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from typer.testing import CliRunner, Result

from benchbench import session
from benchbench.cli import app
from benchbench.commands import settings
from benchbench.run import Outcome, Planned
from benchbench.store import Store
from tests import factories as make


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and a user without settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def user_file(project: Path) -> Path:
    """The user's own, by XDG."""
    place = project.parent / "home" / "benchbench"
    place.mkdir(parents=True, exist_ok=True)
    return place / "benchbench.toml"


def call(*arguments: str, **environment: str) -> Result:
    """One command in this process."""
    return CliRunner().invoke(app, list(arguments), env=environment)


def test_flag_environment_project_user_in_this_order(project: Path) -> None:
    """Each names another folder of results; the error names the one that was used."""
    user_file(project).write_text('results = "users"\n')
    assert "no results in users" in call("results", "list").stderr
    (project / "benchbench.toml").write_text('results = "projects"\n')
    assert "no results in projects" in call("results", "list").stderr
    from_environment = call("results", "list", BENCHBENCH_RESULTS="environments")
    assert "no results in environments" in from_environment.stderr
    flag = call("results", "list", "--results", "flags", BENCHBENCH_RESULTS="environments")
    assert "no results in flags" in flag.stderr


def test_a_table_goes_before_what_holds_everywhere(project: Path) -> None:
    """Of one file: the more special word."""
    (project / "benchbench.toml").write_text('[results-list]\nresults = "b"\n')
    assert "no results in b" in call("results", "list").stderr
    assert "in results;" in call("results", "show", "x").stderr
    (project / "benchbench.toml").write_text('results = "a"\n\n[results-list]\nresults = "b"\n')
    assert "no results in b" in call("results", "list").stderr
    assert "in a" in call("results", "show", "x").stderr


def test_pyproject_holds_a_table_too(project: Path) -> None:
    """`[tool.benchbench]`; a file of its own beside it goes first, and folders above are seen."""
    (project / "pyproject.toml").write_text('[tool.benchbench]\nresults = "shared"\n')
    assert "no results in shared" in call("results", "list").stderr
    (project / "benchbench.toml").write_text('results = "own"\n')
    assert "no results in own" in call("results", "list").stderr
    below = project / "a" / "b"
    below.mkdir(parents=True)
    os.chdir(below)
    assert "no results in own" in call("results", "list").stderr


def test_somebody_elses_pyproject_is_none_of_ours(project: Path) -> None:
    """Without our table, or broken, it is left to its readers."""
    (project / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert settings.sources(project) == ()
    (project / "pyproject.toml").write_text("not toml")
    assert settings.sources(project) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[run]\nbach = 4\n", "did you mean 'batch'"),
        ("[rum]\nbatch = 4\n", "did you mean 'run'"),
        ("[run]\nseed = 'four'\n", "run.seed takes one integer, not 'four'"),
        ("[run]\nquick = 1\n", "run.quick takes one boolean, not 1"),
        ("[run]\nseed = true\n", "run.seed takes one integer, not True"),
        ("[run]\nbatch = true\n", "run.batch takes one word, not True"),
        ("nothing = 1\n", "nothing is called 'nothing'"),
        ("results =", "is not TOML"),
    ],
)
def test_a_slip_is_one_sentence(project: Path, text: str, says: str) -> None:
    """It names the file and the next step; exit 2, no traceback."""
    (project / "benchbench.toml").write_text(text)
    result = call("results", "list")
    assert result.exit_code == 2
    assert says in result.stderr
    assert "benchbench.toml" in result.stderr
    assert "Traceback" not in result.stderr


def test_lists_flags_and_dates_are_taken(project: Path) -> None:
    """A repeatable option is an array, a date a date."""
    Store(project / "results").write(make.record(4.0))
    (project / "benchbench.toml").write_text(
        '[recommend]\nprovider = ["gcp"]\nmost = 3\njson = true\n[report]\ndate = 2026-11-01\n'
    )
    ranked = json.loads(call("recommend").stdout)
    assert {one["offer"]["provider"] for one in ranked["candidates"]} == {"gcp"}
    assert call("report", "--format", "md").exit_code == 0
    assert "2026-11-01" in (project / "report.md").read_text(encoding="utf-8")


def test_the_schema_knows_every_flag_of_every_command(project: Path) -> None:
    """Valid JSON Schema; it takes what is taken and refuses what is refused."""
    schema = json.loads(call("schema", "config").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validate = jsonschema.Draft202012Validator(schema).is_valid
    assert validate({"results": "x", "run": {"batch": 4, "workload": ["resnet50-train"]}})
    assert validate({"catalog-show": {"gpu": ["H100"], "format": "csv"}, "tco": {"explain": True}})
    assert validate({"tco": "scenario.toml"})
    assert validate({"run": {"batch": "auto"}})
    assert not validate({"run": {"seed": "four"}})
    assert not validate({"rum": {}})
    assert not validate({"recommend": {"format": "pdf"}})
    group = typer.main.get_command(app)
    for words, parameters in settings.commands(app).items():
        command = group
        for word in words.split("-"):
            command = command.commands[word]  # type: ignore[attr-defined] # groups have them
        flags = {opt for one in command.params for opt in one.opts if opt != "--help"}
        assert {f"--{flag}" for flag in parameters} >= {f for f in flags if f.startswith("--")}
    del project


def test_a_file_that_changed_a_measurement_is_named_in_its_record(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command kept is whole without the file, and says where the rest came from.

    A flag goes before the file, and where results go changes no measurement.
    """
    asked: list[tuple[Sequence[Planned], tuple[str, ...]]] = []

    def measured(
        plan: Sequence[Planned], *, store: Store, command: tuple[str, ...], **_: Any
    ) -> Outcome:
        asked.append((plan, command))
        return Outcome((record := make.record(4.0),), (store.write(record),), "fake")

    monkeypatch.setattr(session, "measure", measured)
    monkeypatch.setattr(sys, "argv", ["benchbench", "run", "resnet50-train", "--seed", "3"])
    (project / "benchbench.toml").write_text(
        '[run]\nbatch = 5\nout = "there"\nseed = 7\nceilings = false\nset = ["image_size=160"]\n'
    )
    assert call("run", "resnet50-train", "--seed", "3").exit_code == 0
    (plan, command) = asked[0]
    assert {(one.setting.batch_size, one.setting.seed) for one in plan} == {(5, 3)}
    assert plan[0].setting.parameters == {"image_size": 160}
    added = ("--batch=5", "--no-ceilings", "--set=image_size=160")
    assert command == (
        *("benchbench", "run", "resnet50-train", "--seed", "3"),
        *added,
        *("#", f"{' '.join(added)} from benchbench.toml"),
    )
    assert (project / "there").is_dir()


def test_without_a_file_the_command_is_what_was_typed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is added."""
    commands: list[tuple[str, ...]] = []

    def measured(_: Any, *, store: Store, command: tuple[str, ...], **__: Any) -> Outcome:
        commands.append(command)
        return Outcome((record := make.record(4.0),), (store.write(record),), "fake")

    monkeypatch.setattr(session, "measure", measured)
    monkeypatch.setattr(sys, "argv", ["benchbench", "run", "resnet50-train"])
    assert call("run", "resnet50-train").exit_code == 0
    assert commands == [("benchbench", "run", "resnet50-train")]
    assert project.is_dir()
