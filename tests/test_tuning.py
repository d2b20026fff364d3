"""`run --tune`: what it tries here, what it keeps, and that time and interruptions end it well."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchbench import derive, run, tuning
from benchbench.measure import process
from benchbench.measure.budget import BUDGETS
from benchbench.measure.failure import failure
from benchbench.measure.message import WorkloadResult
from benchbench.measure.plan import Planned, plan
from benchbench.measure.search import Space
from benchbench.record import Effort, Record
from benchbench.store import Store
from benchbench.tuning import Fixed, excluded, space, tune
from benchbench.workload import Setting
from tests import factories as make
from tests.measure.fakes_workload import write_workload

RAISED = tuning._RAISED
Landscape = Callable[[Setting], float | None]


def compiled_wins(setting: Setting) -> float | None:
    """Twice as fast compiled, half again with memory kept; no batch above 4 fits."""
    if setting.batch_size > 4:
        return None
    backend = 2.0 if setting.backend == "torch-compile" else 1.0
    return 10 * backend * (1.5 if setting.environment == RAISED else 1.0)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A worker that only pretends, and what it was asked for; nothing else is installed here."""
    asked: list[Any] = []
    monkeypatch.setattr(tuning, "_installed", list)
    for name in list(os.environ):
        if name.startswith((*tuning._CHOSEN_ALLOCATOR, *tuning._CHOSEN_AFFINITY, "OMP_")):
            monkeypatch.delenv(name)

    def fake(request: Any, *, environment: dict[str, str], **_options: object) -> process.Ended:
        asked.append((request.body, environment))
        rate = compiled_wins(request.body.setting)
        if rate is None:
            return process.Ended(None, failure("out_of_memory", "no room for it"))
        seen = make.measurement(
            step_s=(1.0,) * 8,
            elapsed_s=8.0,
            units_per_step=rate,
            units_completed=8 * rate,
        )
        work = make.record().work
        result = WorkloadResult(work=work, measurement=seen, caveats=(), parameters={})
        return process.Ended(result, None)

    monkeypatch.setattr(run, "run_worker", fake)
    return asked


def default(folder: Path, effort: Effort = "standard") -> tuple[Planned, ...]:
    """One tiny workload on the factory's machine of four threads on two cores."""
    folder.mkdir(exist_ok=True)
    file = write_workload(folder, name="tiny", load="import torch")
    return plan([file], system=make.system(), effort=effort, repeats=1)


def search(folder: Path, **options: Any) -> tuple[run.Outcome, list[Record]]:
    """The outcome, and all that is stored then, in order."""
    store = Store(folder / "results")
    options = {"fixed": Fixed(), "with_ceilings": False, **options}
    outcome = tune(
        default(folder),
        store=store,
        system=make.system(),
        command=("benchbench",),
        on_event=lambda _event: None,
        **options,
    )
    return outcome, sorted(outcome.records, key=lambda one: one.provenance.time_utc)


def role(record: Record) -> str | None:
    """What a record is to the search."""
    return None if record.tuning is None else record.tuning.role


def test_the_best_is_measured_in_full_beside_the_default(tmp_path: Path, worker: list[Any]) -> None:
    """Three processes of each in turns, after the trials."""
    _, records = search(tmp_path)
    finals = [one for one in records if role(one) != "trial"]
    assert [role(one) for one in finals] == ["best", "default"] * 3
    assert [one.repeat for one in finals] == [0, 0, 1, 1, 2, 2]
    assert {one.effort for one in finals} == {"standard"}
    best, beside = finals[:2]
    assert (best.backend, beside.backend) == ("torch-compile", "torch-eager")
    budgets = [body.budget for body, _ in worker]
    assert budgets[0] == tuning.TRIAL
    assert budgets[-1] == BUDGETS["standard"]


