"""Finding offers as people ask for them."""

from typing import Any

import pytest

from benchbench import catalog
from benchbench.catalog import catalogue, search, silicon
from benchbench.catalog.catalogue import Catalog
from benchbench.catalog.search import Wanted
from benchbench.errors import UsageError
from tests import factories

GIB = 2**30


def some() -> Catalog:
    """One and eight A100 in Virginia, one by spot, a small instance on Azure in Europe."""
    azure = {"provider": "azure", "region": "westeurope", "instance": "Standard_D4s_v5"}
    return catalogue.from_offers(
        [
            factories.gpu_offer(8),
            factories.gpu_offer(1),
            factories.gpu_offer(1, price_kind="spot", price_usd_per_hour=1.0),
            factories.offer(**azure, memory_bytes=16 * GIB),
            factories.offer(provider="acme", price_usd_per_hour=None),
        ]
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["Standard_D4s_v5", "a100x1", "a100x1", "a100x8", "c6a.xlarge"]),
        ({"gpus": ("a100",)}, ["a100x1", "a100x1", "a100x8"]),
        ({"gpus": ("A100-SXM4-80GB",), "price_kinds": ("spot",)}, ["a100x1"]),
        ({"gpus": ("A100",), "max_usd_per_hour": 4.0}, ["a100x1", "a100x1"]),
        ({"gpus": ("A100",), "min_memory_bytes": 81 * GIB}, ["a100x8"]),
        ({"min_memory_bytes": 16 * GIB}, ["Standard_D4s_v5", "a100x1", "a100x1", "a100x8"]),
        ({"regions": ("eu",)}, ["Standard_D4s_v5"]),
        ({"regions": ("us",), "providers": ("AWS",)}, ["a100x1", "a100x1", "a100x8"]),
        ({"instance": "d4S_V5"}, ["Standard_D4s_v5"]),
        ({"price_kinds": ("on-demand",), "providers": ("aws",)}, ["a100x1", "a100x8"]),
        ({"max_usd_per_hour": 100.0, "providers": ("acme", "azure")}, ["Standard_D4s_v5"]),
    ],
)
def test_filters(wanted: dict[str, Any], found: list[str]) -> None:
    """Each filter keeps what it says, together they narrow; the cheapest first, unpriced last."""
    assert list(search.find(some(), Wanted(**wanted)).frame["instance"]) == found


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"gpus": ("A10",)}, "A100-SXM4-80GB"),
        ({"providers": ("azur",)}, "azure"),
        ({"regions": ("us-eats",)}, "us-east-1"),
        ({"instance": "a100x2"}, "a100x1"),
        ({"price_kinds": ("spt",)}, "spot"),
    ],
)
def test_nearest_names(wanted: dict[str, Any], named: str) -> None:
    """A name nobody knows is answered with those that come near."""
    with pytest.raises(UsageError, match=f"nearest: .*{named}"):
        search.find(some(), Wanted(**wanted))


def test_filters_that_exclude_each_other() -> None:
    """Names that are all known and fit nothing together: which filters to leave out."""
    with pytest.raises(UsageError, match="leave one out"):
        search.find(some(), Wanted(gpus=("A100",), providers=("azure",)))


def test_memory() -> None:
    """80GB of an accelerator are 80 x 2^30 bytes."""
    assert search.memory("80GB") == 80 * GIB
    with pytest.raises(UsageError, match="500GB"):
        search.memory("much")


@pytest.mark.parametrize(
    ("name", "chip", "count", "gpu_gib"),
    [
        ("p3dn.24xlarge", "V100-SXM2-32GB", 8, 32),
        ("p3.2xlarge", "V100-SXM2-16GB", 1, 16),
        ("p5.48xlarge", "H100-SXM5-80GB", 8, 80),
        ("a3-highgpu-8g", "H100-SXM5-80GB", 8, 80),
        ("ND96isr_H100_v5", "H100-SXM5-80GB", 8, 80),
        ("STANDARD_nd96ISR_h100_V5", "H100-SXM5-80GB", 8, 80),
        ("v3-8", "TPU-v3", 4, 32),
        ("x1e.32xlarge", None, 0, None),
        ("t4g.medium", None, 0, None),
    ],
)
def test_promised_names(name: str, chip: str | None, count: int, gpu_gib: int | None) -> None:
    """The names everybody types resolve, on demand, with the right silicon and memory."""
    wanted = Wanted(instance=name, price_kinds=("on_demand",))
    for offer in search.find(catalog.load(), wanted):
        assert (offer.accelerator, offer.accelerator_count) == (chip, count)
        assert offer.accelerator_memory_bytes == (None if gpu_gib is None else gpu_gib * GIB)
        assert offer.price_kind == "on_demand"


def test_listed() -> None:
    """What is shown is cut, what matched is counted."""
    listed = search.listed(some(), 2)
    assert (len(listed.offers), listed.total) == (2, 5)
    assert len(search.listed(some(), None).offers) == 5


def test_every_region_is_somewhere() -> None:
    """Whatever a provider calls it, a bundled region is in Europe, the United States or Asia."""
    regions = set(catalog.load().frame["region"])
    placed = {
        name: [one for one in ("eu", "us", "ap") if search._is_there(name, one)] for name in regions
    }
    nowhere = {name for name, found in placed.items() if len(found) != 1}
    assert nowhere == {"CANADA-1", "ca"}


@pytest.mark.parametrize(
    ("name", "family", "cores"),
    [("x1e.32xlarge", "Haswell-EX", 64), ("t4g.medium", "Graviton2", 2)],
)
def test_promised_names_without_accelerators(name: str, family: str, cores: int) -> None:
    """Their processors are known too: a Xeon E7-8880 v3, and one of AWS with one-thread cores."""
    found = catalog.load().where(instance=name, price_kind="on_demand")
    offer = found.offer(0)
    known = silicon.load().of_offer(offer)
    assert known is not None
    assert (known.name, known.count) == (family, cores)
