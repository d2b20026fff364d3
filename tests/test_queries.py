"""Records of queries and of accuracy, as figures, tables, claims and exit codes."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from benchbench import decide, derive, verify
from benchbench.cli import _show_outcome, app
from benchbench.errors import ExitCode
from benchbench.record import Accuracy, Gate, LoadgenRun, Probe, RateSearch, Record
from benchbench.run import Outcome
from benchbench.store import Store
from tests import factories as make

LATENCY_S = (0.01,) * 95 + (0.02,) * 5


def probe(rate: float, *, met: bool, **changes: Any) -> Probe:
    """A hundred queries, five of them late."""
    fields = {
        "rate_per_s": rate,
        "queries": 100,
        "batches": 90,
        "over_bound": 5,
        "latency_s": 0.02,
        "completed_per_s": 0.99 * rate,
        "met": met,
        "early_stopping": False,
        "latest_s": 1e-4,
    }
    return Probe(**{**fields, **changes})


def search(**changes: Any) -> RateSearch:
    """Fifty a second held, sixty did not."""
    fields = {
        "latency_bound_s": 0.015,
        "percent": 99.0,
        "policy": "one sample at a time, in the order they arrive",
        "alone_s": (0.01, 0.01),
        "probes": (probe(60, met=False), probe(40, met=True), probe(50, met=True)),
        "resolution_fraction": 0.04,
        "settled": True,
        "rate_per_s": 50.0,
    }
    return RateSearch(**{**fields, **changes})


def served(found: RateSearch | None = None, **changes: Any) -> Record:
    """A server's record of a hundred queries in two seconds."""
    seen = make.measurement(50.0, units_per_step=1.0, steps=90).model_copy(
        update={
            "latency_s": LATENCY_S,
            "lateness_s": (1e-4,) * 100,
            "elapsed_s": 2.02,
            "units_completed": 100.0,
            "loadgen": LoadgenRun(
                valid=False,
                unmet=("Early stopping",),
                early_stopping="Run unsuccessful.",
                early_stopping_met=False,
                min_duration_s=1.5,
                min_queries=100,
            ),
            "rate_search": found or search(),
        }
    )
    fields = {"measurement": seen, "scenario": "server", "driver": "loadgen", "batch_size": 1}
    return make.record(**{**fields, **changes})


def examined(percent: float = 90.0, **changes: Any) -> Record:
    """A record of accuracy against BERT's reference; 99 % of it is 89.965."""
    gates = tuple(
        Gate(
            fraction=fraction,
            least_percent=fraction * 90.874,
            passed=percent >= fraction * 90.874,
            demanded=fraction <= 0.99,
        )
        for fraction in (0.99, 0.999)
    )
    accuracy = Accuracy(
        metric="f1",
        percent=percent,
        others={"exact_match": 83.2},
        reference_percent=90.874,
        reference="a published one",
        gates=gates,
        samples=108,
        scored=105,
    )
    fields = {"scenario": "offline", "driver": "loadgen", "accuracy": accuracy}
    return make.record(**{**fields, **changes})


