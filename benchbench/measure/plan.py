"""What to measure, in which order; what the user left open is chosen for this machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from benchbench.errors import UsageError
from benchbench.measure import choose
from benchbench.measure.budget import BUDGETS, REPEATS, Budget
from benchbench.record import Caveat, Effort, Precision, Record, Scalar, Scenario, System
from benchbench.workload import Setting, Workload, load_file, source_sha256

_UNLOADABLE = (SyntaxError, ImportError, NameError, AttributeError, TypeError, ValueError, OSError)
Identity = tuple[str | None, tuple[str, ...], str, int, str, Effort, int]
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


def plan(  # noqa: PLR0913 - what a user can ask for, all by name
    workload_files: Sequence[Path],
    *,
    system: System,
    effort: Effort = "quick",
    device: str | None = None,
    precision: Precision | None = None,
    batch_size: int | None = None,
    backend: str = "torch-eager",
    data: Path | None = None,
    weights: Path | None = None,
    seed: int = 0,
    parameters: Mapping[str, Scalar] | None = None,
    repeats: int | None = None,
    budget: Budget | None = None,
) -> tuple[Planned, ...]:
    """Every measurement in order: all workloads once, then all of them again for each repeat.

    What is left open is chosen for this machine (see `benchbench.measure.choose`).

    Raises:
        UsageError: a workload file, a path or a choice cannot be used.
        CannotMeasureError: the device asked for is not here.
    """
    data, weights = _existing("--data", data), _existing("--weights", weights)
    name, doubts = choose.device(device, system, choose.torch_cuda())
    once = []
    for file in workload_files:
        workload = _loaded(file)
        setting = Setting(
            device=name,
            precision=choose.precision(precision, name, system, workload),
            batch_size=choose.batch_size(batch_size, name, workload),
            backend=backend,
            data=data,
            weights=weights,
            seed=seed,
            parameters=dict(parameters or {}),
        )
        once.append(_planned(workload, file, setting, effort, budget or BUDGETS[effort], doubts))
    count = REPEATS[effort] if repeats is None else repeats
    return tuple(replace(one, repeat=repeat) for repeat in range(count) for one in once)


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


def _loaded(file: Path) -> Workload:
    try:
        return load_file(file)
    except _UNLOADABLE as error:
        raise UsageError(f"{file} cannot be loaded ({error}); mend it, then run again") from error


def fingerprint(planned: Sequence[Planned]) -> str:
    """Equal for equal plans on equal files."""
    return TypeAdapter(tuple[Planned, ...]).dump_json(tuple(planned)).decode()


def identity(planned: Planned) -> Identity:
    """As `identity_of` the record it becomes."""
    setting = planned.setting
    return (
        planned.sha256,
        (setting.device,),
        setting.precision,
        setting.batch_size,
        setting.backend,
        planned.effort,
        planned.repeat,
    )


def identity_of(record: Record) -> Identity:
    """As `identity` of the plan's entry it came from."""
    return (
        record.provenance.workload_sha256,
        record.devices,
        record.precision,
        record.batch_size,
        record.backend,
        record.effort,
        record.repeat,
    )
