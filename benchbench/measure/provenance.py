"""Who measured, with what, when; and nothing that names the person or the machine."""

import getpass
import platform
import re
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchbench import __version__
from benchbench.record import Provenance

_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_SHORTEST_HOST = 3


@dataclass(frozen=True)
class Scrubber:
    """Takes home directory, user, host and credentials in URLs out of a text."""

    home: str
    user: str
    host: str

    @classmethod
    def of_this_machine(cls) -> "Scrubber":
        """With the names of this machine."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # a container's user may have no name
            user = ""
        return cls(str(Path.home()), user, platform.node())

    def __call__(self, text: str) -> str:
        """`/home/ada/x` → `~/x`; `s3://key@bucket` → `s3://bucket`."""
        text = _USERINFO.sub("", text)
        if self.home not in {"", "/"}:
            text = re.sub(rf"{re.escape(self.home)}(?![\w.-])", "~", text)
        if self.user:
            text = re.sub(rf"(?<=/){re.escape(self.user)}(?![\w.-])", "~", text)
        if len(self.host) >= _SHORTEST_HOST:
            text = re.sub(rf"(?<![\w.-]){re.escape(self.host)}(?![\w-])", "host", text)
        return text


def new_session() -> str:
    """A random name for all measurements of one run."""
    return secrets.token_hex(8)


def now_utc() -> str:
    """ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def provenance(
    *,
    session: str,
    seed: int,
    command: Sequence[str],
    workload_sha256: str,
    setting_sha256: str | None = None,
    scrub: Scrubber,
) -> Provenance:
    """Of a measurement that begins now."""
    commit, dirty = git_state(Path(__file__).parents[2])
    return Provenance(
        time_utc=now_utc(),
        tool_version=__version__,
        git_commit=commit,
        git_dirty=dirty,
        seed=seed,
        command=tuple(scrub(word) for word in command),
        workload_sha256=workload_sha256,
        setting_sha256=setting_sha256,
        session=session,
    )


def git_state(checkout: Path) -> tuple[str | None, bool | None]:
    """Commit and whether files differ from it; None, None where `checkout` is not one's root."""
    top = _git(checkout, "rev-parse", "--show-toplevel")
    if top is None or Path(top) != checkout.resolve():
        return None, None
    commit = _git(checkout, "rev-parse", "HEAD")
    changes = _git(checkout, "status", "--porcelain", "--untracked-files=no")
    return commit, None if changes is None else bool(changes)


def _git(checkout: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(checkout), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
