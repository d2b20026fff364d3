"""Processes that measure together: whose time counts, who is blamed, and that nobody is left."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from benchbench import decide, run
from benchbench.derive import figures
from benchbench.errors import CannotMeasureError, UsageError
from benchbench.evaluate import beside_one
from benchbench.measure import failure, launch
from benchbench.measure.budget import Budget
from benchbench.measure.message import WorkloadResult
from benchbench.measure.ranks import ALONE, Gathered, devices
from benchbench.record import RankTimes, Record, Sample
from benchbench.store import Store
from benchbench.workload.file import find
from tests import factories as make
from tests.measure.fakes_measure import FakeClock, FakeWatch
from tests.measure.fakes_workload import TINY, dies, write_workload

PATIENT = Budget(
    warmup_min_s=0.0,
    warmup_cap_s=0.1,
    timed_min_s=0.1,
    timed_cap_s=0.5,
    check_cap_s=0.1,
    timeout_s=120.0,
)


def result(*step_s: float, elapsed_s: float | None = None, **changes: Any) -> WorkloadResult:
    """What a rank saw of these steps of 8 units."""
    seen = make.measurement(
        step_s=step_s,
        elapsed_s=sum(step_s) if elapsed_s is None else elapsed_s,
        units_completed=8.0 * len(step_s),
        **changes,
    )
    caveats = (make.caveat(code="noisy"),)
    return WorkloadResult(
        work=make.record().work, measurement=seen, caveats=caveats, parameters={"threads": 1}
    )


@pytest.mark.known_error("no sync; sync per step; latencies of ranks averaged or concatenated")
def test_the_slowest_rank_of_each_step_counts() -> None:
    """Units of both, the longer of each pair of steps, the longer window; both are kept."""
    merged = launch.merged([result(1.0, 3.0), result(2.0, 1.0, elapsed_s=5.0)], ("cpu", "cpu"))
    seen = merged.measurement
    assert seen.step_s == (2.0, 3.0)
    assert seen.elapsed_s == 5.0
    assert seen.units_per_step == 16.0
    assert seen.units_completed == 32.0
    assert [each.step_s for each in seen.ranks] == [(1.0, 3.0), (2.0, 1.0)]
    assert len(merged.caveats) == 1


def test_the_worst_doubt_of_any_rank_counts() -> None:
    """What is a warning on one and invalid on the other is invalid."""
    mild, bad = result(1.0), result(1.0)
    doubt = (make.caveat("invalid", code="noisy"),)
    for pair in ((mild, bad), (bad, mild)):
        ranks = [one.model_copy(update={"caveats": doubt}) if one is bad else one for one in pair]
        merged = launch.merged(ranks, ("cpu", "cpu"))
        assert [one.severity for one in merged.caveats] == ["invalid"]


def test_ranks_must_have_done_the_same_steps() -> None:
    """One more on one of them is a mistake, not something to cut off."""
    with pytest.raises(ValueError, match="zip"):
        launch.merged([result(1.0, 1.0), result(1.0)], ("cpu", "cpu"))


def test_the_machines_own_figures_are_told_once() -> None:
    """Host samples from the first rank, each GPU's from its own."""
    ours = (
        Sample(time_s=0.0, clock_hz=1e9),
        Sample(time_s=0.0, device="cuda:0", clock_hz=2e9),
    )
    theirs = (
        Sample(time_s=0.0, clock_hz=1e9),
        Sample(time_s=0.0, device="cuda:1", clock_hz=3e9),
    )
    merged = launch.merged(
        [result(1.0, samples=ours), result(1.0, samples=theirs)], ("cuda:0", "cuda:1")
    )
    assert [s.device for s in merged.measurement.samples] == [None, "cuda:0", "cuda:1"]


def test_each_rank_has_a_device_of_its_own() -> None:
    """GPUs in order; processors are shared."""
    assert devices("cuda:0", 3) == ("cuda:0", "cuda:1", "cuda:2")
    assert devices("cpu", 2) == ("cpu", "cpu")
    assert devices("cuda:1", 1) == ("cuda:1",)


def test_the_window_opens_when_all_are_ready() -> None:
    """The watch begins after the wait, not before."""
    clock = FakeClock()
    watch = FakeWatch(clock)

    class Late:
        """Others take a second."""

        agree, shared, process_groups = ALONE.agree, ALONE.shared, ALONE.process_groups

        def ready(self) -> None:
            """A second later."""
            clock.advance(1.0)

    gathered = Gathered(watch, Late())
    before = clock.now
    gathered.begin()
    gathered.end()
    assert watch.edges[0] == before + 1_000_000_000


def plan(file: Path, **options: Any) -> tuple[run.Planned, ...]:
    """Two processes of one thread each."""
    system = make.system(cpu=make.cpu(threads=2, usable_threads=2))
    return run.plan([file], system=system, budget=PATIENT, ranks=2, **options)


