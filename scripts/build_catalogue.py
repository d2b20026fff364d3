"""Rebuild `instance_catalog/offers/*.csv` from a folder of gathered price tables.

    python scripts/build_catalogue.py DATA_FOLDER

For maintainers; not part of the wheel. DATA_FOLDER holds aws/, azure/, gcp/, neocloud/ and spot/
as `instance_catalog/sources.toml` describes them. Which rows are taken, and the facts the tables
lack, stands in `catalogue_selection.toml` beside this file. Rules that matter:

- AWS spot = on-demand x (1 - Spot Advisor's savings), low confidence, dated as the advisor;
- commitments of the big three are listed in the first region of each only;
- AWS reserved = today's on-demand x the ratio of the feed of 2025-04, none for P types;
- outside us-east-1 AWS prices are of 2025-04, without the families repriced since;
- GCP commitments = price per month / 730; a spot price above on-demand is stale and left out;
- memory in GiB becomes bytes by 2**30, local disks in GB by 10**9.
"""  # noqa: INP001  a script, not a package

import csv
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from catalogue_build import amazon, azure, google, gpu_clouds
from catalogue_build.common import ROOT, SOURCES, Row

from benchbench.catalog.offer import Offer

ORDER = ("instance", "region", "price_kind", "zone")
KEY = ("provider", "region", "zone", "instance", "price_kind")


def main(data: Path) -> None:
    """Write one CSV per provider; `benchbench catalog check` then judges the rows."""
    selection = tomllib.loads(Path(__file__).with_name("catalogue_selection.toml").read_text())
    offers: dict[tuple[str, ...], Row] = {}
    for rows in (
        amazon.aws(data, selection["aws"]),
        google.gcp(data, selection["gcp"]),
        google.tpu(data, selection["gcp"]["tpu"]),
        azure.azure(data, selection["azure"]),
        gpu_clouds.neocloud(data, selection["neocloud"]),
        gpu_clouds.fsdl(data),
    ):
        for row in rows:
            offers.setdefault(key_of(row), row)
    write(offers.values())


def key_of(row: Row) -> tuple[str, ...]:
    """What must be unique."""
    return tuple(
        str(row.get(name)) for name in ("provider", "region", "zone", "instance", "price_kind")
    )


def write(rows: Iterable[Row]) -> None:
    """Sorted by instance, so that a change of price is a change of one line."""
    columns = list(Offer.model_fields)
    by_provider: dict[str, list[Row]] = {}
    for row in rows:
        row["source_url"] = SOURCES[row["source"]]["url"]
        row.setdefault("os", "linux")
        row.setdefault("accelerator_count", 0)
        row["price_usd_per_hour"] = float(f"{row['price_usd_per_hour']:.6g}")
        by_provider.setdefault(row["provider"], []).append(row)
    for provider, mine in by_provider.items():
        mine.sort(key=lambda row: tuple(str(row.get(name) or "") for name in ORDER))
        path = ROOT / f"instance_catalog/offers/{provider}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows({name: plain(row.get(name)) for name in columns} for row in mine)


def plain(value: object) -> object:
    """Whole floats without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