def test_trials_are_records_that_stand_for_nothing(tmp_path: Path, worker: list[Any]) -> None:
    """Two configurations remain for tables, reports and recommendations, the best one faster."""
    _, records = search(tmp_path)
    assert sum(role(one) == "trial" for one in records) == len(worker) - 6
    groups = derive.group(records)
    assert [len(group) for group in groups] == [3, 3]
    best, beside = (derive.figures(group).throughput for group in groups)
    assert best is not None
    assert beside is not None
    assert best.value / beside.value == 3


def test_the_winner_lists_what_was_tried(tmp_path: Path, worker: list[Any]) -> None:
    """Each with its rate or the reason there is none, the default first; the default lists none."""
    _, records = search(tmp_path)
    (best, *_), (beside, *_) = derive.group(records)
    assert best.tuning is not None
    first, *others = best.tuning.tried
    assert (first.backend, first.units_per_s, first.environment) == ("torch-eager", 10, {})
    assert max(one.units_per_s or 0 for one in others) == 30
    failed = [one for one in others if one.because == "no room for it"]
    assert failed
    assert all(one.units_per_s is None and one.batch_size == 8 for one in failed)
    assert best.tuning.complete
    assert beside.tuning is not None
    assert not beside.tuning.tried
    assert worker


def test_the_environment_reaches_the_process_and_the_record(
    tmp_path: Path, worker: list[Any]
) -> None:
    """Another allocator is another configuration: it is measured with it and recorded with it."""
    _, records = search(tmp_path)
    (best, *_), (beside, *_) = derive.group(records)
    assert best.system.software.environment.items() >= RAISED.items()
    assert not beside.system.software.environment.keys() & RAISED.keys()
    body, environment = worker[-2]
    assert body.setting.backend == "torch-compile"
    assert environment.items() >= RAISED.items()


def test_every_process_compiles_for_itself(tmp_path: Path, worker: list[Any]) -> None:
    """A cold start is cold: no process meets what an earlier one compiled, and none leaves it."""
    search(tmp_path)
    caches = [Path(environment["TORCHINDUCTOR_CACHE_DIR"]) for _, environment in worker]
    assert len(set(caches)) == len(worker)
    assert not any(cache.exists() for cache in caches)


