"""Workloads described for people who choose one: what each is and costs by counting; no torch."""

import inspect
from pathlib import Path
from typing import Literal

from pydantic import Field

from benchbench.errors import UsageError
from benchbench.record import Model, Precision, Scalar, Scenario, Work
from benchbench.workload import Setting, Workload, stresses, tunable
from benchbench.workload.file import backends, blaming, builtin, load_file, memory_bytes


class Holder(Model):
    """An accelerator that one can rent and whose memory is enough."""

    silicon: str
    memory_bytes: float
    """Of one accelerator."""
    provider: str
    instance: str
    region: str
    usd_per_hour: float
    """Of the whole instance, on demand."""


class Fits(Model):
    """Which machines can hold a workload at its defaults; None where none does or nobody knows."""

    here: bool | None = None
    smallest: Holder | None = None
    cheapest: Holder | None = None


class WorkloadDescription(Model):
    """A workload at its default setting, for people who choose one."""

    name: str
    summary: str
    source: Literal["built-in", "file"]
    scenario: Scenario
    unit: str
    batch_size: int
    batch_size_accelerator: int | None = None
    precisions: tuple[Precision, ...]
    backends: tuple[str, ...] = ()
    stresses: tuple[str, ...] = ()
    flops_per_unit: float | None = None
    other_flops_per_unit: float | None = None
    bytes_per_unit: float | None = None
    convention: str | None = None
    intensity: float | None = None
    """FLOP per byte."""
    memory_bytes: float | None = None
    """The least a CPU must hold, in its first precision and default batch."""
    accelerator_memory_bytes: float | None = None
    """The least an accelerator must hold, in bf16 where there is one, at its default batch."""
    text: str = ""
    """What its file says of itself after the summary."""
    parameters: dict[str, Scalar] = {}
    """What `--set` changes, with the defaults."""
    tunable: dict[str, tuple[Scalar, ...]] = {}
    """Those `--tune` tries, and the values it tries."""
    formulas: dict[str, str] = {}
    """Its counts by the name of their function: how, and by which source."""
    scenarios: tuple[Scenario, ...] = ()
    """Its own, and those LoadGen can ask for."""
    fits: Fits | None = None
    """None where nobody looked."""


class WorkloadList(Model):
    """The document `benchbench workloads --json` prints."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    workloads: tuple[WorkloadDescription, ...]


def describe(workload: Workload) -> WorkloadDescription:
    """What the workload is and what one unit costs at its default batch on a CPU; no torch.

    Raises UsageError naming the line if its `work` fails or returns something else.
    """
    path = Path(workload.__file__ or "")
    small, large = _settings(workload)
    with blaming(path):
        work = workload.work(small)
    if not isinstance(work, Work):
        message = f"{path}: work returned {type(work).__name__}; it must return a benchbench Work"
        raise UsageError(message)
    summary, _, text = (workload.__doc__ or "").strip().partition("\n")
    return WorkloadDescription(
        name=workload.name,
        summary=summary,
        source="built-in" if path.resolve() in builtin() else "file",
        scenario=workload.scenario,
        unit=workload.unit,
        batch_size=workload.batch_size,
        batch_size_accelerator=getattr(workload, "batch_size_accelerator", None),
        precisions=workload.precisions,
        backends=backends(workload),
        stresses=stresses(workload),
        flops_per_unit=work.flops_per_unit,
        other_flops_per_unit=work.other_flops_per_unit,
        bytes_per_unit=work.bytes_per_unit,
        convention=work.convention,
        intensity=_intensity(work),
        memory_bytes=memory_bytes(workload, small),
        accelerator_memory_bytes=memory_bytes(workload, large),
        text=text.strip(),
        parameters=_defaults(workload),
        tunable=tunable(workload),
        formulas=_formulas(workload),
    )


def _intensity(work: Work) -> float | None:
    if work.flops_per_unit is None or work.bytes_per_unit is None:
        return None
    return work.flops_per_unit / work.bytes_per_unit


def _settings(workload: Workload) -> tuple[Setting, Setting]:
    """Its defaults on a CPU and on an accelerator."""
    offered = workload.precisions
    precision: Precision = "bf16" if "bf16" in offered else offered[0]
    batch = getattr(workload, "batch_size_accelerator", None) or workload.batch_size
    return (
        Setting(precision=offered[0], batch_size=workload.batch_size),
        Setting(device="cuda:0", precision=precision, batch_size=batch),
    )


def _defaults(workload: Workload) -> dict[str, Scalar]:
    """What `--set` changes, where the file calls its defaults DEFAULTS as the built-in ones do."""
    given = getattr(workload, "DEFAULTS", None)
    named = given.items() if isinstance(given, dict) else ()
    return {str(n): v for n, v in named if v is None or isinstance(v, bool | int | float | str)}


def _formulas(workload: Workload) -> dict[str, str]:
    """The first paragraph of each function that counts FLOPs or bytes."""
    return {
        name: " ".join(inspect.cleandoc(one.__doc__).partition("\n\n")[0].split())
        for name, one in vars(workload).items()
        if name.endswith(("flops", "bytes")) and callable(one) and one.__doc__
    }


def list_builtin() -> WorkloadList:
    """The built-in workloads, described."""
    return WorkloadList(workloads=tuple(describe(load_file(path)) for path in builtin()))
