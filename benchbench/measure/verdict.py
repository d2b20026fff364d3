"""What LoadGen says of its own run, held against what we saw of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from benchbench import units
from benchbench.measure.device import NANOSECONDS
from benchbench.record import Caveat, LoadgenRun, Measurement, RateSearch
from benchbench.stats import median, quantile

PERCENTILES = {"single_stream": 90.0, "multi_stream": 99.0, "server": 99.0}
"""Of the latency that is a scenario's final number (MLPerf inference rules)."""
_APART_FRACTION = 0.05
_LATE_FRACTION = 0.1
_FEW_QUERIES = 10_000
"""Of so many another schedule would move the rate by 10 % (see benchmarks/server_search.py)."""
_RATES = ("Samples per second", "QPS w/ loadgen overhead", "Completed samples per second")
_NUMBER = re.compile(
    rf"^({'|'.join(_RATES)}|Scheduled samples per second|\d+\.\d+ percentile latency \(ns\)"
    r"|Result is| *Early stopping satisfied) *: *(.*)$",
    re.MULTILINE,
)
_UNMET = re.compile(
    r"^ *(Performance constraints|Min duration|Min queries|Early stopping) satisfied *: *NO",
    re.MULTILINE,
)
_EARLY = re.compile(r"^Early Stopping Result:\n((?: \*.*\n|.+\n)+)", re.MULTILINE)
_ESTIMATE = re.compile(r"Early stopping (\d+)th percentile estimate: (\d+)")
_TOO_LITTLE = {
    "Min duration": "it ended before its shortest duration",
    "Min queries": "it ended before its fewest queries",
    "Early stopping": "too few queries for its early stopping",
}
_BOUND = "Performance constraints"
_UNVERIFIED = "verified by nobody: it is not an MLPerf result"
_ONLY_OURS = "hold it against runs of this tool only, never against published MLPerf rounds"


@dataclass(frozen=True)
class Verdict:
    """LoadGen's own summary; None where a scenario has no such line."""

    valid: bool
    unmet: tuple[str, ...]
    """Which of its demands were not met: on a run's length, on a server's latency."""
    samples_per_s: float | None
    latency_s: dict[float, float]
    """By percentile."""
    scheduled_per_s: float | None = None
    """Queries it meant to issue; of a server."""
    early_stopping: str | None = None
    """Its words."""
    estimates_s: dict[float, float] | None = None
    """By percentile: what its early stopping vouches for, at 99 % confidence."""

    @property
    def p90_latency_s(self) -> float | None:
        """90 % of its queries took no longer."""
        return self.latency_s.get(90.0)

    @property
    def bound_met(self) -> bool:
        """Whether a server's latency was within its bound."""
        return _BOUND not in self.unmet

    @property
    def early_stopping_met(self) -> bool | None:
        """Whether there were enough queries to be confident; None where nothing asks for that."""
        return None if self.early_stopping is None else "Early stopping" not in self.unmet


def read(summary: str) -> Verdict:
    """What the summary says."""
    found = {name.strip(): value.strip() for name, value in _NUMBER.findall(summary)}
    rate = next((found[name] for name in _RATES if name in found), None)
    scheduled = found.get("Scheduled samples per second")
    early = _EARLY.search(summary)
    return Verdict(
        valid=found.get("Result is") == "VALID",
        unmet=tuple(_UNMET.findall(summary)),
        samples_per_s=None if rate is None else float(rate),
        latency_s={
            float(name.partition(" ")[0]): float(value) / NANOSECONDS
            for name, value in found.items()
            if name.endswith("(ns)")
        },
        scheduled_per_s=None if scheduled is None else float(scheduled),
        early_stopping=None if early is None else _sentence(early[1]),
        estimates_s={
            float(percent): float(value) / NANOSECONDS
            for percent, value in _ESTIMATE.findall(summary)
        },
    )


def _sentence(text: str) -> str:
    """Its list of remarks on one line."""
    return " ".join(text.replace(" * ", " ").split())


def doubts(seen: Measurement, verdict: Verdict, scenario: str) -> tuple[Caveat, ...]:
    """What LoadGen finds wrong with its run, where its figures are not ours, and whose they are."""
    search = seen.rate_search
    unmeetable = search is not None and search.rate_per_s is None
    found = [_bound_unmet(search)] if search is not None and unmeetable else _invalid(seen, verdict)
    late = () if search is None else _server(seen, search)
    return (*found, *late, *_disagreement(seen, verdict, scenario), _unofficial(seen.loadgen))


def _unofficial(run: LoadgenRun | None) -> Caveat:
    official = run is not None and run.official
    length = "as long as its rules ask" if official else "shorter than its rules ask"
    return Caveat(
        code="not_mlperf",
        severity="note",
        message=f"LoadGen drove this run, {length} and {_UNVERIFIED}",
        remedy=_ONLY_OURS,
    )


