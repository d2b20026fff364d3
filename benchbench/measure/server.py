"""Queries that arrive at random: the highest rate whose latency keeps within a bound.

LoadGen issues queries of one sample at exponential intervals (MLPerf's server scenario) whether or
not those before were answered. Each rate tried is a run of the real LoadGen; the measurement is a
last one at the rate found. The thread that warmed up answers: a library's threads belong to it.
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, NamedTuple

import numpy as np

from benchbench.measure import arrivals, highest_rate, loadgen, verdict
from benchbench.measure.budget import Budget, Pace
from benchbench.measure.device import NANOSECONDS, Clock, Device
from benchbench.measure.highest_rate import Limits
from benchbench.measure.library import Library
from benchbench.measure.loadgen import LOGS, SEEDS, Load, Queried
from benchbench.measure.loop import OnTick, Tick, Timed, Warmed, Watch, warm_up
from benchbench.measure.verdict import Verdict
from benchbench.record import Probe, RateSearch
from benchbench.stats import median
from benchbench.workload import Job, QueryRules

PERCENT = 99.0
"""Of the queries that must keep the bound (MLPerf inference rules)."""
_BOUNDS_PER_PROBE = 20
"""A queue that grows by 5 % of what arrives breaks its bound within so many of them."""
_FEWEST_QUERIES, _FEWEST_HOPELESS, _MOST_HOPELESS = 8, 4, 64
_HOPELESS_LOAD = 0.5
_MOST_ALONE, _ALONE_CAP_S = 16, 5.0
_LAST_RUNS = 4
_SWITCH_S = 1e-4
"""How long the answering thread may keep the interpreter from the one that issues."""
_TICK_S = 0.25
_SAME_SCHEDULE = 1e-6
_GENERATED = re.compile(r'"key": "generated_query_duration", "value": (\d+)')


class Waiting(NamedTuple):
    """A sample that was issued and not answered."""

    number: int
    """In the order they were issued."""
    id: int
    sample: int
    """Its place in the library."""


@dataclass
class Served:
    """What the system under test saw of one run: clock readings by query, durations by batch."""

    issued_ns: list[int] = field(default_factory=list)
    completed_ns: dict[int, int] = field(default_factory=dict)
    step_s: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Bench:
    """Whom to ask, and with what."""

    job: Job
    library: Library
    batch_size: int
    """The most samples answered at once."""
    padded: bool
    """Whether a batch is always full: a backend of fixed shapes takes no other."""
    device: Device
    clock: Clock
    on_tick: OnTick

    @property
    def policy(self) -> str:
        """How batches are made, in words."""
        if self.batch_size == 1:
            return "one sample at a time, in the order they arrive"
        filled = ", filled up by repeating the last" if self.padded else ""
        return f"greedy: all that is queued, at most {self.batch_size} samples at once{filled}"

    def work(self, indices: Sequence[int]) -> None:
        """One step on these samples, to its end."""
        missing = self.batch_size - len(indices) if self.padded else 0
        self.job.step(self.library.batch([*indices, *[indices[-1]] * missing]))
        self.device.synchronise()

    def alone(self) -> tuple[float, ...]:
        """Seconds of steps of one sample, one after the other; the first is apart."""
        self.work([0])
        found: list[float] = []
        began = self.clock()
        while len(found) < _MOST_ALONE:
            before = self.clock()
            if found and (before - began) / NANOSECONDS + found[-1] > _ALONE_CAP_S:
                break
            self.work([len(found) % self.library.count])
            found.append((self.clock() - before) / NANOSECONDS)
        return tuple(found)


@dataclass(frozen=True)
class Run:
    """One run at one rate, its times counted from the schedule where that is known."""

    served: Served
    said: Verdict
    latency_s: tuple[float, ...]
    lateness_s: tuple[float, ...] | None
    elapsed_s: float
    logs: dict[str, str]

    def probe(self, load: Load) -> Probe:
        """As the record keeps it."""
        bound_s = load.bound_s or 0.0
        percentile_s = verdict.order_statistic(self.latency_s, PERCENT)
        return Probe(
            rate_per_s=load.rate_per_s or 0.0,
            queries=len(self.latency_s),
            batches=len(self.served.step_s),
            over_bound=sum(latency > bound_s for latency in self.latency_s),
            latency_s=self.said.latency_s.get(PERCENT, percentile_s),
            completed_per_s=len(self.latency_s) / self.elapsed_s,
            met=self.said.bound_met,
            early_stopping=bool(self.said.early_stopping_met),
            latest_s=None if self.lateness_s is None else max(self.lateness_s),
        )


def time_server(  # noqa: PLR0913 - a run's settings, all by name
    job: Job,
    batch_size: int,
    *,
    bound_s: float,
    padded: bool,
    pace: Pace,
    rules: QueryRules,
    device: Device,
    clock: Clock,
    budget: Budget,
    watch: Watch,
    on_tick: OnTick,
) -> Queried:
    """Warm up, search for the rate, and measure it.

    Where one sample alone takes longer than the bound nothing is searched: one light run says so.
    Raises CannotMeasureError if the job's batches cannot be taken apart into samples.
    """
    warmed = warm_up(job, device=device, clock=clock, budget=budget, on_tick=on_tick)
    samples = rules.library_samples if budget.official else pace.queries
    library = Library(job, min(samples, rules.library_samples))
    bench = Bench(job, library, batch_size, padded, device, clock, on_tick)
    alone_s = bench.alone()
    at_most = max(batch_size / min(warmed.step_s or (warmed.first_step_s,)), 1 / min(alone_s))
    found = _Search(bench, bound_s, pace, rules if budget.official else None)
    with _issuing_in_time():
        if median(alone_s) > bound_s:
            rate, settled = found.hopeless(_HOPELESS_LOAD / median(alone_s), watch), True
        else:
            rate, settled = found.highest(at_most, watch)
    search = RateSearch(
        latency_bound_s=bound_s,
        percent=PERCENT,
        policy=bench.policy,
        alone_s=alone_s,
        probes=tuple(found.probes),
        resolution_fraction=pace.resolution_fraction,
        settled=settled,
        rate_per_s=rate,
    )
    return _queried(found, warmed, search)


def _queried(found: "_Search", warmed: Warmed, search: RateSearch) -> Queried:
    load, run = found.last
    return Queried(
        scenario="server",
        timed=Timed(
            warmup_s=warmed.step_s,
            first_step_s=warmed.first_step_s,
            steady=warmed.steady,
            step_s=tuple(run.served.step_s),
            device_s=None,
            input_s=(),
            elapsed_s=run.elapsed_s,
            stop_reason="time_limit",
            losses=None,
        ),
        latency_s=run.latency_s,
        verdict=run.said,
        logs=found.logs,
        run=loadgen.as_recorded(load, run.said).model_copy(
            update={"library_samples": found.library_samples}
        ),
        lateness_s=run.lateness_s,
        rate_search=search,
        samples=len(run.latency_s),
    )


class _Search:
    """All runs made so far, and the one that counts."""

    def __init__(
        self, bench: Bench, bound_s: float, pace: Pace, official: QueryRules | None
    ) -> None:
        self._bench, self._bound_s, self._pace = bench, bound_s, pace
        self._official = official
        self.probes: list[Probe] = []
        self.logs: dict[str, str] = {}
        self.library_samples = bench.library.count

    def hopeless(self, rate_per_s: float, watch: Watch) -> float | None:
        """One light run, where the bound cannot be met: what LoadGen says of it."""
        queries = int(rate_per_s * self._pace.probe_cap_s)
        few = min(max(_FEWEST_HOPELESS, queries), _MOST_HOPELESS)
        light = replace(self._load(rate_per_s), min_queries=few, min_duration_s=0.0)
        return rate_per_s if self._measure(light, watch) else None

    def highest(self, at_most_per_s: float, watch: Watch) -> tuple[float | None, bool]:
        """The highest rate that holds, now and once more; and whether the search was finished."""
        limits = Limits(at_most_per_s, self._pace.resolution_fraction)
        began = self._bench.clock()

        def goes_on() -> bool:
            return (self._bench.clock() - began) / NANOSECONDS < self._pace.search_cap_s

        found = highest_rate.search(self._holds, limits, goes_on=goes_on)
        rate = found.rate_per_s or min(probe.rate_per_s for probe in self.probes)
        for back in range(_LAST_RUNS):
            if self._measure(self._last_load(rate), watch):
                return rate, found.settled and back <= 1
            if found.rate_per_s is None:
                break
            rate /= (1 + self._pace.resolution_fraction) ** (2**back)
        return None, found.settled

    def _holds(self, rate_per_s: float) -> bool:
        load = self._load(rate_per_s)
        return self._keep(load, run_once(self._bench, load, _Unwatched()))

    def _measure(self, load: Load, watch: Watch) -> bool:
        """A run that may be the measurement; under official settings LoadGen must call it valid."""
        run = run_once(self._bench, load, watch)
        self.last = load, run
        held = self._keep(load, run)
        self.logs |= run.logs
        return held if self._official is None else run.said.valid

    def _keep(self, load: Load, run: Run) -> bool:
        self.probes.append(run.probe(load))
        self.logs[f"probe-{len(self.probes):02}_{LOGS[0]}"] = run.logs[LOGS[0]]
        return run.said.bound_met

    def _load(self, rate_per_s: float) -> Load:
        """Long enough to see the tail, or a queue that grows, if that fits."""
        pace = self._pace
        long_s = max(pace.probe_min_s, _BOUNDS_PER_PROBE * self._bound_s)
        queries = min(pace.queries, int(rate_per_s * pace.probe_cap_s))
        return Load(
            scenario="server",
            batch_size=self._bench.batch_size,
            min_duration_s=min(long_s, pace.probe_cap_s),
            expected_step_s=1 / rate_per_s,
            min_queries=max(_FEWEST_QUERIES, queries),
            rate_per_s=rate_per_s,
            bound_s=self._bound_s,
        )

    def _last_load(self, rate_per_s: float) -> Load:
        load = self._load(rate_per_s)
        return load if self._official is None else loadgen.official(load, self._official)


class _Unwatched:
    """Of a run that is only a probe, nobody keeps counters."""

    def begin(self) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


def run_once(bench: Bench, load: Load, watch: Watch) -> Run:
    """LoadGen issues from a thread of its own; this one answers until all is answered."""
    with TemporaryDirectory(prefix="benchbench-loadgen-") as folder:
        served = _serve(bench, load, watch, Path(folder))
        logs = {name: (Path(folder) / name).read_text(encoding="utf-8") for name in LOGS}
    return _timed(served, load, verdict.read(logs[LOGS[0]]), logs)


def _serve(bench: Bench, load: Load, watch: Watch, folder: Path) -> Served:
    import mlperf_loadgen  # noqa: PLC0415 - an optional, compiled dependency

    system = _SystemUnderTest(bench, mlperf_loadgen)
    failed: list[Exception] = []

    def issue() -> None:
        try:
            loadgen.start(
                system.issue, system.close, bench.library.count, load, folder, mlperf_loadgen
            )
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
            failed.append(error)
        finally:
            system.close()

    client = Thread(target=issue, daemon=True)
    watch.begin()
    client.start()
    system.answer_all()
    watch.end()
    client.join()
    for error in (*failed, *filter(None, [system.error])):
        raise error
    return system.served


class _SystemUnderTest:
    """Answers what is queued, as much at once as a batch holds, until the queue is closed.

    LoadGen cannot be stopped: after an error what still comes is answered empty.
    """

    def __init__(self, bench: Bench, mlperf: Any) -> None:  # noqa: ANN401 - LoadGen has no types
        self._bench, self._mlperf = bench, mlperf
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._began, self._next_tick_ns = bench.clock(), 0
        self.error: Exception | None = None
        self.served = Served()

    def issue(self, query: Sequence[Any]) -> None:
        """Called by LoadGen's thread: note the time, and be back at once."""
        for sample in query:
            number = len(self.served.issued_ns)
            self.served.issued_ns.append(self._bench.clock())
            self._queue.put(Waiting(number, sample.id, sample.index))

    def close(self) -> None:
        """No more will come."""
        self._queue.put(None)

    def answer_all(self) -> None:
        """Until the queue is closed and empty."""
        while True:
            first = self._queue.get()
            if first is None:
                return
            batch, closed = self._with_more(first)
            self._answer(batch)
            if closed:
                return

    def _with_more(self, first: Waiting) -> tuple[list[Waiting], bool]:
        """All that waits behind it, up to a full batch; and whether the end was among it."""
        batch = [first]
        while len(batch) < self._bench.batch_size:
            try:
                following = self._queue.get_nowait()
            except Empty:
                break
            if following is None:
                return batch, True
            batch.append(following)
        return batch, False

    def _answer(self, batch: Sequence[Waiting]) -> None:
        before = self._bench.clock()
        if self.error is None:
            try:
                self._bench.work([one.sample for one in batch])
            except Exception as error:  # noqa: BLE001 - raised again when LoadGen is done
                self.error = error
        completed = self._bench.clock()
        respond: Callable[..., Any] = self._mlperf.QuerySampleResponse
        self._mlperf.QuerySamplesComplete([respond(one.id, 0, 0) for one in batch])
        self.served.step_s.append((completed - before) / NANOSECONDS)
        self.served.completed_ns.update((one.number, completed) for one in batch)
        self._tell(completed)

    def _tell(self, now: int) -> None:
        if now < self._next_tick_ns:
            return
        self._next_tick_ns = now + int(_TICK_S * NANOSECONDS)
        elapsed_s = (now - self._began) / NANOSECONDS
        rate = len(self.served.completed_ns) / elapsed_s if elapsed_s > 0 else None
        self._bench.on_tick(Tick("measure", elapsed_s, rate))


