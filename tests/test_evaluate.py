"""Stored records held against datasheets."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from benchbench import evaluate
from benchbench.record import Cloud, Precision, Record, Sample, System
from benchbench.store import Store
from tests import factories as make


@dataclass
class Sheet:
    """A chip of one speed for every precision, rated at 1 GHz."""

    peak: float | None
    bandwidth_bytes_per_s: float | None = 1e12
    because: str = "the tests say so"
    kind: Literal["accelerator", "cpu"] | None = "accelerator"
    chip_name: str | None = "chip"
    ambiguous: tuple[str, ...] = ()
    confidence: Literal["high", "medium", "low"] = "high"

    def peak_flops(self, precision: Precision) -> float | None:
        """The same for all."""
        del precision
        return self.peak

    def peak_at(self, precision: Precision, clock_hz: float) -> float | None:
        """In proportion to the clock."""
        del precision
        return None if self.peak is None else self.peak * clock_hz / 1e9


@dataclass
class Sheets:
    """Every device is the same chip."""

    peak: float | None
    changes: dict[str, Any] = field(default_factory=dict)

    def identify(self, system: System, device: str) -> Sheet:
        """That chip."""
        del system, device
        return Sheet(self.peak, **self.changes)


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


def clocked(throughput: float, *clocks_hz: float | None) -> Record:
    """A record of one A100 whose clock was sampled each 10 ms of the window, and before it."""
    samples = [Sample(time_s=-1.0, device="cuda:0", clock_hz=0.3e9)]
    samples += [
        Sample(time_s=0.01 * index, device="cuda:0", clock_hz=clock)
        for index, clock in enumerate(clocks_hz)
    ]
    measurement = make.measurement(throughput, units_per_step=256.0, samples=tuple(samples))
    return make.gpu_record(measurement=measurement)


TEN_TFLOPS = 10e12 / 24.299077632e9
"""Images/s of ResNet-50 training at 10 TFLOP/s."""


@pytest.mark.known_error("MFU > 100 % (boost clock above the datasheet's)")
def test_a_boost_clock_explains_more_than_the_datasheet() -> None:
    """10 TFLOP/s of 9 printed at 1 GHz: at the 1.2 GHz seen the peak is 10.8, and 93 % of it."""
    found = evaluate.figures([clocked(TEN_TFLOPS, 1.1e9, 1.3e9)], Sheets(9e12))
    assert found.mfu is not None
    assert found.mfu.value == pytest.approx(10 / 9)
    assert found.observed_clock_hz == pytest.approx(1.2e9)
    assert found.mfu_at_clock is not None
    assert found.mfu_at_clock.value == pytest.approx(10 / 10.8)
    (doubt,) = found.caveats
    assert (doubt.code, doubt.severity) == ("above_datasheet", "note")
    assert "1.20 GHz" in doubt.message
    assert found.validity == "valid"


@pytest.mark.known_error("MFU > 100 % (boost clock above the datasheet's)")
def test_more_than_the_clock_allows_is_invalid() -> None:
    """10 TFLOP/s of 9 printed, at the printed clock: impossible, and every number is withheld."""
    found = evaluate.figures([clocked(TEN_TFLOPS, 1.0e9)], Sheets(9e12))
    assert found.validity == "invalid"
    assert (found.throughput, found.mfu, found.step_s) == (None, None, None)
    (doubt,) = found.caveats
    assert (doubt.code, doubt.severity) == ("above_datasheet", "invalid")
    assert "at the 1.00 GHz it was seen to run at" in doubt.message


def test_a_slow_clock_lowers_what_is_possible() -> None:
    """10 TFLOP/s are below the 15 printed, but the device ran at half its clock: 7.5."""
    assert evaluate.figures([clocked(TEN_TFLOPS, 0.5e9)], Sheets(15e12)).validity == "invalid"
    assert evaluate.figures([clocked(TEN_TFLOPS, 1.0e9)], Sheets(15e12)).validity == "valid"


def test_doubtful_datasheets_condemn_nobody() -> None:
    """Where the printed figure itself is doubtful (A10G), it is a warning."""
    found = evaluate.figures(
        [clocked(TEN_TFLOPS, 1.0e9)], Sheets(9e12, changes={"confidence": "low"})
    )
    assert [doubt.severity for doubt in found.caveats] == ["warning"]
    assert found.throughput is not None


@pytest.mark.parametrize(("peak", "severity"), [(9e12, "warning"), (6e12, "invalid")])
def test_without_a_clock_only_the_impossible_is_condemned(peak: float, severity: str) -> None:
    """No boost explains 1.7 times the peak; 1.1 times may be one."""
    found = evaluate.figures([clocked(TEN_TFLOPS)], Sheets(peak))
    assert [(doubt.code, doubt.severity) for doubt in found.caveats] == [
        ("above_datasheet", severity)
    ]


def test_one_sampled_device_speaks_for_the_others() -> None:
    """Two devices, one clock: both are held against it."""
    record = clocked(TEN_TFLOPS, 2.0e9).model_copy(update={"devices": ("cuda:0", "cuda:1")})
    found = evaluate.figures([record], Sheets(9e12))
    assert found.datasheet_flops_at_clock == pytest.approx(36e12)


def test_a_processors_clock_is_the_one_counted() -> None:
    """The system's constant is no clock; the loop of multiply-adds counts its own cycles."""
    samples = (Sample(time_s=0.0, clock_hz=9e9),)
    loop = make.ceiling(1e12, kind="fma", setting={"clock_hz": 3.0e9})
    record = make.record(measurement=make.measurement(samples=samples), ceilings=(loop,))
    found = evaluate.figures([record], Sheets(1e12, changes={"kind": "cpu"}))
    assert found.observed_clock_hz == 3.0e9
    assert evaluate.figures([make.record()], Sheets(1e12)).observed_clock_hz is None