def _invalid(seen: Measurement, verdict: Verdict) -> Iterator[Caveat]:
    """A run too short still says what it saw; what else LoadGen rejects counts for nothing."""
    if verdict.valid:
        return
    if not verdict.unmet or not verdict.bound_met:
        yield Caveat(
            code="loadgen_invalid",
            severity="invalid",
            message="LoadGen calls this run INVALID, and not for its length",
            remedy="read its logs, in the folder beside the result",
        )
        return
    because = ", ".join(_TOO_LITTLE[name] for name in verdict.unmet)
    asked = 1 if seen.latency_s is None else len(seen.latency_s)
    yield Caveat(
        code="loadgen_invalid",
        severity="warning",
        message=f"LoadGen calls this run INVALID: {because} ({units.counted(asked, 'query')})",
        remedy="measure longer (--standard or --full); each percentile says what it still lacks",
    )


def _bound_unmet(search: RateSearch) -> Caveat:
    """Why there is no rate, and what the least latency is."""
    bound, alone = units.duration(search.latency_bound_s), units.duration(median(search.alone_s))
    lowest = min(search.probes, key=lambda probe: probe.rate_per_s)
    at, took = units.number(lowest.rate_per_s), units.duration(lowest.latency_s)
    return Caveat(
        code="bound_unmet",
        severity="invalid",
        message=f"no rate meets {bound} at p{search.percent:g}: with nothing else under way one "
        f"sample takes {alone}, and at {at} a second the percentile was {took}",
        remedy=f"ask for a longer --latency-bound than {alone}, or use a faster backend, precision "
        "or device",
    )


def _server(seen: Measurement, search: RateSearch) -> Iterator[Caveat]:
    """How sure the rate is, and what of the latency is the client's own."""
    if not search.settled and search.rate_per_s is not None:
        failed, rate = search.failed_per_s, units.number(search.rate_per_s)
        above = "what it can answer at most" if failed is None else units.number(failed)
        yield Caveat(
            code="rate_search_cut",
            severity="warning",
            message="the time was up when the highest rate was only known to lie between "
            f"{rate} and {above} a second",
            remedy="search longer (--standard or --full)",
        )
    queries = search.probes[-1].queries
    if queries < _FEW_QUERIES and search.rate_per_s is not None:
        yield Caveat(
            code="few_queries",
            severity="warning",
            message=f"the tail of {units.counted(queries, 'query')} depends on when they happen to "
            "arrive: another schedule would find another rate",
            remedy="compare with runs of as many queries, which all have this schedule, or use "
            "--full",
        )
    if seen.lateness_s is None:
        yield Caveat(
            code="lateness_unknown",
            severity="warning",
            message="LoadGen's schedule is not known here, so latency counts from when a query "
            "was issued",
            remedy="trust LoadGen's own percentiles, in the folder beside the result",
        )
    elif (late := quantile(seen.lateness_s, 99)) > _LATE_FRACTION * search.latency_bound_s:
        yield Caveat(
            code="client_late",
            severity="warning",
            message=f"one query in a hundred was issued {units.duration(late)} after its time: "
            "that much of its latency is the client's own",
            remedy="leave a processor free for the client: fewer threads (OMP_NUM_THREADS)",
        )


def _disagreement(seen: Measurement, verdict: Verdict, scenario: str) -> Iterator[Caveat]:
    rate = seen.units_completed / seen.elapsed_s
    if scenario == "server":  # LoadGen counts the intervals between queries
        rate *= (seen.units_completed - 1) / seen.units_completed
    pairs = [("its rate", verdict.samples_per_s, rate)]
    percent = PERCENTILES.get(scenario)
    if seen.latency_s and percent is not None:
        ours = order_statistic(seen.latency_s, percent)
        pairs.append((f"its p{percent:g} latency", verdict.latency_s.get(percent), ours))
    for what, theirs, ours in pairs:
        if theirs is not None and abs(theirs - ours) > _APART_FRACTION * ours:
            yield Caveat(
                code="loadgen_disagrees",
                severity="warning",
                message=f"LoadGen says {what} is {units.number(theirs / ours)}x ours",
                remedy="trust neither: with queries this short LoadGen's own cost shows; measure "
                "larger ones, or without --scenario",
            )


def order_statistic(latency_s: tuple[float, ...], percent: float) -> float:
    """As LoadGen picks it: no interpolation, which among few queries would differ."""
    index = int(len(latency_s) * percent / 100)
    return sorted(latency_s)[min(index, len(latency_s) - 1)]
