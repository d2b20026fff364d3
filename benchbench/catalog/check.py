"""What is doubtful in the catalogue's own data, found without looking anything up."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Literal

from benchbench import units
from benchbench.catalog.chips import Chip, CpuFamily
from benchbench.catalog.identity import MEMORY_VISIBLE
from benchbench.catalog.offer import STALE_AFTER_DAYS
from benchbench.catalog.silicon import Silicon
from benchbench.record import Model, Precision

if TYPE_CHECKING:
    import pandas as pd

    from benchbench.catalog.catalogue import Catalog

USD_PER_ACCELERATOR_HOUR = (0.05, 30.0)
SPARSE_OVER_DENSE = 1.9
EIGHTH_GIB = 2**27
"""Instances are sold in steps of this memory; decimal gigabytes are not multiples of it."""
ROUNDING = 1.02
CLOCKS_HZ = (0.8e9, 3.5e9)
"""No accelerator rates its matrix units outside."""
SECONDS_TO_READ_MEMORY = (0.005, 0.4)
"""Memory over its bandwidth: 25 ms on an H100, 0.25 s on a Cloud AI 100."""
DENSE_FLOPS_PER_WATT = 4e12
"""No chip of 2026 gives more at 16 bits (H100 1.4, B200 2.25, Cloud AI 100 2.7)."""
TDP_W = (15.0, 2000.0)
_RISING: tuple[tuple[Precision, Precision], ...] = (
    ("tf32", "bf16"),
    ("tf32", "fp16"),
    ("bf16", "fp8"),
    ("fp16", "fp8"),
)


class Finding(Model):
    """One doubt: `where` names the row or entry, `message` what is wrong with it."""

    severity: Literal["error", "warning", "note"]
    code: str
    where: str
    message: str


def lint(catalog: "Catalog", silicon: Silicon, today: date) -> tuple[Finding, ...]:
    """Everything found, errors first."""
    found = [
        *_rejected(catalog),
        *_duplicates(catalog.frame),
        *_prices(catalog.frame),
        *_spot_above_on_demand(catalog.frame),
        *_unknown_silicon(catalog.frame, silicon),
        *_memory(catalog.frame, silicon),
        *_ages(catalog.frame, today),
        *(finding for chip in silicon.chips.values() for finding in _chip(chip)),
        *(finding for family in silicon.cpus.values() for finding in _family(family)),
    ]
    order = ("error", "warning", "note")
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def _rejected(catalog: "Catalog") -> Iterator[Finding]:
    for row in catalog.rejected:
        yield _error("rejected", f"{row.file}:{row.line}", row.reason)


def _error(code: str, where: str, message: str) -> Finding:
    return Finding(severity="error", code=code, where=where, message=message)


def _where(frame: "pd.DataFrame") -> list[str]:
    """`provider/region[/zone]/instance/price_kind` of every row, as `Offer.key`."""
    text = frame[["provider", "region", "zone", "instance", "price_kind"]].astype(object)
    place = text["region"].where(text["zone"].isna(), text["region"] + "/" + text["zone"])
    return list(text["provider"] + "/" + place + "/" + text["instance"] + "/" + text["price_kind"])


def _duplicates(frame: "pd.DataFrame") -> Iterator[Finding]:
    columns = ["provider", "region", "zone", "instance", "os", "price_kind"]
    for where in _where(frame[frame.duplicated(subset=columns)]):
        yield _error("duplicate", where, "listed more than once")


def _prices(frame: "pd.DataFrame") -> Iterator[Finding]:
    per_accelerator = frame["price_usd_per_hour"] / frame["accelerator_count"]
    low, high = USD_PER_ACCELERATOR_HOUR
    with_one = frame["accelerator_count"] > 0
    odd = frame[with_one & ((per_accelerator < low) | (per_accelerator > high))]
    for where in _where(odd):
        yield _error("price", where, f"not between ${low} and ${high} per accelerator-hour")
    for where in _where(frame[frame["price_usd_per_hour"] <= 0]):
        yield _error("price", where, "the price is not above 0")
    for where in _where(frame[frame["cores"] > frame["vcpu"]]):
        yield _error("cores", where, "more cores than vCPU")


def _spot_above_on_demand(frame: "pd.DataFrame") -> Iterator[Finding]:
    place = ["provider", "region", "instance"]
    on_demand = frame[frame["price_kind"] == "on_demand"].groupby(place)["price_usd_per_hour"].min()
    others = frame[~frame["price_kind"].isin(["on_demand", "capacity_block", "flex_start"])]
    joined = others.join(on_demand.rename("on_demand"), on=place)
    for where in _where(joined[joined["price_usd_per_hour"] > joined["on_demand"]]):
        yield Finding(
            severity="warning",
            code="above_on_demand",
            where=where,
            message="dearer than on-demand; one of the two is out of date",
        )


def _unknown_silicon(frame: "pd.DataFrame", silicon: Silicon) -> Iterator[Finding]:
    for column, known in (("accelerator", silicon.chips), ("cpu_model", silicon.cpus)):
        unknown = frame[frame[column].notna() & ~frame[column].isin(list(known))]
        for (provider, name), rows in unknown.groupby(["provider", column]):
            message = f"{column} {name!r} of {len(rows)} offers has no datasheet entry"
            yield _error("unknown_silicon", str(provider), message)


def _memory(frame: "pd.DataFrame", silicon: Silicon) -> Iterator[Finding]:
    size = frame["memory_bytes"]
    decimal = (size % EIGHTH_GIB != 0).fillna(value=False)
    for where in _where(frame[decimal]):
        yield _error("memory_unit", where, "memory is no multiple of 1/8 GiB; were GB meant?")
    nominal = frame["accelerator"].map(
        {name: float(chip.memory_bytes) for name, chip in silicon.chips.items()}
    )
    held = nominal.astype("float64") * frame["accelerator_count"].clip(upper=1)
    ratio = frame["accelerator_memory_bytes"].astype("float64") / held
    for where in _where(frame[(ratio < MEMORY_VISIBLE[0]) | (ratio > MEMORY_VISIBLE[1])]):
        yield _error("accelerator_memory", where, "not the memory of the accelerator it names")


def _ages(frame: "pd.DataFrame", today: date) -> Iterator[Finding]:
    days = frame["as_of"].dt.strftime("%Y-%m-%d")
    for (provider, source, day), rows in frame.groupby(["provider", "source", days]):
        if (age := (today - date.fromisoformat(str(day))).days) > STALE_AFTER_DAYS:
            yield Finding(
                severity="warning",
                code="stale",
                where=f"{provider} ({source})",
                message=f"{len(rows)} prices are of {day}, {age} days old",
            )


def _chip(chip: Chip) -> Iterator[Finding]:
    for precision, sparse in chip.sparse.items():
        dense = chip.peaks.get(precision)
        if dense is None or dense * SPARSE_OVER_DENSE > sparse:
            yield _error("sparse", chip.name, f"dense {precision} is not half of the sparse figure")
    for lower, higher in _RISING:
        if _peak(chip, lower) > _peak(chip, higher) * ROUNDING > 0:
            yield _error("peaks", chip.name, f"{lower} is faster than {higher}")
    yield from _arithmetic(chip)
    yield from _units_slipped(chip)
    if not chip.peaks:
        yield Finding(severity="note", code="no_peak", where=chip.name, message="no published peak")


def _arithmetic(chip: Chip) -> Iterator[Finding]:
    """Each peak is units x FLOP/clock x clock, or that clock is one a chip can have."""
    low, high = CLOCKS_HZ
    for precision, per_clock in chip.flop_per_clock().items():
        implied, rated = _peak(chip, precision) / per_clock, chip.rated_clock(precision)
        if rated is None and not low <= implied <= high:
            told = f"{precision} would need a clock of {units.clock(implied)}"
            yield _error("clock", chip.name, told)
        elif rated is not None and not 1 / ROUNDING <= implied / rated <= ROUNDING:
            yield _error("clock", chip.name, f"{precision} is not units x FLOP/clock x clock")


def _units_slipped(chip: Chip) -> Iterator[Finding]:
    """GB for B, mW for W, FLOP for TFLOP."""
    bandwidth, tdp_w = chip.bandwidth_bytes_per_s, chip.tdp_w
    fastest, slowest = SECONDS_TO_READ_MEMORY
    if bandwidth and not fastest <= chip.memory_bytes / bandwidth <= slowest:
        seconds = units.duration(chip.memory_bytes / bandwidth)
        yield _error("bandwidth", chip.name, f"to read its memory once would take {seconds}")
    if tdp_w is None:
        return
    if not TDP_W[0] <= tdp_w <= TDP_W[1]:
        yield _error("power", chip.name, f"a power of {units.power(tdp_w)} is no chip's")
    dense = max(_peak(chip, "bf16"), _peak(chip, "fp16"))
    if dense > DENSE_FLOPS_PER_WATT * tdp_w:
        told = f"{units.flops(dense)} from {units.power(tdp_w)}; were sparse figures meant?"
        yield _error("efficiency", chip.name, told)


def _peak(chip: Chip, precision: Precision) -> float:
    return chip.peaks.get(precision) or 0.0


def _family(family: CpuFamily) -> Iterator[Finding]:
    for precision, rates in family.rates.items():
        speeds = [rate.per_cycle for rate in rates]
        if speeds != sorted(speeds, reverse=True):
            yield _error("rates", family.name, f"the rates of {precision} are not best first")
    if family.clock_hz is None:
        yield Finding(
            severity="note", code="no_clock", where=family.name, message="no published clock"
        )
