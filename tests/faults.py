"""Faults for real: system calls that fail or never return, and a look at the process table."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STRACE = shutil.which("strace")
needs_strace = pytest.mark.skipif(
    STRACE is None or subprocess.run([STRACE, "-o/dev/null", "true"], check=False).returncode != 0,
    reason="strace is not installed, or may not trace here: system calls cannot be made to fail",
)
KILLED = -9
_CALL = re.compile(r"^(?:\d+ +)?(\w+)\(", re.MULTILINE)
_NEVER_RETURN = {"exit_group", "execve"}


def traced(
    command: Sequence[str], paths: Sequence[Path], log: Path, *options: str
) -> subprocess.CompletedProcess[bytes]:
    """A command whose system calls on `paths` are logged, and tampered with by strace's options."""
    watched = [word for path in paths for word in ("-P", str(path))]
    return subprocess.run(
        [str(STRACE), "-f", "-qq", "-o", str(log), *watched, *options, *command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
    )


def system_calls(log: Path) -> list[tuple[str, int]]:
    """Every call in a log, with how often it had been made before and with it."""
    seen: dict[str, int] = {}
    found = []
    for name in _CALL.findall(log.read_text(encoding="utf-8", errors="replace")):
        seen[name] = seen.get(name, 0) + 1
        found.append((name, seen[name]))
    return [(name, count) for name, count in found if name not in _NEVER_RETURN]


def marked(text: str) -> list[int]:
    """Processes that carry `text` in their environment: what a test started, and all of theirs."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if text.encode() in environment.split(b"\0"):
                found.append(int(entry.name))
    return found


def python(*arguments: str) -> list[str]:
    """A Python that starts quickly: without site, for what needs the standard library alone."""
    return [sys.executable, "-S", "-c", *arguments]
