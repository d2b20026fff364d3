"""What a sitting at a machine measures, with the measuring itself replaced."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchbench import run, session
from benchbench.errors import CannotMeasureError, UsageError
from benchbench.record import Ceiling, Precision, System
from benchbench.run import Outcome, Planned
from benchbench.store import Store
from tests import factories as make
from tests.measure.fakes_workload import write_workload


class Bench:
    """Remembers what was asked of it, and measures nothing."""

    def __init__(self) -> None:
        self.ceilings: list[tuple[tuple[str, ...], tuple[Precision, ...]]] = []
        self.feeding: list[tuple[int, Path | None]] = []
        self.executed: list[dict[str, Any]] = []
        self.collectives: list[tuple[str, int]] = []

    def measure_collectives(
        self, _system: System, device: str, ranks: int, **_: object
    ) -> tuple[Ceiling, ...]:
        """One more ceiling."""
        self.collectives.append((device, ranks))
        return (make.ceiling(1e9, kind="all_reduce", dtype=None, unit="byte/s", device="all"),)

    def measure_ceilings(
        self,
        _system: System,
        devices: Sequence[str],
        precisions: Sequence[Precision],
        *_: object,
        decoders: int = 0,
        storage_folder: Path | None = None,
        **__: object,
    ) -> tuple[Ceiling, ...]:
        """One ceiling per call; a folder called `nowhere` cannot be used."""
        self.ceilings.append((tuple(devices), tuple(precisions)))
        self.feeding.append((decoders, storage_folder))
        if storage_folder == Path("nowhere"):
            raise CannotMeasureError("no such folder; name another folder")
        return (make.ceiling(1e12, device=devices[0] if devices else "storage"),)

    def execute(self, planned: Sequence[Planned], **rest: Any) -> Outcome:
        """Nothing."""
        self.executed.append({"planned": planned, **rest})
        return Outcome((), (), "fake")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """In place of `run`."""
    fake = Bench()
    monkeypatch.setattr(run, "measure_ceilings", fake.measure_ceilings)
    monkeypatch.setattr(run, "measure_collectives", fake.measure_collectives)
    monkeypatch.setattr(run, "execute", fake.execute)
    return fake


def test_doctor_measures_every_device_at_what_it_has_units_for(bench: Bench) -> None:
    """A V100 knows neither TF32 nor bf16, an A100 no fp8; the processor gets fp32 and bf16."""
    volta = make.accelerator(device="cuda:0", compute_capability="7.0")
    ampere = make.accelerator(device="cuda:1", compute_capability="8.0")
    system = make.system(accelerators=(volta, ampere))
    found = session.limits(system, effort="quick", on_event=print)
    assert bench.ceilings == [
        ((), ()),
        (("cpu",), ("fp32", "bf16", "int8")),
        (("cuda:0",), ("fp32", "fp16", "fp64")),
        (("cuda:1",), ("fp32", "tf32", "bf16", "fp16", "fp64", "int8")),
    ]
    assert [one.device for one in found] == ["storage", "cpu", "cuda:0", "cuda:1"]


def test_gpus_alike_are_measured_in_one_process(bench: Bench) -> None:
    """Two H100 go together, so that they can work at once; they know fp8."""
    cards = [
        make.accelerator(device=f"cuda:{index}", compute_capability="9.0") for index in range(2)
    ]
    session.limits(make.system(accelerators=tuple(cards)), effort="quick", on_event=print)
    devices, precisions = bench.ceilings[-1]
    assert devices == ("cuda:0", "cuda:1")
    assert "fp8" in precisions
    assert bench.collectives == [("cuda:0", 2)]


def test_what_devices_exchange_is_measured_for_the_plan_that_needs_it(
    bench: Bench, tmp_path: Path
) -> None:
    """Once, for two processes; not for one alone."""
    file = write_workload(tmp_path)
    for ranks, expected in ((1, []), (2, [("cpu", 2)])):
        plan = run.plan([file], system=make.system(), ranks=ranks)
        found = session.beside(plan, ["fp32"], make.system(), print)
        assert bench.collectives == expected
        assert ("all_reduce" in {one.kind for one in found}) is (ranks > 1)


def test_doctor_measures_what_feeds_a_model(bench: Bench) -> None:
    """Decoders up to the processors we may use, and the folder's disk."""
    system = make.system(cpu=make.cpu(usable_threads=8, quota_threads=3.5))
    session.limits(system, effort="quick", on_event=print, storage_folder=Path("here"))
    assert bench.feeding == [(3, None), (0, Path("here")), (0, None)]


def test_a_folder_that_cannot_be_used_costs_its_figures_only(bench: Bench) -> None:
    """The rest of the ceilings is still measured."""
    found = session.limits(
        make.system(), effort="quick", on_event=print, storage_folder=Path("nowhere")
    )
    assert [one.device for one in found] == ["storage", "cpu"]
    assert len(bench.ceilings) == 3


def planned(tmp_store: Store, bench: Bench, *, with_ceilings: bool) -> dict[str, Any]:
    """What `execute` was given for the built-in workloads."""
    from benchbench.workload.file import builtin

    plan = run.plan(builtin(), system=make.system(), effort="quick", device="cpu")
    session.measure(
        plan,
        store=tmp_store,
        system=make.system(),
        command=("benchbench",),
        on_event=print,
        with_ceilings=with_ceilings,
    )
    return bench.executed[0]


def test_limits_come_first_for_what_the_plan_uses(bench: Bench) -> None:
    """One device, one precision: one measurement of ceilings, handed to every record."""
    given = planned(Store("memory://session"), bench, with_ceilings=True)
    assert bench.ceilings == [(("cpu",), ("fp32",))]
    assert bench.feeding == [(4, None)], "a plan that trains on images asks what feeds it"
    assert given["ceilings"] == (make.ceiling(1e12),)


def test_a_place_that_cannot_hold_results_is_refused_first(bench: Bench, tmp_path: Path) -> None:
    """Before the ceilings, which take half a minute."""
    (tmp_path / "results").write_text("a file")
    with pytest.raises(UsageError, match="--out"):
        planned(Store(tmp_path / "results"), bench, with_ceilings=True)
    assert bench.ceilings == []


def test_limits_can_be_left_out(bench: Bench) -> None:
    """`--no-ceilings` measures none."""
    given = planned(Store("memory://session"), bench, with_ceilings=False)
    assert bench.ceilings == []
    assert given["ceilings"] == ()
