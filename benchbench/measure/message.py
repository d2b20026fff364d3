"""What the runner asks of a worker process, and what the worker says: one JSON line each."""

from typing import Literal

from benchbench.measure.budget import Budget
from benchbench.measure.loadgen import LoadScenario
from benchbench.measure.loop import Phase
from benchbench.record import (
    Accuracy,
    Blas,
    Caveat,
    Ceiling,
    Convergence,
    Effort,
    Failure,
    Measurement,
    Model,
    Precision,
    Scalar,
    Work,
)
from benchbench.workload import Setting


class MeasureWorkload(Model):
    """Measure one workload under one setting."""

    kind: Literal["workload"] = "workload"
    file: str
    setting: Setting
    effort: Effort
    budget: Budget
    threads: int
    load: LoadScenario | None = None
    """How LoadGen is to ask for the work; None: the loop steps as fast as it can."""
    target: float | None = None
    """Train to this quality, between 0 and 1; None: measure the speed of the steps."""
    runs: int = 1
    """So many trainings to a target there will be."""
    platform: str = ""
    """What a log of the training calls this machine."""
    latency_bound_s: float | None = None
    """Of a server."""
    gate_fraction: float | None = None
    """Of the reference's accuracy that is demanded; None: speed is measured, not accuracy."""


class MeasureCeilings(Model):
    """Measure what the machine could do."""

    kind: Literal["ceilings"] = "ceilings"
    devices: tuple[str, ...]
    precisions: tuple[Precision, ...]
    seconds_per_kernel: float
    storage_folder: str | None = None
    decoders: int = 0
    """Processes that may decode images side by side; 0: decoding is not measured."""
    last_level_cache_bytes: int | None = None
    available_bytes: int | None = None
    threads: int


class Request(Model):
    """The one line a worker reads."""

    body: MeasureWorkload | MeasureCeilings


class Progress(Model):
    """Where the worker is, for the live line; never stored."""

    phase: Phase
    elapsed_s: float
    units_per_s: float | None = None
    half_width_fraction: float | None = None
    clock_hz: float | None = None
    power_w: float | None = None
    message: str = ""


class WorkloadResult(Model):
    """A finished measurement."""

    work: Work
    measurement: Measurement
    caveats: tuple[Caveat, ...]
    parameters: dict[str, Scalar]
    accuracy: Accuracy | None = None
    blas: tuple[Blas, ...] = ()
    logs: dict[str, str] = {}
    """LoadGen's own, by file name."""


class TrainingResult(Model):
    """A training to a target that ended: met it, or gave it up."""

    work: Work
    convergence: Convergence
    measurement: Measurement | None
    failure: Failure | None
    caveats: tuple[Caveat, ...]
    parameters: dict[str, Scalar]
    blas: tuple[Blas, ...] = ()
    logs: dict[str, str] = {}
    """MLCommons' form of log, by file name."""


class CeilingsResult(Model):
    """Finished ceilings."""

    ceilings: tuple[Ceiling, ...]


class Message(Model):
    """One line of a worker: progress, or the last word as a result or a failure."""

    progress: Progress | None = None
    result: WorkloadResult | TrainingResult | CeilingsResult | None = None
    failure: Failure | None = None
