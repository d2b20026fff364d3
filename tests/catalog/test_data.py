"""The bundled data itself: counts, published prices, and nothing the lint calls an error."""

import tomllib
from datetime import date

import pytest

from benchbench import bundled, catalog
from benchbench.catalog import check, silicon
from benchbench.catalog.offer import Offer

CATALOG = catalog.load()
SILICON = silicon.load()
FRAME = CATALOG.frame
GIB = 2**30


def one(instance: str, kind: str = "on_demand", region: str = "us-east-1") -> Offer:
    """The only offer of that name, place and kind of price without a zone."""
    found = CATALOG.where(instance=instance, price_kind=kind, region_prefix=region)
    (offer,) = [offer for offer in found if offer.zone is None]
    return offer


def test_size() -> None:
    """Enough to choose from, from all the providers promised, none rejected."""
    assert len(CATALOG) >= 3000
    wanted = (
        "aws gcp azure lambda coreweave runpod nebius oci verda hyperstack vast crusoe together"
    )
    assert set(wanted.split()) <= set(FRAME["provider"])
    assert CATALOG.rejected == ()


def test_nothing_is_wrong() -> None:
    """The lint finds old prices, and no error."""
    found = check.lint(CATALOG, SILICON, date(2026, 11, 23))
    assert [finding for finding in found if finding.severity == "error"] == []


@pytest.mark.parametrize(
    ("instance", "price"),
    [
        ("x1e.32xlarge", 26.688),
        ("p5.48xlarge", 55.04),
        ("p3.2xlarge", 3.06),
        ("p3dn.24xlarge", 31.212),
        ("p4d.24xlarge", 21.9576),
        ("t4g.medium", 0.0336),
    ],
)
def test_published_prices(instance: str, price: float) -> None:
    """On-demand Linux prices of us-east-1 as AWS publishes them in 2026."""
    assert one(instance).price_usd_per_hour == pytest.approx(price, rel=1e-4)


@pytest.mark.parametrize(
    ("instance", "gpus", "vcpu", "memory_gib", "gpu_gib"),
    [
        ("p3.2xlarge", 1, 8, 61, 16),
        ("p3.8xlarge", 4, 32, 244, 16),
        ("p3.16xlarge", 8, 64, 488, 16),
        ("p3dn.24xlarge", 8, 96, 768, 32),
        ("p4d.24xlarge", 8, 96, 1152, 40),
        ("p5.48xlarge", 8, 192, 2048, 80),
    ],
)
def test_published_sizes(
    instance: str, gpus: int, vcpu: int, memory_gib: int, gpu_gib: int
) -> None:
    """GPUs, vCPU, memory and GPU memory as AWS documents them."""
    offer = one(instance)
    assert (offer.accelerator_count, offer.vcpu) == (gpus, vcpu)
    assert (offer.memory_bytes, offer.accelerator_memory_bytes) == (
        memory_gib * GIB,
        gpu_gib * GIB,
    )


@pytest.mark.parametrize(("instance", "memory_gib"), [("v2-8", 64), ("v3-8", 128)])
def test_tpu_memory(instance: str, memory_gib: int) -> None:
    """A TPU v2-8 has 64 GiB, a v3-8 128 GiB of device memory in all."""
    offer = one(instance, region="europe-west4")
    assert offer.accelerator_memory_bytes is not None
    assert offer.accelerator_memory_bytes * offer.accelerator_count == memory_gib * GIB


def test_v100_has_a_peak_per_instance() -> None:
    """p3.16xlarge: eight V100 of 125 TFLOP/s are one petaflop/s."""
    found = SILICON.of_offer(one("p3.16xlarge"))
    assert found is not None
    assert found.peak_flops("fp16") == pytest.approx(1e15, rel=0.01)


def test_small_machine() -> None:
    """4 vCPU with 8 GB cost about $0.1 an hour, $73 a month."""
    small = FRAME[(FRAME["vcpu"] == 4) & (FRAME["memory_bytes"] == 8 * GIB)]
    nearest = (small["price_usd_per_hour"] - 0.1).abs().min()
    assert nearest * 730 < 4


def test_cores_are_not_vcpu() -> None:
    """A vCPU is half a core on Intel, a whole one on Arm and where AMD's SMT is off."""
    cores = {name: one(name).cores for name in ("m7i.4xlarge", "m7a.4xlarge", "m8g.4xlarge")}
    assert cores == {"m7i.4xlarge": 8, "m7a.4xlarge": 16, "m8g.4xlarge": 16}
    assert one("t2d-standard-4", region="us-central1").cores == 4


def test_promised_instances() -> None:
    """The rows every newcomer looks for."""
    for instance in ("a3-highgpu-8g", "Standard_ND96isr_H100_v5", "g5.xlarge", "c8g.xlarge"):
        assert len(CATALOG.where(instance=instance)), instance


