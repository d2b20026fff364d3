"""Our rows held against the gathered tables they were taken from."""

import csv
import json
from functools import cache
from pathlib import Path

import pytest

from benchbench import catalog
from benchbench.catalog import defaults, silicon
from benchbench.catalog.offer import Offer

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the gathered tables are not here")


@cache
def offers() -> tuple[Offer, ...]:
    """All bundled offers as values."""
    return tuple(catalog.load())


def table(name: str) -> list[dict[str, str]]:
    """All rows of one gathered table."""
    with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def of(source: str, kind: str) -> list[Offer]:
    """Our offers of one source and kind of price."""
    return [offer for offer in offers() if offer.source == source and offer.price_kind == kind]


@pytest.mark.parametrize(
    ("source", "name", "column"),
    [
        ("karpenter-aws", "aws/aws_ondemand_linux.csv", "price_usd_hr"),
        ("ec2-shop", "aws/aws_ondemand_reserved_allregions_2025-04.csv", "od_usd_hr"),
        ("karpenter-azure", "azure/azure_ondemand_linux.csv", "price_usd_hr"),
        ("gcosts", "gcp/gcp_compute_cud_spot.csv", "od_usd_hr"),
    ],
)
def test_on_demand(source: str, name: str, column: str) -> None:
    """Every on-demand price of the big three is the table's."""
    prices = {(row["region"], row["instance_type"]): row[column] for row in table(name)}
    offers = of(source, "on_demand")
    assert len(offers) > 50
    for offer in offers:
        expected = float(prices[offer.region, offer.instance])
        assert offer.price_usd_per_hour == pytest.approx(expected, rel=1e-4), offer.key


def test_second_source_for_gcp() -> None:
    """An independent table gives the same Google prices within 1 %."""
    second = {
        (row["region"], row["instance_type"]): row for row in table("gcp/gcp_ondemand_spot.csv")
    }
    compared = 0
    for offer in of("gcosts", "on_demand"):
        if row := second.get((offer.region, offer.instance)):
            assert offer.price_usd_per_hour == pytest.approx(float(row["price_usd_hr"]), rel=0.01)
            compared += 1
    assert compared > 80


def test_aws_sizes() -> None:
    """vCPU, memory and GPU counts are those of the specification table."""
    specs = {row["instance_type"]: row for row in table("aws/aws_instance_specs.csv")}
    for offer in of("karpenter-aws", "on_demand"):
        if (row := specs.get(offer.instance)) is None:
            continue
        assert offer.vcpu == int(row["vcpus"])
        assert offer.memory_bytes == int(row["memory_mib"]) * 2**20
        if row["gpu_count"] not in {"", "0"}:
            assert offer.accelerator_count == int(row["gpu_count"])


def test_commitments_are_monthly() -> None:
    """A committed price is the table's month over 730 hours."""
    rows = {
        (row["region"], row["instance_type"]): row for row in table("gcp/gcp_compute_cud_spot.csv")
    }
    for kind in ("1y", "3y"):
        for offer in of("gcosts", f"cud_{kind}"):
            month = float(rows[offer.region, offer.instance][f"month_cud{kind}"])
            assert offer.price_usd_per_hour == pytest.approx(month / 730, rel=1e-4)


def test_spot_is_the_advisors_savings() -> None:
    """AWS spot = on-demand less the advisor's per cent, with its interruption bucket."""
    savings = {
        (row["region"], row["instance_type"]): row
        for row in table("spot/aws_spot_advisor.csv")
        if row["os"] == "Linux"
    }
    on_demand = {
        (offer.region, offer.instance): offer.price_usd_per_hour
        for offer in offers()
        if offer.provider == "aws" and offer.price_kind == "on_demand"
    }
    buckets = {"<5%": 0.0, "5-10%": 0.05, "10-15%": 0.1, "15-20%": 0.15, ">20%": 0.2}
    for offer in of("aws-spot-advisor", "spot"):
        row = savings[offer.region, offer.instance]
        price = on_demand[offer.region, offer.instance] or 0
        expected = price * (1 - float(row["savings_pct_vs_od"]) / 100)
        assert offer.price_usd_per_hour == pytest.approx(expected, rel=1e-4)
        assert offer.interruption_low_fraction_per_month == buckets[row["interruption_range"]]


def test_defaults() -> None:
    """The 57 planning values and ranges gathered are ours; more may stand beside them."""
    text = (DATA / "tco_parameters.json").read_text(encoding="utf-8")
    gathered = {row["key"]: row for row in json.loads(text)["parameters"]}
    ours = defaults.load()
    assert set(ours) >= set(gathered)
    for key, row in gathered.items():
        one = ours[key]
        if isinstance(row["default"], list):
            pairs = [[tier.width_gib, tier.usd_per_gib] for tier in one.tiers]
            assert pairs == row["default"]
        else:
            assert (one.value, one.low, one.high) == (row["default"], row["low"], row["high"])
        assert one.confidence == row["confidence"]


def test_chips() -> None:
    """Peaks, memory and bandwidth of the silicon table, in FLOP/s and bytes."""
    chips = silicon.load().chips
    rows = table("silicon/accelerator_specs.csv")
    assert {row["accelerator"] for row in rows} == set(chips)
    for row in rows:
        chip = chips[row["accelerator"]]
        assert chip.memory_bytes == float(row["mem_gb"]) * 2**30
        for column in ("fp32", "tf32", "bf16", "fp16", "fp8", "int8"):
            expected = float(row[column]) * 1e12 if row[column] else None
            assert chip.peaks.get(column) == pytest.approx(expected), row["accelerator"]


def test_cpu_peaks() -> None:
    """FLOP per cycle x clock x cores gives the table's peak of a socket."""
    families = silicon.load().cpus
    for row in table("silicon/cpu_specs.csv"):
        family = families[row["cpu_family"].partition("(")[0]]
        if family.clock_hz:
            peak = family.peaks(family.cores)["fp32"]
            assert peak == pytest.approx(float(row["peak_fp32_tflops_socket"]) * 1e12, rel=0.01)
