"""Figures held against what is printed of the silicon: can this device have done that? Pure.

The datasheet's peak assumes a clock. A device that boosts above it exceeds the peak and is right;
one that exceeds the peak at the clock it was seen to run at is not.
"""

from collections.abc import Iterator, Sequence

from benchbench import units
from benchbench.derive.figures import Figures
from benchbench.record import Caveat, Model, Positive, Record, validity_of
from benchbench.stats import Estimate

_ABOVE_BANDWIDTH = 1.05
"""Beyond a memory's bandwidth by this factor, it was not that memory (two clocks, a cache)."""
_NO_BOOST_REACHES = 1.5
"""No device boosts to this multiple of its rated clock: an H100 goes from 1.83 to 1.98 GHz."""


class Datasheet(Model):
    """What is printed of the devices used, all together; None where nobody says."""

    flops: Positive | None = None
    """The dense peak in FLOP/s at this precision, at its rated clock."""
    clock_hz: Positive | None = None
    """The mean clock seen while they worked."""
    flops_at_clock: Positive | None = None
    """The peak at that clock."""
    bytes_per_s: Positive | None = None
    because: str | None = None
    """How the devices were identified, and what their peak assumes."""
    ambiguous: tuple[str, ...] = ()
    """The chips they could be, where more than one is left."""
    trusted: bool = True
    """Whether the printed figures are certain enough to call a measurement impossible."""
    bandwidth_is_whole: bool = True
    """False on a CPU: the cores' share of a socket is no limit while its neighbours rest."""


def held_against(figures: Figures, sheet: Datasheet) -> Figures:
    """The same figures, with their share of the peak at the observed clock and the doubts."""
    limit = sheet.flops_at_clock
    achieved = figures.achieved_flops
    doubts = {caveat.code: caveat for caveat in (*figures.caveats, *doubts_of(figures, sheet))}
    return figures.model_copy(
        update={
            "observed_clock_hz": sheet.clock_hz,
            "datasheet_flops_at_clock": limit,
            "mfu_at_clock": achieved.scaled(1 / limit) if achieved and limit else None,
            "caveats": tuple(doubts.values()),
        }
    )


def doubtful(record: Record, doubt: Caveat) -> Record:
    """The record with one more doubt, which may make it invalid. It is never stored."""
    caveats = (*record.caveats, doubt)
    validity = validity_of(caveats, failed=record.failure is not None)
    return record.model_copy(update={"caveats": caveats, "validity": validity})


def doubts_of(figures: Figures, sheet: Datasheet) -> Iterator[Caveat]:
    """What the datasheet says against the figures."""
    if sheet.ambiguous:
        yield Caveat(
            code="peak_ambiguous",
            severity="warning",
            message=f"the device could be {' or '.join(sheet.ambiguous)}, whose peaks differ; "
            "none is claimed",
            remedy="measure where the driver shows memory, PCI id and power limit; "
            "meanwhile read the share of the best matmul",
        )
    if (achieved := figures.achieved_flops) is not None:
        yield from _compute(achieved, sheet)
    if (moved := figures.achieved_bytes_per_s) is not None:
        yield from _memory(moved, sheet)
    yield from _ceilings(figures, sheet)


def _ceilings(figures: Figures, sheet: Datasheet) -> Iterator[Caveat]:
    """A measured ceiling that no such device can have: what is held against it says too little."""
    one_device = 1 / len(figures.devices)
    memory, best = figures.memory_ceiling, figures.ceiling
    if memory is not None and sheet.bytes_per_s and sheet.bandwidth_is_whole:
        limit = sheet.bytes_per_s * one_device
        if memory.low > _ABOVE_BANDWIDTH * limit:
            yield _impossible_ceiling("memory", units.bandwidth(memory.low), units.bandwidth(limit))
    clock = None if best is None else best.setting.get("clock_hz")
    if best is not None and isinstance(clock, float) and sheet.flops_at_clock and sheet.clock_hz:
        limit = sheet.flops_at_clock / sheet.clock_hz * clock * one_device
        if best.low > limit:
            at = f"{units.flops(limit)} at {units.clock(clock)}"
            yield _impossible_ceiling("matmul", units.flops(best.low), at)


def _impossible_ceiling(kind: str, reached: str, limit: str) -> Caveat:
    return Caveat(
        code=f"{kind}_ceiling_above_datasheet",
        severity="warning",
        message=f"the measured {kind} ceiling of {reached} is above the silicon's {limit}",
        remedy="do not read shares of it; measure the ceilings again: benchbench doctor --ceilings",
    )


def _compute(achieved: Estimate, sheet: Datasheet) -> Iterator[Caveat]:
    least, limit, printed = _certain(achieved), sheet.flops_at_clock, sheet.flops
    if limit is not None and least > limit:
        yield _above_datasheet(
            f"{units.flops(least)} is {units.percent(least / limit, 3)} of all that this silicon "
            f"can do at the {units.clock(sheet.clock_hz)} it was seen to run at",
            impossible=sheet.trusted,
        )
    elif printed is not None and achieved.value > printed:
        share = units.percent(achieved.value / printed, 3)
        if limit is not None:
            yield Caveat(
                code="above_datasheet",
                severity="note",
                message=f"{share} of the datasheet's peak: the device ran at "
                f"{units.clock(sheet.clock_hz)}, above the clock that peak assumes; at that clock "
                f"it is {units.percent(achieved.value / limit, 3)} of {units.flops(limit)}",
                remedy="read the share of the peak at the observed clock",
            )
            return
        yield _above_datasheet(
            f"{share} of the datasheet's peak was reached, and no clock was sampled to explain it",
            impossible=sheet.trusted and least > _NO_BOOST_REACHES * printed,
        )


def _above_datasheet(message: str, *, impossible: bool) -> Caveat:
    return Caveat(
        code="above_datasheet",
        severity="invalid" if impossible else "warning",
        message=message,
        remedy="count the work again (a multiply-add is two, sparsity is not counted), check that "
        "each step waits for its result, and the device's variant: benchbench doctor",
    )


def _memory(moved: Estimate, sheet: Datasheet) -> Iterator[Caveat]:
    limit = sheet.bytes_per_s
    if limit is None or not sheet.bandwidth_is_whole:
        return
    least = _certain(moved)
    if least > _ABOVE_BANDWIDTH * limit:
        yield Caveat(
            code="above_bandwidth",
            severity="invalid" if sheet.trusted else "warning",
            message=f"{units.bandwidth(least)} of least traffic is "
            f"{units.percent(least / limit, 3)} of the memory's {units.bandwidth(limit)}",
            remedy="count the bytes again: what stays in a cache between steps is not read anew",
        )


def _certain(estimate: Estimate) -> float:
    """What was reached at least: the interval's lower end."""
    return estimate.value if estimate.low is None else estimate.low


def invalidating(caveats: Sequence[Caveat]) -> Caveat | None:
    """The first doubt after which no number may be shown."""
    return next((caveat for caveat in caveats if caveat.severity == "invalid"), None)