def test_flexible_start_is_its_own_kind() -> None:
    """B200 on Google is sold by the scheduler only: no on-demand price is claimed."""
    kinds = set(CATALOG.where(instance="a4-highgpu-8g").frame["price_kind"])
    assert kinds == {"flex_start"}


def test_no_dedicated_hosts() -> None:
    """A dedicated host is not an instance."""
    assert not FRAME["instance"].str.contains("_Type").any()


def test_derived_prices_are_marked() -> None:
    """What was computed from a ratio or from savings is never of high confidence, nor P types'."""
    derived = FRAME[FRAME["source"].isin(["ec2-shop-ratio", "aws-spot-advisor"])]
    assert len(derived) > 0
    assert "high" not in set(derived["confidence"])
    reserved = derived[derived["source"] == "ec2-shop-ratio"]
    assert not reserved["instance"].str.match(r"p\d").any()


def test_spot_sources_stand_side_by_side() -> None:
    """p5 spot in us-east-1: the advisor's figure and the zones' range, each with its date."""
    spot = CATALOG.where(instance="p5.48xlarge", region_prefix="us-east-1", price_kind="spot")
    assert set(spot.frame["source"]) == {"aws-spot-advisor", "skypilot-catalog"}
    assert spot.frame["price_usd_per_hour"].max() > 4 * spot.frame["price_usd_per_hour"].min()


def test_sources_are_described() -> None:
    """Every row's source stands in sources.toml with licence, address and what was taken."""
    path = bundled.folder("instance_catalog") / "sources.toml"
    sources = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(FRAME["source"]) <= set(sources)
    assert not [name for name, entry in sources.items() if "SA" in entry["licence"].split("-")]
    for entry in sources.values():
        assert set(entry) == {"name", "url", "licence", "retrieved", "taken"}


def test_columns_are_the_offers_fields() -> None:
    """A person who opens a CSV meets the names of the model."""
    for path in bundled.folder("instance_catalog").glob("offers/*.csv"):
        header = path.read_text(encoding="utf-8").partition("\n")[0]
        assert header.split(",") == list(Offer.model_fields), path.name


def test_aliases_and_ids_are_unique() -> None:
    """No driver's name and no PCI id leads to two chips."""
    chips = SILICON.chips.values()
    aliases = [alias.casefold() for chip in chips for alias in chip.aliases]
    ids = [pci_id for chip in chips for pci_id in chip.pci_ids]
    assert len(aliases) == len(set(aliases))
    assert len(ids) == len(set(ids))


def test_clouds_price_within_reason() -> None:
    """An H100 hour on demand costs $1.5 to $18 at every provider (Azure in Japan $17.82)."""
    rows = CATALOG.where(gpu="H100", price_kind="on_demand").frame
    hourly = rows["price_usd_per_hour"] / rows["accelerator_count"]
    assert len(rows) > 20
    assert hourly.between(1.5, 18).all()


def test_main_regions_of_the_big_three() -> None:
    """The United States on both coasts, Europe and Asia, each with GPUs on demand."""
    gpus = FRAME[FRAME["accelerator"].notna() & (FRAME["price_kind"] == "on_demand")]
    for provider, regions in {
        "aws": ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1"),
        "gcp": ("us-central1", "us-east4", "us-west1", "europe-west4", "asia-southeast1"),
        "azure": ("eastus", "westus2", "westeurope", "southeastasia"),
    }.items():
        assert set(regions) <= set(gpus[gpus["provider"] == provider]["region"])


def test_every_kind_of_chip_is_offered() -> None:
    """GPUs of three vendors, TPUs and AWS's own chips."""
    chips = set(FRAME["accelerator"].dropna())
    for name in ("H200-SXM-141GB", "B200-SXM-180GB", "MI300X", "TPU-v6e", "Trainium1"):
        assert name in chips
    assert {"Inferentia1", "Inferentia2", "Gaudi1-HL205"} <= chips


def test_old_list_prices_are_not_of_high_confidence() -> None:
    """The AWS feed of 2025-04 is believed less than today's table, and P5 is not taken from it."""
    older = FRAME[FRAME["source"] == "ec2-shop"]
    assert set(older["confidence"]) == {"medium"}
    assert not older["instance"].str.startswith(("p4d.", "p4de.", "p5.", "p5en.")).any()


def test_spot_carries_its_interruptions() -> None:
    """AWS's spot prices by the advisor say how often instances are interrupted."""
    spot = FRAME[FRAME["source"] == "aws-spot-advisor"]
    assert len(spot) > 500
    assert spot["interruption_low_fraction_per_month"].between(0, 0.2).all()
    high = spot["interruption_high_fraction_per_month"]
    assert (
        (high > spot["interruption_low_fraction_per_month"]).where(high.notna(), other=True).all()
    )


def test_negative_savings_are_not_taken() -> None:
    """No spot price stands above on-demand from the same advisor."""
    found = check.lint(CATALOG, SILICON, date(2026, 11, 23))
    assert [one for one in found if one.code == "above_on_demand"] == []
