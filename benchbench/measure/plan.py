"""What to measure, in which order; what the user left open is chosen for this machine."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from benchbench.errors import UsageError
from benchbench.measure import choose, loadgen
from benchbench.measure.budget import BUDGETS, REPEATS, Budget
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
from benchbench.workload import EAGER, Parallel, Setting, Workload, load_file, source_sha256

_UNLOADABLE = (SyntaxError, ImportError, NameError, AttributeError, TypeError, ValueError, OSError)
Identity = tuple[str | None, str | None, Scenario, Driver, Effort, int, str | None]
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
    `scenario` LoadGen asks for the work, instead of our loop. With several `ranks` each workload is
    first measured on one device, or on one rank's share of the processors: what they reach together
    is held against that.

    Raises:
        UsageError: a workload file, a path or a choice cannot be used.
        CannotMeasureError: the device asked for is not here, or LoadGen is not.
    """
    if scenario is not None:
        if ranks > 1:
            raise UsageError("LoadGen drives one device: leave --devices or --scenario out")
        loadgen.require_installed()
        batch_size = loadgen.batch_size(batch_size, scenario)
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
            once.append(one if scenario is None else _queried(one, scenario))
    count = REPEATS[effort] if repeats is None else repeats
    return tuple(replace(one, repeat=repeat) for repeat in range(count) for one in once)


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


def _queried(planned: Planned, scenario: LoadScenario) -> Planned:
    if planned.scenario == "train":
        raise UsageError(
            f"{planned.name} trains, and LoadGen asks for answers only: leave --scenario out, "
            "or name workloads that infer"
        )
    return replace(planned, scenario=scenario, driver="loadgen")


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
    )


def identity_of(record: Record) -> Identity:
    """As `identity` of the plan's entry it came from."""
    return (
        record.provenance.workload_sha256,
        record.provenance.setting_sha256,
        record.scenario,
        record.driver,
        record.effort,
        record.repeat,
        None if record.tuning is None else record.tuning.role,
    )
