"""Kill writers, runners and workers at random moments, and count what that costs: nothing.

    python scripts/kill_loop.py [WRITERS [RUNNERS [WORKERS]]]

A measurement is finished once its runner has told so. Every finished one must be in the store after
a kill -9, readable, once; nobody the runner started may live on; and the same plan, resumed, ends
with each of its measurements stored exactly once.
"""  # noqa: INP001  a script, not a package

import os
import random
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from benchbench import atomic, run
from benchbench.measure.budget import Budget
from benchbench.run import Event, Planned
from benchbench.store import Store
from benchbench.system import probe

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "reports" / "examples" / "quickstart"
BRIEF = Budget(0.0, 0.05, 0.02, 0.05, 0.02, timeout_s=60.0, warmup_min_steps=2, timed_min_steps=4)
MARK = "BENCHBENCH_KILL_LOOP"
_GONE_S = 10.0
_LONGEST_S = 2.5


Tell = Callable[[str], None]
Work = Callable[[Tell], None]
"""What a process does that is to be killed, telling what it has finished."""


@dataclass
class Tally:
    """What happened; all that is counted but `kills` must stay 0."""

    kills: int = 0
    """Those that met somebody alive."""
    unreadable: int = 0
    lost: int = 0
    repeated: int = 0
    orphans: int = 0
    left_files: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    """What was going on when the kill came."""

    @property
    def damage(self) -> int:
        """All that must not happen."""
        harmless = {"kills", "phases"}
        return sum(getattr(self, one.name) for one in fields(self) if one.name not in harmless)


def planned(faults: Sequence[str]) -> tuple[Planned, ...]:
    """A measurement of the faulty workload for each of these faults."""
    (one,) = run.plan([HERE / "faulty.py"], system=probe(), device="cpu", budget=BRIEF, repeats=1)
    return tuple(
        replace(
            one,
            repeat=index,
            budget=_patience(fault),
            setting=replace(one.setting, parameters={"fault": fault, "number": index}),
        )
        for index, fault in enumerate(faults)
    )


def _patience(fault: str) -> Budget:
    return replace(BRIEF, timeout_s=4.0) if fault == "hang" else BRIEF


def writers(kills: int, seed: int) -> Tally:
    """A process that stores one large record after the other, killed somewhere in the middle."""
    rng = random.Random(seed)  # noqa: S311 - nothing is secret here
    tally = Tally()
    record = Store(SAMPLE).read().records[0]
    for _ in range(kills):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)

            def write(tell: Tell, folder: Path = folder) -> None:
                for index in range(1_000_000):
                    tell(Store(folder).write(record.model_copy(update={"repeat": index})))

            told = _killed(write, rng.uniform(0.0, 0.1), tally)
            found = Store(folder).read()
            tally.unreadable += len(found.quarantined)
            tally.lost += len(set(told) - set(found.names))
            atomic.sweep(folder)
            tally.left_files += len(list(folder.iterdir())) - len(found.names)
    return tally


def runners(kills: int, seed: int) -> Tally:
    """A runner on a plan of a few measurements, killed and resumed until the plan is done."""
    rng = random.Random(seed)  # noqa: S311 - nothing is secret here
    tally, plan = Tally(), planned(("none", "stray", "abort"))
    while tally.kills < kills:
        with tempfile.TemporaryDirectory() as name, followed() as mark:
            folder, finished = Path(name), set[str]()
            while tally.kills < kills:
                runner = _runner(plan, folder)
                told = _killed(runner, rng.uniform(0.0, _LONGEST_S), tally)
                finished |= {word for word in told if word.isdigit()}
                tally.phases[told[-1] if told else "start"] += 1
                tally.orphans += orphans(mark)
                tally.lost += len(finished - set(_stored(folder, tally)))
                if "end" in told:
                    break
            _resumed(plan, folder, tally)
    return tally


def workers(kills: int, seed: int) -> Tally:
    """A worker killed from outside: its failure is stored, and the next measurement goes on."""
    rng = random.Random(seed)  # noqa: S311 - nothing is secret here
    tally, plan = Tally(), planned(("none", "none"))
    while tally.kills < kills:
        with tempfile.TemporaryDirectory() as name, followed() as mark:
            folder = Path(name)
            pid, ear = _forked(_runner(plan, folder))
            time.sleep(rng.uniform(0.0, _LONGEST_S))
            tally.kills += any(_kill(worker) for worker in _children(pid)[:1])
            told = _heard(ear)
            os.waitpid(pid, 0)
            stored = _stored(folder, tally)
            tally.lost += (len(plan) - len(stored)) + ("end" not in told)
            tally.orphans += orphans(mark)
    return tally


