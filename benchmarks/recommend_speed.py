"""Half a million offers, fifty records: how long a recommendation takes, and where.

    python benchmarks/recommend_speed.py [OFFERS]

The same offers and the same fifty throughputs go through benchbench, DuckDB and polars, each in a
process of its own. The two engines do the bare join: offers to records by accelerator, the best
record per offer, dollars per unit, the forty cheapest. benchbench also checks every row, derives
throughputs from raw steps, tests memory and limits, folds regions, and knows a reason for every
offer that is out. All three must name the same forty at the same cost.
"""

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

OFFERS = 500_000
LIMIT_S = 3.0
SHOWN = 40
REPEATS = 3
PHASES = ("imports", "offers", "records", "deciding")
CHIPS = ("A100-SXM4-80GB", "H100-SXM5-80GB", "L4", "L40S", "T4")
SEED = 20260101
GIB = 2**30


def offers(count: int, path: Path) -> None:
    """Synthetic offers of five accelerators: 250 instance types x 3 kinds of price x regions."""
    import numpy as np
    import pandas as pd

    row = np.arange(count)
    price, kind, region = row % 3, row // 3 % 250, row // 750
    chip, gpus = kind % len(CHIPS), 2.0 ** (kind // len(CHIPS) % 4)
    pd.DataFrame(
        {
            "provider": np.char.add("cloud", (region % 20).astype(str)),
            "region": np.char.add("region-", region.astype(str)),
            "instance": np.char.add("type-", kind.astype(str)),
            "os": "linux",
            "vcpu": 8 * gpus + kind // 20,
            "cores": 4 * gpus + kind // 40,
            "memory_bytes": (64 * GIB * gpus).astype(np.int64),
            "accelerator": np.array(CHIPS)[chip],
            "accelerator_count": gpus,
            "price_kind": np.array(["on_demand", "spot", "reserved_1y"])[price],
            "price_usd_per_hour": _prices(count) * gpus * (1 + chip),
            "source": "synthetic",
            "as_of": "2026-01-01",
            "confidence": "high",
        }
    ).to_csv(path, index=False)


def _prices(count: int) -> Any:  # noqa: ANN401  numpy is imported where it is used
    import numpy as np

    return np.round(np.random.default_rng(SEED).uniform(1, 5, count), 5)


def records(folder: Path) -> None:
    """Fifty records of 300 steps: ten batch sizes on each accelerator."""
    from benchbench.store import Store
    from tests import factories as make

    store, table = Store(folder / "records"), []
    for at, chip in enumerate(CHIPS):
        for power in range(10):
            rate = 200.0 * (at + 1) * (1 + power / 100)
            board = make.accelerator(name=f"NVIDIA {chip}", memory_bytes=None, pci_id=None)
            seen = make.measurement(
                rate, units_per_step=float(2**power), steps=300, peak_device_memory_bytes=2 * GIB
            )
            work = make.record().work.model_copy(
                update={"flops_per_unit": 1e9, "bytes_per_unit": 1e6}
            )
            store.write(
                make.gpu_record(
                    batch_size=2**power,
                    system=make.system(accelerators=(board,)),
                    measurement=seen,
                    precision="fp16",
                    work=work,
                )
            )
            table.append((chip, rate))
    lines = ["accelerator,rate", *(f"{chip},{rate}" for chip, rate in table)]
    (folder / "records.csv").write_text("\n".join(lines) + "\n")


def ours(folder: Path) -> dict[str, Any]:
    """Read, decide, and name the first."""
    start = perf_counter()
    from benchbench import recommend as recommender
    from benchbench.catalog import catalogue, silicon
    from benchbench.store import Store

    imported = perf_counter()
    catalog = catalogue.load([folder / "offers.csv"], bundled_too=False)
    known = silicon.load()
    parsed = perf_counter()
    read = Store(folder / "records").read().records
    loaded = perf_counter()
    goal = recommender.Goal(workload="resnet50-train")
    answer = recommender.recommend(read, catalog, known, goal, today=date(2026, 1, 1), listed=0)
    done = perf_counter()
    judged = len(answer.candidates) + sum(one.offers for one in answer.reasons)
    return {
        "imports": imported - start,
        "offers": parsed - imported,
        "records": loaded - parsed,
        "deciding": done - loaded,
        "rows": judged,
        "first": [one.usd_per_unit.value for one in answer.candidates[:SHOWN]],
    }


_SQL = """
with joined as (
    select o.provider, o.instance, o.price_kind,
           o.price_usd_per_hour / (3600 * r.rate * o.accelerator_count) as usd_per_unit
    from offers o join records r using (accelerator)
    where o.price_kind = 'on_demand' and o.confidence in ('medium', 'high')
)
select min(usd_per_unit) as usd_per_unit from joined
group by provider, instance, price_kind order by usd_per_unit limit 40
"""


def in_duckdb(folder: Path) -> dict[str, Any]:
    """The bare join in SQL."""
    start = perf_counter()
    import duckdb

    imported = perf_counter()
    base = duckdb.connect()
    for name in ("offers", "records"):
        base.execute(f"create table {name} as from read_csv('{folder / name}.csv')")
    loaded = perf_counter()
    rows = base.execute(_SQL).fetchall()
    done = perf_counter()
    return _told(start, imported, loaded, done, [row[0] for row in rows])


def in_polars(folder: Path) -> dict[str, Any]:
    """The bare join in expressions."""
    start = perf_counter()
    import polars as pl

    imported = perf_counter()
    sold, measured = (pl.read_csv(folder / f"{name}.csv") for name in ("offers", "records"))
    loaded = perf_counter()
    ranked = (
        sold.filter(
            (pl.col("price_kind") == "on_demand") & pl.col("confidence").is_in(["medium", "high"])
        )
        .join(measured, on="accelerator")
        .with_columns(
            usd_per_unit=pl.col("price_usd_per_hour")
            / (3600 * pl.col("rate") * pl.col("accelerator_count"))
        )
        .group_by("provider", "instance", "price_kind")
        .agg(pl.col("usd_per_unit").min())
        .sort("usd_per_unit")
        .head(SHOWN)
    )
    done = perf_counter()
    return _told(start, imported, loaded, done, ranked["usd_per_unit"].to_list())


def _told(
    start: float, imported: float, loaded: float, done: float, first: list[float]
) -> dict[str, Any]:
    return {
        "imports": imported - start,
        "offers": loaded - imported,
        "records": 0.0,
        "deciding": done - loaded,
        "first": first,
    }


ENGINES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "benchbench": ours,
    "duckdb": in_duckdb,
    "polars": in_polars,
}


