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
FailureKind = Literal[
    "out_of_memory",
    "killed",
    "crashed",
    "timeout",
    "not_finite",
    "target_missed",
    "device_lost",
    "error",
]
StopReason = Literal["interval_reached", "time_limit", "step_limit", "target_reached"]
CeilingKind = Literal[
    "fma",
    "matmul",
    "memory_copy",
    "memory_scale",
    "memory_add",
    "memory_triad",
    "memory_read",
    "cache_read",
    "load_latency",
    "host_to_device",
    "host_to_device_pageable",
    "device_to_host",
    "device_to_host_pageable",
    "peer_to_peer",
    "storage_read",
    "storage_random_read",
    "image_decode",
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

    `value` is in `unit` (a rate; seconds where less is better), `low` and `high` its 95 % interval;
    `samples` are the single repetitions of the winning setting behind it, in `unit`.
    Of `device` `all` it is the slowest device's, all of them at work at once.
    """

    kind: CeilingKind
    dtype: Precision | None = None
    threads: int | None = None
    device: str
    value: Positive
    unit: Literal["FLOP/s", "byte/s", "op/s", "image/s", "s"]
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
    """Energy one scope drew during the timed window."""

    scope: EnergyScope
    device: str | None = None
    joules: Positive
    elapsed_s: Positive
    method: Literal["counter", "power_samples"] = "counter"
    """By difference of a hardware counter, or the integral of sampled power where there is none."""


class IdlePower(Model):
    """What one scope drew before the work was loaded; never part of `Energy`."""

    scope: EnergyScope
    device: str | None = None
    watts: NonNegative
    elapsed_s: Positive


class Interference(Model):
    """What else happened on the machine during the window; None where nobody could say.

    Fractions are of the window, except the first two: of the time of the processors we may use.
    """

    foreign_cpu_fraction: NonNegative | None = None
    """Their busy time that was not our process group's."""
    steal_fraction: NonNegative | None = None
    quota_throttled_fraction: NonNegative | None = None
    """The cgroup's quota had stopped us."""
    cpu_overheated_s: NonNegative | None = None
    """Time the processors we may use slowed down for heat, summed over them."""
    cpu_stall_fraction: NonNegative | None = None
    """Some task waited for a processor (Linux's pressure stall information, as the next two)."""
    memory_stall_fraction: NonNegative | None = None
    io_stall_fraction: NonNegative | None = None
    voluntary_switches: Count | None = None
    """Times a thread of ours gave its processor up."""
    involuntary_switches: Count | None = None
    """Times one was made to."""
    foreign_gpu_processes: Count | None = None
    wall_clock_jump_s: float | None = None
    """How much more than the monotonic clock the wall clock went on."""
    suspended_s: float | None = None
    """How much more than the monotonic clock the one that counts suspension went on."""
    uncorrected_memory_errors: Count | None = None
    """Of the device's memory."""
    xids: tuple[int, ...] | None = None
    """Critical errors NVIDIA's driver reported for the device."""


class Perturbation(Model):
    """The step with one thing changed, in turn with the step as it is: raw durations."""

    kind: Literal["half_batch", "half_threads"]
    kept_fraction: Annotated[float, Field(gt=0, lt=1)]
    """Of the batch or of the threads."""
    step_s: tuple[NonNegative, ...]
    """Changed."""
    unchanged_s: tuple[NonNegative, ...]
    """Unchanged: one in each cycle with one of `step_s`."""
    unchanged_processor_s: tuple[NonNegative, ...] | None = None
    """Processor time of the process during each of these."""


class LoadgenRun(Model):
    """What LoadGen says of its own run, and what it was asked for."""

    valid: bool
    unmet: tuple[str, ...] = ()
    """Which of its demands were not met: `Min duration`, `Early stopping` …"""
    early_stopping: str | None = None
    """Its words on early stopping; None where the scenario has none."""
    early_stopping_met: bool | None = None
    estimate_s: NonNegative | None = None
    """The latency its early stopping vouches for at the scenario's percentile."""
    official: bool = False
    """Whether duration, queries and samples are those of MLPerf's rules, not a shorter run's."""
    min_duration_s: NonNegative
    min_queries: Count
    """Offline: samples."""
    library_samples: Count | None = None
    """Of how many distinct samples the queries were drawn."""


class Probe(Model):
    """One run of queries at one rate, in search of the highest that meets a bound on latency."""

    rate_per_s: Positive
    """Asked for; queries arrive at random (Poisson)."""
    queries: Count
    batches: Count
    """In which they were answered."""
    over_bound: Count
    """Queries that took longer than the bound, counted from their scheduled time."""
    latency_s: NonNegative
    """At the bound's percentile, by LoadGen."""
    completed_per_s: Positive
    met: bool
    """Whether LoadGen finds the bound met."""
    early_stopping: bool
    """Whether there were enough queries to be confident of it (LoadGen's early stopping)."""
    latest_s: NonNegative | None = None
    """The most a query was issued after its scheduled time: the client's own lateness."""


class RateSearch(Model):
    """How the highest rate within a bound on latency was found; the measurement is of that rate."""

    latency_bound_s: Positive
    percent: float
    """Of the queries that must keep the bound."""
    policy: str
    """How the system under test makes batches of what is queued."""
    alone_s: tuple[NonNegative, ...]
    """Steps of one sample while nothing else was under way."""
    probes: tuple[Probe, ...]
    """All that were made, in order."""
    resolution_fraction: Positive
    """The search ends when the lowest rate that failed is no further above the best."""
    settled: bool
    """Whether it got there before its time was up."""
    rate_per_s: Positive | None = None
    """The highest that met the bound, also in the last run, which is the measurement.

    None: no rate did.
    """

    @property
    def failed_per_s(self) -> float | None:
        """The lowest rate above it that did not meet the bound; None where none was tried."""
        floor = self.rate_per_s or 0.0
        missed = (p.rate_per_s for p in self.probes if not p.met and p.rate_per_s > floor)
        return min(missed, default=None)


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
    lateness_s: tuple[NonNegative, ...] | None = None
    """Per query, how long after its scheduled time the client issued it; None: nobody scheduled."""
    loadgen: LoadgenRun | None = None
    rate_search: RateSearch | None = None
    """None: not the scenario of a server."""
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
    interval_target_fraction: Positive | None = None
    """The half-width of the interval at which the window was to end."""
    peak_memory_bytes: Count | None = None
    """Resident set of the worker process at its highest."""
    peak_device_memory_bytes: Count | None = None
    losses: tuple[float, ...] | None = None
    samples: tuple[Sample, ...] = ()
    energy: tuple[Energy, ...] = ()
    idle_power: tuple[IdlePower, ...] = ()
    interference: Interference | None = None
    perturbations: tuple[Perturbation, ...] = ()


class Evaluation(Model):
    """What a model in training was worth, on data it does not learn from."""

    epoch: Count
    """After so many passes over the training data."""
    time_s: NonNegative
    """When that was known, by the clock of the run: since the first touch of the data."""
    accuracy: Annotated[float, Field(ge=0, le=1)]


class Convergence(Model):
    """One training to a target, evaluations on the clock.

    `step_s` of its measurement are whole epochs, without the evaluations between them.
    """

    target: Annotated[float, Field(gt=0, le=1)]
    quality: str
    """What is evaluated: `top-1 accuracy`."""
    reached_s: Positive | None
    """From the first touch of the data to the evaluation that met the target; None: none did."""
    evaluations: tuple[Evaluation, ...]
    train_samples: Count
    eval_samples: Count


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


class Gate(Model):
    """What share of the reference's accuracy is demanded, and whether it was reached."""

    fraction: Annotated[float, Field(gt=0, le=1)]
    least_percent: float
    """The reference's accuracy times the fraction."""
    passed: bool
    demanded: bool
    """Whether missing it is a failure, or only said."""


class Accuracy(Model):
    """How right the answers to a whole data set were, by its official metric."""

    metric: str
    percent: Annotated[float, Field(ge=0, le=100)]
    others: dict[str, float] = {}
    """Further metrics of the same answers, in percent."""
    reference_percent: Positive
    reference: str
    """Whose accuracy that is, and where it is published."""
    gates: tuple[Gate, ...]
    samples: Count
    """Answered by the model: images, or windows of text."""
    scored: Count
    """What the metric is a mean of: images, or questions."""
    data_sha256: str | None = None
    weights_sha256: str | None = None

    @property
    def passed(self) -> bool:
        """Whether every gate that was demanded was reached."""
        return all(gate.passed for gate in self.gates if gate.demanded)


class Tried(Model):
    """A configuration that a search for the fastest one met."""

    backend: str
    precision: Precision
    batch_size: Count
    threads: Count | None = None
    """None: as many as by default."""
    parameters: dict[str, Scalar] = {}
    """Those given, over the workload's own defaults."""
    environment: dict[str, str] = {}
    """Variables set for it alone."""
    units_per_s: Positive | None = None
    """By a short trial: good to choose by, not to publish."""
    because: str | None = None
    """Why there is no rate."""


class Tuning(Model):
    """What a record is to a search for the fastest configuration.

    A `trial` is a step of the search: too short to stand for its configuration.
    """

    role: Literal["trial", "best", "default"]
    tried: tuple[Tried, ...] = ()
    """On the best one: everything that was tried, in order, the default first."""
    complete: bool = True
    """Whether the search ended before its time did."""


class Provenance(Model):
    """Who measured, with what, when; package versions are in the system's software."""

    time_utc: str
    tool_version: str
    git_commit: str | None = None
    git_dirty: bool | None = None
    seed: int
    command: tuple[str, ...] = ()
    workload_sha256: str | None = None
    setting_sha256: str | None = None
    """Of all that was asked for, where data and weights lie excepted."""
    session: str
    """Random; the same for all measurements of one `run`."""


Driver = Literal["loop", "loadgen"]
"""Who asked for the work: our loop, or MLCommons' LoadGen."""


class Record(Model):
    """One measurement, or one failure to measure, of one workload under one setting."""

    schema_version: Literal[1, 2] = Field(default=SCHEMA, alias="schema")
    workload: str
    scenario: Scenario
    driver: Driver = "loop"
    precision: Precision
    batch_size: Annotated[int, Field(gt=0)]
    backend: str
    devices: tuple[str, ...]
    parameters: dict[str, Scalar] = {}
    effort: Effort
    repeat: Count = 0
    """Which of the separate processes that repeated this setting."""
    tuning: Tuning | None = None
    """None: measured as asked for, without a search."""
    system: System
    work: Work
    ceilings: tuple[Ceiling, ...] = ()
    measurement: Measurement | None = None
    convergence: Convergence | None = None
    """Of a training to a target, whether it was met or is the failure."""
    accuracy: Accuracy | None = None
    """Not None: how right the answers are was measured, not how fast they come."""
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

    @property
    def is_trial(self) -> bool:
        """Whether it is a step of a search, too short to stand for its configuration."""
        return self.tuning is not None and self.tuning.role == "trial"

    @property
    def is_exam(self) -> bool:
        """Whether it says how right the answers are; its durations are no measure of speed."""
        return self.accuracy is not None

    @property
    def gate_failed(self) -> bool:
        """Whether a demand was not met: an accuracy, or a bound on latency at any rate."""
        search = None if self.measurement is None else self.measurement.rate_search
        unmet = search is not None and search.rate_per_s is None
        return unmet or (self.accuracy is not None and not self.accuracy.passed)

    def to_json(self) -> str:
        """The canonical text: what is stored, and what the content hash is of."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


def validity_of(caveats: tuple[Caveat, ...], *, failed: bool = False) -> Validity:
    """The worst severity decides; a failure is invalid."""
    severities = {caveat.severity for caveat in caveats}
    if failed or "invalid" in severities:
        return "invalid"
    return "valid_with_warnings" if "warning" in severities else "valid"