def executed(folder: Path, planned: tuple[run.Planned, ...]) -> tuple[Record, ...]:
    """The records of this plan."""
    outcome = run.execute(
        planned,
        store=Store(folder / "results"),
        system=make.system(),
        lock=folder / "lock",
    )
    assert Store(folder / "results").read().records == outcome.records
    return outcome.records


@pytest.mark.slow
def test_a_slower_rank_sets_the_pace(tmp_path: Path) -> None:
    """Both answer, one takes four times as long: twice the units, at the slower one's pace."""
    file = write_workload(
        tmp_path,
        load="globals()['RANK'] = setting.rank",
        step="time.sleep(0.005 * (1 + 3 * RANK))",
    )
    alone, both = executed(tmp_path, plan(file))
    assert alone.measurement is not None
    seen = both.measurement
    assert seen is not None
    fast, slow = seen.ranks
    assert fast.step_s[0] < 0.5 * slow.step_s[0]  # later on it waits for the other one
    assert seen.step_s[0] == slow.step_s[0]
    assert seen.units_completed == 2 * 4.0 * len(seen.step_s)
    assert seen.units_completed / seen.elapsed_s == pytest.approx(8.0 / 0.02, rel=0.25)
    assert alone.measurement.units_completed / alone.measurement.elapsed_s > 0.7 * 4.0 / 0.005
    assert both.parameters["processes"] == 2
    assert (alone.batch_size, both.batch_size) == (4, 8)
    assert both.devices == ("cpu",)
    assert alone.parameters["threads"] == both.parameters["threads"] == 1


NOTE = "globals()['RANK'] = setting.rank; (HERE / f'pid{RANK}').write_text(str(os.getpid()))"


@pytest.mark.slow
def test_a_lost_rank_is_named_and_nobody_is_left(tmp_path: Path) -> None:
    """Killed in the middle: the record says which one; both processes are gone."""
    step = "os.kill(os.getpid(), 9) if RANK == 1 else time.sleep(0.01)"
    file = write_workload(tmp_path, load=NOTE, step=step)
    (record,) = executed(tmp_path, plan(file)[1:])
    assert record.failure is not None
    assert record.failure.kind == "killed"
    assert "rank 1 of 2 on cpu" in record.failure.message
    assert "SIGKILL" in record.failure.message
    assert record.parameters["processes"] == 2
    for rank in range(2):
        assert dies(int((tmp_path / f"pid{rank}").read_text()))


def test_a_ranks_last_word_is_passed_on(tmp_path: Path) -> None:
    """What it said it failed of, with its name and its device; else how it died."""
    said = failure.of_exception(RuntimeError("GPU is lost"))
    launch.failed(tmp_path, 1).write_text(said.model_dump_json())
    lost = launch._blamed(tmp_path, 1, ("cuda:0", "cuda:1"), 1, oom_killed=False)
    assert lost.kind == "device_lost"
    assert lost.message == "rank 1 of 2 on cuda:1: RuntimeError: GPU is lost"
    died = launch._blamed(tmp_path, 0, ("cuda:0", "cuda:1"), -11, oom_killed=False)
    assert (died.kind, died.signal) == ("crashed", "SIGSEGV")
    hungry = launch._blamed(tmp_path, 0, ("cpu", "cpu"), -9, oom_killed=True)
    assert hungry.kind == "out_of_memory"
    error = launch.RankFailedError(lost)
    assert failure.of_exception(error) == lost


@pytest.mark.slow
@pytest.mark.skipif("BENCHBENCH_LONG" not in os.environ, reason="BENCHBENCH_LONG=1 runs it")
def test_nobody_outlives_a_team_that_hangs(tmp_path: Path) -> None:
    """A timeout ends the ranks too, though torchrun gave them sessions of their own."""
    file = write_workload(tmp_path, load=NOTE, step="time.sleep(600)")
    (_, both) = plan(file)
    hurried = replace(both, budget=replace(PATIENT, timeout_s=20.0))
    (record,) = executed(tmp_path, (hurried,))
    assert record.failure is not None
    assert record.failure.kind == "timeout"
    for rank in range(2):
        assert dies(int((tmp_path / f"pid{rank}").read_text()))


@pytest.mark.slow
def test_two_processes_train_resnet50_together(tmp_path: Path) -> None:
    """Gloo, one thread each: units of both, the slower's time, gradients averaged, a ceiling."""
    planned = plan(find("resnet50-train"), batch_size=2, parameters={"image_size": 32})
    (both,) = executed(tmp_path, planned[1:])
    assert both.validity != "invalid", both.caveats
    seen = both.measurement
    assert seen is not None
    assert seen.units_per_step == 4.0
    assert len(seen.ranks) == 2
    assert seen.step_s == tuple(map(max, zip(*(one.step_s for one in seen.ranks), strict=True)))
    assert {one.kind for one in seen.perturbations} <= {"no_exchange"}
    assert seen.one_batch_losses is None or len(seen.one_batch_losses) >= 4


