"""What the documentation shows works as shown: every command in it is typed here.

What measures for minutes really runs up to the measuring itself, which is replaced by records made
on the spot; everything else runs whole. A line nobody knows how to try fails the test.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from benchbench import run, session, tuning
from benchbench.cli import app
from benchbench.commands import settings
from benchbench.record import Record, Work
from benchbench.run import Outcome, Planned
from benchbench.store import Store
from tests import factories as make

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}
SHELL = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def lines() -> Iterator[str]:
    """Every command line shown in a shell block, once."""
    shown = (
        line
        for text in TEXT.values()
        for block in SHELL.findall(text)
        for line in block.replace("\\\n", " ").splitlines()
    )
    yield from dict.fromkeys(line.strip() for line in shown if line.strip())


def planned_record(planned: Planned, rate: float) -> Record:
    """What measuring this plan's entry might give."""
    setting = planned.setting
    return make.record(
        rate,
        workload=planned.name,
        scenario=planned.scenario,
        driver=planned.driver,
        precision=setting.precision,
        batch_size=setting.batch_size,
        backend=setting.backend,
        effort=planned.effort,
        repeat=planned.repeat,
        work=Work(unit=planned.unit, flops_per_unit=24.3e9, convention="mm2-dense-v1"),
        ceilings=(make.ceiling(1.2e11), make.bandwidth_ceiling(2e10)),
    )


def measured(plan: Sequence[Planned], *, store: Store, **_: Any) -> Outcome:
    """In place of minutes: a record for everything planned, stored like any other."""
    records = [planned_record(one, 4.0 + 0.01 * index) for index, one in enumerate(plan)]
    return Outcome(tuple(records), tuple(store.write(one) for one in records), "fake")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newcomer's folder: the examples, the workload of the page, some results."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "reports").mkdir()
    (folder / "reports" / "examples").symlink_to(ROOT / "reports" / "examples")
    (folder / "docs").symlink_to(ROOT / "docs")
    workload = re.search(
        r"```python\n(.*?)```", TEXT[ROOT / "docs/your-own-workload.md"], re.DOTALL
    )
    assert workload is not None
    for name in ("mine.py", "before.py"):
        (folder / name).write_text(workload[1])
    for results in ("results", "before", "after"):
        shutil.copytree(
            ROOT / "reports/examples/quickstart",
            folder / results,
            ignore=shutil.ignore_patterns("report.*"),
        )
    own = make.record(1e4, workload="my-mlp", work=Work(unit="row", flops_per_unit=1.1e6))
    Store(folder / "results").write(own)
    for data in ("imagenet/train", "imagenet/val", "bert-large-squad", "resnet50"):
        (folder / "home" / data).mkdir(parents=True)
    (folder / "dev-v1.1.json").touch()
    return folder


@pytest.fixture
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In that folder, with nothing to measure and nobody's settings."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("HOME", str(place / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "home"))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setattr("benchbench.system.probe", lambda **_: make.system())
    monkeypatch.setattr(session, "measure", measured)
    monkeypatch.setattr(tuning, "tune", measured)
    monkeypatch.setattr(run, "measure_ceilings", lambda *_, **__: (make.ceiling(1.2e11),))
    return place


def benchbench(line: str, here: Path) -> None:
    """Typed as shown; `>` writes a file."""
    words = shlex.split(line, comments=True)
    into = None
    if ">" in words:
        into, words = words[words.index(">") + 1], words[: words.index(">")]
    words = [word.replace("~", str(here / "home"), 1) if word[0] == "~" else word for word in words]
    seen = CliRunner().invoke(app, words[1:])
    assert seen.exit_code == 0, f"{line}\n{seen.output}"
    assert "Traceback" not in seen.stderr
    if into is not None:
        assert seen.stdout
        (here / into).write_text(seen.stdout)


