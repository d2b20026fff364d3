"""What every command does alike: width, colour, pipes, formats, hints."""

import csv
import json
import os
import pty
import re
import subprocess
import sys
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import markdown as python_markdown
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from benchbench.cli import app
from benchbench.store import Store
from tests import factories as make

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "benchbench")
TABLED = (
    ("results", "list"),
    ("recommend", "--workload", "resnet50-train"),
    ("compare", "a", "b"),
    ("tco",),
    ("tco", "--explain"),
    ("catalog", "show", "--gpu", "H100"),
)
SHOWN = (
    *TABLED,
    ("doctor",),
    ("workloads",),
    ("results", "show", "resnet50-train"),
    ("results", "verify"),
    ("recommend", "--workload", "resnet50-train", "--why-not", "p5.48xlarge"),
    ("recommend", "--workload", "resnet50-train", "--units", "1e7", "--price", "spot"),
    ("recommend", "--workload", "resnet50-train", "--budget-per-hour", "0.0001"),
    ("catalog", "check"),
    ("catalog", "egress", "aws", "15TB"),
    ("catalog", "storage", "gcp", "2TB"),
    ("catalog", "match"),
    ("catalog", "compare", "bundled", "bundled"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good result, a doubtful one and a failure; two more folders to compare."""
    place = tmp_path_factory.mktemp("shell")
    ceilings = (make.ceiling(1.2e11), make.bandwidth_ceiling(2e10))
    store = Store(place / "results")
    store.write(make.record(4.0, ceilings=ceilings, effort="quick"))
    store.write(make.record(0.5, workload="bert-large-infer", caveats=(make.caveat(),)))
    store.write(make.record(batch_size=64, failure=make.out_of_memory()))
    for side, rates in (("a", (10.0, 10.1, 9.9)), ("b", (5.0, 5.1, 4.9))):
        for index, rate in enumerate(rates):
            Store(place / side).write(make.record(rate, repeat=index))
    return place


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In that folder, away from GitHub and from anybody's settings."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    return folder


def call(*arguments: str, **environment: str) -> Result:
    """One command in this process."""
    return CliRunner().invoke(app, list(arguments), env=environment)


@cache
def shown(arguments: tuple[str, ...], width: int) -> Result:
    """What a terminal of that width gets; asked for once."""
    return call(*arguments, COLUMNS=str(width))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("arguments", SHOWN, ids=" ".join)
def test_no_line_is_wider_than_the_terminal(arguments: tuple[str, ...], width: int) -> None:
    """Answer and hints alike, at 80 and at 60 columns."""
    seen = shown(arguments, width)
    assert seen.exit_code in {0, 1}, seen.stderr
    lines = (seen.stdout + seen.stderr).splitlines()
    assert lines
    assert [line for line in lines if cell_len(line) > width] == []


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("arguments", SHOWN, ids=" ".join)
def test_a_command_ends_with_the_next_one(arguments: tuple[str, ...]) -> None:
    """On stderr, one that exists."""
    said = shown(arguments, 80).stderr
    hints = re.findall(r"^(?:next:|     ) (benchbench .*)$", said, re.MULTILINE)
    assert hints, said
    assert said.rstrip().endswith(hints[-1])
    for hint in hints:
        words = hint.split()[1:]
        depth = 2 if words[0] in {"results", "catalog"} else 1
        assert call(*words[:depth], "--help").exit_code == 0


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("form", ["md", "csv", "json", "github"])
@pytest.mark.parametrize("arguments", TABLED, ids=" ".join)
def test_every_form_is_what_it_says(arguments: tuple[str, ...], form: str) -> None:
    """Read back by Python's own csv and json, and by Python-Markdown; no hint is in the way."""
    seen = call(*arguments, "--format", form)
    assert seen.exit_code == 0, seen.stderr
    assert "next:" not in seen.stderr
    if form == "json":
        assert json.loads(seen.stdout) == json.loads(call(*arguments, "--json").stdout)
    elif form == "csv":
        head, *rows = csv.reader(StringIO(seen.stdout))
        assert rows
        assert {len(row) for row in rows} == {len(head)}
        assert len(set(head)) == len(head)
    else:
        page = python_markdown.markdown(seen.stdout, extensions=["tables"])
        assert page.count("<tr>") > 1


@pytest.mark.usefixtures("here")
def test_csv_holds_the_documents_numbers() -> None:
    """The ranking's dollars as the JSON has them, to the last digit."""
    arguments = ("recommend", "--workload", "resnet50-train", "--most", "5")
    rows = list(csv.DictReader(StringIO(call(*arguments, "--format", "csv").stdout)))
    ranked = json.loads(call(*arguments, "--json").stdout)["candidates"]
    by_rank = {one["rank"]: one for one in ranked}
    assert [int(row["rank"]) for row in rows[:5]] == [1, 2, 3, 4, 5]
    for row in rows:
        one = by_rank[int(row["rank"])]
        assert float(row["cost_usd_per_unit"]) == one["usd_per_unit"]["value"]
        assert row["instance"] == one["offer"]["instance"]


@pytest.mark.usefixtures("here")
def test_offers_as_csv_can_be_read_back(here: Path) -> None:
    """The catalogue's own columns: what `--file` reads gives the same offers."""
    (here / "mine.csv").write_text(
        call("catalog", "show", "--gpu", "H100", "--format", "csv").stdout
    )
    both = ("--gpu", "H100", "--json")
    bundled = json.loads(call("catalog", "show", *both).stdout)["offers"]
    lines = len((here / "mine.csv").read_text().splitlines())
    assert lines == len(bundled) + 1
    again = json.loads(call("catalog", "show", *both, "--file", "mine.csv").stdout)["offers"]
    unique = {json.dumps(one, sort_keys=True) for one in again}
    assert unique == {json.dumps(one, sort_keys=True) for one in bundled}


@pytest.mark.usefixtures("here")
def test_github_gets_annotations_and_a_summary(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate's failure is an error, a doubt a warning; the summary file is appended to."""
    summary = here / "summary.md"
    summary.write_text("# earlier\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    seen = call("compare", "a", "b", "--gate", "--format", "github")
    assert seen.exit_code == 1
    lines = seen.stdout.splitlines()
    assert lines[0].startswith("::error title=benchbench::resnet50-train: b is slower than a")
    assert any(line.startswith("::warning title=not_interleaved::") for line in lines)
    page = summary.read_text()
    assert page.startswith("# earlier\n### B against A\n\n| workload |")
    assert "::" not in re.sub(r"[^:]:[^:]", "", page)
    unfit = call(
        "recommend",
        "--workload",
        "resnet50-train",
        "--budget-per-hour",
        "0.0001",
        "--format",
        "github",
    )
    assert unfit.exit_code == 1
    assert unfit.stdout.startswith("::error title=benchbench::")


@pytest.mark.usefixtures("here")
def test_two_formats_at_once_are_a_slip() -> None:
    """One sentence, exit 2."""
    seen = call("tco", "--json", "--format", "csv")
    assert seen.exit_code == 2
    assert "contradict" in seen.stderr
    table = call("recommend", "--workload", "resnet50-train", "--why-not", "x", "--format", "md")
    assert table.exit_code == 2


def in_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        started = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=folder,
            stdout=theirs,
            stderr=theirs,
            stdin=subprocess.DEVNULL,
            env={**_plain_environment(folder), "TERM": "xterm-256color", **environment},
        )
        os.close(theirs)
        written = b""
        while chunk := _read(screen):
            written += chunk
        started.wait()
    return written.decode()


def _read(screen: Any) -> bytes:
    """Linux ends a terminal nobody writes to with an error."""
    try:
        found: bytes = screen.read(65536)
    except OSError:
        return b""
    return found


def _plain_environment(folder: Path) -> dict[str, str]:
    dropped = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "CI"}
    dropped.add("PYTHONUNBUFFERED")  # where Python forgets what a pipe did not take
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(folder)}


COLOUR = re.compile(r"\x1b\[(?:3[0-7]|9[0-7]|38;)")


def test_colour_is_for_terminals_that_want_it(folder: Path) -> None:
    """On one there is some; with NO_COLOR none; on a dumb one no escape at all."""
    arguments = ("results", "show", "bert-large-infer")
    assert COLOUR.search(in_terminal(folder, *arguments))
    assert not COLOUR.search(in_terminal(folder, *arguments, NO_COLOR="1"))
    assert "\x1b" not in in_terminal(folder, *arguments, TERM="dumb")


def piped(folder: Path, line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A shell's pipe; its last line says how benchbench ended."""
    script = f'benchbench() {{ {" ".join(COMMAND)} "$@"; }}\n{line}\necho ${{PIPESTATUS[0]}}'
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**_plain_environment(folder), **environment},
        capture_output=True,
        check=False,
    )