@pytest.mark.slow
def test_llm_train_shares_its_weights(tmp_path: Path) -> None:
    """FSDP on gloo: two shares of a tiny Llama train, and the loss is a number."""
    planned = plan(
        find("llm-train"),
        batch_size=1,
        parameters={"sequence_length": 16},
        parallel="fsdp",
    )
    (both,) = executed(tmp_path, planned[1:])
    assert both.failure is None, both.failure
    assert both.parameters["parallel"] == "fsdp"
    assert both.measurement is not None
    assert both.measurement.units_per_step == 32.0


@pytest.mark.slow
def test_the_exchange_of_gradients_is_a_ceiling(tmp_path: Path) -> None:
    """Two processes on gloo: the sum is right, the best size's samples are kept."""
    system = make.system(cpu=make.cpu(threads=2, usable_threads=2))
    (found,) = run.measure_collectives(system, "cpu", 2, lock=tmp_path / "lock")
    assert (found.kind, found.unit, found.device) == ("all_reduce", "byte/s", "cpu")
    assert found.setting["ranks"] == 2
    assert len(found.samples) == 10
    assert found.low <= found.value <= found.high
    assert found.value == found.setting[f"{found.setting['size_bytes']}_bytes"]


def test_bus_bandwidth_is_nccls() -> None:
    """8 GB among 8 GPUs in 0.1 s: algorithm bandwidth 80 GB/s, times 2 x 7/8 is 140 GB/s."""
    from benchbench.ceilings.collective import bus_bandwidth

    assert bus_bandwidth(8e9, 0.1, 8) == pytest.approx(140e9)
    assert bus_bandwidth(1e9, 1.0, 2) == pytest.approx(1e9)


def test_efficiency_is_against_one_alone_in_the_same_run() -> None:
    """1.8 of twice 1 unit a second: 90 %; another run's, batch's or precision's does not count."""
    alone = figures([make.record(1.0)])
    ranks = tuple(
        RankTimes(rank=r, device="cpu", units_per_step=8.0, step_s=(1.0,), elapsed_s=1.0)
        for r in range(2)
    )
    seen = make.measurement(1.8, units_per_step=16.0, ranks=ranks)
    team = make.record(batch_size=16, measurement=seen)
    both = beside_one([alone, figures([team])])[1]
    assert both.ranks == 2
    assert both.scaling is not None
    assert both.scaling.efficiency.value == pytest.approx(0.9)
    for other in (make.record(1.0, batch_size=4), make.record(1.0, precision="bf16")):
        unlike = beside_one([figures([other]), figures([team])])[1]
        assert unlike.scaling is None
    reported = decide.figures([make.record(1.0), team])
    assert [one.scaling is not None for one in reported] == [False, True]


def test_what_cannot_be_shared_is_refused(tmp_path: Path) -> None:
    """Each with what to do instead, before anything runs."""
    trains = write_workload(tmp_path, name="trains", scenario="train")
    infers = write_workload(tmp_path, name="infers")
    with pytest.raises(UsageError, match=r"benchbench\.backend\.parallel"):
        plan(trains)
    with pytest.raises(UsageError, match="leave --parallel out"):
        plan(infers, parallel="fsdp")
    with pytest.raises(UsageError, match="LoadGen drives one device"):
        plan(infers, scenario="offline")
    with pytest.raises(CannotMeasureError, match="--devices 2 or fewer"):
        run.plan([infers], system=make.system(cpu=make.cpu(usable_threads=2)), budget=TINY, ranks=3)
    with pytest.raises(UsageError, match="by ddp; not by fsdp"):
        plan(find("resnet50-train"), parallel="fsdp")
    with pytest.raises(UsageError, match="leave --backend out"):
        plan(find("resnet50-train"), backend="torch-compile")


def test_gpus_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of two are; a third is not, and a named one is no team."""
    monkeypatch.setattr(run.plan.__globals__["choose"], "torch_cuda", lambda: "13.0")
    file = write_workload(tmp_path)
    system = make.gpu_system(2)
    alone, both = run.plan([file], system=system, budget=TINY, ranks=2)
    assert (alone.setting.ranks, both.setting.ranks) == (1, 2)
    assert both.setting.threads is None
    with pytest.raises(CannotMeasureError, match="PyTorch sees 2"):
        run.plan([file], system=system, budget=TINY, ranks=3)
    with pytest.raises(UsageError, match="leave --device out"):
        run.plan([file], system=system, budget=TINY, ranks=2, device="cuda:1")


@pytest.mark.gpu
def test_nccl_exchanges_between_gpus(tmp_path: Path) -> None:
    """Where there are two: a real all-reduce, faster than a network of 1 GB/s."""
    if torch.cuda.device_count() < 2:
        pytest.skip("needs two GPUs")
    (found,) = run.measure_collectives(make.gpu_system(2), "cuda:0", 2, lock=tmp_path / "lock")
    assert found.value > 1e9
    assert os.environ.get("RANK") is None