def _resumed(plan: tuple[Planned, ...], folder: Path, tally: Tally) -> None:
    """The plan to its end, undisturbed: each of its measurements is stored once."""
    run.execute(plan, store=Store(folder), system=probe(), lock=folder / ".lock", resume=True)
    newest = Store(folder).read().records[-1].provenance.session
    counts = Counter(
        str(record.repeat)
        for record in Store(folder).read().records
        if record.provenance.session == newest
    )
    tally.lost += len(plan) - len(counts)
    tally.repeated += sum(counts.values()) - len(counts)
    tally.left_files += len(list(folder.glob(f"{atomic.WRITING}*")))


def _runner(plan: tuple[Planned, ...], folder: Path) -> Work:
    def work(tell: Tell) -> None:
        def on_event(event: Event) -> None:
            final = event.phase in {"done", "failed"}
            tell(str(event.index) if final else event.phase)

        run.execute(
            plan,
            store=Store(folder),
            system=probe(),
            lock=folder / ".lock",
            resume=True,
            on_event=on_event,
        )
        tell("end")

    return work


def _killed(work: Work, after_s: float, tally: Tally) -> list[str]:
    """What a process told until it was killed, `after_s` after its first word or its start."""
    pid, ear = _forked(work)
    time.sleep(after_s)
    tally.kills += _kill(pid)
    told = _heard(ear)
    os.waitpid(pid, 0)
    return told


def _forked(work: Work) -> tuple[int, int]:
    """A copy of this process at work, and where to hear it: all that is heavy is imported."""
    ear, mouth = os.pipe()
    pid = os.fork()
    if pid:
        os.close(mouth)
        return pid, ear
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        work(lambda word: _say(mouth, word))
    finally:
        os._exit(0)


def _say(mouth: int, word: str) -> None:
    os.write(mouth, f"{word}\n".encode())


def _heard(ear: int) -> list[str]:
    """Every whole word until nobody can say more."""
    with os.fdopen(ear, "rb") as stream:
        *words, _torn = stream.read().decode().split("\n")
    return words


def _kill(pid: int) -> bool:
    """Whether there was somebody to kill; one who only waits to be buried is nobody."""
    try:
        alive = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        os.kill(pid, signal.SIGKILL)
    except (OSError, IndexError):
        return False
    return alive


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(one) for one in text.split() if b"worker" in _command(int(one))]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _stored(folder: Path, tally: Tally) -> list[str]:
    """Which of the plan are stored; each once."""
    found = Store(folder).read()
    tally.unreadable += len(found.quarantined)
    numbers = Counter((one.provenance.session, str(one.repeat)) for one in found.records)
    tally.repeated += sum(numbers.values()) - len(numbers)
    return [number for _, number in numbers]


@contextmanager
def followed() -> Iterator[str]:
    """What is started meanwhile carries a mark that the process table shows."""
    os.environ[MARK] = secrets.token_hex(8)
    try:
        yield f"{MARK}={os.environ[MARK]}"
    finally:
        del os.environ[MARK]


def orphans(mark: str) -> int:
    """Who still lives with the mark when all had time to end; they are ended."""
    deadline = time.monotonic() + _GONE_S
    while (left := _marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in left:
        _kill(pid)
    return len(left)


def _marked(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if mark.encode() in environment.split(b"\0"):
                found.append(int(entry.name))
    return found


def main(counts: Sequence[str]) -> int:
    """The loops one after the other; 1 when anything was lost."""
    wanted = [int(one) for one in counts] + [300, 300, 100][len(counts) :]
    damage = 0
    for loop, kills in zip((writers, runners, workers), wanted, strict=True):
        began = time.monotonic()
        tally = loop(kills, seed=kills)
        elapsed_s = time.monotonic() - began
        print(f"{loop.__name__}, {elapsed_s:.0f} s: {tally}")  # noqa: T201  a script says so
        damage += tally.damage
    return 1 if damage else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
