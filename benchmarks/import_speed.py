"""How fast and in how much memory price tables are imported, each in a process of its own.

    python benchmarks/import_speed.py DATA_FOLDER

DATA_FOLDER holds the gathered tables (aws/, azure/, gcp/, spot/). Prints rows, seconds, rows per
second and the peak resident memory of the process. The limit is reading the same file with the csv
module alone, without looking at a cell: its time stands beside, with the ratio. Then how long the
same number of rows takes in the catalogue's own columns, which are parsed column by column.
"""

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

TABLES = (
    ("karpenter", "azure/azure_ondemand_linux.csv"),
    ("gcosts", "gcp/gcp_compute_cud_spot.csv"),
    ("karpenter", "gcp/gcp_ondemand_spot.csv"),
    ("ec2-shop", "aws/aws_ondemand_reserved_allregions_2025-04.csv"),
    ("karpenter", "aws/aws_ondemand_linux.csv"),
    ("aws-spot-advisor", "spot/aws_spot_advisor.csv"),
)
AZURE_S, AZURE_MIB = 5.0, 500.0


def main(folder: Path) -> None:
    """One child process per table."""
    columns = ("rows", "offers", "seconds", "rows/s", "csv alone", "ratio", "peak MiB")
    print(f"{'table':50}", *(f"{name:>10}" for name in columns))
    with tempfile.TemporaryDirectory() as empty:  # what was imported before would be read too
        for kind, name in TABLES:
            command = [sys.executable, __file__, kind, str(folder / name)]
            subprocess.run(command, check=True, env=os.environ | {"XDG_CACHE_HOME": empty})
    print(f"promised for Azure's table: under {AZURE_S:g} s and {AZURE_MIB:g} MiB")


def one(kind: str, path: Path) -> None:
    """Import it here, and read it bare; print the line."""
    from benchbench.catalog import catalogue, fetch, importing, shelf

    started = time.perf_counter()
    bare = _bare(path)
    bare_s = time.perf_counter() - started
    started = time.perf_counter()
    taken = shelf.take(
        kind, str(path), provider=None, as_of=date(2026, 8, 1), opener=fetch.over_https
    )
    took = time.perf_counter() - started
    report = taken.report
    if report.rows_in != bare - 1:
        raise SystemExit(f"{path}: {bare - 1} rows in the file, {report.rows_in} seen")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = (
        f"{report.rows_in:10}{report.offers:11}{took:11.2f}{report.rows_in / took:11.0f}"
        f"{bare_s:11.2f}{took / bare_s:11.1f}{peak:11.0f}"
    )
    print(f"{path.parent.name}/{path.name:{49 - len(path.parent.name)}} {figures}")
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "offers.csv"
        importing.to_csv(taken.frame, kept)
        started = time.perf_counter()
        loaded = len(catalogue.load([kept], bundled_too=False))
        took = time.perf_counter() - started
    print(f"{'  loaded again from the cache':50}{'':11}{loaded:10}{took:11.2f}")


def _bare(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for row in csv.reader(file) if row)


if __name__ == "__main__":
    if len(sys.argv) == 2:  # noqa: PLR2004  the folder
        main(Path(sys.argv[1]))
    else:
        one(sys.argv[1], Path(sys.argv[2]))
