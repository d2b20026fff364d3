"""The workloads as `benchbench workloads` shows them: what each needs, and which machines hold it.

Counting comes from the workload files, memory and prices from the catalogue; nothing is measured.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pandas as pd

from benchbench.catalog import silicon
from benchbench.catalog.catalogue import Catalog
from benchbench.measure.loadgen import LoadScenario
from benchbench.predict.scale import PYTORCH_RUNS_ON
from benchbench.record import System
from benchbench.workload.describe import Fits, Holder, WorkloadDescription, WorkloadList, describe
from benchbench.workload.file import load_file


def workloads(files: Iterable[Path], system: System, offers: Catalog) -> WorkloadList:
    """Each file described, with the machines that hold it at its defaults.

    Raises UsageError for a file that is no workload.
    """
    rentable = _accelerators(offers)
    described = (describe(load_file(file)) for file in files)
    return WorkloadList(
        workloads=tuple(
            one.model_copy(
                update={"scenarios": _scenarios(one), "fits": _fits(one, system, rentable)}
            )
            for one in described
        )
    )


def _scenarios(one: WorkloadDescription) -> tuple[str, ...]:
    asked = () if one.scenario == "train" else get_args(LoadScenario)
    return tuple(dict.fromkeys((one.scenario, *asked)))


def _fits(one: WorkloadDescription, system: System, rentable: pd.DataFrame) -> Fits:
    here = _here(one, system)
    if one.accelerator_memory_bytes is None:
        return Fits(here=here)
    enough = rentable[rentable["held"] >= one.accelerator_memory_bytes]
    return Fits(
        here=here,
        smallest=_first(enough.sort_values(["held", "price_usd_per_hour"], kind="stable")),
        cheapest=_first(enough.sort_values(["price_usd_per_hour", "held"], kind="stable")),
    )


def _here(one: WorkloadDescription, system: System) -> bool | None:
    """Whether the first accelerator of this machine, or else its main memory, holds it."""
    if system.accelerators:
        need, has = one.accelerator_memory_bytes, system.accelerators[0].memory_bytes
    else:
        need, has = one.memory_bytes, system.memory.limit_bytes or system.memory.total_bytes
    return None if need is None or has is None else need <= has


def _accelerators(offers: Catalog) -> pd.DataFrame:
    """Priced instances whose accelerators run PyTorch; `held` is the memory of one, in bytes."""
    chips = silicon.load().chips
    memory = {n: c.memory_bytes for n, c in chips.items() if c.vendor in PYTORCH_RUNS_ON}
    frame = offers.frame
    frame = frame[frame["accelerator"].isin(list(memory)) & (frame["price_kind"] == "on_demand")]
    frame = frame[frame["price_usd_per_hour"].notna()]
    # A slice says how much memory it has; where nothing is said it has its share.
    shared = frame["accelerator"].astype(str).map(memory) * frame["accelerator_count"].clip(upper=1)
    stated = frame["accelerator_memory_bytes"].astype("Float64")
    return frame.assign(held=stated.fillna(shared).astype(float))


def _first(frame: pd.DataFrame) -> Holder | None:
    if not len(frame):
        return None
    row = frame.iloc[0]
    return Holder(
        silicon=str(row["accelerator"]),
        memory_bytes=float(row["held"]),
        provider=str(row["provider"]),
        instance=str(row["instance"]),
        region=str(row["region"]),
        usd_per_hour=float(row["price_usd_per_hour"]),
    )
