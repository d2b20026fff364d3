"""Inference as queries: MLCommons' own LoadGen schedules them, the workload answers.

What each scenario's final number is (MLPerf inference rules): offline, samples per second of one
query that holds them all; single_stream and multi_stream, the latency of one query after the other,
of one sample or of several. LoadGen's own logs are kept; its settings here are shorter than a
submission's, and no figure is an MLPerf result.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchbench.measure.device import NANOSECONDS, Clock, Device
from benchbench.measure.library import Library
from benchbench.workload import Job

LoadScenario = Literal["offline", "single_stream", "multi_stream"]
SAMPLES_PER_QUERY = 8
"""Of multi_stream, as MLPerf has it."""
SEEDS = (2085463073848966840, 2747215439041700203, 16159082839903944936)
"""Library, sample index and schedule seeds of the official settings."""
_MILLISECONDS = 1e3
_SUMMARY = "mlperf_log_summary.txt"
_RESULT = re.compile(
    r"^(Samples per second|9[09]\.00 percentile latency \(ns\)|Result is) *: *(.*)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Load:
    """How hard to press, and for how long."""

    scenario: LoadScenario
    batch_size: int
    """Samples the system under test answers at once when it may choose (offline)."""
    min_duration_s: float
    expected_step_s: float
    """Of one batch, from warm-up: LoadGen plans the number of queries by it."""
    samples: int = 1024
    """In the library; queries draw from them with repetition."""
    min_queries: int = 1


@dataclass
class Answered:
    """What the system under test saw of one run."""

    step_s: list[float] = field(default_factory=list)
    """Of each batch, put together and answered."""
    latency_s: list[float] = field(default_factory=list)
    """Of each query, from when it was issued to when it was complete; empty when offline."""
    samples: int = 0
    elapsed_s: float = 0.0
    """From the first query to the last answer."""


@dataclass(frozen=True)
class Verdict:
    """LoadGen's own summary."""

    valid: bool
    samples_per_s: float | None
    p90_latency_s: float | None
    p99_latency_s: float | None
    text: str


def drive(
    job: Job, load: Load, *, device: Device, clock: Clock, logs: Path
) -> tuple[Answered, Verdict]:
    """Run LoadGen once over the job's step; its logs go to `logs`.

    Raises CannotMeasureError if the job's batches cannot be taken apart into samples.
    """
    import mlperf_loadgen as loadgen  # noqa: PLC0415 - an optional, compiled dependency

    library = Library(job, load.samples)
    system = _SystemUnderTest(job, library, load.batch_size, device, clock, loadgen)
    logs.mkdir(parents=True, exist_ok=True)
    sut = loadgen.ConstructSUT(system.issue, lambda: None)
    qsl = loadgen.ConstructQSL(library.count, library.count, lambda _i: None, lambda _i: None)
    try:
        loadgen.StartTestWithLogSettings(sut, qsl, settings(load, loadgen), _log_to(logs, loadgen))
    finally:
        loadgen.DestroyQSL(qsl)
        loadgen.DestroySUT(sut)
    system.check()
    return system.answered, verdict((logs / _SUMMARY).read_text(encoding="utf-8"))


def settings(load: Load, loadgen: Any) -> Any:  # noqa: ANN401 - LoadGen has no types
    """LoadGen's settings: the official seeds, a length of our own."""
    asked = loadgen.TestSettings()
    asked.mode = loadgen.TestMode.PerformanceOnly
    asked.qsl_rng_seed, asked.sample_index_rng_seed, asked.schedule_rng_seed = SEEDS
    asked.min_duration_ms = int(load.min_duration_s * _MILLISECONDS)
    asked.min_query_count = load.min_queries
    per_query_ns = int(load.expected_step_s * NANOSECONDS)
    if load.scenario == "offline":
        asked.scenario = loadgen.TestScenario.Offline
        asked.offline_expected_qps = load.batch_size / load.expected_step_s
    elif load.scenario == "single_stream":
        asked.scenario = loadgen.TestScenario.SingleStream
        asked.single_stream_expected_latency_ns = per_query_ns
    else:
        asked.scenario = loadgen.TestScenario.MultiStream
        asked.multi_stream_expected_latency_ns = per_query_ns
        asked.multi_stream_samples_per_query = SAMPLES_PER_QUERY
    return asked


def verdict(summary: str) -> Verdict:
    """What LoadGen's summary says; None where a scenario has no such line."""
    found = {name: value.strip() for name, value in _RESULT.findall(summary)}

    def seconds(percentile: str) -> float | None:
        value = found.get(f"{percentile} percentile latency (ns)")
        return None if value is None else float(value) / NANOSECONDS

    rate = found.get("Samples per second")
    return Verdict(
        valid=found.get("Result is") == "VALID",
        samples_per_s=None if rate is None else float(rate),
        p90_latency_s=seconds("90.00"),
        p99_latency_s=seconds("99.00"),
        text=summary,
    )


class _SystemUnderTest:
    """Answers queries in batches, in the order they were asked.

    LoadGen calls from a thread of its own and would end the process on an exception: an error is
    kept, what is left is answered empty, and `check` raises it.
    """

    def __init__(
        self,
        job: Job,
        library: Library,
        batch_size: int,
        device: Device,
        clock: Clock,
        loadgen: Any,  # noqa: ANN401 - LoadGen has no types
    ) -> None:
        self._job, self._library, self._batch_size = job, library, batch_size
        self._device, self._clock, self._loadgen = device, clock, loadgen
        self._error: Exception | None = None
        self._began: int | None = None
        self.answered = Answered()

    def issue(self, query: Sequence[Any]) -> None:
        """One query: all samples of the run when offline, one or eight otherwise."""
        issued = self._clock()
        self._began = issued if self._began is None else self._began
        for start in range(0, len(query), self._batch_size):
            self._answer(query[start : start + self._batch_size])
        ended = self._clock()
        self.answered.elapsed_s = (ended - self._began) / NANOSECONDS
        self.answered.latency_s.append((ended - issued) / NANOSECONDS)

    def _answer(self, samples: Sequence[Any]) -> None:
        started = self._clock()
        if self._error is None:
            try:
                self._job.step(self._library.batch([sample.index for sample in samples]))
                self._device.synchronise()
            except Exception as error:  # noqa: BLE001 - raised again by `check`
                self._error = error
        self.answered.step_s.append((self._clock() - started) / NANOSECONDS)
        self.answered.samples += len(samples)
        respond: Callable[..., Any] = self._loadgen.QuerySampleResponse
        self._loadgen.QuerySamplesComplete([respond(sample.id, 0, 0) for sample in samples])

    def check(self) -> None:
        """Raises what the step raised."""
        if self._error is not None:
            raise self._error


def _log_to(logs: Path, loadgen: Any) -> Any:  # noqa: ANN401 - LoadGen has no types
    output = loadgen.LogOutputSettings()
    output.outdir = str(logs)
    output.copy_summary_to_stdout = False
    asked = loadgen.LogSettings()
    asked.log_output = output
    asked.enable_trace = False
    return asked
