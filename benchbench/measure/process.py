"""A worker process: started in a group of its own, listened to, and never left behind."""

import os
import secrets
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from pydantic import ValidationError

from benchbench import units
from benchbench.measure import failure
from benchbench.measure.counters import oom_kills
from benchbench.measure.message import (
    CeilingsResult,
    Message,
    Progress,
    Request,
    TrainingResult,
    WorkloadResult,
)
from benchbench.record import Failure

_POLL_S = 0.1
_READ_BYTES = 1 << 16
_STDERR_LINES = 40
_LONGEST_STDERR_LINE = 2000
_LONGEST_WORD = 1 << 30
"""Beyond it a line is no answer of ours, and must not fill the runner's memory."""
MARK = "BENCHBENCH_WORKER"
"""In the environment of a worker and of all it starts: they are known by it wherever they went."""
_STRAYS_CAP_S = 5.0


@dataclass(frozen=True)
class Ended:
    """How a worker ended: with a result or with a failure, never both."""

    result: WorkloadResult | TrainingResult | CeilingsResult | None
    failure: Failure | None
    stderr: tuple[str, ...] = ()
    """Its last lines; shown, never stored: they may hold anything."""

    def why(self) -> Failure:
        """The failure; a result of the wrong kind is one too."""
        return self.failure or failure.failure("error", "the worker answered another question")


def run_worker(
    request: Request,
    *,
    timeout_s: float,
    on_progress: Callable[[Progress], None],
    environment: Mapping[str, str | None] | None = None,
    grace_s: float = 5.0,
) -> Ended:
    """Start a worker, pass on what it says, and see it and all its descendants dead.

    `environment` changes what it inherits from us; None takes a variable away.

    Call from the main thread: the kernel ties the worker's life to the thread that starts it.
    """
    kills_before = oom_kills()
    worker = _Worker(request, environment)
    try:
        timed_out = not worker.listen(monotonic() + timeout_s, on_progress)
        if timed_out:
            worker.terminate(grace_s)
    finally:
        worker.destroy()
    stderr = worker.stderr()
    if timed_out:
        late = failure.failure("timeout", f"not finished after {units.duration(timeout_s)}")
        return Ended(None, late, stderr)
    oom_killed = kills_before is not None and (oom_kills() or 0) > kills_before
    return worker.ended(stderr, oom_killed=oom_killed)


class _Worker:
    """One process, its two pipes, and what it said."""

    def __init__(self, request: Request, environment: Mapping[str, str | None] | None) -> None:
        self._said, say = os.pipe()
        self._final: Message | None = None
        self._garbled = False
        self._mark = secrets.token_hex(8)
        self._words = _Lines(_LONGEST_WORD)
        self._errors = _Lines(_LONGEST_STDERR_LINE)
        self._tail: deque[bytes] = deque(maxlen=_STDERR_LINES)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "benchbench.measure.worker", str(say), _own_id()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(say,),
                process_group=0,
                env=_environment({**(environment or {}), MARK: self._mark}),
            )
        finally:
            os.close(say)
        self._ask(request)

    def _ask(self, request: Request) -> None:
        """Its stdin stays open for as long as we live: its guard waits for that to end."""
        stdin = self._process.stdin
        if stdin is not None:
            with suppress(BrokenPipeError):
                stdin.write(request.model_dump_json().encode() + b"\n")
                stdin.flush()

    def listen(self, deadline: float, on_progress: Callable[[Progress], None]) -> bool:
        """Until it ends; False when the deadline passed first."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._said, selectors.EVENT_READ)
            selector.register(self._stderr_descriptor, selectors.EVENT_READ)
            while self._process.poll() is None:
                if monotonic() > deadline:
                    return False
                self._read_ready(selector, _POLL_S, on_progress)
            self._end_all()  # whoever it left behind must not go on talking
            while self._read_ready(selector, 0, on_progress):
                pass
        return True

    def terminate(self, grace_s: float) -> None:
        """Ask the group to end, and wait a moment for it."""
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)

    def destroy(self) -> None:
        """Kill what is left of the group, first of all; then clear up."""
        self._end_all()
        self._process.wait()
        os.close(self._said)
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def stderr(self) -> tuple[str, ...]:
        """The last lines it wrote there."""
        lines = [*self._tail, *filter(None, [bytes(self._errors.rest)])]
        return tuple(line[:_LONGEST_STDERR_LINE].decode(errors="replace") for line in lines)

    def ended(self, stderr: tuple[str, ...], *, oom_killed: bool) -> Ended:
        """A result counts only from a worker that ended well; its own last word explains most."""
        code, final = self._process.returncode, self._final
        if final is not None and final.failure is not None:
            return Ended(None, final.failure.model_copy(update={"exit_code": code}), stderr)
        if code == 0 and final is not None and not self._garbled:
            return Ended(final.result, None, stderr)
        return Ended(None, failure.of_death(code, oom_killed=oom_killed), stderr)

    @property
    def _stderr_descriptor(self) -> int:
        pipe = self._process.stderr
        return -1 if pipe is None else pipe.fileno()

    def _read_ready(
        self,
        selector: selectors.BaseSelector,
        wait_s: float,
        on_progress: Callable[[Progress], None],
    ) -> bool:
        """Read what is there; False when there was nothing."""
        read = False
        for key, _ in selector.select(wait_s):
            data = os.read(key.fd, _READ_BYTES)
            if not data:
                selector.unregister(key.fd)
            elif key.fd == self._said:
                self._hear(data, on_progress)
            else:
                self._tail.extend(self._errors.feed(data))
            read = True
        return read

    def _hear(self, data: bytes, on_progress: Callable[[Progress], None]) -> None:
        for line in self._words.feed(data):
            try:
                message = Message.model_validate_json(line)
            except ValidationError:
                self._garbled = True
                continue
            if message.progress is not None:
                on_progress(message.progress)
            else:
                self._final = message

    def _end_all(self) -> None:
        """The group first, at once; then whoever left it."""
        self._signal(signal.SIGKILL)
        _end_strays(f"{MARK}={self._mark}")

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


class _Lines:
    """Bytes as they come → whole lines; of one without an end, only its last `longest` bytes."""

    def __init__(self, longest: int) -> None:
        self.rest, self._longest = bytearray(), longest

    def feed(self, data: bytes) -> list[bytes]:
        self.rest += data
        if b"\n" not in data:
            del self.rest[: -self._longest]
            return []
        *lines, rest = bytes(self.rest).split(b"\n")
        self.rest = bytearray(rest)
        return lines


def _end_strays(mark: str) -> None:
    """Kill who left the worker's process group, as a launcher's ranks do, and see them gone."""
    deadline = monotonic() + _STRAYS_CAP_S
    while _killed_any(mark) and monotonic() < deadline:
        sleep(_POLL_S / 10)


def _killed_any(mark: str) -> bool:
    """Whether anybody with the mark was still there; a handle makes sure it is still the same."""
    found = False
    for pid in _processes():
        with suppress(OSError):  # it ended meanwhile, or is somebody else's
            handle = os.pidfd_open(pid)
            try:
                if mark.encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    found = True
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)
    return found


def _processes() -> Iterator[int]:
    return (int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit())


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Ours, with these changes; None takes a variable away."""
    changed = {**os.environ, **changes}
    return {name: value for name, value in changed.items() if value is not None}


def _own_id() -> str:
    return str(os.getpid())
