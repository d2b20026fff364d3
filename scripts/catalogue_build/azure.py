"""Azure: on-demand prices of documented sizes."""

from collections.abc import Iterator
from pathlib import Path

from catalogue_build.common import GIB, Prices, Row, accelerated, cores, priced, prices


def azure(data: Path, chosen: Row) -> Iterator[Row]:
    """The sizes documented in the selection; dedicated hosts are not among them."""
    listed = prices(data / "azure/azure_ondemand_linux.csv")
    for instance, (vcpu, memory, name, count, model) in chosen["gpu"].items():
        base = azure_base(instance, vcpu, memory * GIB) | cores(vcpu, model, 2)
        if model == "NVIDIA-Grace":
            base |= {"arch": "arm64", "cores": vcpu}
        base |= accelerated(name, count)
        yield from azure_priced(base, chosen["gpu_regions"], listed)
    for pattern, (gib_per_vcpu, model, threads) in chosen["cpu"].items():
        for size in chosen["sizes"]:
            base = azure_base(pattern.format(n=size), size, size * gib_per_vcpu * GIB)
            base |= cores(size, model, threads) | ({"arch": "arm64"} if threads == 1 else {})
            yield from azure_priced(base, chosen["regions"], listed)


def azure_base(instance: str, vcpu: int, memory_bytes: int) -> Row:
    """Sizes of a type."""
    size = {"arch": "x86_64", "vcpu": vcpu, "memory_bytes": memory_bytes}
    return {"provider": "azure", "instance": instance, **size}


def azure_priced(base: Row, regions: list[str], listed: Prices) -> Iterator[Row]:
    """On-demand in the regions that have it."""
    for region in regions:
        if price := listed[region].get(base["instance"]):
            yield priced(base | {"region": region}, "on_demand", price, "karpenter-azure", "high")
