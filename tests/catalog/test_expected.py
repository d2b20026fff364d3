"""The expected ranges: which row concerns a result, and that the bundled rows make sense."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from benchbench.catalog import expected, silicon
from benchbench.errors import DataError
from tests import factories as make

FLOPS = {"resnet50-train": 24_299_077_632, "resnet50-infer": 8_178_368_512}
"""Per image, from the workloads' goldens."""


@dataclass(frozen=True)
class Device:
    """Silicon as the catalogue identifies it."""

    chip_name: str | None
    kind: Literal["accelerator", "cpu"] | None = "accelerator"


def test_a_device_of_its_own_comes_before_its_kind() -> None:
    """A V100 is compared with V100s, an unlisted GPU with all others."""
    record = make.gpu_record(1000.0, precision="fp16")
    own = expected.find(expected.load(), record, Device("V100-SXM2-16GB"))
    other = expected.find(expected.load(), record, Device("L40S"))
    assert own is not None
    assert (own.low, own.high) == (849, 1200)  # NVIDIA's README of 2019 and 2021
    assert other is not None
    assert other.quantity == "mfu"


@pytest.mark.parametrize("changes", [{"batch_size": 8}, {"precision": "int8"}])
def test_another_configuration_has_no_row(changes: dict[str, Any]) -> None:
    """A small batch and another precision are slower or faster for their own reasons."""
    record = make.gpu_record(1000.0, **changes)
    assert expected.find(expected.load(), record, Device("V100-SXM2-16GB")) is None


def test_unidentified_silicon_has_no_row() -> None:
    """Nothing to compare it with."""
    assert expected.find(expected.load(), make.gpu_record(), Device(None, None)) is None


def test_every_row_names_silicon_the_catalogue_knows() -> None:
    """By its canonical name."""
    known = silicon.load()
    names = {name for row in expected.load() for name in row.silicon}
    assert names <= known.chips.keys() | known.cpus.keys()


def test_no_range_exceeds_the_silicon() -> None:
    """The highest throughput times its FLOPs stays below the dense peak of each device."""
    chips = silicon.load().chips
    for row in expected.load():
        for name in row.silicon if row.quantity == "throughput" else ():
            for precision in row.precisions:
                peak = chips[name].peaks.get(precision)
                assert peak is None or row.high * FLOPS[row.workload] < peak, (name, precision)


def test_a_range_upside_down_is_refused(tmp_path: Path) -> None:
    """Naming the row."""
    file = tmp_path / "expected.toml"
    file.write_text(
        '[[expected]]\nworkload = "w"\nscenario = "train"\nkind = "cpu"\nprecisions = ["fp32"]\n'
        'quantity = "mfu"\nlow = 0.5\nhigh = 0.4\nevidence = "e"\nsource = "s"\n'
        "as_of = 2026-01-01\n"
    )
    with pytest.raises(DataError, match="expectation 1"):
        expected.load(file)


def test_a_range_for_any_device_is_a_share_of_its_peak(tmp_path: Path) -> None:
    """A rate without a device's name would call slow silicon abnormal."""
    file = tmp_path / "expected.toml"
    file.write_text(
        '[[expected]]\nworkload = "w"\nscenario = "train"\nkind = "cpu"\nprecisions = ["fp32"]\n'
        'quantity = "throughput"\nlow = 1.0\nhigh = 2.0\nevidence = "e"\nsource = "s"\n'
        "as_of = 2026-01-01\n"
    )
    with pytest.raises(DataError, match="share of its peak"):
        expected.load(file)