def child(engine: str, folder: Path) -> None:
    """One engine in this process; what it took on stdout."""
    print(json.dumps({**ENGINES[engine](folder), "peak_bytes": _peak_bytes()}))


def _peak_bytes() -> int:
    """Of this program; getrusage would count what the parent held when it forked."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def measured(engine: str, folder: Path) -> dict[str, Any]:
    """The same in fresh processes, the quickest of three: what else runs here only adds."""
    command = [sys.executable, __file__, "--child", engine, str(folder)]
    runs: list[dict[str, Any]] = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(REPEATS)
    ]
    return min(runs, key=_seconds)


def _seconds(run: dict[str, Any]) -> float:
    return math.fsum(run[phase] for phase in PHASES)


def main(count: int) -> int:
    """Print the table; 1 where the engines disagree or the limit is passed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        offers(count, folder / "offers.csv")
        records(folder)
        rows = {engine: measured(engine, folder) for engine in ENGINES}
    print(f"{count:,} offers x 50 records, {datetime.now(UTC).date()}")
    print(f"{'':<12}" + "".join(f"{phase:>10}" for phase in PHASES) + f"{'all':>8}{'peak':>10}")
    whole = {engine: _seconds(row) for engine, row in rows.items()}
    for engine, row in rows.items():
        cells = "".join(f"{row[phase]:>8.2f} s" for phase in PHASES)
        print(f"{engine:<12}{cells}{whole[engine]:>6.2f} s{row['peak_bytes'] / 1e6:>7.0f} MB")
    mine, seconds = rows["benchbench"], whole["benchbench"]
    for engine in ("duckdb", "polars"):
        decided = mine["deciding"] / rows[engine]["deciding"]
        ratio = seconds / whole[engine]
        print(f"benchbench / {engine}: {ratio:.2f} in all, {decided:.1f} deciding (and far more)")
    agreed = _agree([row["first"] for row in rows.values()])
    print(f"every offer accounted for: {mine['rows'] == count}; the same first {SHOWN}: {agreed}")
    loading = 1 - mine["deciding"] / seconds
    print(f"limit {LIMIT_S:.0f} s: {seconds / LIMIT_S:.0%} of it, {loading:.0%} of that loading")
    return 0 if agreed and mine["rows"] == count and seconds < LIMIT_S else 1


def _agree(found: list[list[float]]) -> bool:
    return all(len(one) == len(found[0]) and all(map(math.isclose, one, found[0])) for one in found)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
        sys.exit()
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else OFFERS))
