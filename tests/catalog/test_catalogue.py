"""Offers in one frame: filtered, overridden by the user's, turned back into values."""

from pathlib import Path

import pytest

from benchbench import catalog
from benchbench.catalog import catalogue
from benchbench.catalog.catalogue import Catalog
from benchbench.catalog.offer import Offer
from tests import factories

HEADER = "provider,region,instance,price_kind,price_usd_per_hour,source,as_of,confidence\n"


def gpu(provider: str, region: str, instance: str, name: str) -> Offer:
    """One accelerator of that name."""
    place = {"provider": provider, "region": region, "instance": instance}
    return factories.offer(accelerator=name, accelerator_count=1.0, **place)


def some() -> Catalog:
    """Three boards in three places."""
    return catalogue.from_offers(
        [
            gpu("a", "us-1", "x", "H100-SXM5-80GB"),
            gpu("b", "eu-1", "y", "H100-PCIe-80GB"),
            gpu("b", "us-2", "z", "H200-SXM-141GB"),
        ]
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["x", "y", "z"]),
        ({"provider": "b"}, ["y", "z"]),
        ({"provider": ["a", "b"]}, ["x", "y", "z"]),
        ({"region_prefix": "us-"}, ["x", "z"]),
        ({"region_prefix": ["eu", "us-2"]}, ["y", "z"]),
        ({"instance": "x"}, ["x"]),
        ({"gpu": "H100"}, ["x", "y"]),
        ({"gpu": "H100-PCIe-80GB"}, ["y"]),
        ({"gpu": "H10"}, []),
        ({"provider": "b", "gpu": "H100"}, ["y"]),
        ({"price_kind": "spot"}, []),
    ],
)
def test_where(wanted: dict[str, str | list[str]], found: list[str]) -> None:
    """Each filter keeps what it names; together they narrow."""
    assert list(some().where(**wanted).frame["instance"]) == found


def test_round_trip() -> None:
    """An offer comes out of the frame as it went in, unknowns included."""
    one = factories.offer(vcpu=None, price_usd_per_hour=None)
    assert catalogue.from_offers([one]).offer(0) == one


def test_iteration() -> None:
    """A catalogue is as long as its offers."""
    assert [offer.instance for offer in some()] == ["x", "y", "z"]
    assert len(some()) == 3


def test_users_rows_win(tmp_path: Path) -> None:
    """A negotiated price takes the place of the bundled one; other kinds of price stay."""
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + "aws,us-east-1,p5.48xlarge,on_demand,31,contract,2026-11-01,high\n")
    found = catalog.load([path]).where(instance="p5.48xlarge", region_prefix="us-east-1")
    prices = found.frame.set_index("price_kind")["price_usd_per_hour"]
    assert prices["on_demand"] == 31
    assert "spot" in prices.index


def test_rejected_rows_are_told(tmp_path: Path) -> None:
    """A bad row of the user's file is in `rejected`, with file and line."""
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + "aws,us-east-1,p5.48xlarge,on_demand,free,contract,2026-11-01,high\n")
    (row,) = catalog.load([path]).rejected
    assert (row.file, row.line) == ("mine.csv", 2)


def test_newest() -> None:
    """The youngest price dates a catalogue; an empty one has no date."""
    assert catalogue.newest(some()) == factories.offer().as_of
    assert catalogue.newest(some().where(provider="nobody")) is None
