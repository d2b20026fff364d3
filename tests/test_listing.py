"""The list of workloads: what each needs, and which machines of a known catalogue hold it."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchbench import listing, terminal
from benchbench.catalog import catalogue
from benchbench.record import Memory
from benchbench.workload.describe import WorkloadDescription, WorkloadList
from benchbench.workload.file import builtin, find
from tests import factories as make
from tests.test_terminal import shown

MINE = Path(__file__).parent / "data" / "mine.py"
GIB = 2**30
SMALL_FILE = '''
stresses = ("network",)


def memory_bytes(setting: Setting) -> float:
    """Bytes as this test wants them (Somebody 2020)."""
    return {need} * setting.batch_size
'''


def offers() -> catalogue.Catalog:
    """T4 (16 GiB) $0.50, A10G (24) $1, half of it $0.60, A100 (80) $2; a TPU, an unpriced T4."""
    cards = [
        ("t4", "T4", 1, 16, 0.5),
        ("a10g", "A10G", 1, 24, 1.0),
        ("half", "A10G", 0.5, None, 0.6),
        ("a100", "A100-SXM4-80GB", 8, 80, 2.0),
        ("tpu", "TPU-v5e", 1, 16, 0.01),
        ("free", "T4", 1, 16, None),
    ]
    return catalogue.from_offers(
        [
            make.gpu_offer(
                instance=name,
                accelerator=card,
                accelerator_count=count,
                accelerator_memory_bytes=None if size is None else size * GIB,
                price_usd_per_hour=price,
            )
            for name, card, count, size, price in cards
        ]
    )


def needing(folder: Path, need: float) -> Path:
    """The README's example with a need for so many bytes per row of its batch of 64."""
    file = folder / "mine.py"
    file.write_text(MINE.read_text() + SMALL_FILE.format(need=need))
    return file


def listed(file: Path, **machine: Any) -> WorkloadDescription:
    """That one workload on a machine of 16 GiB, unless said otherwise."""
    return listing.workloads([file], make.system(**machine), offers()).workloads[0]


@pytest.mark.parametrize(
    ("gib", "smallest", "cheapest"),
    [
        (10, "half", "t4"),  # half of an A10G's 24 GiB
        (15, "t4", "t4"),
        (17, "a10g", "a10g"),
        (25, "a100", "a100"),
        (100, None, None),
    ],
)
def test_the_smallest_and_the_cheapest_that_hold_it(
    tmp_path: Path, gib: float, smallest: str | None, cheapest: str | None
) -> None:
    """By the memory of one accelerator: a slice has its share, eight cards no more than one."""
    fits = listed(needing(tmp_path, gib * GIB / 64)).fits
    assert fits is not None
    assert (fits.smallest.instance if fits.smallest else None) == smallest
    assert (fits.cheapest.instance if fits.cheapest else None) == cheapest


def test_this_machine_holds_it_or_not(tmp_path: Path) -> None:
    """Main memory within the container's limit, or the accelerator's where there is one."""
    file = needing(tmp_path, 10 * GIB / 64)
    limited = Memory(total_bytes=64 * GIB, limit_bytes=8 * GIB)
    small = (make.accelerator(memory_bytes=8 * GIB),)
    unknown = (make.accelerator(memory_bytes=None),)
    for machine, answer in (
        ({}, True),
        ({"memory": limited}, False),
        ({"accelerators": small}, False),
        ({"accelerators": (make.accelerator(),)}, True),
        ({"accelerators": unknown}, None),
    ):
        fits = listed(file, **machine).fits
        assert fits is not None
        assert fits.here is answer


def test_a_file_that_says_nothing_is_unknown() -> None:
    """The example of the README: no memory, no stress, and a dash for each; never a no."""
    one = listed(MINE)
    assert (one.stresses, one.memory_bytes, one.intensity) == ((), None, None)
    assert one.fits is not None
    assert (one.fits.here, one.fits.smallest, one.fits.cheapest) == (None, None, None)
    row = next(
        line
        for line in shown(terminal.workloads(WorkloadList(workloads=(one,)))).splitlines()
        if line.startswith("my-mlp")
    )
    assert row.count("—") == 5
    assert "no" not in row.split()


def test_every_built_in_says_what_it_needs() -> None:
    """Stress, memory, formulas with their sources; more for an accelerator's larger batch."""
    for one in listing.workloads(builtin(), make.system(), offers()).workloads:
        assert one.stresses, one.name
        assert one.memory_bytes, one.name
        assert one.accelerator_memory_bytes, one.name
        assert one.formulas, one.name
        assert one.scenarios[0] == one.scenario
        if one.flops_per_unit is not None:
            assert one.bytes_per_unit is not None
            assert one.intensity == one.flops_per_unit / one.bytes_per_unit


def test_memory_is_a_lower_bound_of_what_is_known() -> None:
    """ResNet-50 in training: 12 bytes for each of 25,557,032 weights, and images above that."""
    one = listed(find("resnet50-train"))
    assert one.memory_bytes is not None
    assert 12 * 25_557_032 < one.memory_bytes < GIB


def test_inference_can_be_asked_for_by_loadgen() -> None:
    """Training has one scenario."""
    assert listed(find("resnet50-train")).scenarios == ("train",)
    assert {"offline", "single_stream"} <= set(listed(find("resnet50-infer")).scenarios)


def test_one_in_full_shows_what_can_be_set() -> None:
    """Parameters with their defaults, scenarios, unit, counts and the source of the formula."""
    text = " ".join(shown(terminal.workload(listed(find("resnet50-infer"))), 80).split())
    for part in (
        "--set image_size= 224",
        "--set channels_last= True (--tune tries True, False)",
        "single stream",
        "8.18 GFLOP",
        "He et al. give 3.8",
        "T4, 16.0 GiB: aws t4",
    ):
        assert part in text, part


def test_the_list_fits_80_columns_and_round_trips() -> None:
    """As a table and as JSON."""
    every = listing.workloads(builtin(), make.system(), offers())
    assert max(map(len, shown(terminal.workloads(every)).splitlines())) <= 80
    for one in every.workloads:
        assert max(map(len, shown(terminal.workload(one)).splitlines())) <= 80
    text = every.model_dump_json(by_alias=True)
    assert WorkloadList.model_validate_json(text) == every
    assert json.loads(text)["schema"] == 1
