"""What all sources share: reading, dates, and the columns of silicon and price."""

import csv
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchbench.catalog import silicon

GIB, MIB, GB, MEGABIT = 2**30, 2**20, 10**9, 10**6
HOURS_PER_MONTH = 730
ROOT = Path(__file__).parents[2]
CHIPS = silicon.load().chips
SOURCES = tomllib.loads((ROOT / "instance_catalog/sources.toml").read_text(encoding="utf-8"))
Row = dict[str, Any]
Prices = Mapping[str, Mapping[str, float]]


def table(path: Path) -> list[dict[str, str]]:
    """All rows of a CSV."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def prices(path: Path) -> Prices:
    """USD per hour by region and type of a price table; an empty price is no row."""
    found: dict[str, dict[str, float]] = {}
    for row in table(path):
        if row["price_usd_hr"]:
            found.setdefault(row["region"], {})[row["instance_type"].strip()] = float(
                row["price_usd_hr"]
            )
    return found


def priced(base: Row, kind: str, price: float, source: str, confidence: str) -> Row:
    """A row of one kind of price, dated as its source unless `base` knows better."""
    fields = {"price_kind": kind, "price_usd_per_hour": price, "source": source}
    dated = {"as_of": SOURCES[source]["retrieved"].isoformat()} | base
    return {**dated, **fields, "confidence": confidence}


def accelerated(name: str, count: float) -> Row:
    """The accelerator's columns; a slice holds its share of the memory."""
    chip = CHIPS[name]
    return {
        "accelerator": name,
        "variant": chip.variant,
        "accelerator_count": count,
        "accelerator_memory_bytes": round(chip.memory_bytes * min(count, 1)),
    }


def cores(vcpu: float, model: str | None, threads: int) -> Row:
    """Physical cores: a vCPU is a hyper-thread unless the family says otherwise."""
    return {"cpu_model": model, "cores": vcpu / threads}
