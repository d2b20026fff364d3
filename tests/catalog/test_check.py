"""Doubts in the catalogue's own data."""

from datetime import date, timedelta

import pytest

from benchbench.catalog import catalogue, check
from benchbench.catalog.catalogue import Catalog
from benchbench.catalog.offer import Offer
from benchbench.catalog.rows import RejectedRow
from benchbench.catalog.silicon import Chip, Silicon
from tests import factories

TODAY = factories.TODAY


def codes(*offers: Offer, silicon: Silicon | None = None, today: date = TODAY) -> list[str]:
    """What a lint of these offers finds."""
    found = check.lint(catalogue.from_offers(offers), silicon or factories.silicon(), today)
    return [finding.code for finding in found]


def with_chip(**changes: object) -> Silicon:
    """A table of one chip."""
    chip: Chip = factories.chip("A100-SXM4-80GB", 300e12, 2e12, **changes)
    return Silicon(chips={chip.name: chip}, cpus=factories.silicon().cpus)


def test_sound_data_is_quiet() -> None:
    """Nothing is said about offers in order."""
    assert codes(factories.offer(), factories.gpu_offer(8)) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price_usd_per_hour": 31.0}, "price"),
        ({"price_usd_per_hour": 0.04}, "price"),
        ({"accelerator": "Abacus"}, "unknown_silicon"),
        ({"cpu_model": "Abacus"}, "unknown_silicon"),
        ({"memory_bytes": 128 * 10**9}, "memory_unit"),
        ({"accelerator_memory_bytes": 40 * 2**30}, "accelerator_memory"),
        ({"accelerator_memory_bytes": 640 * 2**30}, "accelerator_memory"),
        ({"vcpu": 4.0, "cores": 8.0}, "cores"),
        ({"as_of": TODAY - timedelta(days=181)}, "stale"),
    ],
)
@pytest.mark.fault("catalogue")
def test_doubtful_offers(changes: dict[str, object], code: str) -> None:
    """Each slip is found under its own code, and nothing else with it."""
    assert codes(factories.gpu_offer(1, **changes)) == [code]


def test_age_boundary() -> None:
    """180 days old is still fresh; the next day it is flagged, once per source and day."""
    offers = [factories.offer(instance=name) for name in ("a", "b")]
    assert codes(*offers, today=TODAY + timedelta(days=180)) == []
    assert codes(*offers, today=TODAY + timedelta(days=181)) == ["stale"]


def test_duplicates() -> None:
    """The same key twice is found; another zone is another key."""
    assert codes(factories.offer(), factories.offer(price_usd_per_hour=0.2)) == ["duplicate"]
    assert codes(factories.offer(), factories.offer(zone="a")) == []


def test_spot_above_on_demand() -> None:
    """A spot price above on-demand is out of date or mixed up; equal is possible."""
    spot = factories.offer(price_kind="spot", price_usd_per_hour=0.11)
    assert codes(factories.offer(), spot) == ["above_on_demand"]
    assert codes(factories.offer(), factories.offer(price_kind="spot")) == []


def test_a_slice_is_judged_by_its_share() -> None:
    """Half a card with half its memory at half its price is in order."""
    half = {"accelerator_memory_bytes": 40 * 2**30, "price_usd_per_hour": 2.0}
    assert codes(factories.gpu_offer(0.5, **half)) == []


@pytest.mark.known_error("sparse peak used as dense")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sparse": {"bf16": 300e12}}, "sparse"),
        ({"sparse": {"bf16": 500e12}}, "sparse"),
        ({"peaks": {"bf16": 300e12, "tf32": 400e12}}, "peaks"),
        ({"peaks": {"bf16": 300e12, "fp8": 200e12}}, "peaks"),
        ({"units": 432, "clock_hz": 1.0e9, "flop_per_clock_per_unit": {"bf16": 512.0}}, "clock"),
        ({"units": 432, "flop_per_clock_per_unit": {"bf16": 16.0}}, "clock"),
        ({"bandwidth_bytes_per_s": 2039.0}, "bandwidth"),
        ({"bandwidth_bytes_per_s": 2039e12}, "bandwidth"),
        ({"tdp_w": 400_000.0}, "power"),
        ({"tdp_w": 70.0}, "efficiency"),
        ({"peaks": {}}, "no_peak"),
    ],
)
def test_doubtful_chips(changes: dict[str, object], code: str) -> None:
    """Sparse taken for dense, fp8 slower than bf16, a clock that does not fit."""
    assert codes(silicon=with_chip(**changes)) == [code]


def test_a_precision_rated_at_another_clock() -> None:
    """An H100 rates fp32 at 1.98 GHz and bf16 at 1.83: each is held against its own."""
    h100: dict[str, object] = {
        "units": 528,
        "clock_hz": 1.83e9,
        "flop_per_clock_per_unit": {"bf16": 1024.0, "fp32": 64.0},
        "peaks": {"bf16": 989.4e12, "fp32": 66.9e12},
    }
    assert codes(silicon=with_chip(**h100)) == ["clock"]
    assert codes(silicon=with_chip(**h100, clocks={"fp32": 1.98e9})) == []


@pytest.mark.known_error("sparse peak used as dense")
def test_a_sparse_figure_alone_is_found_out() -> None:
    """1,979 TFLOP/s entered as an H100's dense peak, no sparse one beside it: the units say 989."""
    h100: dict[str, object] = {
        "units": 528,
        "clock_hz": 1.83e9,
        "flop_per_clock_per_unit": {"bf16": 1024.0},
    }
    assert codes(silicon=with_chip(**h100, peaks={"bf16": 1979e12})) == ["clock"]
    assert codes(silicon=with_chip(**h100, peaks={"bf16": 989.4e12})) == []


def test_arithmetic_that_fits() -> None:
    """432 tensor cores x 512 x 1.41 GHz are the A100's 312 TFLOP/s; 624 is their sparse double."""
    fits = {"units": 432, "clock_hz": 1.41e9, "flop_per_clock_per_unit": {"bf16": 512.0}}
    peaks = {"peaks": {"bf16": 312e12}, "sparse": {"bf16": 624e12}}
    assert codes(silicon=with_chip(**fits, **peaks)) == []


def test_rejected_rows_are_findings() -> None:
    """A row that could not be read is an error with its place."""
    empty = catalogue.from_offers([])
    catalog = Catalog(empty.frame, (RejectedRow("mine.csv", 7, "no price"),))
    (found,) = check.lint(catalog, factories.silicon(), TODAY)
    assert (found.severity, found.where, found.message) == ("error", "mine.csv:7", "no price")


def test_errors_come_first() -> None:
    """What must be mended stands above what is only old."""
    old = factories.offer(as_of=date(2020, 1, 1), memory_bytes=8 * 10**9)
    assert codes(old) == ["memory_unit", "stale"]
