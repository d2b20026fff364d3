"""Hundreds of measurements in a row, with faults of every kind at random: nothing may be lost.

    python scripts/soak.py [MEASUREMENTS [SEED]]

A runner works through one plan. Most of its workloads measure; the others crash, hang, run out of
memory, lose their loss or leave children behind. Now and then its disk is full, and now and then it
is killed; whoever started it then goes on with --resume. At the end each measurement of the plan
must be stored once, with the outcome it was told to have, nobody may be left, and the runner must
not have grown.
"""  # noqa: INP001  a script, not a package

import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import faulty
import kill_loop

from benchbench import atomic, run
from benchbench.errors import StorageError
from benchbench.record import Record
from benchbench.run import Event
from benchbench.store import Store
from benchbench.system import probe

_SOUND_SHARE = 0.7
_FULL_SHARE, _KILL_SHARE = 0.03, 0.03
_FULL = 3
"""The exit of a runner whose disk was full."""
_TINY_BYTES = 100


@dataclass
class Seen:
    """What the runs amounted to."""

    outcomes: Counter[str] = field(default_factory=Counter)
    runners: int = 0
    full_disks: int = 0
    kills: int = 0
    wrong: list[str] = field(default_factory=list)
    """Measurements whose record does not say what happened to them."""
    orphans: int = 0
    left_files: int = 0
    resident_bytes: list[tuple[int, int]] = field(default_factory=list)
    """Of each runner that finished ten measurements: after the tenth, and at the last."""
    most_descriptors: int = 0
    elapsed_s: float = 0.0

    @property
    def damage(self) -> int:
        """All that must not happen."""
        return len(self.wrong) + self.orphans + self.left_files


def faults_of(count: int, seed: int) -> list[str]:
    """What each measurement of the plan is told to do."""
    rng = random.Random(seed)  # noqa: S311 - nothing is secret here
    others = [name for name in faulty.FAULTS if name != "none"]
    return ["none" if rng.random() < _SOUND_SHARE else rng.choice(others) for _ in range(count)]


def soak(count: int, seed: int) -> Seen:
    """A plan to its end, however often its runner dies."""
    seen, began = Seen(), time.monotonic()
    rng = random.Random(seed)  # noqa: S311 - as above
    with tempfile.TemporaryDirectory() as name, kill_loop.followed() as mark:
        folder = Path(name)
        while not _finished(folder, count, seed, rng, seen):
            seen.orphans += kill_loop.orphans(mark)
        seen.orphans += kill_loop.orphans(mark)
        found = Store(folder).read()
        seen.wrong += [f"unreadable: {one.name}" for one in found.quarantined]
        seen.wrong += _wrong(found.records, faults_of(count, seed))
        seen.outcomes.update(map(_outcome, found.records))
        left = (*folder.glob(f"{atomic.WRITING}*"), *_scratch(folder).iterdir())
        seen.left_files = len(left)
    seen.elapsed_s = time.monotonic() - began
    return seen


def _wrong(records: Sequence[Record], faults: Sequence[str]) -> list[str]:
    """Missing, twice, or with another outcome than its fault must have."""
    by_number: dict[int, list[Record]] = {}
    for record in records:
        by_number.setdefault(record.repeat, []).append(record)
    found = []
    for number, fault in enumerate(faults):
        kinds = [_outcome(record) for record in by_number.get(number, [])]
        if kinds != [faulty.FAULTS[fault] or "measured"]:
            found.append(f"{number} ({fault}): {kinds}")
    return found


def _outcome(record: Record) -> str:
    return "measured" if record.failure is None else record.failure.kind


def _finished(folder: Path, count: int, seed: int, rng: random.Random, seen: Seen) -> bool:
    """One runner's life; whether it came to the plan's end."""
    command = [sys.executable, __file__, "--runner", str(folder), str(count), str(seed)]
    fate = str(rng.randrange(1 << 30))
    seen.runners += 1
    sizes: list[int] = []
    place = {**os.environ, "TMPDIR": str(_scratch(folder))}
    with subprocess.Popen([*command, fate], stdout=subprocess.PIPE, text=True, env=place) as runner:
        for _ in runner.stdout or ():
            with suppress(OSError, ValueError):
                sizes.append(_resident_bytes(runner.pid))
                descriptors = len(list(Path(f"/proc/{runner.pid}/fd").iterdir()))
                seen.most_descriptors = max(seen.most_descriptors, descriptors)
            if rng.random() < _KILL_SHARE:
                time.sleep(rng.uniform(0, 1.0))
                runner.send_signal(signal.SIGKILL)
    if len(sizes) > 10:  # noqa: PLR2004 - as documented
        seen.resident_bytes.append((sizes[10], sizes[-1]))
    seen.full_disks += runner.returncode == _FULL
    seen.kills += runner.returncode == -signal.SIGKILL
    if runner.returncode not in {0, _FULL, -signal.SIGKILL}:
        seen.wrong.append(f"a runner ended with {runner.returncode}")
    return runner.returncode == 0


def _scratch(folder: Path) -> Path:
    """Where the runners' temporary files go, so that none is overlooked."""
    place = folder / "tmp"
    place.mkdir(exist_ok=True)
    return place


def _resident_bytes(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def _run(folder: Path, count: int, seed: int, fate: int) -> int:
    """The runner: says a line for each stored measurement; its disk is full now and then."""
    rng = random.Random(fate)  # noqa: S311 - as above

    def on_event(event: Event) -> None:
        if event.phase in {"done", "failed"}:
            print(event.index, flush=True)  # noqa: T201  whoever started us counts
        if event.phase in {"check", "warm-up"}:
            _limit(_TINY_BYTES if rng.random() < _FULL_SHARE else resource.RLIM_INFINITY)

    try:
        run.execute(
            kill_loop.planned(faults_of(count, seed)),
            store=Store(folder),
            system=probe(),
            lock=folder / ".lock",
            resume=True,
            on_event=on_event,
        )
    except StorageError:
        return _FULL
    return 0


def _limit(largest_file_bytes: int) -> None:
    """The kernel refuses to write beyond it, as a full disk does; the worker runs already."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, most))


def main(words: Sequence[str]) -> int:
    """1 when anything was lost or left."""
    if words[:1] == ["--runner"]:
        return _run(Path(words[1]), *(int(word) for word in words[2:]))
    count, seed = [int(word) for word in words] + [500, 0][len(words) :]
    seen = soak(count, seed)
    for name, value in vars(seen).items():
        print(f"{name}: {value}")  # noqa: T201  a script says what it saw
    return 1 if seen.damage else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
