"""What one configuration delivered: the derived figures, as values."""

from typing import Literal

from benchbench.record import (
    Caveat,
    Ceiling,
    Convergence,
    Driver,
    EnergyScope,
    LoadgenRun,
    Model,
    Precision,
    RateSearch,
    Scenario,
    Validity,
)
from benchbench.stats import Estimate

RegimeName = Literal["compute", "memory", "overhead", "input", "communication", "undetermined"]
NormalityName = Literal["normal", "low", "high", "unknown"]


class Regime(Model):
    """Why it is not faster: what limits it, the evidence, and the one thing to try."""

    name: RegimeName
    evidence: str
    try_next: str


class Normality(Model):
    """Whether a figure is what such a device usually gives, and how that is known."""

    name: NormalityName
    because: str
    try_next: str | None = None
    quantity: str | None = None
    """`throughput` per device, or `mfu`; None where nothing is known to compare with."""
    value: float | None = None
    low: float | None = None
    high: float | None = None


class Percentile(Model):
    """A latency percentile, or how many queries it still lacks."""

    percent: float
    seconds: float | None
    queries: int
    queries_needed: int


class InputCost(Model):
    """What feeding the step costs, per step, apart from the step itself."""

    seconds_per_step: float
    """Waited for data inside the timed window."""
    from_memory_units_per_s: Estimate | None
    """Throughput of the same step on data already in memory."""
    slowdown: float | None
    """Throughput from memory ÷ throughput fed for real; 1.0: the input costs nothing."""


class TrainingEstimate(Model):
    """How long a training would take: the measured rate times what others needed to converge."""

    target: str
    """What is reached: `75.90 % top-1 on ImageNet`."""
    seconds: Estimate
    """Predicted; from the fastest published run at the high end of the rate to the slowest at the
    low end."""
    samples: float
    """Mean of the published runs, without the fastest and the slowest."""
    batch_size: int
    """Of the published runs."""
    accumulated: bool
    """Whether the measured batch is smaller, and its gradients must be added up to that one."""
    because: str
    """What was published, by whom, where."""


PART_NAMES = {
    "prefill": "time to the first token (prefill)",
    "decode": "time per further token (decode)",
}
"""In words, by the name a workload gives them."""


class PartFigures(Model):
    """One part of a step: of an LLM's, the prefill and each token decoded after it."""

    name: str
    seconds: Estimate
    """Its median."""
    p95_s: float
    units_per_s: float
    flops_per_s: float | None = None
    mfu: float | None = None
    share_of_achievable: float | None = None
    bytes_per_s: float | None = None
    mbu: float | None = None


class RateFigures(Model):
    """What requests arriving at one rate met."""

    requests_per_s: float
    offered: int
    answered: int
    """In full, before the window was given up."""
    tokens_per_s: float
    first_token_s: float | None
    """Median from the request's arrival; None where none was answered in full."""
    first_token_p90_s: float | None
    """None where too few were answered to tell."""
    per_token_s: float | None
    """Median over answers of the mean time between their tokens."""
    keeps_up: bool
    """Whether all were answered about as soon as they came."""


class Scaling(Model):
    """What several processes reach, against one of them alone in the same run."""

    processes: int
    alone_units_per_s: Estimate
    efficiency: Estimate
    """Throughput together ÷ (processes x throughput alone)."""


class Figures(Model):
    """What one configuration delivered on one machine."""

    workload: str
    scenario: Scenario
    driver: Driver = "loop"
    unit: str
    precision: Precision
    batch_size: int
    backend: str
    devices: tuple[str, ...]
    role: Literal["best", "default"] | None = None
    """In a search for the fastest configuration: its winner, or the default beside it."""
    session: str = ""
    """The run it was measured in."""
    processes: int
    steps: int
    time_to_train: Estimate | None = None
    """From the first touch of the data to the target, evaluations included: mean of the runs."""
    convergence: tuple[Convergence, ...] = ()
    """Every run of a training to a target: when it was how good."""
    estimated_training: TrainingEstimate | None = None
    """What a training with published convergence would take at this rate; never measured."""
    throughput: Estimate | None
    """Units per second."""
    step_s: Estimate | None
    """Median step."""
    step_s_mad: float | None = None
    step_s_p5: float | None = None
    step_s_p95: float | None = None
    latency: tuple[Percentile, ...] = ()
    loadgen: LoadgenRun | None = None
    """What it said of its run, where it asked for the work."""
    rate_search: RateSearch | None = None
    """How a server's highest rate within its bound on latency was found."""
    lateness_p99_s: float | None = None
    """How late the client issued its queries."""
    flops_per_unit: float | None = None
    bytes_per_unit: float | None = None
    intensity: float | None = None
    """FLOP per byte."""
    achieved_flops: Estimate | None = None
    """Model FLOP/s."""
    datasheet_flops: float | None = None
    datasheet_because: str | None = None
    """How the device was identified, and what its peak assumes."""
    mfu: Estimate | None = None
    """Achieved ÷ datasheet."""
    observed_clock_hz: float | None = None
    """Mean over the timed window, as sampled; on a CPU while a loop of FMAs ran."""
    datasheet_flops_at_clock: float | None = None
    """The datasheet's peak at that clock: units x FLOP/clock x clock."""
    mfu_at_clock: Estimate | None = None
    """Achieved ÷ that peak."""
    ceiling: Ceiling | None = None
    """The matmul ceiling of one device at this precision."""
    share_of_achievable: Estimate | None = None
    """Achieved ÷ measured ceiling of all devices used."""
    achieved_bytes_per_s: Estimate | None = None
    datasheet_bytes_per_s: float | None = None
    memory_ceiling: Ceiling | None = None
    hfu: Estimate | None = None
    """Executed, what is computed twice included, ÷ datasheet; None where nothing is."""
    parts: tuple[PartFigures, ...] = ()
    rates: tuple[RateFigures, ...] = ()
    ranks: int = 1
    """Processes that shared each step."""
    communication_fraction: float | None = None
    """Of the step: what exchanging gradients adds to it; None where it was not left out once."""
    scaling: Scaling | None = None
    """None of one process, and where none was measured alone."""
    mbu: Estimate | None = None
    """Least bytes ÷ time ÷ measured bandwidth (the datasheet's where none was measured)."""
    regime: Regime
    normal: Normality | None = None
    """Is this number normal? None where nobody asked."""
    input_cost: InputCost | None = None
    decode_ceiling: Ceiling | None = None
    """The most images a second this machine decodes; of work that trains on images."""
    joules_per_unit: Estimate | None = None
    energy_scope: EnergyScope | None = None
    peak_memory_bytes: int | None = None
    peak_device_memory_bytes: int | None = None
    load_s: float | None = None
    first_step_s: float | None = None
    validity: Validity
    caveats: tuple[Caveat, ...] = ()
