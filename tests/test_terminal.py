"""Answers fit a terminal, and never confuse what is measured with what is not."""

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from benchbench import decide, terminal
from benchbench.recommend import Goal, Quota
from benchbench.record import Offered, Part, PartWork, RankTimes, Work
from benchbench.store import Store
from benchbench.system import facts
from benchbench.system.doctor import examine
from benchbench.workload.describe import list_builtin
from tests import factories as make
from tests.recommend.ask import answer as ranked

TODAY = date(2026, 11, 23)


def shown(renderable: RenderableType, width: int = 80) -> str:
    """As a terminal of that width shows it."""
    stream = StringIO()
    Console(file=stream, width=width, color_system=None).print(renderable)
    return stream.getvalue()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One good result and one failure."""
    place = tmp_path_factory.mktemp("stored")
    store = Store(place)
    store.write(make.record(4.0, ceilings=(make.ceiling(1.2e11), make.bandwidth_ceiling(2e10))))
    store.write(make.record(batch_size=64, failure=make.out_of_memory()))
    return place


def answers(stored: Path) -> dict[str, RenderableType]:
    """Everything there is to show."""
    records = decide.records(stored)
    ranked = decide.recommendation(records, Goal(workload="resnet50-train"), TODAY)
    listed = decide.results(stored)
    return {
        "doctor": terminal.doctor(
            examine(make.gpu_system(2), facts.Facts(), (make.ceiling(1e12),))
        ),
        "workloads": terminal.workloads(list_builtin()),
        "results": terminal.results(listed),
        "result": terminal.result(listed.results[0]),
        "recommendation": terminal.recommendation(ranked),
        "inputs": terminal.tco_inputs(decide.costs(None, records, TODAY)),
        "tco": terminal.tco(decide.costs(None, records, TODAY)),
    }


def test_everything_fits_80_columns(stored: Path) -> None:
    """No line is longer than a terminal of 80 columns."""
    for name, answer in answers(stored).items():
        widest = max(len(line) for line in shown(answer).splitlines())
        assert widest <= 80, name


def demanding(stored: Path) -> RenderableType:
    """A job on spot instances with data to move, in which everything has something to say."""
    goal = Goal(
        workload="resnet50-train",
        units=1e9,
        price_kinds=("on_demand", "spot"),
        egress_bytes=15e12,
        stored_bytes=2e12,
    )
    answer = decide.recommendation(decide.records(stored), goal, TODAY, listed=0)
    return terminal.recommendation(answer)


def test_a_demanding_goal_fits_too(stored: Path) -> None:
    """Job, floor, losses, data, spot and runner-up in sentences below the table."""
    text = shown(demanding(stored))
    assert max(len(line) for line in text.splitlines()) <= 80
    for said in ("The whole of it: $", "100 % of the datasheet's peak", "egress: $"):
        assert said in text.replace("\n  ", " ").replace("\n", " "), said


def test_a_mixed_fleet_is_a_table_of_its_own() -> None:
    """Its kinds, what each carries, and what one kind alone would cost."""
    offers = [make.gpu_offer(1, instance="small"), make.gpu_offer(2, instance="double")]
    quota = Quota(instance="small", most=3)
    limits = {"rate_per_s": 4500.0, "headroom": 1.0, "quotas": (quota,)}
    found = ranked([make.gpu_record(scenario="offline")], offers, **limits)
    text = shown(terminal.recommendation(found))
    assert "Or a mixed fleet: " in text
    assert "3 x small" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_a_doubtful_record_is_marked_in_the_ranking() -> None:
    """A mark on every row that rests on it, and what it means below."""
    doubtful = make.gpu_record(caveats=(make.caveat(),))
    text = shown(terminal.recommendation(ranked([doubtful], [make.gpu_offer()])))
    assert "● measured !" in text
    assert "marked" in text


@pytest.mark.parametrize("name", ["[bold]x[/red]", "\x1b[31mred", "a\u202eb", "=1+1", "\x07"])
@pytest.mark.fault("name")
def test_a_hostile_name_is_only_a_name(name: str) -> None:
    """No markup, no escape sequence, no reversed line reaches the terminal."""
    offers = [make.gpu_offer(instance=name), make.gpu_offer(instance=name, accelerator="X9")]
    found = ranked([make.gpu_record()], offers)
    text = shown(terminal.recommendation(found)) + shown(terminal.why_not(found, name))
    assert not [mark for mark in text if not mark.isprintable() and mark != "\n"]
    assert "x[/red]" in text or "[bold]" not in name


def test_why_not_answers_for_one_instance() -> None:
    """Ranked, rejected, or unknown."""
    offers = [make.gpu_offer(), make.gpu_offer(instance="x9", accelerator="X9")]
    found = ranked([make.gpu_record()], offers)
    assert "no figures for X9" in shown(terminal.why_not(found, "x9"))
    assert "ranked 1" in shown(terminal.why_not(found, "a100x1"))
    assert "benchbench catalog show" in shown(terminal.why_not(found, "nothing"))


def test_a_processors_ceilings_fit_80_columns() -> None:
    """Kernel, place, figure with its interval, path: one line for most, none cut off."""
    hertz = {"clock_hz": 3.24e9, "fma_ports": 1.998, "lanes": 8, "isa": "AVX2"}
    table = terminal.ceilings(
        (
            make.ceiling(1.03e11, kind="fma", threads=1, path="registers only", setting=hertz),
            make.ceiling(9.5e10, threads=96, path="widened to fp32, numpy.matmul"),
            make.bandwidth_ceiling(2e11, kind="cache_read", threads=96, setting={"level": "L3"}),
            make.bandwidth_ceiling(
                9.6e-8, kind="load_latency", unit="s", threads=1, setting={"level": "memory"}
            ),
        )
    )
    lines = shown(table).splitlines()
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert "cpu, 96 threads" in text
    assert "96.0 ns ±1.0 %" in text
    assert "cache read L3" in text


def test_prediction_is_marked_by_word_and_mark(stored: Path) -> None:
    """Never by colour alone."""
    text = shown(answers(stored)["recommendation"])
    assert "○ predicted" in text
    assert "● measured" not in text


def test_the_silicon_measured_is_shown_wherever_it_ranks(stored: Path) -> None:
    """What staying costs: a Milan instance below the ten best."""
    ranked = decide.recommendation(decide.records(stored), Goal(workload="resnet50-train"), TODAY)
    same = [one for one in ranked.candidates if one.step == "same_chip"]
    assert same[-1].rank > 10
    lines = shown(terminal.recommendation(ranked)).splitlines()
    assert any(line.startswith(f"{same[-1].rank} ") for line in lines)


def test_a_failure_shows_its_remedy(stored: Path) -> None:
    """What to do is beside what went wrong."""
    failed = next(one for one in decide.results(stored).results if one.failure)
    text = shown(terminal.result(failed))
    assert "allocation of 2 GiB failed" in text
    assert "lower --batch-size" in text


def test_rejections_are_counted_by_reason(stored: Path) -> None:
    """One line per reason, with an example."""
    text = shown(answers(stored)["recommendation"])
    assert "rejected, price_kind: e.g. " in text


def test_the_cheapest_alternative_is_marked(stored: Path) -> None:
    """An arrow, and the sentences below."""
    text = shown(answers(stored)["tco"])
    assert text.count("←") == 1
    assert "Over 48 months" in text


def test_every_input_of_the_costs_is_explained(stored: Path) -> None:
    """Value, range, source and date, as `tco --explain` shows them."""
    text = " ".join(shown(answers(stored)["inputs"]).split())
    assert "◌ owned.pue 1.54, from 1.1 to 1.6 facility's overhead (PUE): Uptime Institute" in text
    assert "(2025-07-01)" in text


def test_unknown_is_a_dash(stored: Path) -> None:
    """A CPU nobody knows has no share of a peak."""
    del stored
    unknown = make.record(4.0, system=make.system(cpu=make.cpu(model="Mystery", vendor="x")))
    store = Store("memory://unknown")
    store.write(unknown)
    assert "—" in shown(terminal.results(decide.results("memory://unknown")))


def test_a_search_shows_what_it_tried_and_what_its_winner_gains(tmp_path: Path) -> None:
    """Fastest first, failures with their reason, the gain of the full measurements; 80 columns."""
    store = Store(tmp_path)
    for record in make.searched():
        store.write(record)
    text = shown(terminal.outcome(decide.results(tmp_path)))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    tried = [line for line in lines if line.startswith("fp32 x") and "cpu" not in line]
    assert [line.split()[2] for line in tried] == ["torch-compile", "torch-eager", "openvino"]
    assert "malloc raised" in tried[0]
    assert "2.40x" in tried[0]
    assert "absent" in tried[2]
    assert "Best: fp32 x16 torch-compile, 2.50x the default, measured in turns." in text
    assert "--budget-minutes" in text
    assert "9.90 images/s" not in text
    listed = decide.results(tmp_path)
    winner = next(one for one in listed.results if one.tried)
    assert "what was tried" in shown(terminal.result(winner))
    assert "what was tried" not in shown(terminal.results(listed))


def test_a_search_that_found_nothing_better_says_so(tmp_path: Path) -> None:
    """The default alone was measured then."""
    trial, best, _ = make.searched(backend="torch-eager", batch_size=8)
    store = Store(tmp_path)
    for record in (trial, best):
        store.write(record)
    text = shown(terminal.outcome(decide.results(tmp_path)))
    assert "Best: fp32 x8 torch-eager, the default: nothing tried was faster." in text


def test_queries_show_their_latency_and_who_asked(tmp_path: Path) -> None:
    """64 queries allow the 90th percentile, not the 99th: the count and what it lacks instead."""
    seen = make.measurement(10.0, units_per_step=1.0, steps=64, latency_s=(0.1,) * 64)
    record = make.record(measurement=seen, scenario="single_stream", driver="loadgen", batch_size=1)
    Store(tmp_path).write(record)
    listed = decide.results(tmp_path)
    assert "single stream by LoadGen" in " ".join(shown(terminal.results(listed), 120).split())
    table = shown(terminal.result(listed.results[0]))
    assert "100 ms (of 64 queries)" in table
    assert "64 of the 662 queries needed" in table


def test_parts_rates_and_processes_are_told(tmp_path: Path) -> None:
    """An LLM's two parts, a rate that is too high, and what two processes reach of twice one."""
    work = Work(
        unit="token",
        flops_per_unit=1e9,
        executed_flops_per_unit=1.3e9,
        parts=(PartWork(name="prefill", units=512, flops=1e12, bytes=1e9),),
    )
    offered = Offered(
        requests_per_s=2.0,
        elapsed_s=4.0,
        arrived_s=(0.5, 1.0),
        first_token_s=(0.75, None),
        last_token_s=(1.75, None),
        tokens=(11, 0),
        wanted_tokens=11,
    )
    ranks = tuple(
        RankTimes(rank=rank, device="cpu", units_per_step=8.0, step_s=(0.8,), elapsed_s=0.8)
        for rank in range(2)
    )
    seen = make.measurement(
        18.0, parts=(Part(name="prefill", seconds=(0.5,) * 8),), offered=(offered,), ranks=ranks
    )
    store = Store(tmp_path)
    store.write(make.record(10.0, work=work))
    ceilings = (make.ceiling(4e12),)
    store.write(make.record(work=work, batch_size=16, measurement=seen, ceilings=ceilings))
    together = next(r for r in decide.results(tmp_path).results if r.figures.ranks == 2)
    text = shown(terminal.result(together))
    for said in (
        "time to the first token (prefill)",
        "1,020 tokens/s",
        "50 % of the best matmul",
        "at 2.00 requests/s",
        "1 of 2 answered",
        "falls behind",
        "90 %",
    ):
        assert said in " ".join(text.split()), said
    assert max(len(line) for line in text.splitlines()) <= 80
