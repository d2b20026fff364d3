"""The doors to the machine give None where there is nothing to see."""

import sys
from pathlib import Path

import pytest

from benchbench.system.host import Host, affinity_mask, cpu_list, run_command, to_integer


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("0", {0}),
        ("0-3,8", {0, 1, 2, 3, 8}),
        (" 1 , 3-4\n", {1, 3, 4}),
        ("", set()),
        (None, set()),
        ("x,2-y,5", {5}),
    ],
)
def test_cpu_list(text: str | None, cpus: set[int]) -> None:
    """The kernel's list format is read; what is no list is left out."""
    assert cpu_list(text) == cpus


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("-1", -1), ("max", None), (None, None)])
def test_to_integer(text: str | None, number: int | None) -> None:
    """Only a whole decimal number is one."""
    assert to_integer(text) == number


def test_absent_file_is_none(tmp_path: Path) -> None:
    """Absent files and folders answer None, False and nothing."""
    host = Host(root=tmp_path)
    assert host.text("/proc/meminfo") is None
    assert host.integer("/proc/meminfo") is None
    assert not host.exists("/proc/meminfo")
    assert list(host.entries("/sys/devices/system/node", "node")) == []


def test_file_that_is_a_folder_is_none(tmp_path: Path) -> None:
    """A folder where a file should be is no text."""
    (tmp_path / "proc").mkdir()
    assert Host(root=tmp_path).text("/proc") is None


def test_undecodable_file_is_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 do not break the probe; trailing NULs of device trees go."""
    (tmp_path / "model").write_bytes(b"board \xff\x00")
    assert Host(root=tmp_path).text("/model") == "board \N{REPLACEMENT CHARACTER}"


def test_command_output_and_its_absence() -> None:
    """A command's output is text; a missing or failing command is None."""
    assert run_command((sys.executable, "-c", "print('seen')")) == "seen\n"
    assert run_command((sys.executable, "-c", "raise SystemExit(3)")) is None
    assert run_command(("benchbench-has-no-such-command",)) is None


def test_command_speaks_the_c_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Field names of `lscpu` must not be translated."""
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    shown = run_command((sys.executable, "-c", "import os; print(os.environ['LC_ALL'])"))
    assert shown == "C\n"


def test_affinity_without_support(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without affinity masks has an unknown one, not an empty one."""
    monkeypatch.delattr("os.sched_getaffinity")
    assert affinity_mask() is None