def make_target(line: str, _here: Path) -> None:
    """Not run: the targets install, or are the tests themselves."""
    _, target, *_ = shlex.split(line, comments=True)
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def pip(line: str, _here: Path) -> None:
    """Not run, it downloads: the package and its extras are those of pyproject.toml."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for wanted in shlex.split(line, comments=True)[2:]:
        name, _, extra = wanted.rstrip("]").partition("[")
        assert name == project["name"]
        assert extra in {"", *project["optional-dependencies"]}


def chromium(line: str, here: Path) -> None:
    """Run where there is one, as a browser test of its own; here only its words."""
    assert "--print-to-pdf" in line
    assert here.exists()


def completion(line: str, here: Path) -> None:
    """The script is bash, and what it asks for completes a command."""
    command = Path(sys.executable).with_name("benchbench")
    setting, *_, into = shlex.split(line)
    name, _, value = setting.partition("=")
    assert Path(into).suffix == ".bash"
    script = subprocess.run(
        [command], env={**os.environ, name: value}, capture_output=True, text=True, check=False
    ).stdout
    (here / into).write_text(script)
    subprocess.run(["bash", "-n", here / into], check=True)
    assert f"{name}=complete_bash" in script
    asked = {name: "complete_bash", "COMP_WORDS": "benchbench rec", "COMP_CWORD": "1"}
    answer = subprocess.run(
        [command], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert answer.stdout.split() == ["recommend"]


HOW: dict[str, Callable[[str, Path], None]] = {
    "benchbench": benchbench,
    "make": make_target,
    "pip": pip,
    "chromium": chromium,
    "_BENCHBENCH_COMPLETE=source_bash": completion,
}


@pytest.mark.parametrize("line", list(lines()))
def test_a_command_shown_can_be_typed(line: str, here: Path) -> None:
    """Whole, in order, in one folder."""
    HOW[line.partition(" ")[0]](line, here)


def test_there_are_commands_to_try() -> None:
    """The parser of blocks finds what a reader sees."""
    shown = list(lines())
    assert len(shown) > 50
    assert sum(line.startswith("benchbench ") for line in shown) > 45


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_words_of_a_page_exist(page: Path) -> None:
    """Commands and flags in backticks, functions by their full name, files of the project."""
    text = TEXT[page].replace(r"\|", "|")
    known = settings.commands(app)
    for mentioned in re.findall(r"`benchbench ([a-z][^`\n]*)`", text):
        words = [word for word in mentioned.split() if not word.startswith("[")]
        command = "-".join(words[:2]) if "-".join(words[:2]) in known else words[0]
        if command not in known:  # `results list|show`
            group, choices = words[0], words[1].split("|")
            assert all(f"{group}-{choice}" in known for choice in choices), mentioned
            continue
        takes = {f"--{flag}" for flag in known[command]} | {"--help"}
        for flag in re.findall(r"--[a-z-]+", mentioned):
            assert flag in takes or flag.replace("--no-", "--") in takes, mentioned
    for dotted in re.findall(r"`(benchbench(?:\.\w+)+)`", text):
        if dotted in {settings.FILE, "benchbench.prom"}:
            continue
        assert resolves(dotted), dotted
    for path in re.findall(r"`((?:instance_catalog|reports|workloads|docs)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path


def resolves(dotted: str) -> bool:
    """Whether it is a module, or something in one."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: Any = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


def test_the_settings_shown_are_settings() -> None:
    """By the schema that is shipped."""
    import tomllib

    (block,) = re.findall(r"```toml\n(.*?)```", TEXT[ROOT / "docs/settings.md"], re.DOTALL)
    jsonschema.validate(tomllib.loads(block), settings.schema(settings.commands(app)))


def test_every_exit_code_is_documented() -> None:
    """In the README and on its page."""
    from benchbench.errors import ExitCode

    page = TEXT[ROOT / "docs/formats.md"]
    for code in ExitCode:
        assert re.search(rf"^\| {code.value} \|", page, re.MULTILINE)
        assert f"`{code.value}`" in TEXT[ROOT / "README.md"]


def test_the_action_runs_commands_that_exist(here: Path) -> None:
    """YAML as GitHub reads it; inputs reach the shell as variables, never as text of the script."""
    action = yaml.safe_load((ROOT / "docs/github/action.yml").read_text(encoding="utf-8"))
    (install, compare) = action["runs"]["steps"]
    pip(install["run"], here)
    assert "${{" not in compare["run"]
    assert set(compare["env"]) == {"BEFORE", "AFTER", "PAIRS"}
    assert set(action["inputs"]) == {"before", "after", "pairs"}
    filled = compare["run"].replace('"$BEFORE"', "./before.py").replace('"$AFTER"', "./mine.py")
    seen = CliRunner().invoke(app, shlex.split(filled.replace('"$PAIRS"', "2"))[1:])
    assert seen.exit_code == 0, seen.output


def test_the_site_builds_and_loads_nothing(tmp_path: Path) -> None:
    """Strictly: every link leads somewhere; no page fetches a font, a script or a picture."""
    pytest.importorskip("material")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) >= len(PAGES) - 1
    fetched = re.compile(r"<(?:script|img|iframe)[^>]+src=\"?https?:|<link[^>]+href=\"?https?:")
    for page in pages:
        found = fetched.search(page.read_text(encoding="utf-8"))
        assert found is None, (page, found)
