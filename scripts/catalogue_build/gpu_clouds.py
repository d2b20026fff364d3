"""GPU clouds: a table read by hand from several sources, and an older public one."""

from collections.abc import Iterator
from pathlib import Path

from benchbench.catalog.importers import names
from catalogue_build.common import GIB, Row, accelerated, cores, priced, table


def neocloud(data: Path, chosen: Row) -> Iterator[Row]:
    """Every usable row of the hand-read table; where two sources agree, the first."""
    for row in table(data / "neocloud/neocloud_gpu_prices.csv"):
        if not usable(row):
            continue
        source = row["source"].split(" ")[0].split("/")[-1]
        for region in chosen["region"].get(row["region"]) or row["region"].split("/"):
            base, per_node = neocloud_base(row, chosen)
            region = region.lower() if row["cloud"] == "vast" else region  # noqa: PLW2901  countries
            base |= {"region": region, "as_of": neocloud_date(row["as_of"])}
            confidence = "low" if row["cloud"] == "vast" else "medium"
            price = float(row["price_usd_hr"]) * per_node if row["price_usd_hr"] else None
            if price:
                yield priced(base, "on_demand", price, source, confidence)
            if row["spot_usd_hr"] and row["spot_usd_hr"] != row["price_usd_hr"]:
                yield priced(base, "spot", float(row["spot_usd_hr"]), source, confidence)


def usable(row: dict[str, str]) -> bool:
    """Not the big three's; not vast's SXM4 boards without a size; not what is listed already."""
    mixed = row["cloud"] == "vast" and "SXM4-40" in row["instance_type"]
    twice = (row["cloud"], row["gpu"]) in {
        ("lambda", "H100-SXM (8x rate)"),
        ("runpod", "A100-80GB-PCIe"),
    }
    return row["cloud"] not in {"aws-spot-range", "azure"} and not mixed and not twice


def neocloud_base(row: dict[str, str], chosen: Row) -> tuple[Row, int]:
    """The columns of a row, and how many GPUs its price must be multiplied by."""
    label, count = row["gpu"], float(row["gpu_count"])
    per_node = 8 if "(8x rate)" in label else 1
    base: Row = {"provider": row["cloud"], "instance": row["instance_type"]}
    if row["vcpus"] and row["cloud"] != "vast":  # the table writes 32 and 64 for all of vast's
        base |= {"vcpu": float(row["vcpus"]), "memory_bytes": round(float(row["mem_gib"]) * GIB)}
    for start, (model, threads) in chosen["cpu"].items():
        if row["instance_type"].startswith(start):
            base |= cores(base["vcpu"], model, threads)
    if label:
        override = chosen["accelerator"].get(f"{row['cloud']}:{label}")
        name = override or names.canonical(label, float(row["gpu_mem_gib"]))
        base |= accelerated(name or "", count * per_node)
        median = " (median)" if "(median" in label else ""
        base["instance"] = base["instance"] or f"{count * per_node:g}x-{name}{median}"
    return base, per_node


def neocloud_date(text: str) -> str:
    """The first day of the (last) year where only years are known."""
    if text.count("-") == 2:  # noqa: PLR2004  a full date
        return text
    year = text.split(" ", maxsplit=1)[0]
    return f"{2000 + int(year[-2:])}-01-01"


def fsdl(data: Path) -> Iterator[Row]:
    """Older prices of clouds the other tables lack, and of GPUs attached to Google's N1 types."""
    wanted = {"OVHcloud": "ovhcloud", "Paperspace": "paperspace", "RunPod": "runpod", "GCP": "gcp"}
    for row in table(data / "neocloud/fsdl_cloud_gpus_2025-03.csv"):
        provider = wanted.get(row["Cloud"])
        if provider is None or (provider == "gcp" and not row["Name"].startswith("n1-")):
            continue
        label, _, size = row["GPU Type"].partition(" (")
        name = names.canonical(label, float(size.split(" ")[0]))
        name = "P100-PCIe-16GB" if label == "P100" else name
        count = float(row["GPUs"])
        base: Row = {
            "provider": provider,
            "region": {"gcp": "us-central1", "ovhcloud": "eu", "paperspace": "us"}.get(
                provider, "us"
            ),
            "instance": fsdl_instance(row, count),
            "vcpu": float(row["vCPUs"]),
            "memory_bytes": round(float(row["RAM"]) * GIB),
            **accelerated(name or "", count),
        }
        yield priced(base, "on_demand", float(row["On-demand"]), "fsdl-cloud-gpus", "low")


def fsdl_instance(row: dict[str, str], count: float) -> str:
    """The type's name, with the GPU where it is attached to a plain type or nothing is named."""
    gpu = f"{row['GPU Type'].replace(' (', '-').replace(' GB)', 'GB')}"
    if row["Cloud"] == "GCP":
        return f"{row['Name']}+{count:g}x{gpu.partition('-')[0]}"
    return row["Name"] or f"{count:g}x-{gpu}"
