"""What a workload is: a Python file with five names and two functions.

    name, scenario, unit, precisions, batch_size     what it is, and sensible defaults
    work(setting) -> Work                            what one unit costs, counted; no torch
    load(setting) -> Job                             the real thing, ready to step

A file may also name

    batch_size_accelerator    the default where `batch_size` is a CPU's
    backends                  those its `load` hands its model to, see `benchbench.backend`
    tunable                   parameters that `run --tune` may choose
    stresses                  what of a machine it wears on: ("compute", "memory bandwidth")
    memory_bytes(setting)     the least bytes a device must hold: weights, gradients, optimiser
                              state, caches, and activations as far as they cannot be avoided
    query_rules               what MLPerf asks of its queries: a QueryRules
    exam(setting) -> Exam     a whole data set to be right about, see `benchbench.accuracy`
    train(setting)            a training that runs to a target, for `run --to-target`
    parallel                  how several processes may train it together: ("ddp", "fsdp"), see
                              `benchbench.backend.parallel`

The built-in ones in `workloads/` come through the same door as a user's own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, cast, get_args

from pydantic import TypeAdapter, ValidationError

from benchbench.errors import UsageError
from benchbench.record import Precision, Scalar, Scenario, Work

_SCALAR: TypeAdapter[Scalar] = TypeAdapter(Scalar)
EAGER, COMPILE = "torch-eager", "torch-compile"
BACKENDS = (EAGER, COMPILE, "cuda-graph", "onnxruntime", "openvino")
"""How a model can be executed; any workload's step runs eagerly or compiled."""
VLLM = "vllm"
"""An engine that brings its own model: a workload file must know it."""
Parallel = Literal["ddp", "fsdp"]
"""How processes share one training step: each has all weights, or each has a share of them."""


@dataclass(frozen=True)
class Setting:
    """One configuration to measure. Another value of any field is another record."""

    device: str = "cpu"
    """As PyTorch names it: `cpu`, `cuda:0`."""
    precision: Precision = "fp32"
    batch_size: int = 1
    backend: str = EAGER
    data: Path | None = None
    """A folder or file of real data; None: synthetic, random and unique per step."""
    weights: Path | None = None
    """A folder of weights; None: random weights of the same shape, same speed."""
    seed: int = 0
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    threads: int | None = None
    """None: every processor that affinity and quota leave us."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Set for the measuring process alone: an allocator's thresholds, a library to preload."""
    ranks: int = 1
    """Processes that work together, each on a device of its own or its share of the processors."""
    rank: int = 0
    """Which of them this is; its seed differs from the others', so that its data do."""
    parallel: Parallel = "ddp"
    """How they train together; alone, and where they only infer, it means nothing."""


class Parts:
    """Parts of a step that are timed apart: the step says when one has ended, in its order.

    Saying so never waits for the device. Nobody listens outside the timed window.
    """

    def __init__(self) -> None:
        self._listener: Callable[[str], None] | None = None

    def ended(self, name: str) -> None:
        """The part of this name ended here; it began where the one before ended."""
        if self._listener is not None:
            self._listener(name)

    def listen(self, listener: Callable[[str], None] | None) -> None:
        """Who is told; None: nobody."""
        self._listener = listener


class Engine(Protocol):
    """Answers requests that come when they like: an LLM that batches continuously."""

    new_tokens: int
    """Every request's answer is so long."""

    @property
    def waiting(self) -> int:
        """Requests that are not answered in full."""

    def submit(self, index: int) -> None:
        """A request, unlike every other one, joins the queue."""

    def advance(self) -> list[int]:
        """One iteration; the requests that got one token more, once the tokens are on the host."""

    def clear(self) -> None:
        """Forget every request."""


@dataclass
class Job:
    """A workload in memory, ready to step.

    `step` must not synchronise the device: the harness does, at the edges of its window.
    """

    batches: Iterator[Any]
    """Endless; the time `next` takes is the input's cost."""
    step: Callable[[Any], Any]
    """One step on one batch. Returns the loss when training, the outputs when inferring."""
    units_per_step: float
    from_memory: bool
    """True when `batches` costs next to nothing: data made before the clock started."""
    parameters: dict[str, Scalar] = field(default_factory=dict)
    """What was really used, for the record: `{"channels_last": True, "data": "synthetic"}`."""
    reference: Callable[[Any], Any] | None = None
    """The same outputs in fp32, where they can be checked."""
    parts: Parts | None = None
    """Of the step, where it has some worth a time of their own."""
    engine: Engine | None = None
    """Where requests at rising rates are to be offered to it after the timed window."""
    rates: tuple[float, ...] = ()
    """Requests per second to offer; empty: shares of what the timed window reached."""


