"""Stored records held against datasheets."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from benchbench import evaluate
from benchbench.record import Cloud, Precision, System
from benchbench.store import Store
from tests import factories as make


@dataclass
class Sheet:
    """A chip of one speed for every precision."""

    peak: float | None
    bandwidth_bytes_per_s: float | None = 1e12
    because: str = "the tests say so"

    def peak_flops(self, precision: Precision) -> float | None:
        """The same for all."""
        del precision
        return self.peak


@dataclass
class Sheets:
    """Every device is the same chip."""

    peak: float | None

    def identify(self, system: System, device: str) -> Sheet:
        """That chip."""
        del system, device
        return Sheet(self.peak)


def test_peaks_of_several_devices_add_up() -> None:
    """Four devices of 100 TFLOP/s are held against 400."""
    record = make.gpu_record(count=4, used=4)
    assert evaluate.figures([record], Sheets(100e12)).datasheet_flops == pytest.approx(400e12)


def test_what_a_peak_assumes_travels_with_it() -> None:
    """The reader of an MFU sees how the device was identified."""
    assert evaluate.figures([make.record()], Sheets(1e12)).datasheet_because == "the tests say so"


def test_an_unknown_chip_has_no_mfu() -> None:
    """Unknown is None, not zero."""
    result = evaluate.figures([make.record()], Sheets(None))
    assert result.datasheet_flops is None
    assert result.mfu is None


def test_each_configuration_is_one_result_with_all_its_documents(tmp_path: Path) -> None:
    """Two repeats and one failure: two results, three documents."""
    store = Store(tmp_path)
    repeats = {store.write(make.record(10.0)), store.write(make.record(11.0, repeat=1))}
    failed = store.write(make.record(batch_size=64, failure=make.out_of_memory()))
    listed = evaluate.results(store.read(), Sheets(1e12))
    by_names = {frozenset(one.names): one for one in listed.results}
    assert set(by_names) == {frozenset(repeats), frozenset({failed})}
    assert by_names[frozenset({failed})].failure == make.out_of_memory()
    assert by_names[frozenset(repeats)].failure is None


def test_unreadable_documents_are_listed_not_dropped(tmp_path: Path) -> None:
    """The document says what was left out."""
    (tmp_path / "notes.json").write_text("{}")
    listed = evaluate.results(Store(tmp_path).read(), Sheets(1e12))
    assert [one.name for one in listed.unreadable] == ["notes.json"]


@pytest.mark.parametrize(
    ("system", "name"),
    [
        (
            make.system(cloud=Cloud(provider="aws", instance_type="c6a.xlarge", source="flag")),
            "c6a",
        ),
        (make.gpu_system(8), "8 x NVIDIA A100"),
        (make.system(), "AMD EPYC 7B13, 4 threads"),
    ],
)
def test_a_machine_is_called_what_people_call_it(system: System, name: str) -> None:
    """Instance type first, then accelerators, then the processor."""
    assert evaluate.machine(system).startswith(name)
