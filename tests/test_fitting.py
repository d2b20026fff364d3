"""The largest batch that fits: by trying where that is safe, by growth where it is not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchbench import fitting, run
from benchbench.errors import CannotMeasureError, UsageError
from benchbench.measure.message import BatchResult
from benchbench.measure.plan import fingerprint
from benchbench.measure.process import Ended
from benchbench.record import BatchTried, Memory
from benchbench.store import Store
from tests import factories as make
from tests.measure.fakes_workload import TINY, write_workload

GIB = 2**30
MIB = 2**20


def device(most: int, *, longest: int = 10**9) -> Callable[[int], BatchTried]:
    """A device that holds batches up to `most`, whose steps are too long beyond `longest`."""

    def attempt(size: int) -> BatchTried:
        if size > most:
            return BatchTried(batch_size=size, fits=False, because="out of memory")
        fits = size <= longest
        return BatchTried(
            batch_size=size, fits=fits, peak_memory_bytes=size, step_s=0.1, because=None
        )

    return attempt


@pytest.mark.parametrize("most", [1, 2, 7, 15, 256, 300, 1000, 4095])
@pytest.mark.parametrize("start", [1, 8, 256])
def test_trying_finds_the_largest_within_an_eighth(most: int, start: int) -> None:
    """From below and from above, exactly where an eighth is less than one."""
    size, fit = fitting.by_trying(device(most), start, 80 * GIB, grows=True)
    assert size <= most
    assert most - size <= max(1, size // 8)
    assert size == most or most >= 8
    assert (fit.how, fit.bound) == ("tried", "memory")
    assert fit.tried[0].batch_size == start


def test_the_usual_batch_stays_where_it_fits() -> None:
    """One try; where it does not fit, the largest below it."""
    size, fit = fitting.by_trying(device(300), 256, None, grows=False)
    assert (size, fit.bound, len(fit.tried)) == (256, "workload", 1)
    size, fit = fitting.by_trying(device(100), 256, None, grows=False)
    assert 88 <= size <= 100
    assert fit.bound == "memory"


def test_steps_too_long_to_measure_bound_a_batch_too() -> None:
    """And the record says that it was not memory."""
    size, fit = fitting.by_trying(device(10**6, longest=40), 8, None, grows=True)
    assert 36 <= size <= 40
    assert fit.bound == "time"


def test_the_search_ends_somewhere() -> None:
    """A device that holds everything."""
    size, fit = fitting.by_trying(device(10**9), 1, None, grows=True)
    assert (size, fit.bound) == (2**16, "search")


def test_where_nothing_fits_the_measurement_says_so() -> None:
    """A batch of one is left to fail and be recorded; others in the plan go on."""
    size, fit = fitting.by_trying(device(0), 8, None, grows=True)
    assert (size, fit.bound) == (1, "memory")
    assert [each.batch_size for each in fit.tried] == [8, 4, 2, 1]
    assert "not even a batch of 1" in fitting._told("mine", size, fit)
    with pytest.raises(CannotMeasureError, match="not even a batch of 1"):
        fitting.by_growth(device(0), 8, GIB, 2.0)


def test_processes_that_share_memory_get_a_share_each(tmp_path: Path) -> None:
    """Two of them half as many units as one alone, where memory bounds."""
    memory = Memory(total_bytes=GIB, available_bytes=GIB, limit_bytes=GIB)
    system = make.system(cpu=make.cpu(usable_threads=2), memory=memory)
    keep = "globals()['KEPT'] = bytearray(os.urandom(1)) * (2**24 * setting.batch_size)"
    file = write_workload(tmp_path, load=keep, step="pass")
    sizes = []
    for ranks in (1, 2):
        plan = run.plan([file], system=system, budget=TINY, ranks=ranks)
        fitted = fitting.fitted(
            plan, "auto", system=system, on_event=lambda _e: None, lock=tmp_path / "lock"
        )
        assert len({one.setting.batch_size for one in fitted}) == 1
        sizes.append(fitted[0].setting.batch_size)
        assert fitted[0].fit is not None
        assert fitted[0].fit.available_bytes == GIB // ranks
    assert sizes[1] < 0.5 * sizes[0]


def host(base: int, each: int, step_s: float) -> Callable[[int], BatchTried]:
    """A processor's workload: `base` bytes and `each` per unit, `step_s` per unit."""
    tried: list[int] = []

    def attempt(size: int) -> BatchTried:
        tried.append(size)
        assert len(tried) <= 2
        return BatchTried(
            batch_size=size, fits=True, peak_memory_bytes=base + each * size, step_s=step_s * size
        )

    return attempt


def test_growth_solves_for_the_memory_that_is_free() -> None:
    """1 GiB and 100 MiB a unit in 90 % of 16 GiB: 137, never tried."""
    size, fit = fitting.by_growth(host(GIB, 100 * MIB, 1e-6), 8, 16 * GIB, 2.0)
    assert size == int((0.9 * 16 * GIB - GIB) / (100 * MIB)) == 137
    assert (fit.how, fit.bound, fit.available_bytes) == ("growth", "memory", 16 * GIB)
    assert [each.batch_size for each in fit.tried] == [8, 16]


def test_growth_is_bounded_by_time_too() -> None:
    """0.1 s a unit in steps of at most 2 s: 20."""
    size, fit = fitting.by_growth(host(GIB, MIB, 0.1), 8, 16 * GIB, 2.0)
    assert (size, fit.bound) == (20, "time")


