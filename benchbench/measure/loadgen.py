"""Inference as queries: MLCommons' own LoadGen schedules them, the workload answers.

What each scenario's final number is (MLPerf inference rules): offline, samples per second of one
query that holds them all; single_stream and multi_stream, the latency of one query after the other,
of one sample or of several; server, the highest rate within a bound on latency (see `server`).
LoadGen's own logs are kept; no figure is an MLPerf result.
"""

import importlib.util
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast, get_args

from benchbench.errors import CannotMeasureError, UsageError
from benchbench.measure import verdict
from benchbench.measure.budget import Budget
from benchbench.measure.device import NANOSECONDS, Clock, Device
from benchbench.measure.library import Library
from benchbench.measure.loop import OnTick, Tick, Timed, Watch, warm_up
from benchbench.measure.verdict import PERCENTILES, Verdict
from benchbench.record import LoadgenRun, RateSearch
from benchbench.stats import median, queries_needed
from benchbench.workload import EAGER, Job, QueryRules

LoadScenario = Literal["offline", "single_stream", "multi_stream", "server"]
SAMPLES_PER_QUERY: dict[LoadScenario, int] = {"single_stream": 1, "multi_stream": 8}
"""As MLPerf has it; an offline query holds all samples, answered in batches of any size."""
SEEDS = (2085463073848966840, 2747215439041700203, 16159082839903944936)
"""Library, sample index and schedule seeds of the official settings."""
LOGS = ("mlperf_log_summary.txt", "mlperf_log_detail.txt")
_MOST_SAMPLES = 1024
"""In the library, as for MLPerf's ResNet-50; queries draw from it with repetition."""
_MOST_ASKED = 2**20
"""Samples of one offline query: Python takes a microsecond and 100 bytes for each."""
_SLACK = 1.1
"""By so much more than the shortest duration should need LoadGen asks offline."""
_SHORTEST_STEP_S = 1e-6
_MILLISECONDS = 1e3
_TICK_S = 0.25
_NO_RULES = QueryRules()
_OFFICIAL_S = 600.0
_OFFICIAL_QUERIES = {"single_stream": 100, "multi_stream": 662, "server": 100}
"""Fewest, where early stopping does not ask for more (mlperf.conf and LoadGen's own default)."""


