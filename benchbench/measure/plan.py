"""What to measure, in which order; what the user left open is chosen for this machine."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from benchbench.errors import UsageError
from benchbench.measure import choose, loadgen
from benchbench.measure.budget import BUDGETS, LONGEST_S, REPEATS, Budget
from benchbench.measure.loadgen import LoadScenario
from benchbench.record import (
    BatchFit,
    Caveat,
    Driver,
    Effort,
    Precision,
    Record,
    Scalar,
    Scenario,
    System,
    Tuning,
)
from benchbench.workload import EAGER, Parallel, Setting, Workload, query_rules
from benchbench.workload.file import load_file, source_sha256

_UNLOADABLE = (SyntaxError, ImportError, NameError, AttributeError, TypeError, ValueError, OSError)
TARGET = "to_target"
"""The parameter by which records of trainings to a target tell it."""
_LONGEST_TRAINING_S = 30 * 86400.0
Identity = tuple[str | None, str | None, Scenario, Driver, Effort, int, str | None, float | None]
"""What tells the measurements of one session apart."""


@dataclass(frozen=True)
class Planned:
    """One measurement to make: a workload, a setting, and which repeat of it."""

    name: str
    scenario: Scenario
    unit: str
    file: Path
    sha256: str
    setting: Setting
    effort: Effort
    budget: Budget
    repeat: int = 0
    caveats: tuple[Caveat, ...] = ()
    """Doubts known before anything runs."""
    tuning: Tuning | None = None
    driver: Driver = "loop"
    latency_bound_s: float | None = None
    """Of a server."""
    gate_fraction: float | None = None
    """Of the reference's accuracy; None: speed is measured, not accuracy."""
    target: float | None = None
    """The quality to train to; None: the speed of the steps is measured."""
    runs: int = 1
    """Of this setting in the plan."""
    fit: BatchFit | None = None
    """How the batch size was found, where it was searched for."""


def plan(  # noqa: PLR0913 - what a user can ask for, all by name
    workload_files: Sequence[Path],
    *,
    system: System,
    effort: Effort = "quick",
    device: str | None = None,
    precision: Precision | None = None,
    batch_size: int | None = None,
    backend: str = EAGER,
    scenario: LoadScenario | None = None,
    latency_bound_s: float | None = None,
    gate_fraction: float | None = None,
    data: Path | None = None,
    weights: Path | None = None,
    seed: int = 0,
    parameters: Mapping[str, Scalar] | None = None,
    repeats: int | None = None,
    budget: Budget | None = None,
    ranks: int = 1,
    parallel: Parallel = "ddp",
) -> tuple[Planned, ...]:
    """Every measurement in order: all workloads once, then all of them again for each repeat.

    What is left open is chosen for this machine (see `benchbench.measure.choose`). With a
    `scenario` LoadGen asks for the work, instead of our loop; `latency_bound_s` is a server's, the
    workload's own unless given. With a `gate_fraction` accuracy is measured, over all of `data`.
    With several `ranks` each workload is first measured on one device, or on one rank's share of
    the processors: what they reach together is held against that.

    Raises:
        UsageError: a workload file, a path or a choice cannot be used.
        CannotMeasureError: the device asked for is not here, or LoadGen is not.
    """
    queries = _Queries(scenario, latency_bound_s, gate_fraction, data)
    if queries.wanted:
        if ranks > 1:
            raise UsageError(
                "LoadGen drives one device: leave --devices, --scenario or --accuracy out"
            )
        loadgen.require_installed()
    if scenario is not None:
        batch_size = loadgen.batch_size(batch_size, scenario, backend)
    data, weights = _existing("--data", data), _existing("--weights", weights)
    name, doubts = choose.device(device, system, choose.torch_cuda())
    once: list[Planned] = []
    for file in workload_files:
        workload = _loaded(file)
        setting = Setting(
            device=name,
            precision=choose.precision(precision, name, system, workload),
            batch_size=choose.batch_size(batch_size, name, workload),
            backend=choose.backend(backend, workload),
            data=data,
            weights=weights,
            seed=seed,
            parameters=dict(parameters or {}),
        )
        one = _planned(workload, file, setting, effort, budget or BUDGETS[effort], doubts)
        if ranks > 1:
            choose.shareable(workload, parallel, setting.backend)
            once += _shared(one, ranks, parallel, system)
        else:
            once.append(queries.of(one, workload))
    count = queries.repeats(effort) if repeats is None else repeats
    return tuple(replace(one, repeat=repeat) for repeat in range(count) for one in once)


def to_target(planned: Sequence[Planned], target: float) -> tuple[Planned, ...]:
    """The plan as trainings that run until they are good enough, each with a seed of its own.

    Raises:
        UsageError: no share as a target, a workload that has no training to one, or no data.
    """
    if not 0 < target <= 1:
        raise UsageError(f"--to-target {target} is no share of right answers; 0.759 is 75.9 %")
    for one in planned:
        if not callable(getattr(_loaded(one.file), "train", None)):
            raise UsageError(
                f"{one.name} has no training to a target: leave --to-target out, or name a "
                "workload whose file defines train"
            )
        if one.setting.data is None:
            raise UsageError("--to-target wants data to learn from: name their folder with --data")
    runs = 1 + max((one.repeat for one in planned), default=0)
    return tuple(
        replace(
            one,
            target=float(target),
            runs=runs,
            setting=replace(one.setting, seed=one.setting.seed + one.repeat),
            budget=replace(one.budget, timeout_s=_LONGEST_TRAINING_S),
        )
        for one in planned
    )


