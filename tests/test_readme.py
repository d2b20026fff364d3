"""What the README shows works as shown."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from benchbench.cli import app
from benchbench.workload import Setting
from benchbench.workload.file import load_file

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_workload_runs_in_25_lines(tmp_path: Path) -> None:
    """Loaded like any user's file, its loss falls."""
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert block is not None
    assert len(block[1].splitlines()) <= 25
    mine = tmp_path / "mine.py"
    mine.write_text(block[1])
    workload = load_file(mine)
    assert workload.work(Setting()).flops_per_unit == 4 * 256 * 1024 + 6 * 1024 * 10
    job = workload.load(Setting(batch_size=64))
    losses = [float(job.step(next(job.batches))) for _ in range(20)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make (\w+)", README, re.MULTILINE))))
def test_its_make_targets_exist(target: str) -> None:
    """The two commands are real."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def typed() -> list[str]:
    """Every command line the README shows, in backticks or in a shell block."""
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    lines = re.findall(r"^benchbench ([^#\n]*)", shell, re.MULTILINE)
    return lines + re.findall(r"`benchbench ([a-z][^`\n]*)`", README)


def test_its_commands_and_flags_exist() -> None:
    """Every `benchbench …` it mentions can be typed."""
    commands = get_command(app).commands  # type: ignore[attr-defined] # typer's group has them
    assert len(typed()) > 10
    for line in typed():
        command = commands[line.split()[0]]
        options = {text for one in command.params for text in one.opts}
        for flag in re.findall(r"--[a-z-]+", line):
            assert flag in options, line


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)\)", README))))
def test_its_links_lead_somewhere(link: str) -> None:
    """Files and folders it points at are there."""
    assert (ROOT / link).exists()
