"""Monthly bills of traffic and storage, held against bills computed by hand."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.catalog import defaults, egress
from benchbench.catalog.egress import Schedule, Tier
from benchbench.errors import DataError, UsageError

GIB = 2**30
TIB = 2**40
AWS = egress.find("aws", "internet", "us-east-1")
GCP = egress.find("gcp", "internet", "us-central1")


@pytest.mark.parametrize(
    ("gib", "usd"),
    [
        # 10,240 at .09, 40,960 at .085, 102,400 at .07, the rest at .05.
        (0, 0),
        (1, 0.09),
        (10239, 921.51),
        (10240, 921.60),
        (10241, 921.685),
        (51199, 921.60 + 40959 * 0.085),
        (51200, 4403.20),
        (51201, 4403.27),
        (153599, 4403.20 + 102399 * 0.07),
        (153600, 11571.20),
        (153601, 11571.25),
        (15360, 1356.80),
    ],
)
def test_aws_tier_borders(gib: int, usd: float) -> None:
    """At and one GiB around every border of AWS the bill is the one computed by hand."""
    assert egress.monthly_cost_usd(AWS, gib * GIB) == pytest.approx(usd, abs=1e-6)


@pytest.mark.parametrize(
    ("gib", "usd"),
    [
        # 1,024 GiB at .12, 9,216 at .11, the rest at .08.
        (0, 0),
        (1, 0.12),
        (1023, 122.76),
        (1024, 122.88),
        (1025, 122.99),
        (10239, 1136.53),
        (10240, 1136.64),
        (10241, 1136.72),
        (15360, 1136.64 + 5120 * 0.08),
    ],
)
def test_gcp_tier_borders(gib: int, usd: float) -> None:
    """At and one GiB around every border of Google the bill is the one computed by hand."""
    assert egress.monthly_cost_usd(GCP, gib * GIB) == pytest.approx(usd, abs=1e-6)


def test_fifteen_terabytes_of_aws() -> None:
    """15 TB: 10 x 1,024 x .09 + 5 x 1,024 x .085 = $1,356.80; $8.50 less with the free 100 GB."""
    bill = egress.bill(AWS, egress.size("15TB", AWS))
    assert bill.usd_per_month == pytest.approx(1356.80)
    assert bill.usd_per_month_with_allowance == pytest.approx(1348.30)
    assert [line.usd_per_gb for line in bill.lines] == [0.09, 0.085]
    assert bill.lines[-1].to_bytes == 15 * TIB


@pytest.mark.parametrize(
    ("text", "size_bytes", "taken"),
    [
        ("15TB", 15 * TIB, "1 TB = 2^40 bytes, as aws bills"),
        ("15 TiB", 15 * TIB, "1 TiB = 2^40 bytes"),
        ("500GB", 500 * GIB, "1 GB = 2^30 bytes, as aws bills"),
        ("0.5tb", TIB / 2, "1 TB = 2^40 bytes, as aws bills"),
        ("2p", 2048 * TIB, "1 PB = 2^50 bytes, as aws bills"),
        ("12", 12, "bytes"),
    ],
)
def test_sizes(text: str, size_bytes: float, taken: str) -> None:
    """A size says how it was taken."""
    size = egress.size(text, AWS)
    assert (size.size_bytes, size.taken_as) == (size_bytes, taken)


def test_decimal_provider() -> None:
    """Where a GB is 10^9 bytes a TB is a thousand of them; a TiB stays what it is."""
    metric = AWS.model_copy(update={"provider": "metric", "gb_bytes": 10**9})
    assert egress.size("15TB", metric).size_bytes == 15e12
    assert egress.size("15TB", metric).taken_as == "1 TB = 10^12 bytes, as metric bills"
    assert egress.size("1TiB", metric).size_bytes == TIB
    assert egress.monthly_cost_usd(metric, 1e9) == pytest.approx(0.09)


@pytest.mark.parametrize("text", ["", "TB", "-1TB", "1e3GB", "nan", "15 apples", "1,5TB"])
def test_no_size(text: str) -> None:
    """What is no size is refused with an example."""
    with pytest.raises(UsageError, match="500GB"):
        egress.size(text, AWS)


@given(first=st.integers(0, 10**16), second=st.integers(0, 10**16))
def test_monotone_and_never_above_the_first_price(first: int, second: int) -> None:
    """More data never costs less; no bill is above the dearest tier's price for all of it."""
    low, high = sorted((first, second))
    assert egress.monthly_cost_usd(AWS, low) <= egress.monthly_cost_usd(AWS, high)
    assert egress.monthly_cost_usd(AWS, high) <= high / GIB * 0.09 + 1e-9


def test_negative_amount() -> None:
    """An amount below zero, or none at all, is refused."""
    for amount in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="not negative"):
            egress.monthly_cost_usd(AWS, amount)


def test_regions() -> None:
    """Google's traffic from Europe costs more beyond 10 TiB than from the United States."""
    europe = egress.find("gcp", "internet", "europe-west4")
    assert europe.tiers[-1].usd_per_gb == 0.085
    assert egress.find("gcp", "internet").tiers[-1].usd_per_gb == 0.08


def test_unknown_names() -> None:
    """What is not known is refused, and what is known is named."""
    with pytest.raises(UsageError, match="known: aws, gcp"):
        egress.find("acme", "internet")
    with pytest.raises(UsageError, match="us-east-1"):
        egress.find("aws", "block_storage", "mars-1")
    with pytest.raises(UsageError, match="object_storage"):
        egress.service_named("tape")
    assert egress.service_named("block") == "block_storage"


def test_planning_values_agree() -> None:
    """The tiers the cost model plans with are these."""
    for key, schedule in (("cloud.egress_aws", AWS), ("cloud.egress_gcp", GCP)):
        planned = [(tier.width_gib, tier.usd_per_gib) for tier in defaults.load()[key].tiers]
        assert planned == [(tier.width_gb, tier.usd_per_gb) for tier in schedule.tiers]


def test_a_schedule_must_end() -> None:
    """Tiers that stop somewhere, or go on after the open one, are refused by name."""
    with pytest.raises(ValueError, match="only the last"):
        Schedule(**{**AWS.model_dump(), "tiers": (Tier(width_gb=1, usd_per_gb=1),)})


def test_bad_file(tmp_path: Path) -> None:
    """A fault in the file is named with its entry."""
    path = tmp_path / "egress.toml"
    path.write_text('[[schedule]]\nprovider = "aws"\n')
    with pytest.raises(DataError, match="schedule 1"):
        egress.load(path)
