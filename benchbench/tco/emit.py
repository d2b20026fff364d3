"""One's own machine at its own price, as other tools read prices: OpenCost and SkyPilot."""

from datetime import date
from typing import Literal

from benchbench import printable
from benchbench.catalog.importers import names
from benchbench.errors import DataError
from benchbench.tco.answer import OwnServer, TcoAnswer

Format = Literal["opencost", "skypilot"]
_GIB = 2**30
_OPENCOST = (
    "EndTimestamp",
    "InstanceID",
    "Region",
    "AssetClass",
    "InstanceIDField",
    "InstanceType",
    "MarketPriceHourly",
    "Version",
)
"""OpenCost's custom pricing: a row is matched to nodes by a field of theirs."""
_SKYPILOT = (
    "InstanceType",
    "AcceleratorName",
    "AcceleratorCount",
    "vCPUs",
    "MemoryGiB",
    "GpuInfo",
    "Price",
    "SpotPrice",
    "Region",
    "AvailabilityZone",
)
_THREADS_PER_CORE = 2
_REGION = "own"


def write(answer: TcoAnswer, kind: Format, today: date) -> str:
    """The CSV. Raises DataError where no server ever stands, and so none has a price."""
    own = answer.own_server
    if own is None:
        raise DataError("no server of one's own stands in this scenario; shorten lead_months")
    rows = {"opencost": _opencost, "skypilot": _skypilot}[kind](own, today)
    return printable.table(rows)


def _opencost(own: OwnServer, today: date) -> list[tuple[str, ...]]:
    """A node by its instance type; what its accelerators cost is inside the node's price."""
    row = (
        f"{today.isoformat()} 00:00:00 UTC",
        own.key,
        "",
        "node",
        "metadata.labels.node.kubernetes.io/instance-type",
        own.key,
        f"{own.usd_per_hour:.6f}",
        "",
    )
    return [_OPENCOST, row]


def _skypilot(own: OwnServer, _today: date) -> list[tuple[str, ...]]:
    accelerator = "" if own.accelerator is None else _skypilot_name(own.accelerator)
    vcpus = "" if own.cores is None else f"{own.cores * _THREADS_PER_CORE:g}"
    row = (
        own.key,
        accelerator,
        f"{own.accelerators:g}" if own.accelerators else "",
        vcpus,
        "" if own.memory_bytes is None else f"{own.memory_bytes / _GIB:g}",
        accelerator,
        f"{own.usd_per_hour:.6f}",
        "",
        _REGION,
        "",
    )
    return [_SKYPILOT, row]


def _skypilot_name(canonical: str) -> str:
    """The shortest name its readers, ours among them, take for this very accelerator."""
    parts = canonical.split("-")
    guesses = (parts[0], f"{parts[0]}-{parts[-1]}", f"{parts[0]}-{parts[-1]}-SXM", canonical)
    return next((one for one in guesses if names.canonical(one) == canonical), canonical)
