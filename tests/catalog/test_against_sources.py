"""Our rows held against the gathered tables they were taken from."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from benchbench import catalog
from benchbench.catalog import agreement, defaults, fetch, shelf, silicon
from benchbench.catalog.importers import names as names_of_sellers
from benchbench.catalog.offer import Offer
from tests import factories

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


def rented() -> Iterator[tuple[str, float | None]]:
    """Every accelerator a provider's table names, with its memory in GiB where it says."""
    for row in table("aws/aws_instance_specs.csv"):
        if row["gpu_name"]:
            count, size = float(row["gpu_count"]), float(row["gpu_memory_mib_each"]) / 1024
            # A slice is listed with the memory it has, not its card's.
            yield row["gpu_name"], None if row["gpu_name"] == "l4" or count < 1 else size
        if row["accel_name"]:
            yield row["accel_name"], None
    gib = {"a100": 40.0, "rtx6000": 96.0}  # a2-highgpu; g4-standard's RTX PRO 6000
    for row in table("gcp/gcp_compute_cud_spot.csv"):
        yield row["gpu"], gib.get(row["gpu"])
    for row in table("neocloud/neocloud_gpu_prices.csv"):
        yield row["gpu"], float(row["gpu_mem_gib"] or 0) or None
    for row in table("neocloud/fsdl_cloud_gpus_2025-03.csv"):
        yield row["GPU Type"], None
    text = (DATA / "neocloud/gpuhunt_tpu_pricing.json").read_text(encoding="utf-8")
    yield from ((name, None) for name in json.loads(text))


def test_every_rented_accelerator_has_a_datasheet() -> None:
    """Whatever a cloud's table names resolves to a chip; what does not is listed here."""
    chips = silicon.load().chips
    names = {label: names_of_sellers.canonical(label, gib) for label, gib in rented() if label}
    unknown = {label for label, name in names.items() if name not in chips}
    # Announced with 32 GB and 165 W; nobody has printed its dense peaks yet.
    assert unknown == {"rtx-pro-4500"}
    assert len(names) > 60


def test_every_processor_named_is_a_family() -> None:
    """Each model the table names, as the system prints it, is one of its row's silicon."""
    known = silicon.load()
    checked = 0
    for row in table("silicon/cpu_specs.csv"):
        family = known.cpus[row["cpu_family"].partition("(")[0]]
        for model in re.findall(_MODEL, row["example_models"]):
            said = processor(family.vendor, model)
            ids = {"family": family.cpuid_family, "model_number": family.cpuid_models[0]}
            seen = factories.cpu(model=said, **ids)
            found = known.identify(factories.system(cpu=seen), "cpu")
            # A model may have an entry of its own beside its family's.
            assert found.chip_name is not None, said
            assert known.cpus[found.chip_name].cpuid_models == family.cpuid_models, said
            checked += 1
    assert checked > 30


_MODEL = r"\b(?:E5-\d+ v\d|8\d{3}[A-Z]*\+?|7[A-Z]?\d{2,3}|9[A-Z]\d\d)\b"


def processor(vendor: str, model: str) -> str:
    """How the system prints a model."""
    if vendor == "AMD":
        return f"AMD EPYC {model} Processor"
    if model.startswith("E5"):
        return f"Intel(R) Xeon(R) CPU {model} @ 2.30GHz"
    return f"Intel(R) Xeon(R) Platinum {model} CPU @ 2.50GHz"


def test_chips() -> None:
    """Peaks, memory and bandwidth of the silicon table, in FLOP/s and bytes."""
    chips = silicon.load().chips
    rows = table("silicon/accelerator_specs.csv")
    ours_alone = {"Quadro-RTX-4000", "Quadro-RTX-5000", "Radeon-Pro-V520", "RTX-3080-Ti"}
    assert {row["accelerator"] for row in rows} == set(chips) - ours_alone
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


@pytest.fixture(autouse=True)
def _nothing_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


GATHERED = [
    ("karpenter", "aws/aws_ondemand_linux.csv", 0),
    ("karpenter", "gcp/gcp_ondemand_spot.csv", 0),
    ("gcosts", "gcp/gcp_compute_cud_spot.csv", 51),
    ("ec2-shop", "aws/aws_ondemand_reserved_allregions_2025-04.csv", 0),
    ("aws-spot-advisor", "spot/aws_spot_advisor.csv", None),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name", "rejected"), GATHERED)
def test_every_row_is_accounted_for(kind: str, name: str, rejected: int | None) -> None:
    """Rows of the file = rows used + rows rejected, each of these with a reason."""
    with (DATA / name).open(encoding="utf-8") as file:
        rows = sum(1 for line in file if line.strip()) - 1
    day = date(2026, 8, 1)
    report = shelf.take(
        kind, str(DATA / name), provider=None, as_of=day, opener=fetch.over_https
    ).report
    assert report.rows_in == rows == report.rows_used + report.rows_rejected
    assert rejected is None or report.rows_rejected == rejected


def test_azure_hosts_are_no_instances() -> None:
    """Of Azure's 67,672 rows 2,195 are dedicated hosts and 68 have no price above 0."""
    path = str(DATA / "azure/azure_ondemand_linux.csv")
    day = date(2026, 6, 18)
    report = shelf.take("karpenter", path, provider=None, as_of=day, opener=fetch.over_https).report
    assert (report.rows_in, report.rows_rejected, report.offers) == (67672, 2263, 65409)
    assert [one.rows for one in report.reasons] == [2195, 68]


@pytest.mark.slow
def test_two_sources_of_google_agree() -> None:
    """The common rows of Google's two tables agree within 1 %, all of them."""
    sources = ("gcosts:gcp/gcp_compute_cud_spot.csv", "karpenter:gcp/gcp_ondemand_spot.csv")
    frames = [
        shelf.named(one.replace(":", f":{DATA}/"), date(2026, 8, 1), fetch.over_https)
        for one in sources
    ]
    found = agreement.between(*frames)
    assert found.common > 25_000
    assert found.within_1_percent == found.common
