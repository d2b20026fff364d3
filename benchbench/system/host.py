"""The doors the probe looks through: a file tree, commands, the environment, the affinity mask.

Everything else in this package reads the machine only through a `Host`, so a recorded one stands
in for it in a test.
"""

import os
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

_COMMAND_LIMIT_S = 5.0
_PIECE, _MOST_PIECES = 2**14, 2**10
"""Of a file's characters: /proc/cpuinfo of a thousand processors has two million."""
_MOST_INTEGER = 2**63
_MOST_CPUS = 2**14
"""No kernel is built for more (Linux, `NR_CPUS`: 8192)."""


def run_command(arguments: Sequence[str]) -> str | None:
    """Standard output in the C locale, None when the command is missing, fails or hangs."""
    try:
        done = subprocess.run(
            arguments,
            capture_output=True,
            check=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},
            timeout=_COMMAND_LIMIT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def affinity_mask() -> frozenset[int] | None:
    """The logical processors this process may run on; None where the system has no such mask."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return None


@dataclass(frozen=True)
class Host:
    """One machine, real or recorded. What cannot be read is None, never an error."""

    root: Path = Path("/")
    command: Callable[[Sequence[str]], str | None] = run_command
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    affinity: frozenset[int] | None = field(default_factory=affinity_mask)

    def path(self, name: str) -> Path:
        """`/proc/meminfo` under this host's root."""
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str | None:
        """A file's text without surrounding blanks; None when it is absent or refused."""
        try:
            with self.path(name).open(encoding="utf-8", errors="replace") as file:
                pieces = islice(iter(lambda: file.read(_PIECE), ""), _MOST_PIECES)
                return "".join(pieces).strip("\0 \t\n")
        except (OSError, ValueError):  # a name may hold a zero byte
            return None

    def integer(self, name: str) -> int | None:
        """A file that holds one decimal number."""
        return to_integer(self.text(name))

    def exists(self, name: str) -> bool:
        """False also when looking is forbidden."""
        try:
            return self.path(name).exists()
        except (OSError, ValueError):
            return False

    def entries(self, folder: str, prefix: str) -> Iterable[str]:
        """The sorted names in a folder that start with a prefix; none when it is absent."""
        try:
            found = [entry.name for entry in self.path(folder).iterdir()]
        except (OSError, ValueError):
            return []
        return sorted(name for name in found if name.startswith(prefix))


def to_integer(text: str | None, base: int = 10) -> int | None:
    """The number a text is, None when it is anything else or fits no 64 bits."""
    try:
        number = None if text is None else int(text, base)
    except ValueError:
        return None
    return number if number is not None and abs(number) < _MOST_INTEGER else None


def cpu_list(text: str | None) -> frozenset[int]:
    """The kernel's list format: `0-3,8` is {0, 1, 2, 3, 8}; unreadable parts are left out."""
    cpus: set[int] = set()
    for part in (text or "").split(","):
        first, _, last = part.strip().partition("-")
        low, high = to_integer(first), to_integer(last or first)
        if low is not None and high is not None:
            cpus.update(range(max(low, 0), min(high, _MOST_CPUS) + 1))
    return frozenset(cpus)
