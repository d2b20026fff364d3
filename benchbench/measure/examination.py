"""Accuracy by LoadGen: every sample of a data set asked for once, each answer in LoadGen's log."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np

from benchbench import units
from benchbench.accuracy import Exam, graded
from benchbench.measure import loadgen
from benchbench.measure.device import NANOSECONDS, Clock, Device
from benchbench.measure.loadgen import LOGS, Load
from benchbench.measure.loop import OnTick, Tick, Watch
from benchbench.record import Accuracy, Caveat

ACCURACY_LOG = "mlperf_log_accuracy.json"
_SAMPLES_AT_ONCE = 512
"""Prepared in memory together: 300 MB of ResNet-50's images."""
_TICK_S = 0.25
T = TypeVar("T")


@dataclass
class Taken:
    """An examination: how right, and what it took."""

    accuracy: Accuracy
    step_s: tuple[float, ...]
    elapsed_s: float
    logs: dict[str, str]


def take(
    exam: Exam,
    batch_size: int,
    demanded: float,
    *,
    device: Device,
    clock: Clock,
    watch: Watch,
    on_tick: OnTick,
) -> Taken:
    """Ask for everything, then score what LoadGen logged.

    Raises ValueError if LoadGen's log lacks an answer.
    """
    import mlperf_loadgen  # noqa: PLC0415 - an optional, compiled dependency

    system = _Examinee(exam, batch_size, device, clock, on_tick, mlperf_loadgen)
    load = Load(
        scenario="offline",
        batch_size=batch_size,
        min_duration_s=1.0,
        expected_step_s=1.0,
        library_samples=_SAMPLES_AT_ONCE,
        accuracy=True,
    )
    with TemporaryDirectory(prefix="benchbench-loadgen-") as name:
        folder = Path(name)
        watch.begin()
        loadgen.start(
            system.issue,
            lambda: None,
            exam.samples,
            load,
            folder,
            mlperf_loadgen,
            on_loaded=system.prepare,
        )
        watch.end()
        system.check()
        logs = {log: (folder / log).read_text(encoding="utf-8") for log in (*LOGS, ACCURACY_LOG)}
    return Taken(
        graded(exam, logged(logs[ACCURACY_LOG]), demanded),
        tuple(system.step_s),
        (clock() - system.began) / NANOSECONDS,
        logs,
    )


def logged(text: str) -> dict[int, bytes]:
    """LoadGen's accuracy log → the answer of every sample, by its number.

    Raises ValueError if a sample was answered twice.
    """
    entries = json.loads(text)
    answers = {int(one["qsl_idx"]): bytes.fromhex(one["data"]) for one in entries}
    if len(answers) != len(entries):
        raise ValueError(f"{len(entries)} answers to {len(answers)} samples")
    return answers


def doubts(accuracy: Accuracy, *, trained: bool) -> tuple[Caveat, ...]:
    """A gate that was missed, weights that were never trained, and whose numbers these are not."""
    missed = [gate for gate in accuracy.gates if gate.demanded and not gate.passed]
    found = []
    if missed:
        strictest = max(missed, key=lambda gate: gate.fraction)
        reached = units.number(accuracy.percent, 5)
        least = units.number(strictest.least_percent, 5)
        share = units.percent(strictest.fraction, 4)
        found.append(
            Caveat(
                code="accuracy_gate",
                severity="warning",
                message=f"{accuracy.metric} is {reached}, below {least}: {share} of the reference",
                remedy="use a higher precision or better weights, and check that they are this "
                "model's",
            )
        )
    if not trained:
        found.append(
            Caveat(
                code="untrained",
                severity="warning",
                message="the weights are random: nobody can be right with them",
                remedy="name a folder of trained ones with --weights",
            )
        )
    return (*found, _UNVERIFIED)


_UNVERIFIED = Caveat(
    code="not_mlperf",
    severity="note",
    message="LoadGen asked in its accuracy mode, and nobody verified the answers: it is not an "
    "MLPerf result",
    remedy="hold it against the reference named beside it, and against runs of this tool",
)


@dataclass
class _Examinee:
    """Answers everything in batches of one size; the last is filled up and its rest forgotten.

    LoadGen would end the process on an exception: an error is kept, and `check` raises it.
    """

    exam: Exam
    batch_size: int
    device: Device
    clock: Clock
    on_tick: OnTick
    mlperf: Any
    step_s: list[float] = field(default_factory=list)
    error: Exception | None = None
    answered: int = 0
    began: int = 0
    next_tick_ns: int = 0

    def __post_init__(self) -> None:
        self.began = self.clock()

    def prepare(self, indices: Sequence[int]) -> None:
        """LoadGen wants these in memory."""
        self._or_keep(partial(self.exam.prepare, list(indices)))

    def issue(self, query: Sequence[Any]) -> None:
        """All samples in memory."""
        for start in range(0, len(query), self.batch_size):
            samples = query[start : start + self.batch_size]
            said = self._or_keep(partial(self._answers, samples))
            self._respond(samples, said or [b""] * len(samples))

    def _answers(self, samples: Sequence[Any]) -> Sequence[bytes]:
        indices = [sample.index for sample in samples]
        batch = self.exam.batch([*indices, *[indices[-1]] * (self.batch_size - len(indices))])
        before = self.clock()
        outputs = self.exam.step(batch)
        self.device.synchronise()
        self.step_s.append((self.clock() - before) / NANOSECONDS)
        return self.exam.answers(outputs, len(indices))

    def _respond(self, samples: Sequence[Any], answers: Sequence[bytes]) -> None:
        held = [np.frombuffer(answer, dtype=np.uint8) for answer in answers]  # until it is copied
        respond = self.mlperf.QuerySampleResponse
        self.mlperf.QuerySamplesComplete(
            [
                respond(sample.id, data.ctypes.data if data.size else 0, data.size)
                for sample, data in zip(samples, held, strict=True)
            ]
        )
        self.answered += len(samples)
        self._tell()

    def _tell(self) -> None:
        now = self.clock()
        if now >= self.next_tick_ns:
            self.next_tick_ns = now + int(_TICK_S * NANOSECONDS)
            elapsed_s = (now - self.began) / NANOSECONDS
            self.on_tick(Tick("measure", elapsed_s, self.answered / elapsed_s))

    def _or_keep(self, work: Callable[[], T]) -> T | None:
        """What the work returns; None after the first error."""
        if self.error is None:
            try:
                return work()
            except Exception as error:  # noqa: BLE001 - raised again by `check`
                self.error = error
        return None

    def check(self) -> None:
        """Raises what the model or its data raised."""
        if self.error is not None:
            raise self.error