@dataclass(frozen=True)
class QueryRules:
    """What MLPerf's rules ask of a workload's queries (mlperf.conf of its inference rounds)."""

    latency_bound_s: float | None = None
    """On a server's 99th percentile; None: whoever asks must give one."""
    offline_samples: int = 24_576
    """Fewest in an official offline run."""
    library_samples: int = 1024
    """Distinct ones that queries are drawn from."""


MarkKind = Literal["data", "epoch_start", "epoch_stop", "eval_start", "eval_stop"]


@dataclass(frozen=True)
class Mark:
    """A point of a training at which the clock is read, the device having finished."""

    kind: MarkKind
    """`data`: the data were opened, and `facts` says what they hold."""
    epoch: int = 0
    """Counted from 1."""
    accuracy: float | None = None
    """Of `eval_stop`: between 0 and 1."""
    loss: float | None = None
    """Of `epoch_stop`."""
    facts: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass
class Training:
    """A model on its device that learns until it is good enough, not having touched its data.

    Asking for the first of `marks` touches the data, and starts the clock of the time to train.
    They end when the model may learn no longer; whoever reads the clock stops asking at the target.
    The facts of `data` hold `train_samples`, `eval_samples`, `samples_per_epoch`, and under
    MLCommons' names whatever else a log of the training should say.
    """

    marks: Iterator[Mark]
    work: Work
    """Of the training steps."""
    quality: str
    """What is evaluated: `top-1 accuracy`."""
    parameters: dict[str, Scalar] = field(default_factory=dict)
    """What was really used, for the record."""


class Workload(Protocol):
    """The module a workload file becomes."""

    name: str
    scenario: Scenario
    unit: str
    precisions: tuple[Precision, ...]
    batch_size: int
    """The default, for the CPU; an accelerator's is `batch_size_accelerator` when present."""
    __file__: str | None
    __doc__: str | None

    def work(self, setting: Setting) -> Work:
        """What one unit costs at this setting, counted."""

    def load(self, setting: Setting) -> Job:
        """The model on the device and its data, ready to step."""


def precision(text: str | None) -> Precision | None:
    """A precision as the user wrote it. Raises UsageError if there is no such one."""
    if text is not None and text not in get_args(Precision):
        message = f"no precision {text!r}; choose one of {', '.join(get_args(Precision))}"
        raise UsageError(message)
    return cast("Precision | None", text)


def way(text: str) -> Parallel:
    """How devices share a step, as the user wrote it. Raises UsageError if there is no such way."""
    if text not in get_args(Parallel):
        message = f"no --parallel {text!r}; choose one of {', '.join(get_args(Parallel))}"
        raise UsageError(message)
    return cast("Parallel", text)


def parsed(assignments: Sequence[str]) -> dict[str, Scalar]:
    """`image_size=160`, `channels_last=false` as a user types them. Raises UsageError."""
    found: dict[str, Scalar] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            message = f"{text!r} sets nothing; write NAME=VALUE, as image_size=160"
            raise UsageError(message)
        try:
            found[name] = _SCALAR.validate_json(value, strict=True)
        except ValidationError:
            found[name] = value
    return found


def parameters(setting: Setting, **defaults: Scalar) -> dict[str, Any]:
    """The setting's parameters over a workload's defaults.

    Raises UsageError for a name the workload does not have and for a value of another type.
    """
    for name, value in setting.parameters.items():
        if name not in defaults:
            known = ", ".join(defaults) or "none"
            message = f"this workload has no parameter {name!r}; it has: {known}"
            raise UsageError(message)
        if type(value) is not type(defaults[name]):
            message = (
                f"parameter {name} must be of the same kind as {defaults[name]!r}, not {value!r}"
            )
            raise UsageError(message)
    return {**defaults, **setting.parameters}


def refuse(setting: Setting, *options: Literal["data", "weights"]) -> None:
    """Raises UsageError where the setting names something this workload has no use for."""
    for option in options:
        if getattr(setting, option) is not None:
            message = f"this workload takes no --{option}: leave it out"
            raise UsageError(message)


def parallels(workload: Workload) -> tuple[Parallel, ...]:
    """How several processes may train it together; none where its file does not say."""
    return tuple(getattr(workload, "parallel", ()))


def tunable(workload: Workload) -> dict[str, tuple[Scalar, ...]]:
    """Its parameters that change the speed and not the work: values to try, the default first."""
    return dict(getattr(workload, "tunable", {}))


def query_rules(workload: Workload) -> QueryRules:
    """Its own, else those of any."""
    return getattr(workload, "query_rules", None) or QueryRules()


def stresses(workload: Workload) -> tuple[str, ...]:
    """What of a machine it wears on, in words; empty where its file does not say."""
    return tuple(getattr(workload, "stresses", ()))
