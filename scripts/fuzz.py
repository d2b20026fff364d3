"""Run the parsers on broken inputs by the million, guided by coverage (atheris, libFuzzer).

    python scripts/fuzz.py --seconds 60               every target for a minute
    python scripts/fuzz.py --seconds 600 scenario-toml record

Each target is `tests/fuzz/targets.py`'s, in a process of its own; what ends in another error than
ours is written to `--crashes`, and the exit code is 1. The last lines say how often each ran.
"""  # noqa: INP001  a script, not a package

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

ROOT = Path(__file__).parents[1]
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_LONGEST_INPUT = 4096
_MOST_MEMORY_MB = 4096
_SLOWEST_S = 20


def main() -> int:
    """The parent: one child per target, one line of figures for each."""
    options = _options()
    if options.one:
        return _fuzz(options)
    chosen = options.targets or _names()
    total, bad = 0, 0
    for name in chosen:
        count, seconds, sound = _child(name, options)
        total, bad = total + count, bad + (not sound)
        print(f"{name:24} {count:10,} runs {count / seconds:10,.0f}/s {'ok' if sound else 'CRASH'}")
    print(f"{'all':24} {total:10,} runs {bad} crashes")
    return int(bad > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=-1, help="per target; default: no limit")
    parser.add_argument("--crashes", type=Path, default=Path("fuzz-crashes"))
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _names() -> list[str]:
    sys.path.insert(0, str(ROOT))
    from tests.fuzz.targets import TARGETS

    return [target.name for target in TARGETS]


def _child(name: str, options: argparse.Namespace) -> tuple[int, float, bool]:
    """How many inputs it took, in how long, and whether none of them was a defect."""
    options.crashes.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, "--one", name, "--crashes", str(options.crashes)]
    command += ["--seconds", str(options.seconds), "--runs", str(options.runs)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    (options.crashes / f"{name}.log").write_text(done.stderr + done.stdout)
    found = _EXECUTED.search(done.stderr)
    return int(found[1]) if found else 0, options.seconds, done.returncode == 0


def _fuzz(options: argparse.Namespace) -> int:
    """The child; libFuzzer ends the process itself."""
    import atheris

    sys.path.insert(0, str(ROOT))
    with atheris.instrument_imports(include=["benchbench"]):
        from tests.fuzz import targets
    target = next(one for one in targets.TARGETS if one.name == options.targets[0])
    with tempfile.TemporaryDirectory() as corpus:
        _seed(Path(corpus), target)
        arguments = [
            sys.argv[0],
            f"-max_total_time={options.seconds}",
            f"-runs={options.runs}",
            f"-max_len={_LONGEST_INPUT}",
            f"-rss_limit_mb={_MOST_MEMORY_MB}",
            f"-timeout={_SLOWEST_S}",
            f"-artifact_prefix={options.crashes}/{target.name}-",
            "-print_final_stats=1",
            "-verbosity=1",
            corpus,
        ]
        atheris.Setup(arguments, lambda data: _once(target, data))
        atheris.Fuzz()
    return os.EX_OK


def _once(target: "Target", data: bytes) -> None:
    from tests.fuzz.targets import call

    call(target, data)


def _seed(corpus: Path, target: "Target") -> None:
    from tests import payloads

    for index, data in enumerate((*target.seeds, *payloads.DOCUMENTS)):
        (corpus / str(index)).write_bytes(data[:_LONGEST_INPUT])


if __name__ == "__main__":
    sys.exit(main())
