"""What LoadGen says of its own run, held against what we saw of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from benchbench import units
from benchbench.measure.device import NANOSECONDS
from benchbench.record import Caveat, Measurement

PERCENTILES = {"single_stream": 90.0, "multi_stream": 99.0}
"""Of the latency that is a scenario's final number (MLPerf inference rules)."""
_APART_FRACTION = 0.05
_NUMBER = re.compile(
    r"^(Samples per second|QPS w/ loadgen overhead|\d+\.\d+ percentile latency \(ns\)|Result is)"
    r" *: *(.*)$",
    re.MULTILINE,
)
_UNMET = re.compile(r"^ *(Min duration|Min queries|Early stopping) satisfied *: *NO", re.MULTILINE)
_TOO_LITTLE = {
    "Min duration": "it ended before its shortest duration",
    "Min queries": "it ended before its fewest queries",
    "Early stopping": "too few queries for its early stopping",
}
_UNOFFICIAL = Caveat(
    code="not_mlperf",
    severity="note",
    message="LoadGen drove this run, shorter than its rules ask and verified by nobody: "
    "it is not an MLPerf result",
    remedy="hold it against runs of this tool only, never against published MLPerf rounds",
)


@dataclass(frozen=True)
class Verdict:
    """LoadGen's own summary; None where a scenario has no such line."""

    valid: bool
    unmet: tuple[str, ...]
    """Which of its three demands on a run's length were not met."""
    samples_per_s: float | None
    latency_s: dict[float, float]
    """By percentile."""

    @property
    def p90_latency_s(self) -> float | None:
        """90 % of its queries took no longer."""
        return self.latency_s.get(90.0)


def read(summary: str) -> Verdict:
    """What the summary says."""
    found = {name: value.strip() for name, value in _NUMBER.findall(summary)}
    rate = found.get("Samples per second") or found.get("QPS w/ loadgen overhead")
    return Verdict(
        valid=found.get("Result is") == "VALID",
        unmet=tuple(_UNMET.findall(summary)),
        samples_per_s=_number(rate),
        latency_s={
            float(name.partition(" ")[0]): nanoseconds / NANOSECONDS
            for name, value in found.items()
            if name.endswith("(ns)") and (nanoseconds := _number(value)) is not None
        },
    )


def _number(text: str | None) -> float | None:
    """None where the line holds none."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def doubts(seen: Measurement, verdict: Verdict, scenario: str) -> tuple[Caveat, ...]:
    """What LoadGen finds wrong with its run, where its figures are not ours, and whose they are."""
    return (*_invalid(seen, verdict), *_disagreement(seen, verdict, scenario), _UNOFFICIAL)


def _invalid(seen: Measurement, verdict: Verdict) -> Iterator[Caveat]:
    """A run too short still says what it saw; what else LoadGen rejects counts for nothing."""
    if verdict.valid:
        return
    if not verdict.unmet:
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


def _disagreement(seen: Measurement, verdict: Verdict, scenario: str) -> Iterator[Caveat]:
    rate = seen.units_completed / seen.elapsed_s
    pairs = [("its rate", verdict.samples_per_s, rate)]
    percent = PERCENTILES.get(scenario)
    if seen.latency_s and percent is not None:
        ours = _order_statistic(seen.latency_s, percent)
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


def _order_statistic(latency_s: tuple[float, ...], percent: float) -> float:
    """As LoadGen picks it: no interpolation, which among few queries would differ."""
    index = int(len(latency_s) * percent / 100)
    return sorted(latency_s)[min(index, len(latency_s) - 1)]
