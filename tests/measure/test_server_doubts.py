"""What is doubted of a server's rate, and what LoadGen's summary of one says."""

import pytest

from benchbench.measure import verdict
from benchbench.measure.caveats import Observed, caveats
from benchbench.record import Measurement, RateSearch
from tests.test_queries import probe, search, served

SUMMARY = """\
================================================
MLPerf Results Summary
================================================
SUT name : PySUT
Scenario : Server
Mode     : PerformanceOnly
Scheduled samples per second : 51.00
Result is : INVALID
  Performance constraints satisfied : Yes
  Min duration satisfied : Yes
  Min queries satisfied : Yes
  Early stopping satisfied: NO
Early Stopping Result:
 * Run unsuccessful.
 * Processed 100 queries.
 * Would need to run at least 359 more queries,
 with the run being successful if every additional
 query were under latency.

================================================
Additional Stats
================================================
Completed samples per second    : 49.01

Min latency (ns)                : 10000000
99.00 percentile latency (ns)   : 20000000
"""
SURE = SUMMARY.replace("INVALID", "VALID").replace("NO", "Yes")


def measured(found: RateSearch | None = None, **changes: object) -> Measurement:
    """A hundred queries in 2.02 s."""
    seen = served(found).measurement
    assert seen is not None
    return seen.model_copy(update=changes)


def codes(seen: Measurement, summary: str = SURE) -> set[str]:
    """Of all doubts."""
    return {one.code for one in verdict.doubts(seen, verdict.read(summary), "server")}


def test_a_servers_summary_is_read() -> None:
    """Rate as scheduled and as completed, the bound, early stopping in its own words."""
    said = verdict.read(SUMMARY)
    assert (said.scheduled_per_s, said.samples_per_s) == (51.0, 49.01)
    assert said.bound_met
    assert said.early_stopping_met is False
    assert said.early_stopping is not None
    assert said.early_stopping.startswith("Run unsuccessful. Processed 100 queries.")
    assert said.early_stopping.endswith("query were under latency.")
    assert not verdict.read(
        SUMMARY.replace("constraints satisfied : Yes", "constraints satisfied : NO")
    ).bound_met


def test_a_streams_estimate_is_read() -> None:
    """The latency that LoadGen vouches for, in nanoseconds there."""
    said = verdict.read(
        "Early Stopping Result:\n * Processed at least 64 queries (107).\n"
        " * Would discard 4 highest latency queries.\n"
        " * Early stopping 90th percentile estimate: 101000000\n\nmore"
    )
    assert (said.estimates_s or {})[90.0] == pytest.approx(0.101)


def test_loadgens_rate_is_ours_by_its_own_count() -> None:
    """It counts the 99 intervals between 100 queries; a rate 6 % off is doubted."""
    assert "loadgen_disagrees" not in codes(measured())
    assert "loadgen_disagrees" in codes(measured(), SURE.replace("49.01", "52.1"))


def test_few_queries_are_doubted() -> None:
    """Their schedule decides; ten thousand are enough."""
    assert "few_queries" in codes(measured())
    many = search(probes=(probe(50, met=True, queries=10_000),))
    assert "few_queries" not in codes(measured(many))


def test_a_late_client_is_doubted() -> None:
    """A tenth of the bound is much: 15 ms here."""
    assert "client_late" not in codes(measured(lateness_s=(0.001,) * 100))
    assert "client_late" in codes(measured(lateness_s=(0.002,) * 100))
    assert "lateness_unknown" in codes(measured(lateness_s=None))


def test_a_search_without_time_is_doubted() -> None:
    """Between which rates the answer lies."""
    found = verdict.doubts(measured(search(settled=False)), verdict.read(SURE), "server")
    (cut,) = [one for one in found if one.code == "rate_search_cut"]
    assert "lie between 50.0 and 60.0 a second" in cut.message


def test_too_few_queries_for_early_stopping_is_a_warning() -> None:
    """As in other scenarios: what was seen is honest."""
    found = verdict.doubts(measured(), verdict.read(SUMMARY), "server")
    (invalid,) = [one for one in found if one.code == "loadgen_invalid"]
    assert invalid.severity == "warning"
    assert "too few queries for its early stopping (100 queries)" in invalid.message


def test_the_last_runs_bound_decides() -> None:
    """A measurement over its bound, called the highest rate, would be a lie: INVALID."""
    over = SURE.replace("VALID", "INVALID").replace(
        "constraints satisfied : Yes", "constraints satisfied : NO"
    )
    found = verdict.doubts(measured(), verdict.read(over), "server")
    assert ("loadgen_invalid", "invalid") in [(one.code, one.severity) for one in found]


def test_waiting_for_queries_is_no_disagreement_of_clocks() -> None:
    """A server's steps do not fill its window, and batches differ: neither is a doubt."""
    seen = measured(step_s=(0.001, 0.009) * 45)
    found = caveats(Observed(measurement=seen, effort="standard", device="cpu"))
    assert not {"clocks_disagree", "noisy", "too_noisy"} & {one.code for one in found}
    other = seen.model_copy(update={"rate_search": None})
    found = caveats(Observed(measurement=other, effort="standard", device="cpu"))
    assert "clocks_disagree" in {one.code for one in found}
