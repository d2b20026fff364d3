"""The record: what was observed on one machine under one setting, and nothing derived from it.

History of the format (`SCHEMA`):
    1  first form.
    2  more kinds of ceilings and samples, further backends; every new field may be absent.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCHEMA: Final = 2

Scenario = Literal["train", "offline", "single_stream", "multi_stream", "server"]
Precision = Literal["fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "int8"]
Effort = Literal["quick", "standard", "full"]
Severity = Literal["note", "warning", "invalid"]
Validity = Literal["valid", "valid_with_warnings", "invalid"]
EnergyScope = Literal["gpu_board", "cpu_package", "node_estimated", "wall"]
FailureKind = Literal["out_of_memory", "killed", "crashed", "timeout", "not_finite", "error"]
StopReason = Literal["interval_reached", "time_limit", "step_limit"]
CeilingKind = Literal[
    "fma",
    "matmul",
    "memory_copy",
    "memory_triad",
    "host_to_device",
    "device_to_host",
    "storage_read",
    "all_reduce",
]
Scalar = bool | int | float | str | None

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class Model(BaseModel):
    """A frozen value that refuses unknown fields, silent conversions, NaN and infinity."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=True
    )


class Cpu(Model):
    """The processor as the operating system shows it, and the part of it we may use."""

    model: str
    vendor: str | None = None
    architecture: str
    family: int | None = None
    model_number: int | None = None
    sockets: int | None = None
    cores: int | None = None
    """Physical cores shown."""
    threads: int
    """Logical processors shown; on most clouds a vCPU is one of these, half a core."""
    threads_per_core: int | None = None
    usable_cores: int | None = None
    """Physical cores the affinity mask touches."""
    usable_threads: int
    """Logical processors in the affinity mask."""
    quota_threads: Positive | None = None
    """The cgroup's CPU quota in processors; None when there is none."""
    instruction_sets: tuple[str, ...] = ()
    l1d_bytes: int | None = None
    """Per core."""
    l2_bytes: int | None = None
    """Per core."""
    l3_bytes: int | None = None
    """All of it, summed over its instances."""
    clock_max_hz: Positive | None = None
    governor: str | None = None


class Memory(Model):
    """Main memory; `limit_bytes` is the cgroup's, None when there is none."""

    total_bytes: Count
    available_bytes: Count | None = None
    limit_bytes: Count | None = None


class NumaNode(Model):
    """One NUMA node."""

    index: int
    threads: int
    memory_bytes: Count | None = None


class Accelerator(Model):
    """One device as its driver shows it. Serial numbers and UUIDs are never kept."""

    device: str
    """The name PyTorch gives it: `cuda:0`."""
    name: str
    vendor: str
    memory_bytes: Count | None = None
    pci_id: str | None = None
    """Vendor and device, `10de:2330`: tells an SXM from a PCIe board of the same name."""
    multiprocessors: int | None = None
    compute_capability: str | None = None
    power_limit_w: Positive | None = None
    clock_max_hz: Positive | None = None
    memory_clock_max_hz: Positive | None = None
    mig: bool | None = None
    ecc: bool | None = None
    driver: str | None = None


class Cloud(Model):
    """Where the machine is rented; `source` says how we know: `dmi` is the firmware."""

    provider: str
    instance_type: str | None = None
    region: str | None = None
    lifecycle: Literal["on_demand", "spot"] | None = None
    source: Literal["metadata", "dmi", "flag"]


class Virtualisation(Model):
    """The hypervisor and the container, None where none was seen."""

    hypervisor: str | None = None
    container: str | None = None


class Blas(Model):
    """A BLAS or thread pool a loaded library brought, and the kernel it chose."""

    library: str
    version: str | None = None
    kernel: str | None = None
    threads: int | None = None


class Software(Model):
    """The stack that ran; `environment` holds only allowlisted variables that change results."""

    os: str
    kernel: str
    python: str
    packages: dict[str, str] = {}
    blas: tuple[Blas, ...] = ()
    cuda: str | None = None
    environment: dict[str, str] = {}


class System(Model):
    """What the probe saw; never what it was matched to."""

    cpu: Cpu
    memory: Memory
    numa: tuple[NumaNode, ...] = ()
    accelerators: tuple[Accelerator, ...] = ()
    cloud: Cloud | None = None
    virtualisation: Virtualisation = Virtualisation()
    software: Software


class Ceiling(Model):
    """The best this machine did on one kernel, by the best path found.

    `value` is in `unit` (`FLOP/s`, `byte/s`), `low` and `high` its 95 % interval;
    `samples` are the single repetitions of the winning setting behind it, in `unit`.
    """

    kind: CeilingKind
    dtype: Precision | None = None
    threads: int | None = None
    device: str
    value: Positive
    unit: Literal["FLOP/s", "byte/s", "op/s"]
    path: str
    low: Positive
    high: Positive
    samples: tuple[Positive, ...] = ()
    setting: dict[str, Scalar] = {}


