"""How answers are given: rows of tokens, rates, searches and processes, from known figures."""

from benchbench.derive import Figures
from benchbench.derive.figures import PartFigures, RateFigures, Scaling
from benchbench.record import Probe, RateSearch
from benchbench.report import extra, serving
from benchbench.report.blocks import Part, Table
from benchbench.report.evidence import Measured
from benchbench.stats import Estimate
from tests.report import sample


def figure(**changes: object) -> Figures:
    """One configuration of the sample, with more known of it."""
    return sample.figures(sample.records())[0].model_copy(update=changes)


def parts(one: Figures) -> dict[str, Part]:
    """By key."""
    return {part.key: part for part in serving.parts(Measured((), (one,)))}


def cells(part: Part) -> list[list[str]]:
    """Of all its tables."""
    tables = [block for block in part.blocks if isinstance(block, Table)]
    return [[cell.text for cell in row.cells] for table in tables for row in table.rows]


def test_what_was_not_measured_has_no_part() -> None:
    """One process, no tokens, no search."""
    assert serving.parts(Measured((), (figure(),))) == ()


def test_prefill_and_decode_stand_apart() -> None:
    """Each with its time, rate and shares; what nobody knows says so."""
    prefill = PartFigures(
        name="prefill",
        seconds=Estimate(value=0.109, low=0.103, high=0.115, n=31, basis="measured"),
        p95_s=0.114,
        units_per_s=4690.0,
        mfu=0.63,
    )
    decode = prefill.model_copy(update={"name": "decode", "mfu": None, "mbu": 0.4})
    one = figure(unit="token", parts=(prefill, decode))
    first, then = cells(parts(one)["answering"])
    assert first[1:] == ["109 ms", "114 ms", "4,690 tokens/s", "63 %", "—", "—"]
    assert then[4:] == ["—", "—", "40 %"]
    (table,) = parts(one)["answering"].blocks
    assert isinstance(table, Table)
    assert table.rows[0].cells[0].detail == "time to the first token (prefill)"
    assert "prefill" not in str(extra.parts(Measured((), (one,))))


def test_a_rate_that_is_too_high_says_so() -> None:
    """Three of ten answered, and no median first token: behind."""
    behind = RateFigures(
        requests_per_s=8.0,
        offered=10,
        answered=3,
        tokens_per_s=21.0,
        first_token_s=None,
        first_token_p90_s=None,
        per_token_s=0.2,
        keeps_up=False,
    )
    (row,) = cells(parts(figure(rates=(behind,)))["answering"])
    assert row[1:] == ["8.00", "3 of 10", "—", "—", "200 ms", "21.0", "no"]


def test_a_search_shows_every_rate_with_its_bound() -> None:
    """Counts are whole; a rate that held with few queries is not sure."""
    probe = Probe(
        rate_per_s=7.28,
        queries=58,
        batches=55,
        over_bound=2,
        latency_s=0.202,
        completed_per_s=6.83,
        met=True,
        early_stopping=False,
        latest_s=0.004,
    )
    search = RateSearch(
        latency_bound_s=0.25,
        percent=99.0,
        policy="one sample at a time",
        alone_s=(0.07,),
        probes=(probe,),
        resolution_fraction=0.04,
        settled=True,
        rate_per_s=7.28,
    )
    part = parts(figure(unit="image", rate_search=search))["answering"]
    assert cells(part) == [["7.28 images/s", "58", "2", "202 ms", "4.00 ms", "yes"]]
    (table,) = part.blocks
    assert isinstance(table, Table)
    assert "at most 250 ms at p99, answered one sample at a time" in table.caption
    assert table.rows[0].cells[-1].detail == "too few queries to be sure"


def test_processes_are_compared_with_one_alone() -> None:
    """Two at 92 % of twice one."""
    alone = Estimate(value=2.7, low=2.6, high=2.8, n=20, basis="measured")
    share = Estimate(value=0.92, low=0.9, high=0.94, n=20, basis="measured")
    scaling = Scaling(processes=2, alone_units_per_s=alone, efficiency=share)
    one = figure(unit="image", ranks=2, scaling=scaling, communication_fraction=0.11)
    (row,) = cells(parts(one)["together"])
    assert row[1:] == ["2", "2.70 images/s", "92 %", "11 %"]