def test_a_default_that_nothing_beats_is_measured_alone(
    tmp_path: Path, worker: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the best one then."""
    monkeypatch.setitem(globals(), "compiled_wins", lambda _setting: 10.0)
    _, records = search(tmp_path)
    finals = [one for one in records if role(one) != "trial"]
    assert [role(one) for one in finals] == ["best"] * 3
    assert {one.backend for one in finals} == {"torch-eager"}
    assert worker


def test_time_ends_the_search_and_not_the_measurement(tmp_path: Path, worker: list[Any]) -> None:
    """Trials of 40 s in two minutes: three of them, then the full measurements; it is said."""
    ticks = itertools.count(0, 40)
    _, records = search(tmp_path, minutes=2, clock=lambda: next(ticks))
    assert [role(one) for one in records][:4] == ["trial"] * 3 + ["best"]
    (best, *_), *_ = derive.group(records)
    assert best.tuning is not None
    assert not best.tuning.complete
    assert worker


@pytest.mark.fault("hang or kill")
def test_an_interrupted_search_goes_on_where_it_was(
    tmp_path: Path, worker: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is measured twice, and the end is as if nothing had happened."""
    whole, _ = search(tmp_path / "whole")
    asked, worker[:] = len(worker), []
    pretend: Any = vars(run)["run_worker"]

    def interrupted(*args: Any, **options: Any) -> process.Ended:
        if len(worker) == 3:
            raise KeyboardInterrupt
        ended: process.Ended = pretend(*args, **options)
        return ended

    monkeypatch.setattr(run, "run_worker", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "broken")
    monkeypatch.setattr(run, "run_worker", pretend)
    outcome, _ = search(tmp_path / "broken", resume=True)
    assert outcome.resumed
    assert outcome.already_measured == 3
    assert len(worker) == asked == len(whole.records)


@pytest.mark.parametrize(("code", "wins"), [("wrong_output", False), ("too_noisy", True)])
@pytest.mark.fault("lie")
def test_wrong_outputs_cannot_win_and_noise_can(code: str, wins: bool) -> None:  # noqa: FBT001 - a parameter
    """Speed without the answer counts for nothing; a restless machine tells fast from slow."""
    record = make.record(10.0, caveats=(make.caveat("invalid", code),))
    assert tuning._rate(record) == (10.0 if wins else None)
    assert tuning._because(record) == (None if wins else "a fake doubt")


def around(folder: Path, fixed: Fixed | None = None, **machine: Any) -> Space:
    """The space around the tiny workload's default."""
    (one,) = default(folder)
    system = make.system(**machine)
    return space(one, fixed or Fixed(), system, {}, ["libjemalloc.so.2"])


def test_a_cpu_is_searched_for_allocators_threads_and_affinity(tmp_path: Path) -> None:
    """Four hyper-threads on two cores: two threads are worth a trial."""
    found = around(tmp_path, cpu=make.cpu(usable_threads=4, usable_cores=2))
    assert found.allocators == [RAISED, {"LD_PRELOAD": "libjemalloc.so.2"}]
    assert found.threads == (2,)
    assert found.affinities
    assert found.backends == ["torch-eager", "torch-compile"]
    assert not around(tmp_path, cpu=make.cpu(usable_threads=4, usable_cores=4)).threads


def test_what_the_user_chose_stays(tmp_path: Path) -> None:
    """Flags and variables of the user's own leave nothing to try there."""
    found = around(tmp_path, Fixed(precision=True, batch_size=True, backend=True))
    assert (found.backends, found.precisions, found.grows) == ([], (), False)
    (one,) = default(tmp_path)
    chosen = {"LD_PRELOAD": "libmine.so", "OMP_PROC_BIND": "true", "OMP_NUM_THREADS": "1"}
    kept = space(one, Fixed(), make.system(), chosen, ["libjemalloc.so.2"])
    assert (kept.allocators, kept.affinities, kept.threads) == ([], (), ())


def test_only_precisions_with_units_are_tried() -> None:
    """An AVX2 processor emulates bf16: it cannot win, and the list says so."""
    from benchbench.workload.file import find

    (one,) = plan([find("bert-large-infer")], system=make.system(), repeats=1)
    plain, bf16 = make.system(), make.system(cpu=make.cpu(instruction_sets=("avx512_bf16",)))
    assert space(one, Fixed(), plain, {}, []).precisions == ()
    assert space(one, Fixed(), bf16, {}, []).precisions == ("bf16",)
    (emulated,) = plan([find("bert-large-infer")], system=plain, precision="bf16", repeats=1)
    said = [each.because for each in excluded(emulated, Fixed(), plain)]
    assert "not tried: no units for bf16 here" not in said, "the default itself is tried"
    reasons = {
        (each.backend, each.precision): each.because for each in excluded(one, Fixed(), plain)
    }
    assert reasons["torch-eager", "bf16"] == "not tried: no units for bf16 here"
    assert reasons["cuda-graph", "fp32"] == "not tried: it runs on an NVIDIA GPU"


def test_a_gpu_is_searched_for_backends_and_precisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """No allocator of the host, no engine of the CPU."""
    from benchbench.measure import choose
    from benchbench.workload.file import find

    monkeypatch.setattr(choose, "torch_cuda", lambda: "13.2")
    system = make.system(accelerators=(make.accelerator(compute_capability="8.0"),))
    (one,) = plan([find("resnet50-infer")], system=system, repeats=1)
    found = space(one, Fixed(), system, {}, ["libjemalloc.so.2"])
    assert found.backends == ["torch-eager", "torch-compile", "cuda-graph"]
    assert (found.allocators, found.affinities, found.threads) == ((), (), ())
    assert found.tunable == {"channels_last": (False,)}
    assert one.setting.precision not in found.precisions
    assert "fp32" in found.precisions