def test_growth_never_tries_what_might_run_out() -> None:
    """Where twice the first peak would not be free, the second batch is the smaller one."""
    size, fit = fitting.by_growth(host(GIB, GIB, 1e-3), 4, 8 * GIB, 2.0)
    assert [each.batch_size for each in fit.tried] == [4, 2]
    assert size == 6


def test_a_batch_is_a_number_or_auto() -> None:
    """As the user writes it."""
    assert fitting.asked(None) is None
    assert fitting.asked("auto") == "auto"
    assert fitting.asked("32") == 32
    for bad in ("0", "-1", "many", "1.5", "²"):
        with pytest.raises(UsageError, match="nor auto"):
            fitting.asked(bad)


def planned(folder: Path, **options: Any) -> tuple[run.Planned, ...]:
    """A plan of one tiny workload whose memory grows by 8 MiB a unit."""
    load = "globals()['KEPT'] = bytearray(os.urandom(1)) * (8 * 2**20 * setting.batch_size)"
    file = write_workload(folder, load=load, step="time.sleep(0.001 * len(KEPT) / 2**23)")
    return run.plan([file], system=make.system(), budget=TINY, **options)


def test_a_processor_gets_the_batch_its_free_memory_holds(tmp_path: Path) -> None:
    """Two real tries of 4 and 8 units; what else is free would hold more, time does not."""
    told: list[run.Event] = []
    system = make.system(memory=Memory(total_bytes=GIB, available_bytes=GIB, limit_bytes=600 * MIB))
    (one,) = fitting.fitted(
        planned(tmp_path), "auto", system=system, on_event=told.append, lock=tmp_path / "lock"
    )
    assert one.fit is not None
    assert [each.batch_size for each in one.fit.tried] == [4, 8]
    small, large = (each.peak_memory_bytes or 0 for each in one.fit.tried)
    assert large - small == pytest.approx(32 * MIB, rel=0.2)
    assert 1 <= one.setting.batch_size <= 600 // 8
    assert "a batch of" in told[-1].message


def test_what_fits_is_measured_and_recorded(tmp_path: Path) -> None:
    """The record has the batch, and how it was found."""
    plan = fitting.fitted(
        planned(tmp_path),
        "auto",
        system=make.system(),
        on_event=lambda _event: None,
        lock=tmp_path / "lock",
    )
    outcome = run.execute(
        plan,
        store=Store(tmp_path / "results"),
        system=make.system(),
        lock=tmp_path / "lock",
    )
    (record,) = outcome.records
    assert record.fit is not None
    assert record.fit.how == "growth"
    assert record.batch_size == plan[0].setting.batch_size
    assert Store(tmp_path / "results").read().records == outcome.records


def gpu_tries(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """A GPU whose workers run out of memory above `most`; the batches tried."""
    sizes: list[int] = []

    def ask(body: Any, *_rest: Any) -> Ended:
        sizes.append(body.setting.batch_size)
        if body.setting.batch_size <= most:
            return Ended(BatchResult(step_s=1e-4, peak_memory_bytes=GIB), None)
        return Ended(None, make.out_of_memory())

    monkeypatch.setattr(run, "ask", ask)
    return sizes


def on_gpu(one: run.Planned) -> run.Planned:
    """The same on a GPU."""
    return replace(one, setting=replace(one.setting, device="cuda:0", batch_size=64))


def test_an_accelerators_usual_batch_shrinks_until_it_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asked for a batch: 64 does not fit, 40 does; all repeats take it."""
    sizes = gpu_tries(monkeypatch, 40)
    plan = tuple(on_gpu(one) for one in planned(tmp_path, repeats=2))
    fitted = fitting.fitted(
        plan, None, system=make.gpu_system(), on_event=lambda _e: None, lock=tmp_path / "lock"
    )
    assert sizes[:2] == [64, 32]
    assert {one.setting.batch_size for one in fitted} == {40}
    assert fitted[0].fit is not None
    assert fitted[0].fit.available_bytes == 80 * GIB
    assert fingerprint(fitted) == fingerprint([replace(one, fit=None) for one in fitted])


def test_a_number_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried; nor is it on a processor where nobody asked for the largest."""
    sizes = gpu_tries(monkeypatch, 1)
    plan = tuple(on_gpu(one) for one in planned(tmp_path))
    for wanted, given in ((64, plan), (None, planned(tmp_path))):
        lock = tmp_path / "lock"
        same = fitting.fitted(
            given, wanted, system=make.gpu_system(), on_event=lambda _e: None, lock=lock
        )
        assert same == given
    assert sizes == []


def test_another_failure_is_left_to_the_measurement(tmp_path: Path) -> None:
    """A workload that cannot be loaded is planned as it is: its record will say why."""
    file = write_workload(tmp_path, load="raise UsageError('no data')")
    plan = run.plan([file], system=make.system(), budget=TINY)
    fitted = fitting.fitted(
        plan, "auto", system=make.system(), on_event=lambda _e: None, lock=tmp_path / "lock"
    )
    assert fitted == plan


def test_what_can_never_fit_is_refused_before_it_is_tried(tmp_path: Path) -> None:
    """The workload's own lower bound is more than there is."""
    file = write_workload(tmp_path)
    text = file.read_text() + "\n\ndef memory_bytes(setting):\n    return 1e15\n"
    file.write_text(text)
    plan = run.plan([file], system=make.system(), budget=TINY)
    with pytest.raises(CannotMeasureError, match="needs at least"):
        fitting.fitted(
            plan, "auto", system=make.system(), on_event=lambda _e: None, lock=tmp_path / "lock"
        )
