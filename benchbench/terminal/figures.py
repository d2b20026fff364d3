"""One configuration's figures, row by row, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench import units
from benchbench.derive.figures import PART_NAMES
from benchbench.sheets import middle, throughput
from benchbench.terminal.layout import estimated

if TYPE_CHECKING:
    from benchbench.derive import Figures
    from benchbench.derive.figures import PartFigures, Percentile, RateFigures, TrainingEstimate


def figure_rows(figures: Figures) -> list[tuple[str, str]]:
    """Names and values, in order; what nobody knows says so."""
    best = figures.ceiling
    return [
        ("setting", f"{figures.precision}, batch {figures.batch_size}, {figures.backend}"),
        ("scenario", units.scenario(figures.scenario, figures.driver)),
        *_training_rows(figures),
        ("throughput", throughput(figures)),
        *((f"latency p{one.percent:g}", _latency(one)) for one in figures.latency),
        *_loadgen_rows(figures),
        ("median step", estimated(figures.step_s, units.duration)),
        *_together(figures),
        *(row for each in figures.parts for row in _part(each, figures.unit)),
        *map(_rate_row, figures.rates),
        ("achieved", estimated(figures.achieved_flops, units.flops)),
        ("of the datasheet's peak (MFU)", estimated(figures.mfu, units.percent)),
        ("of it, executed twice included (HFU)", estimated(figures.hfu, units.percent)),
        ("of the best matmul here", estimated(figures.share_of_achievable, units.percent)),
        ("best matmul here", units.flops(best.value) if best else units.UNKNOWN),
        ("datasheet's peak", units.flops(figures.datasheet_flops)),
        ("which assumes", figures.datasheet_because or units.UNKNOWN),
        ("observed clock", units.clock(figures.observed_clock_hz)),
        ("datasheet's peak at that clock", units.flops(figures.datasheet_flops_at_clock)),
        ("of that peak", estimated(figures.mfu_at_clock, units.percent)),
        ("of memory bandwidth (MBU)", estimated(figures.mbu, units.percent)),
        ("energy per unit", units.si(middle(figures.joules_per_unit), "J")),
        ("peak memory", units.size(figures.peak_memory_bytes)),
        ("peak device memory", units.size(figures.peak_device_memory_bytes)),
        ("cold start", units.duration(figures.load_s)),
        (
            "waited for data, per step",
            units.duration(figures.input_cost.seconds_per_step)
            if figures.input_cost
            else units.UNKNOWN,
        ),
        ("validity", figures.validity.replace("_", " ")),
    ]


def _loadgen_rows(figures: Figures) -> list[tuple[str, str]]:
    """What LoadGen says of its run, how long it was asked for, and how late its client was."""
    said, search = figures.loadgen, figures.rate_search
    if said is None:
        return []
    sure = {None: "not asked for", True: "satisfied", False: "not satisfied"}
    early = sure[said.early_stopping_met]
    if said.estimate_s is not None:
        early += f", vouches for {units.duration(said.estimate_s)}"
    length = f"{units.duration(said.min_duration_s)} and {units.count(said.min_queries)} at least"
    bound = None if search is None else search.latency_bound_s
    return [
        ("LoadGen says", "VALID" if said.valid else f"INVALID: {', '.join(said.unmet)}"),
        ("its early stopping", early),
        ("its length", f"{'official' if said.official else 'scaled down'}: {length}"),
        ("latency bound", units.duration(bound)),
        ("client late, p99", units.duration(figures.lateness_p99_s)),
    ]


def _training_rows(figures: Figures) -> list[tuple[str, str]]:
    """A time to train that was measured, run by run, or one that is estimated."""
    rows = []
    for index, run in enumerate(figures.convergence, start=1):
        seen = (
            f"{units.accuracy(e.accuracy)} at {units.duration(e.time_s)}" for e in run.evaluations
        )
        rows.append((f"run {index}, {run.quality}", ", ".join(seen)))
    if figures.convergence:
        wanted = units.accuracy(figures.convergence[0].target)
        rows.append(
            (f"time to train to {wanted}", estimated(figures.time_to_train, units.duration))
        )
    found = figures.estimated_training
    if found is not None:
        ends = f"{units.duration(found.seconds.low)} to {units.duration(found.seconds.high)}"
        said = f"{units.duration(found.seconds.value)}, {ends}" if found.seconds.low else ""
        rows.append(("estimated time to train", said or units.duration(found.seconds.value)))
        rows.append(("which is to", f"{found.target}; {found.because}{_accumulated(found)}"))
    return rows


def _accumulated(found: TrainingEstimate) -> str:
    return ", gradients added up to that batch" if found.accumulated else ""


def _together(figures: Figures) -> list[tuple[str, str]]:
    """Of several processes: how many, and what working together costs."""
    if figures.ranks == 1:
        return []
    scaling = None if figures.scaling is None else figures.scaling.efficiency
    return [
        ("processes", units.count(figures.ranks)),
        ("scaling efficiency", estimated(scaling, units.percent)),
        ("exchanging gradients, of a step", units.percent(figures.communication_fraction)),
    ]


def _part(one: PartFigures, unit: str) -> list[tuple[str, str]]:
    took = f"{estimated(one.seconds, units.duration)}, p95 {units.duration(one.p95_s)}"
    shares = (
        units.rate(one.units_per_s, unit),
        f"MFU {units.percent(one.mfu)}",
        f"{units.percent(one.share_of_achievable)} of the best matmul",
        f"MBU {units.percent(one.mbu)}",
    )
    known = ", ".join(share for share in shares if units.UNKNOWN not in share)
    return [(PART_NAMES.get(one.name, one.name), took), (f"  {one.name} reaches", known)]


def _rate_row(one: RateFigures) -> tuple[str, str]:
    answered = f"{units.count(one.answered)} of {units.count(one.offered)} answered"
    first = f"first token after {units.duration(one.first_token_s)}"
    then = f"then {units.duration(one.per_token_s)} each"
    behind = "" if one.keeps_up else ", falls behind"
    return (
        f"at {units.number(one.requests_per_s)} requests/s",
        f"{answered}, {first}, {then}, {units.rate(one.tokens_per_s, 'token')}{behind}",
    )


def _latency(one: Percentile) -> str:
    """The percentile, or how far its queries are from enough."""
    if one.seconds is None:
        return f"{units.count(one.queries)} of the {units.count(one.queries_needed)} queries needed"
    return f"{units.duration(one.seconds)} (of {units.counted(one.queries, 'query')})"
