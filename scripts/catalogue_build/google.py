"""Google Cloud: machine types with every kind of price, and TPUs by the chip-hour."""

import json
from collections.abc import Iterator
from pathlib import Path

from catalogue_build.common import GIB, HOURS_PER_MONTH, Row, accelerated, cores, priced, table


def gcp(data: Path, chosen: Row) -> Iterator[Row]:
    """All GPU types with every kind of price, CPU families in the sizes people use."""
    for row in table(data / "gcp/gcp_compute_cud_spot.csv"):
        if row["region"] not in chosen["regions"] or not gcp_wanted(row, chosen):
            continue
        base = gcp_base(row, chosen)
        on_demand = float(row["od_usd_hr"])
        yield priced(base, "on_demand", on_demand, "gcosts", "high")
        if row["spot_usd_hr"] and float(row["spot_usd_hr"]) <= on_demand:
            yield priced(base, "spot", float(row["spot_usd_hr"]), "gcosts", "high")
        if row["region"] == chosen["regions"][0]:
            yield from gcp_committed(base, row)
    yield priced(gcp_flex_start(), "flex_start", 64.44, "gcp-flex-start", "low")


def gcp_committed(base: Row, row: dict[str, str]) -> Iterator[Row]:
    """Committed use, paid monthly."""
    for kind in ("1y", "3y"):
        if month := row[f"month_cud{kind}"]:
            yield priced(base, f"cud_{kind}", float(month) / HOURS_PER_MONTH, "gcosts", "high")


def gcp_wanted(row: dict[str, str], chosen: Row) -> bool:
    """GPU types, and plain CPU types of the chosen sizes."""
    if row["gpu"]:
        return True
    family, _, size = row["instance_type"].rpartition("-")
    first = row["region"] == chosen["regions"][0]
    known = family in chosen["cpu_model"] and size.isdigit() and int(size) in chosen["cpu_sizes"]
    return known and (first or family in chosen["cpu_elsewhere"])


def gcp_base(row: dict[str, str], chosen: Row) -> Row:
    """Sizes and silicon of a machine type."""
    instance = row["instance_type"]
    prefix = instance.split("-")[0]
    whole = prefix in chosen["whole_core"]
    models = chosen["cpu_model"].items()
    model = next((name for start, name in models if instance.startswith(start)), None)
    base = {
        "provider": "gcp",
        "region": row["region"],
        "instance": instance,
        "arch": "arm64" if prefix in {"t2a", "c4a"} else "x86_64",
        "vcpu": int(row["vcpus"]),
        "memory_bytes": round(float(row["ram_gb"]) * GIB),
    }
    base |= cores(int(row["vcpus"]), model, 1 if whole else 2)
    if row["gpu"]:
        base |= accelerated(chosen["accelerator"][row["gpu"]], float(row["gpu_count"]))
    return base


def gcp_flex_start() -> Row:
    """Eight B200: sold by the scheduler only."""
    base = {"provider": "gcp", "region": "us-central1", "instance": "a4-highgpu-8g"}
    size = {"arch": "x86_64", "vcpu": 224, "memory_bytes": 3968 * GIB}
    return base | size | cores(224, "EmeraldRapids-SP", 2) | accelerated("B200-SXM-180GB", 8)


def tpu(data: Path, chosen: Row) -> Iterator[Row]:
    """TPU types = chips x the price of a chip-hour."""
    prices = json.loads((data / "neocloud/gpuhunt_tpu_pricing.json").read_text(encoding="utf-8"))
    for instance, (label, chip, count, vcpu, memory) in chosen.items():
        for region, price in prices[label].items():
            base = {"provider": "gcp", "region": region, "instance": instance, "arch": "x86_64"}
            base |= {"vcpu": vcpu, "memory_bytes": memory * GIB, **accelerated(chip, count)}
            on_demand, spot = price["On Demand (USD)"], price["Spot (USD)"]
            yield priced(base, "on_demand", on_demand * count, "gpuhunt-tpu", "medium")
            if spot < on_demand:
                yield priced(base, "spot", spot * count, "gpuhunt-tpu", "medium")
