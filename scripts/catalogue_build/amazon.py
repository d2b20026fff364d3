"""AWS: on-demand, reserved by ratio, spot by the advisor's savings and by zone."""

from collections.abc import Iterator
from pathlib import Path

from catalogue_build.common import (
    GB,
    GIB,
    MEGABIT,
    MIB,
    Prices,
    Row,
    accelerated,
    cores,
    priced,
    prices,
    table,
)

BUCKETS = {"0": (0.0, 0.05), "1": (0.05, 0.1), "2": (0.1, 0.15), "3": (0.15, 0.2), "4": (0.2, None)}


def aws(data: Path, chosen: Row) -> Iterator[Row]:
    """All accelerated types, and the CPU families people use."""
    specs = {row["instance_type"]: row for row in table(data / "aws/aws_instance_specs.csv")}
    current = prices(data / "aws/aws_ondemand_linux.csv")
    older = table(data / "aws/aws_ondemand_reserved_allregions_2025-04.csv")
    feed = {(row["region"], row["instance_type"]): row for row in older}
    advisor = {
        (row["region"], row["instance_type"]): row
        for row in table(data / "spot/aws_spot_advisor.csv")
        if row["os"] == "Linux"
    }
    for region in chosen["regions"]:
        for instance, price, source in aws_on_demand(region, current, feed, chosen):
            base = aws_base(instance, specs.get(instance), chosen)
            if base is None or not aws_wanted(instance, base, region, chosen):
                continue
            base |= {"provider": "aws", "region": region, "instance": instance}
            confidence = "high" if source == "karpenter-aws" else "medium"
            yield priced(base, "on_demand", price, source, confidence)
            if region == chosen["regions"][0]:
                yield from aws_reserved(base, price, feed.get((region, instance)))
            yield from aws_spot(base, price, advisor.get((region, instance)))
    yield from aws_zones(data, specs, chosen)


def aws_on_demand(
    region: str, current: Prices, feed: dict[tuple[str, str], dict[str, str]], chosen: Row
) -> Iterator[tuple[str, float, str]]:
    """Today's table where it covers the region, else the feed without what was repriced."""
    if region in current:
        yield from ((name, price, "karpenter-aws") for name, price in current[region].items())
        return
    for (where, name), row in feed.items():
        if where == region and row["od_usd_hr"] and name.split(".")[0] not in chosen["repriced"]:
            yield name, float(row["od_usd_hr"]), "ec2-shop"


def aws_base(instance: str, spec: dict[str, str] | None, chosen: Row) -> Row | None:
    """Sizes and silicon of a type; None where nothing documents it."""
    family, _, _ = instance.partition(".")
    model = chosen["cpu_model"].get(family)
    if instance in chosen["types"]:
        vcpu, memory, name, count = chosen["types"][instance]
        base = {"vcpu": vcpu, "memory_bytes": round(memory * GIB), "arch": "x86_64"}
        return base | cores(vcpu, model, 2) | accelerated(name, count)
    if spec is None:
        return None
    arm = spec["arch"] == "arm64"
    threads = 1 if arm or family in chosen["whole_core"] else 2
    base = {
        "arch": "arm64" if arm else "x86_64",
        "vcpu": int(spec["vcpus"]),
        "memory_bytes": int(spec["memory_mib"]) * MIB,
        "local_storage_bytes": int(spec["local_nvme_gb"]) * GB if spec["local_nvme_gb"] else None,
        "network_bits_per_s": int(spec["network_mbps"]) * MEGABIT if spec["network_mbps"] else None,
    }
    return base | cores(int(spec["vcpus"]), model, threads) | aws_accelerator(spec, chosen)


def aws_accelerator(spec: dict[str, str], chosen: Row) -> Row:
    """Columns of the type's accelerator; a fraction where the table counts 0 of a GPU."""
    label = spec["gpu_name"] or spec["accel_name"]
    if not label:
        return {}
    known = chosen["accelerator"]
    name = known.get(f"{label}:{spec['gpu_memory_mib_each']}") or known.get(label)
    if name is None:
        return {}
    count = float(spec["gpu_count"] or spec["accel_count"])
    if count == 0:  # a slice of an L4, whose 24 GB the table counts as 22,888 MiB
        count = round(int(spec["gpu_memory_mib_each"]) / 22888, 3)
    return accelerated(name, count)


def aws_wanted(instance: str, base: Row, region: str, chosen: Row) -> bool:
    """Every accelerator but the ones left out; of the CPU families some sizes."""
    family, size = instance.split(".")
    if family in chosen["left_out"]:
        return False
    if base.get("accelerator"):
        return True
    first = region == chosen["regions"][0]
    families = chosen["cpu_families"] if first else chosen["cpu_elsewhere"]
    sizes = chosen["cpu_sizes"] if family != "x1e" else ["32xlarge"]
    return family in families and size in sizes and (size != "32xlarge" or family == "x1e")


def aws_reserved(base: Row, price: float, row: dict[str, str] | None) -> Iterator[Row]:
    """Standard reservations without upfront payment, by the older feed's ratio."""
    if row is None or not row["od_usd_hr"] or base["instance"].startswith("p"):
        return
    for kind in ("1y", "3y"):
        if reserved := row[f"ri{kind}_noupfront_usd_hr"]:
            ratio = float(reserved) / float(row["od_usd_hr"])
            yield priced(base, f"reserved_{kind}", price * ratio, "ec2-shop-ratio", "medium")


def aws_spot(base: Row, price: float, row: dict[str, str] | None) -> Iterator[Row]:
    """Spot Advisor's savings and its interruption bucket."""
    if row is None or float(row["savings_pct_vs_od"]) <= 0:
        return
    low, high = BUCKETS[row["interruption_range_index"]]
    interrupted = {
        "interruption_low_fraction_per_month": low,
        "interruption_high_fraction_per_month": high,
    }
    spot = price * (1 - float(row["savings_pct_vs_od"]) / 100)
    yield priced(base | interrupted, "spot", spot, "aws-spot-advisor", "low")


def aws_zones(data: Path, specs: Row, chosen: Row) -> Iterator[Row]:
    """The cheapest and the dearest zone's spot price, and on-demand where the feed is too old."""
    for row in table(data / "neocloud/neocloud_gpu_prices.csv"):
        if row["cloud"] != "aws-spot-range":
            continue
        instance = row["instance_type"]
        base = aws_base(instance, specs[instance], chosen) or {}
        region = row["region"].split(" ")[0]
        base |= {"provider": "aws", "region": region, "instance": instance, "as_of": "2026-01-01"}
        yield priced(base, "on_demand", float(row["price_usd_hr"]), "skypilot-catalog", "medium")
        low, high = row["spot_usd_hr"].split("..")
        zones = (("cheapest", low), ("dearest", high)) if low != high else ((None, low),)
        for zone, price in zones:
            yield priced(base | {"zone": zone}, "spot", float(price), "skypilot-catalog", "medium")
