"""The records a recommendation may rest on: per workload one scenario, one amount of work."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchbench.catalog.silicon import Silicon
from benchbench.errors import UsageError
from benchbench.predict import Ceilings, Reference, references
from benchbench.recommend.goal import Goal, Part
from benchbench.recommend.latency import Bound
from benchbench.record import Record, Scenario

_PREFERRED: tuple[Scenario, ...] = ("train", "offline", "server", "multi_stream", "single_stream")
"""What a goal without a scenario means: throughput before latency."""


_QUERIES: tuple[Scenario, ...] = ("server", "multi_stream", "single_stream", "offline", "train")
"""What it means with a bound on latency."""


@dataclass(frozen=True)
class Evidence:
    """What is known of one workload of the goal."""

    part: Part
    unit: str
    scenario: Scenario | None
    references: Sequence[Reference]
    failed: Sequence[Record]
    ceilings: Ceilings
    """Of any workload: a machine's ceilings are its own."""
    other_work: int
    """Valid configurations left out because a unit costs something else there."""
    gradient_bytes: float | None
    """What training exchanges per step, where its workload counts it."""

    @property
    def bound(self) -> Bound | None:
        """On latency."""
        if self.part.latency_s is None:
            return None
        return Bound(self.part.latency_s, self.part.latency_percent)


def evidence(records: Sequence[Record], silicon: Silicon, goal: Goal) -> tuple[Evidence, ...]:
    """One per workload of the goal. Raises UsageError when nothing of one is stored."""
    everything = references(records, silicon)
    ceilings = Ceilings.of(everything)
    return tuple(_of_part(part, records, everything, ceilings) for part in goal.parts)


def _of_part(
    part: Part, records: Sequence[Record], everything: Sequence[Reference], ceilings: Ceilings
) -> Evidence:
    ours = [record for record in records if record.workload == part.workload]
    preferred = _PREFERRED if part.latency_s is None else _QUERIES
    scenario = part.scenario or _scenario(ours, preferred)
    ours = [record for record in ours if record.scenario == scenario]
    if not ours:
        raise UsageError(_nothing_of(part.workload, scenario, records))
    valid = [one for one in everything if _is_of(one, part.workload, scenario)]
    kept = _same_work(valid)
    counted = [record.work.gradient_bytes for record in ours if record.work.gradient_bytes]
    return Evidence(
        part=part,
        unit=kept[0].figures.unit if kept else ours[0].work.unit,
        scenario=scenario,
        references=kept,
        failed=[record for record in ours if record.failure is not None],
        ceilings=ceilings,
        other_work=len(valid) - len(kept),
        gradient_bytes=max(counted, default=None),
    )


def _nothing_of(workload: str, scenario: Scenario | None, records: Sequence[Record]) -> str:
    wanted = f"{workload} ({scenario})" if scenario else workload
    known = ", ".join(sorted({record.workload for record in records})) or "none"
    return (
        f"no stored result of {wanted}; measured so far: {known}; "
        f"measure it with: benchbench run {workload}"
    )


def _is_of(one: Reference, workload: str, scenario: Scenario | None) -> bool:
    return (one.figures.workload, one.figures.scenario) == (workload, scenario)


def _scenario(records: Sequence[Record], preferred: Sequence[Scenario]) -> Scenario | None:
    present = {record.scenario for record in records}
    return next((scenario for scenario in preferred if scenario in present), None)


def _same_work(measured: Sequence[Reference]) -> list[Reference]:
    """A sequence of 128 tokens is not one of 384: the amount of work measured most often stays."""
    amounts = Counter(_amount(one) for one in measured)
    if not amounts:
        return []
    most = max(amounts, key=lambda amount: (amounts[amount], amount[1] or 0.0))
    return [one for one in measured if _amount(one) == most]


def _amount(one: Reference) -> tuple[str, float | None]:
    return one.figures.unit, one.figures.flops_per_unit
