"""Hold what is installed against the published advisories (pip-audit, PyPI's data).

    python scripts/audit.py

Audited is what a user gets: the core and all extras at the versions of `uv.lock`, without the tools
for development. A finding is exit 1. Where the advisories cannot be had (no network, a mirror
without them), that is said and is no failure: it says nothing about us.
"""  # noqa: INP001  a script, not a package

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ACCEPTED: dict[str, str] = {}
"""Advisory → why it does not concern us, with the day that was judged."""
_LIMIT_S = 300
Runner = Callable[[Sequence[str]], tuple[str, str]]
"""Standard output and error of a command."""


def main(run: Runner | None = None) -> int:
    """Audit; prints one line per finding and one in all."""
    run = run or _run
    with tempfile.TemporaryDirectory() as folder:
        locked = Path(folder) / "requirements.txt"
        locked.write_text(run(EXPORT)[0], encoding="utf-8")
        out, error = run([*AUDIT, "--requirement", str(locked)])
    try:
        audited: list[dict[str, Any]] = json.loads(out)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (error.strip().splitlines() or ["no answer"])[-1]
        print(f"not audited: the advisories cannot be reached ({last[:200]})")
        return 0
    found = [line for one in audited for line in _findings(one)]
    print("\n".join([*found, f"{len(audited)} packages audited, {len(found)} findings"]))
    return int(bool(found))


def _findings(package: dict[str, Any]) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {one['id']}, "
        f"fixed in {', '.join(one['fix_versions']) or 'no version yet'}"
        for one in package.get("vulns", ())
        if not ({one["id"], *one.get("aliases", ())} & set(ACCEPTED))
    ]


EXPORT = (
    *("uv", "export", "--frozen", "--no-dev", "--all-extras", "--no-emit-project", "--quiet"),
    *("--no-header", "--no-annotate", "--format", "requirements-txt"),
)
AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"),
    *("--format", "json", "--progress-spinner", "off", "--timeout", "15"),
)


def _run(command: Sequence[str]) -> tuple[str, str]:
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return done.stdout, done.stderr


if __name__ == "__main__":
    sys.exit(main())