def _shared(
    one: Planned, ranks: int, parallel: Parallel, system: System
) -> tuple[Planned, Planned]:
    """One device alone, then all of them together; of processors each rank has the same share."""
    setting = one.setting
    most = choose.threads(system, os.environ)
    choose.together(ranks, setting.device, system, most)
    if setting.device == "cpu":
        setting = replace(setting, threads=most // ranks)
    together = replace(setting, ranks=ranks, parallel=parallel)
    return replace(one, setting=setting), replace(one, setting=together)


def _existing(option: str, path: Path | None) -> Path | None:
    """The path, no longer tied to the working directory."""
    if path is not None and not path.exists():
        raise UsageError(f"{option} {path} is not there; correct the path or leave {option} out")
    return None if path is None else path.absolute()


def _planned(
    workload: Workload,
    file: Path,
    setting: Setting,
    effort: Effort,
    budget: Budget,
    doubts: tuple[Caveat, ...],
) -> Planned:
    return Planned(
        name=workload.name,
        scenario=workload.scenario,
        unit=workload.unit,
        file=file.absolute(),
        sha256=source_sha256(file),
        setting=setting,
        effort=effort,
        budget=budget,
        caveats=doubts,
    )


@dataclass(frozen=True)
class _Queries:
    """What LoadGen is to ask for, if anything."""

    scenario: LoadScenario | None
    latency_bound_s: float | None
    gate_fraction: float | None
    data: Path | None

    def __post_init__(self) -> None:
        if self.latency_bound_s is not None and self.scenario != "server":
            raise UsageError("--latency-bound is for --scenario server: add that, or leave it out")
        if self.gate_fraction is not None and self.scenario not in {None, "offline"}:
            raise UsageError("--accuracy asks for everything at once: leave --scenario out")
        if self.gate_fraction is not None and self.data is None:
            raise UsageError("--accuracy needs something to be right about: name it with --data")

    @property
    def wanted(self) -> bool:
        return self.scenario is not None or self.gate_fraction is not None

    def repeats(self, effort: Effort) -> int:
        """One where accuracy is measured, or as MLPerf's rules have it: they ask for one run."""
        once = self.gate_fraction is not None or (self.wanted and effort == "full")
        return 1 if once else REPEATS[effort]

    def of(self, planned: Planned, workload: Workload) -> Planned:
        """The same work, asked for by LoadGen. Raises UsageError if it cannot be."""
        if not self.wanted:
            return planned
        if planned.scenario == "train":
            raise UsageError(
                f"{planned.name} trains, and LoadGen asks for answers only: leave --scenario "
                "and --accuracy out, or name workloads that infer"
            )
        asked = replace(planned, scenario=self.scenario or "offline", driver="loadgen")
        if self.gate_fraction is not None:
            return self._examined(asked, workload)
        if planned.effort == "full":
            budget = replace(planned.budget, official=True, timeout_s=LONGEST_S)
            asked = replace(asked, budget=budget)
        return asked if self.scenario != "server" else self._bounded(asked, workload)

    def _examined(self, planned: Planned, workload: Workload) -> Planned:
        if getattr(workload, "exam", None) is None:
            raise UsageError(
                f"{planned.name} has no accuracy to measure: its file defines no exam(setting)"
            )
        budget = replace(planned.budget, timeout_s=LONGEST_S)
        return replace(planned, budget=budget, gate_fraction=self.gate_fraction)

    def _bounded(self, planned: Planned, workload: Workload) -> Planned:
        bound = self.latency_bound_s or query_rules(workload).latency_bound_s
        if bound is None:
            raise UsageError(
                f"{planned.name} names no bound on a server's latency: give one in milliseconds "
                "with --latency-bound"
            )
        return replace(planned, latency_bound_s=bound)


def _loaded(file: Path) -> Workload:
    try:
        return load_file(file)
    except _UNLOADABLE as error:
        raise UsageError(f"{file} cannot be loaded ({error}); mend it, then run again") from error


def fingerprint(planned: Sequence[Planned]) -> str:
    """Equal for equal plans on equal files; what was seen on the way to them does not count."""
    asked = tuple(replace(one, fit=None) for one in planned)
    return TypeAdapter(tuple[Planned, ...]).dump_json(asked).decode()


def digest(setting: Setting) -> str:
    """Equal for equal settings; where data and weights lie is the plan's affair and nobody's."""
    asked = replace(setting, data=None, weights=None)
    return hashlib.sha256(TypeAdapter(Setting).dump_json(asked)).hexdigest()


def identity(planned: Planned) -> Identity:
    """As `identity_of` the record it becomes."""
    return (
        planned.sha256,
        digest(planned.setting),
        planned.scenario,
        planned.driver,
        planned.effort,
        planned.repeat,
        None if planned.tuning is None else planned.tuning.role,
        planned.target,
    )


def identity_of(record: Record) -> Identity:
    """As `identity` of the plan's entry it came from."""
    target = record.parameters.get(TARGET)
    return (
        record.provenance.workload_sha256,
        record.provenance.setting_sha256,
        record.scenario,
        record.driver,
        record.effort,
        record.repeat,
        None if record.tuning is None else record.tuning.role,
        target if isinstance(target, float) else None,
    )