def test_piped_answers_are_plain(folder: Path) -> None:
    """No escape sequence reaches a file."""
    seen = piped(folder, "benchbench results list | cat")
    assert b"4.00 images/s" in seen.stdout
    assert b"\x1b" not in seen.stdout + seen.stderr


@pytest.mark.parametrize(
    ("line", "ended"),
    [
        ("benchbench catalog show --format csv | head -1", {b"141"}),
        ("benchbench recommend --workload resnet50-train | head -1", {b"0", b"141"}),
    ],
)
def test_a_pipe_that_closes_ends_it_quietly(folder: Path, line: str, ended: set[bytes]) -> None:
    """As if by SIGPIPE where the answer is more than a pipe holds; not a word about it."""
    seen = piped(folder, line)
    assert seen.stdout.split()[-1] in ended
    for word in (b"Traceback", b"BrokenPipe", b"Exception ignored"):
        assert word not in seen.stderr


def test_a_terminal_without_unicode_gets_other_characters(folder: Path) -> None:
    """One for one, so that nothing moves: marks, dashes, times signs."""
    ascii_only = {"PYTHONIOENCODING": "ascii", "COLUMNS": "80"}
    line = "benchbench recommend --workload resnet50-train | cat"
    lines = piped(folder, line, **ascii_only).stdout.decode("ascii").splitlines()
    assert any("o predicted" in line for line in lines)
    assert not any("?" in line for line in lines)
    assert max(len(line) for line in lines) <= 80


def test_nobody_is_sent_to_rent_by_what_is_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown; what can be relied on is what offers are ranked by."""
    monkeypatch.chdir(tmp_path)
    store = Store("results")
    store.write(make.record(workload="bert-large-infer", failure=make.out_of_memory()))
    said = call("results", "list").stderr
    assert "results show bert-large-infer" in said
    assert "recommend" not in said
    store.write(make.record(4.0))
    assert "recommend --workload resnet50-train" in call("results", "list").stderr