@dataclass(frozen=True)
class Load:
    """How hard to press, and for how long."""

    scenario: LoadScenario
    batch_size: int
    """Samples the system under test answers at once."""
    min_duration_s: float
    expected_step_s: float
    """Of one batch, from warm-up: LoadGen plans the number of queries by it."""
    max_duration_s: float | None = None
    min_queries: int = 1
    """Samples when offline."""
    rate_per_s: float | None = None
    """At which a server's queries arrive."""
    bound_s: float | None = None
    """On a server's latency."""
    official: bool = False
    """As MLPerf's rules have it, not scaled down."""
    library_samples: int = _MOST_SAMPLES
    accuracy: bool = False
    """Every sample once, its answer logged; nothing is timed."""

    @property
    def batches(self) -> int:
        """How many batches should fill the shortest duration, and a little more."""
        wanted = math.ceil(_SLACK * self.min_duration_s / self.expected_step_s)
        per_query = self.batch_size if self.scenario == "offline" else 1
        fewest = math.ceil(self.min_queries / per_query)
        return max(1, min(max(wanted, fewest), _MOST_ASKED // self.batch_size))

    @property
    def samples(self) -> int:
        """In the library: no more than the run should need."""
        return min(self.batch_size * self.batches, max(self.library_samples, self.batch_size))


@dataclass
class Answered:
    """What the system under test saw of one run."""

    step_s: list[float] = field(default_factory=list)
    """Of each batch, from the end of the one before: they add up to `elapsed_s`."""
    latency_s: list[float] = field(default_factory=list)
    """Of each query, from when it was issued to when it was complete."""
    samples: int = 0
    elapsed_s: float = 0.0
    """From the first query to the last answer."""


@dataclass(frozen=True)
class Queried:
    """A measurement by LoadGen."""

    scenario: LoadScenario
    timed: Timed
    latency_s: tuple[float, ...] | None
    """None offline, where there is one query."""
    verdict: Verdict
    logs: Mapping[str, str]
    """LoadGen's own, by file name."""
    run: LoadgenRun
    lateness_s: tuple[float, ...] | None = None
    """Of each query of a server, from its scheduled time to its issue."""
    rate_search: RateSearch | None = None
    samples: int | None = None
    """Answered, where batches differ in size; None: as many as fill them."""


def chosen(text: str | None) -> LoadScenario | None:
    """A scenario as the user wrote it. Raises UsageError if LoadGen has no such one."""
    if text is None or text in get_args(LoadScenario):
        return cast("LoadScenario | None", text)
    choose = f"choose {', '.join(get_args(LoadScenario))}"
    raise UsageError(f"LoadGen has no scenario {text!r}: {choose}")


def require_installed() -> None:
    """Raises CannotMeasureError where LoadGen is not installed."""
    if importlib.util.find_spec("mlperf_loadgen") is None:
        raise CannotMeasureError(
            "mlcommons-loadgen is not installed; install benchbench[bench], or leave --scenario out"
        )


def batch_size(asked: int | None, scenario: LoadScenario, backend: str = EAGER) -> int | None:
    """The scenario's own where it has one, else what was asked. Raises UsageError if they differ.

    A smaller batch than a query holds would answer it in parts, a larger one never fill. A server
    on a backend of fixed shapes fills every batch up: unless asked for, there is one sample in it.
    """
    if scenario == "server" and asked is None and fixed_shapes(backend):
        return 1
    fixed = SAMPLES_PER_QUERY.get(scenario)
    if fixed is None or asked in {None, fixed}:
        return fixed or asked
    raise UsageError(
        f"a {scenario} query holds {fixed} samples and is answered at once: leave --batch out"
    )


def fixed_shapes(backend: str) -> bool:
    """Whether it answers batches of one size only, compiled or converted for it."""
    return backend != EAGER


def official(load: Load, rules: QueryRules) -> Load:
    """The same, as long as MLPerf's rules have it: no cap, and enough queries and samples."""
    return replace(
        load,
        min_duration_s=_OFFICIAL_S,
        max_duration_s=None,
        min_queries=_OFFICIAL_QUERIES.get(load.scenario, rules.offline_samples),
        library_samples=rules.library_samples,
        official=True,
    )


def as_recorded(load: Load, said: Verdict) -> LoadgenRun:
    """What LoadGen said of a run, and what it was asked for."""
    offline = load.scenario == "offline"
    estimates = said.estimates_s or {}
    return LoadgenRun(
        valid=said.valid,
        unmet=said.unmet,
        early_stopping=said.early_stopping,
        early_stopping_met=said.early_stopping_met,
        estimate_s=estimates.get(PERCENTILES.get(load.scenario, 0.0)),
        official=load.official,
        min_duration_s=load.min_duration_s,
        min_queries=load.batches * load.batch_size if offline else load.min_queries,
        library_samples=load.samples,
    )


def time_queries(  # noqa: PLR0913 - a run's settings, all by name
    job: Job,
    scenario: LoadScenario,
    batch_size: int,
    *,
    device: Device,
    clock: Clock,
    budget: Budget,
    watch: Watch,
    on_tick: OnTick,
    rules: QueryRules = _NO_RULES,
) -> Queried:
    """Warm up as the loop does, then let LoadGen ask for as long as the budget's shortest window.

    Raises CannotMeasureError if the job's batches cannot be taken apart into samples.
    """
    warmed = warm_up(job, device=device, clock=clock, budget=budget, on_tick=on_tick)
    # Offline all is asked at once and nothing can end it; a stream must never run out of queries.
    typical = median if scenario == "offline" else min
    load = planned(scenario, batch_size, budget, typical(warmed.step_s))
    load = official(load, rules) if budget.official else load
    with TemporaryDirectory(prefix="benchbench-loadgen-") as folder:
        answered, said = drive(
            job, load, device=device, clock=clock, logs=Path(folder), watch=watch, on_tick=on_tick
        )
        logs = {name: (Path(folder) / name).read_text(encoding="utf-8") for name in LOGS}
    timed = Timed(
        warmup_s=warmed.step_s,
        first_step_s=warmed.first_step_s,
        steady=warmed.steady,
        step_s=tuple(answered.step_s),
        device_s=None,
        input_s=(),
        elapsed_s=answered.elapsed_s,
        stop_reason="time_limit",
        losses=None,
    )
    latency_s = None if scenario == "offline" else tuple(answered.latency_s)
    return Queried(scenario, timed, latency_s, said, logs, as_recorded(load, said))


def planned(scenario: LoadScenario, batch_size: int, budget: Budget, step_s: float) -> Load:
    """The budget's shortest window, or as many queries as the percentile needs, if they can fit."""
    step_s = max(step_s, _SHORTEST_STEP_S)
    percent = PERCENTILES.get(scenario)
    needed = 1 if percent is None else queries_needed(percent)
    return Load(
        scenario=scenario,
        batch_size=batch_size,
        min_duration_s=budget.timed_min_s,
        expected_step_s=step_s,
        max_duration_s=budget.timed_cap_s,
        min_queries=needed if needed * step_s <= budget.timed_cap_s else 1,
    )


def drive(
    job: Job,
    load: Load,
    *,
    device: Device,
    clock: Clock,
    logs: Path,
    watch: Watch,
    on_tick: OnTick,
) -> tuple[Answered, Verdict]:
    """Run LoadGen once over the job's step; its logs go to `logs`, a folder that is there.

    The watch begins when the samples are loaded, and ends after the last query.
    Raises CannotMeasureError if the job's batches cannot be taken apart into samples.
    """
    import mlperf_loadgen as loadgen  # noqa: PLC0415 - an optional, compiled dependency

    library = Library(job, load.samples)
    system = _SystemUnderTest(job, library, load.batch_size, device, clock, on_tick, loadgen)
    start(
        system.issue,
        watch.end,
        library.count,
        load,
        logs,
        loadgen,
        on_loaded=lambda _loaded: watch.begin(),
    )
    system.check()
    return system.answered, verdict.read((logs / LOGS[0]).read_text(encoding="utf-8"))


def start(
    issue: Callable[[Sequence[Any]], None],
    flush: Callable[[], None],
    samples: int,
    load: Load,
    logs: Path,
    loadgen: Any,  # noqa: ANN401 - LoadGen has no types
    *,
    on_loaded: Callable[[Sequence[int]], None] = lambda _loaded: None,
) -> None:
    """One test, from this thread, to its end; `flush` is called after the last query was issued."""
    sut = loadgen.ConstructSUT(issue, flush)
    at_once = min(samples, load.library_samples)
    qsl = loadgen.ConstructQSL(samples, at_once, on_loaded, lambda _loaded: None)
    try:
        loadgen.StartTestWithLogSettings(sut, qsl, settings(load, loadgen), _log_to(logs, loadgen))
    finally:
        loadgen.DestroyQSL(qsl)
        loadgen.DestroySUT(sut)


def settings(load: Load, loadgen: Any) -> Any:  # noqa: ANN401 - as above
    """LoadGen's settings: the official seeds; a length of our own unless the load is official."""
    asked = loadgen.TestSettings()
    modes = loadgen.TestMode
    asked.mode = modes.AccuracyOnly if load.accuracy else modes.PerformanceOnly
    asked.qsl_rng_seed, asked.sample_index_rng_seed, asked.schedule_rng_seed = SEEDS
    asked.min_duration_ms = int(load.min_duration_s * _MILLISECONDS)
    asked.max_duration_ms = int((load.max_duration_s or 0) * _MILLISECONDS)
    asked.min_query_count = load.min_queries
    per_query_ns = int(load.expected_step_s * NANOSECONDS)
    if load.scenario == "offline":
        asked.scenario = loadgen.TestScenario.Offline
        # Whole batches only: a compiled model would be compiled again for the rest.
        asked.min_query_count = load.batch_size * load.batches
        asked.offline_expected_qps = asked.min_query_count / (_SLACK * load.min_duration_s)
    elif load.scenario == "single_stream":
        asked.scenario = loadgen.TestScenario.SingleStream
        asked.single_stream_expected_latency_ns = per_query_ns
    elif load.scenario == "server":
        asked.scenario = loadgen.TestScenario.Server
        asked.server_target_qps = load.rate_per_s
        asked.server_target_latency_ns = int((load.bound_s or 0.0) * NANOSECONDS)
        asked.server_target_latency_percentile = PERCENTILES["server"] / 100
    else:
        asked.scenario = loadgen.TestScenario.MultiStream
        asked.multi_stream_expected_latency_ns = per_query_ns
        asked.multi_stream_samples_per_query = SAMPLES_PER_QUERY["multi_stream"]
    return asked


class _SystemUnderTest:
    """Answers queries in batches, in the order they were asked.

    LoadGen would end the process on an exception: an error is kept, what is left is answered
    empty, and `check` raises it.
    """

    def __init__(
        self,
        job: Job,
        library: Library,
        batch_size: int,
        device: Device,
        clock: Clock,
        on_tick: OnTick,
        loadgen: Any,  # noqa: ANN401 - LoadGen has no types
    ) -> None:
        self._job, self._library, self._batch_size = job, library, batch_size
        self._device, self._clock, self._loadgen = device, clock, loadgen
        self._on_tick, self._next_tick_s = on_tick, 0.0
        self._error: Exception | None = None
        self._began: int | None = None
        self._last = 0
        self.answered = Answered()

    def issue(self, query: Sequence[Any]) -> None:
        """One query: all samples of the run when offline, one or eight otherwise."""
        issued = self._clock()
        if self._began is None:
            self._began = self._last = issued
        for start in range(0, len(query), self._batch_size):
            self._answer(query[start : start + self._batch_size], self._began)
        self.answered.latency_s.append((self._last - issued) / NANOSECONDS)

    def _answer(self, samples: Sequence[Any], began: int) -> None:
        if self._error is None:
            try:
                self._work(samples)
            except Exception as error:  # noqa: BLE001 - raised again by `check`
                self._error = error
        respond: Callable[..., Any] = self._loadgen.QuerySampleResponse
        self._loadgen.QuerySamplesComplete([respond(sample.id, 0, 0) for sample in samples])
        ended = self._clock()
        self.answered.step_s.append((ended - self._last) / NANOSECONDS)
        self.answered.samples += len(samples)
        self.answered.elapsed_s = (ended - began) / NANOSECONDS
        self._last = ended

    def _work(self, samples: Sequence[Any]) -> None:
        self._job.step(self._library.batch([sample.index for sample in samples]))
        self._device.synchronise()
        seen = self.answered
        if seen.elapsed_s > self._next_tick_s:
            self._next_tick_s = seen.elapsed_s + _TICK_S
            self._on_tick(Tick("measure", seen.elapsed_s, seen.samples / seen.elapsed_s))

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