class Work(Model):
    """What one unit of the workload costs by counting, before any clock runs.

    `flops_per_unit` follows `convention`; elementwise and normalisation operations are apart in
    `other_flops_per_unit`. `bytes_per_unit` is the least a device's memory must move at this batch
    size and precision. None where nobody counted.
    """

    unit: str
    flops_per_unit: Positive | None = None
    other_flops_per_unit: NonNegative | None = None
    bytes_per_unit: Positive | None = None
    gradient_bytes: Positive | None = None
    """What training on several machines exchanges per step: one gradient of every weight."""
    convention: str | None = None


class Sample(Model):
    """One look at the machine during the measurement; None where a counter is missing."""

    time_s: float
    """Since the first timed step began; negative during warm-up."""
    device: str | None = None
    """None: the host."""
    power_w: NonNegative | None = None
    clock_hz: NonNegative | None = None
    temperature_c: float | None = None
    utilisation_fraction: NonNegative | None = None
    steal_fraction: NonNegative | None = None
    throttle: tuple[str, ...] = ()


class Energy(Model):
    """Energy one scope drew during the timed window, by difference of a hardware counter."""

    scope: EnergyScope
    device: str | None = None
    joules: Positive
    elapsed_s: Positive


class Measurement(Model):
    """What the clocks and counters saw. Durations are seconds of a monotonic clock."""

    units_per_step: Positive
    step_s: tuple[NonNegative, ...]
    """Every timed step in order, warm-up excluded."""
    warmup_s: tuple[NonNegative, ...] = ()
    elapsed_s: Positive
    """The timed window from edge to edge, device synchronised at both."""
    units_completed: Positive
    latency_s: tuple[NonNegative, ...] | None = None
    """Per query, counted from its scheduled time; None where no queries were scheduled."""
    device_s: tuple[NonNegative, ...] | None = None
    """Device time of each step; None on a CPU."""
    input_s: tuple[NonNegative, ...] | None = None
    """Time each step waited for its data; None where data was in memory already."""
    step_from_memory_s: tuple[NonNegative, ...] | None = None
    """The same step fed from memory, to tell input from compute; None where it was anyway."""
    load_s: NonNegative | None = None
    """Cold start: imports, model, weights, compilation."""
    first_step_s: NonNegative | None = None
    steady: bool | None = None
    stop_reason: StopReason
    peak_memory_bytes: Count | None = None
    """Resident set of the worker process at its highest."""
    peak_device_memory_bytes: Count | None = None
    losses: tuple[float, ...] | None = None
    samples: tuple[Sample, ...] = ()
    energy: tuple[Energy, ...] = ()


class Caveat(Model):
    """A doubt as a value: what was seen, and what the user can do about it."""

    code: str
    severity: Severity
    message: str
    remedy: str


class Failure(Model):
    """Why there is no number. A failure is knowledge too: the recommender needs it."""

    kind: FailureKind
    message: str
    remedy: str
    signal: str | None = None
    exit_code: int | None = None


class Provenance(Model):
    """Who measured, with what, when; package versions are in the system's software."""

    time_utc: str
    tool_version: str
    git_commit: str | None = None
    git_dirty: bool | None = None
    seed: int
    command: tuple[str, ...] = ()
    workload_sha256: str | None = None
    session: str
    """Random; the same for all measurements of one `run`."""


class Record(Model):
    """One measurement, or one failure to measure, of one workload under one setting."""

    schema_version: Literal[1, 2] = Field(default=SCHEMA, alias="schema")
    workload: str
    scenario: Scenario
    driver: Literal["loop", "loadgen"] = "loop"
    precision: Precision
    batch_size: Annotated[int, Field(gt=0)]
    backend: str
    devices: tuple[str, ...]
    parameters: dict[str, Scalar] = {}
    effort: Effort
    repeat: Count = 0
    """Which of the separate processes that repeated this setting."""
    system: System
    work: Work
    ceilings: tuple[Ceiling, ...] = ()
    measurement: Measurement | None = None
    failure: Failure | None = None
    caveats: tuple[Caveat, ...] = ()
    validity: Validity
    provenance: Provenance

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.measurement is None) == (self.failure is None):
            message = "a record holds either a measurement or a failure"
            raise ValueError(message)
        if self.validity != validity_of(self.caveats, failed=self.failure is not None):
            message = f"validity {self.validity!r} contradicts the caveats"
            raise ValueError(message)
        return self

    def to_json(self) -> str:
        """The canonical text: what is stored, and what the content hash is of."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


def validity_of(caveats: tuple[Caveat, ...], *, failed: bool = False) -> Validity:
    """The worst severity decides; a failure is invalid."""
    severities = {caveat.severity for caveat in caveats}
    if failed or "invalid" in severities:
        return "invalid"
    return "valid_with_warnings" if "warning" in severities else "valid"