def _timed(served: Served, load: Load, said: Verdict, logs: dict[str, str]) -> Run:
    """Latency and lateness from the scheduled time; from the issue where the schedule is unknown.

    The start of the schedule is the least that an issue lay behind it: nobody issues early.
    """
    issued = np.array(served.issued_ns, dtype=np.int64)
    completed = np.array([served.completed_ns[n] for n in range(len(issued))], dtype=np.int64)
    scheduled = _schedule_ns(load, len(issued), logs[LOGS[1]])
    if scheduled is None:
        scheduled, lateness = issued - issued[0], None
        start = issued[0]
    else:
        start = (issued - scheduled).min()
        lateness = tuple(((issued - scheduled - start) / NANOSECONDS).tolist())
    return Run(
        served=served,
        said=said,
        latency_s=tuple(((completed - start - scheduled) / NANOSECONDS).tolist()),
        lateness_s=lateness,
        elapsed_s=float(completed.max() - start) / NANOSECONDS,
        logs=logs,
    )


def _schedule_ns(load: Load, queries: int, detail: str) -> Any:  # noqa: ANN401 - an int64 array
    """(queries,); None where it does not end when LoadGen's detail log says that it does."""
    generated = _GENERATED.search(detail)
    computed = arrivals.scheduled_s(load.rate_per_s or 0.0, queries + 1, SEEDS[2])
    if generated is None:
        return None
    end_s = int(generated[1]) / NANOSECONDS
    if abs(computed[-1] - end_s) > _SAME_SCHEDULE * end_s:
        return None
    return np.rint(computed[:-1] * NANOSECONDS).astype(np.int64)


@contextmanager
def _issuing_in_time() -> Iterator[None]:
    """The interpreter changes threads often enough for queries to be issued on time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
