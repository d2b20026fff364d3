"""LoadGen's verdict on its run, and its figures held against ours."""

import pytest

from benchbench.measure import verdict
from benchbench.measure.verdict import Verdict
from tests import factories as make

SINGLE = """\
Scenario : SingleStream
90.0th percentile latency (ns) : 100000000
Result is : INVALID
  Min duration satisfied : Yes
  Min queries satisfied : Yes
  Early stopping satisfied: NO
QPS w/ loadgen overhead         : 10
90.00 percentile latency (ns)   : 100000000
99.00 percentile latency (ns)   : 100000000
"""
"""Twenty queries of 0.1 s, one after the other."""
SEEN = make.measurement(
    10.0, units_per_step=1.0, latency_s=(0.1,) * 20
)  # 20 steps of one unit at 10 units/s


def codes(said: Verdict, scenario: str = "single_stream") -> dict[str, str]:
    """Code → severity of what is doubted of SEEN."""
    return {one.code: one.severity for one in verdict.doubts(SEEN, said, scenario)}


def test_too_few_queries_are_a_warning_with_their_count() -> None:
    """What was seen is honest: the percentile itself says what it lacks."""
    said = verdict.read(SINGLE)
    assert said.unmet == ("Early stopping",)
    found = verdict.doubts(SEEN, said, "single_stream")
    assert [(one.code, one.severity) for one in found] == [
        ("loadgen_invalid", "warning"),
        ("not_mlperf", "note"),
    ]
    assert "too few queries for its early stopping (20 queries)" in found[0].message
    assert "--standard" in found[0].remedy
    assert "not an MLPerf result" in found[1].message


def test_invalid_for_another_reason_withholds_the_numbers() -> None:
    """Not for its length: nobody here knows better than LoadGen."""
    said = verdict.read(SINGLE.replace("NO", "Yes"))
    assert codes(said)["loadgen_invalid"] == "invalid"


def test_a_valid_run_that_agrees_has_one_note() -> None:
    """Whose number it is not."""
    said = verdict.read(SINGLE.replace("INVALID", "VALID").replace("NO", "Yes"))
    assert codes(said) == {"not_mlperf": "note"}


@pytest.mark.parametrize(
    ("line", "forged", "scenario"),
    [
        ("QPS w/ loadgen overhead         : 10", "QPS w/ loadgen overhead : 10.6", "single_stream"),
        (
            "90.00 percentile latency (ns)   : 100",
            "90.00 percentile latency (ns) : 94",
            "single_stream",
        ),
        (
            "99.00 percentile latency (ns)   : 100",
            "99.00 percentile latency (ns) : 106",
            "multi_stream",
        ),
        ("QPS w/ loadgen overhead         : 10", "Samples per second: 9.4", "offline"),
    ],
)
def test_figures_more_than_5_percent_apart_are_doubted(
    line: str, forged: str, scenario: str
) -> None:
    """Each scenario's own figure, forged by 6 %."""
    assert "loadgen_disagrees" not in codes(verdict.read(SINGLE), scenario)
    assert line in SINGLE
    assert (
        codes(verdict.read(SINGLE.replace(line, forged)), scenario)["loadgen_disagrees"]
        == "warning"
    )


def test_percentiles_are_picked_as_loadgen_picks_them() -> None:
    """Its log of 107 queries: the 99th is the last but one, where interpolation gives another."""
    latency_s = (*(0.1,) * 105, 0.2, 1.0)
    seen = make.measurement(10.0, units_per_step=1.0, steps=107, latency_s=latency_s)
    said = Verdict(valid=True, unmet=(), samples_per_s=None, latency_s={99.0: 0.2})
    assert [one.code for one in verdict.doubts(seen, said, "multi_stream")] == ["not_mlperf"]