def test_the_clock_is_that_of_all_cores_at_work() -> None:
    """One core alone may run at 3.7 GHz where all of them run at 2.9."""
    alone = make.ceiling(1e11, kind="fma", threads=1, setting={"clock_hz": 3.7e9})
    all_cores = make.ceiling(9e11, kind="fma", threads=16, setting={"clock_hz": 2.9e9})
    for ceilings in ((alone, all_cores), (all_cores, alone)):
        found = evaluate.figures([make.record(ceilings=ceilings)], Sheets(1e12))
        assert found.observed_clock_hz == 2.9e9


@pytest.mark.known_error("bandwidth above the memory's (array fits the cache: 384 MB L3 exists)")
@pytest.mark.parametrize(
    ("bandwidth", "kind", "codes"),
    [
        (2.5e9, "accelerator", ["above_bandwidth"]),
        (2.9e9, "accelerator", []),  # 3.4 % above: two clocks
        (2.5e9, "cpu", []),  # a share of a socket whose other cores may rest
    ],
)
def test_more_than_the_memory_moves_is_invalid(
    bandwidth: float, kind: str, codes: list[str]
) -> None:
    """0.3 GB an image at 10 images/s are 3 GB/s."""
    sheets = Sheets(1e15, changes={"bandwidth_bytes_per_s": bandwidth, "kind": kind})
    found = evaluate.figures([make.record(10.0)], sheets)
    assert [doubt.code for doubt in found.caveats] == codes
    assert (found.throughput is None) == bool(codes)


@pytest.mark.known_error("bandwidth above the memory's (array fits the cache: 384 MB L3 exists)")
@pytest.mark.parametrize(("reached", "doubted"), [(1.2e12, True), (1.0e12, False)])
def test_a_memory_ceiling_no_memory_has_is_doubted(reached: float, *, doubted: bool) -> None:
    """1.2 TB/s measured on a device of 1 TB/s: the arrays were in a cache."""
    ceiling = make.bandwidth_ceiling(reached, device="cuda:0")
    found = evaluate.figures([make.gpu_record(ceilings=(ceiling,))], Sheets(1e15))
    codes = [doubt.code for doubt in found.caveats]
    assert codes == ["memory_ceiling_above_datasheet"] * doubted


@pytest.mark.parametrize(("clock_hz", "doubted"), [(1.0e9, True), (1.3e9, False)])
def test_a_product_beyond_its_own_clock_is_doubted(clock_hz: float, *, doubted: bool) -> None:
    """120 TFLOP/s where 100 are printed at 1 GHz: possible at 1.3 GHz, not at 1."""
    best = make.ceiling(120e12, device="cuda:0", dtype="bf16", setting={"clock_hz": clock_hz})
    record = clocked(TEN_TFLOPS, 1.0e9).model_copy(update={"ceilings": (best,)})
    codes = [doubt.code for doubt in evaluate.figures([record], Sheets(100e12)).caveats]
    assert codes == ["matmul_ceiling_above_datasheet"] * doubted


@pytest.mark.known_error("SXM, PCIe, NVL share a device name")
def test_an_ambiguous_device_is_said() -> None:
    """The names it could be, no peak, and what would settle it."""
    sheets = Sheets(None, changes={"ambiguous": ("H100-SXM5-80GB", "H100-PCIe-80GB")})
    found = evaluate.figures([make.gpu_record()], sheets)
    (doubt,) = found.caveats
    assert doubt.code == "peak_ambiguous"
    assert "H100-SXM5-80GB or H100-PCIe-80GB" in doubt.message
    assert found.mfu is None


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


@pytest.mark.fault("damaged file")
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
