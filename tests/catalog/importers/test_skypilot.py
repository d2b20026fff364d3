"""SkyPilot's catalogue format."""

import pytest

from benchbench.errors import DataError, UsageError
from tests.catalog.importers.reading import entries, offers, reasons

HEADER = (
    "InstanceType,vCPUs,MemoryGiB,AcceleratorName,AcceleratorCount,GpuInfo,Price,SpotPrice,"
    "Region,AvailabilityZone\n"
)


def test_one_line_two_prices() -> None:
    """A line with both prices is two offers of the same instance."""
    line = "p5.48xlarge,192,2048,H100,8,{},55.04,10.24,us-east-1,us-east-1a\n"
    found = offers("skypilot", HEADER + line, provider="aws")
    assert [(one.price_kind, one.price_usd_per_hour) for one in found] == [
        ("on_demand", 55.04),
        ("spot", 10.24),
    ]
    assert (found[0].accelerator, found[0].variant) == ("H100-SXM5-80GB", "SXM5")
    assert (found[0].memory_bytes, found[0].zone) == (2048 * 2**30, "us-east-1a")


def test_cpu_instances() -> None:
    """Without an accelerator and without a spot price there is one offer."""
    (offer,) = offers("skypilot", HEADER + "abacus.large,2,8.0,,,,0.1,,us-east-1,\n", provider="x")
    assert (offer.accelerator, offer.accelerator_count, offer.zone) == (None, 0.0, None)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x,2,8,Abacus,1,{},1.0,,us-east-1,", "'Abacus' has no canonical name"),
        ("x,2,8,,,,zero,,us-east-1,", "not a finite number"),
        ("x,2,8,,,,0,,us-east-1,", "not above 0"),
        ("x,2,8,,,,nan,,us-east-1,", "not a finite number"),
        ("x,2,8,,,,,,us-east-1,", "no price"),
        ("x,2,8", "3 fields, not 10"),
    ],
)
def test_bad_lines_are_named(line: str, reason: str) -> None:
    """An unknown accelerator or an impossible price rejects the line."""
    ((at, why),) = reasons("skypilot", f"{HEADER}{line}\n", provider="aws")
    assert at == 2
    assert reason in why


def test_unusable_files() -> None:
    """Another format is refused, and a file that does not say whose prices it holds."""
    with pytest.raises(DataError, match="lacks columns"):
        entries("skypilot", "a,b\n", provider="aws")
    with pytest.raises(UsageError, match="--provider"):
        entries("skypilot", HEADER)