def shown(renderable: Any) -> str:
    """As plain text, 80 columns."""
    console = Console(width=80, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def test_a_servers_rate_lies_between_what_held_and_what_did_not() -> None:
    """Its interval says what another schedule of as few queries would have found."""
    found = derive.figures([served()])
    assert found.throughput is not None
    assert found.throughput.value == pytest.approx(100 / 2.02)
    assert (found.throughput.low, found.throughput.high) == (0.0, 2 * found.throughput.value)
    long = search(probes=(probe(60, met=False), probe(50, met=True, queries=40_000)))
    sharp = derive.figures([served(long)]).throughput
    assert sharp is not None
    assert sharp.low == pytest.approx(0.95 * sharp.value)  # 10 / sqrt(40,000)
    assert sharp.high == 60.0  # the lowest rate that failed
    assert found.lateness_p99_s == pytest.approx(1e-4)
    assert found.rate_search is not None
    assert found.rate_search.failed_per_s == 60


def test_bounds_make_different_configurations() -> None:
    """Rates under unlike bounds are never averaged."""
    pair = [served(parameters={"latency_bound_s": bound}) for bound in (0.015, 0.13)]
    assert len(derive.group(pair)) == 2


def test_show_names_every_rate_tried(tmp_path: Path) -> None:
    """And what LoadGen says, whether its settings were official, and how late the client was."""
    Store(tmp_path).write(served())
    said = CliRunner().invoke(
        app, ["results", "show", "resnet50-train", "--results", str(tmp_path)]
    )
    assert said.exit_code == 0, said.output
    for words in (
        "Rates tried: at most 15.0 ms at p99",
        "INVALID: Early stopping",
        "not satisfied",
        "scaled down",
        "client late, p99",
        "latency bound",
    ):
        assert words in said.output


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (served(), None),
        (served(search(rate_per_s=40.0)), "is not the rate that was measured last"),
        (
            served(search(probes=(probe(50, met=True, over_bound=4),))),
            "says 4 of 100 queries late; the samples give 5 of 100",
        ),
        (examined(), None),
    ],
)
def test_verify_recomputes_a_servers_claims(
    tmp_path: Path, record: Record, says: str | None
) -> None:
    """The rate is the one measured last, and its late queries are those of the samples."""
    Store(tmp_path).write(record)
    findings = verify.store(tmp_path).findings
    assert [one.message for one in findings if says and says in one.message] or not findings
    assert bool(findings) == (says is not None)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"passed": True}, "contradicts the accuracy beside it"),
        ({"least_percent": 1.0, "passed": True}, "its reference gives another"),
    ],
)
def test_verify_recomputes_gates(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    """A forged verdict is found."""
    record = examined(50.0)
    assert record.accuracy is not None
    gates = (record.accuracy.gates[0].model_copy(update=changes), *record.accuracy.gates[1:])
    forged = record.accuracy.model_copy(update={"gates": gates})
    Store(tmp_path).write(record.model_copy(update={"accuracy": forged}))
    (finding,) = verify.store(tmp_path).findings
    assert says in finding.message


def test_accuracy_is_listed_apart_and_says_nothing_of_speed(tmp_path: Path) -> None:
    """It has no figures, no recommendation is built on it, and it is shown with its gates."""
    Store(tmp_path).write(examined())
    listed = decide.results(tmp_path)
    assert listed.results == ()
    assert decide.records_if_any(tmp_path) == ()
    (one,) = listed.examinations
    assert one.accuracy.percent == 90
    for command in (["list"], ["show", one.workload]):
        said = CliRunner().invoke(app, ["results", *command, "--results", str(tmp_path)])
        assert said.exit_code == 0, said.output
        assert "f1 90" in said.output
        assert "passed" in said.output
        assert "missed, not" in said.output
    said = CliRunner().invoke(app, ["results", "show", one.name, "--results", str(tmp_path)])
    assert "exact_match 83.2" in said.output


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (examined(90.0), 0),
        (examined(89.0), ExitCode.GATE_FAILED),
        (
            served(
                search(rate_per_s=None, probes=(probe(50, met=False),)),
                caveats=(make.caveat("invalid", "bound_unmet"),),
                validity="invalid",
            ),
            ExitCode.GATE_FAILED,
        ),
        (served(caveats=(make.caveat("invalid"),), validity="invalid"), ExitCode.INVALID),
    ],
)
def test_a_missed_gate_is_an_exit_code(tmp_path: Path, record: Record, code: int) -> None:
    """1 for an accuracy or a bound that was not met; 3 stays for what cannot be believed."""
    import typer

    name = Store(tmp_path).write(record)
    outcome = Outcome((record,), (name,), record.provenance.session)
    if code == 0:
        _show_outcome(outcome, tmp_path, json=False)
        return
    with pytest.raises(typer.Exit) as ended:
        _show_outcome(outcome, tmp_path, json=False)
    assert ended.value.exit_code == code


def test_records_of_queries_read_back_as_written(tmp_path: Path) -> None:
    """All new fields, through the store."""
    written = [served(), examined()]
    for record in written:
        Store(tmp_path).write(record)
    read = {record.to_json() for record in Store(tmp_path).read().records}
    assert read == {record.to_json() for record in written}
