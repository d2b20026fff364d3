"""SkyPilot's catalogue format."""

from datetime import date
from pathlib import Path

import pytest

from benchbench.catalog import silicon
from benchbench.catalog.importers import skypilot
from benchbench.errors import DataError, UsageError

HEADER = (
    "InstanceType,vCPUs,MemoryGiB,AcceleratorName,AcceleratorCount,GpuInfo,Price,SpotPrice,"
    "Region,AvailabilityZone"
)
CHIPS = silicon.load().chips


def read(tmp_path: Path, *lines: str) -> skypilot.Imported:
    """A file with these lines."""
    path = tmp_path / "vms.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n")
    return skypilot.read(path, "aws", date(2026, 1, 1), CHIPS)


def test_one_line_two_prices(tmp_path: Path) -> None:
    """A line with both prices is two offers of the same instance."""
    found = read(tmp_path, "p5.48xlarge,192,2048,H100,8,{},55.04,10.24,us-east-1,us-east-1a")
    assert [(offer.price_kind, offer.price_usd_per_hour) for offer in found.offers] == [
        ("on_demand", 55.04),
        ("spot", 10.24),
    ]
    offer = found.offers[0]
    assert (offer.accelerator, offer.variant) == ("H100-SXM5-80GB", "SXM5")
    assert (offer.memory_bytes, offer.zone) == (2048 * 2**30, "us-east-1a")


def test_cpu_instances(tmp_path: Path) -> None:
    """Without an accelerator and without a spot price there is one offer."""
    (offer,) = read(tmp_path, "m7i.large,2,8.0,,,,0.1,,us-east-1,").offers
    assert (offer.accelerator, offer.accelerator_count, offer.zone) == (None, 0.0, None)


@pytest.mark.parametrize(
    "line",
    [
        "x,2,8,Abacus,1,{},1.0,,us-east-1,",
        "x,2,8,,,,zero,,us-east-1,",
        "x,2,8,,,,0,,us-east-1,",
        "x,2,8,,,,nan,,us-east-1,",
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str) -> None:
    """An unknown accelerator or an impossible price rejects the line."""
    found = read(tmp_path, line)
    assert (len(found.offers), [row.line for row in found.rejected]) == (0, [2])


def test_unusable_files(tmp_path: Path) -> None:
    """Another format, or no file, is refused."""
    path = tmp_path / "vms.csv"
    path.write_text("a,b\n")
    with pytest.raises(DataError, match="is it SkyPilot's"):
        skypilot.read(path, "aws", date(2026, 1, 1), CHIPS)
    with pytest.raises(UsageError):
        skypilot.read(tmp_path / "none.csv", "aws", date(2026, 1, 1), CHIPS)
