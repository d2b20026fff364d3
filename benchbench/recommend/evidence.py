"""The records a recommendation may rest on: one workload, one scenario, one amount of work."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchbench.catalog.silicon import Silicon
from benchbench.errors import UsageError
from benchbench.predict import Ceilings, Reference, references
from benchbench.recommend.answer import Goal
from benchbench.record import Record, Scenario

_PREFERRED: tuple[Scenario, ...] = ("train", "offline", "server", "multi_stream", "single_stream")
"""What a goal without a scenario means: throughput before latency."""


@dataclass(frozen=True)
class Evidence:
    """What is known of the goal's workload."""

    unit: str
    scenario: Scenario | None
    references: Sequence[Reference]
    failed: Sequence[Record]
    ceilings: Ceilings
    """Of any workload: a machine's ceilings are its own."""
    other_work: int
    """Valid configurations left out because a unit costs something else there."""


def evidence(records: Sequence[Record], silicon: Silicon, goal: Goal) -> Evidence:
    """Raises UsageError when nothing of the goal's workload is stored."""
    ours = [record for record in records if record.workload == goal.workload]
    scenario = goal.scenario or _scenario(ours)
    ours = [record for record in ours if record.scenario == scenario]
    if not ours:
        wanted = f"{goal.workload} ({scenario})" if scenario else goal.workload
        known = ", ".join(sorted({record.workload for record in records})) or "none"
        raise UsageError(
            f"no stored result of {wanted}; measured so far: {known}; "
            f"measure it with: benchbench run {goal.workload}"
        )
    everything = references(records, silicon)
    valid = [one for one in everything if _is_of(one, goal.workload, scenario)]
    kept = _same_work(valid)
    unit = kept[0].figures.unit if kept else ours[0].work.unit
    return Evidence(
        unit=unit,
        scenario=scenario,
        references=kept,
        failed=[record for record in ours if record.failure is not None],
        ceilings=Ceilings.of(everything),
        other_work=len(valid) - len(kept),
    )


def _is_of(one: Reference, workload: str, scenario: Scenario | None) -> bool:
    return (one.figures.workload, one.figures.scenario) == (workload, scenario)


def _scenario(records: Sequence[Record]) -> Scenario | None:
    present = {record.scenario for record in records}
    return next((scenario for scenario in _PREFERRED if scenario in present), None)


def _same_work(measured: Sequence[Reference]) -> list[Reference]:
    """A sequence of 128 tokens is not one of 384: the amount of work measured most often stays."""
    amounts = Counter(_amount(one) for one in measured)
    if not amounts:
        return []
    most = max(amounts, key=lambda amount: (amounts[amount], amount[1] or 0.0))
    return [one for one in measured if _amount(one) == most]


def _amount(one: Reference) -> tuple[str, float | None]:
    return one.figures.unit, one.figures.flops_per_unit
