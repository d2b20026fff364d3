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

import ast
import hashlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol, cast, get_args

from pydantic import Field, TypeAdapter, ValidationError

from benchbench.bundled import folder
from benchbench.errors import UsageError
from benchbench.record import Model, Precision, Scalar, Scenario, Work

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SCALAR: TypeAdapter[Scalar] = TypeAdapter(Scalar)
_PRECISIONS = get_args(Precision)
_SCENARIOS = get_args(Scenario)
EAGER, COMPILE = "torch-eager", "torch-compile"
BACKENDS = (EAGER, COMPILE, "cuda-graph", "onnxruntime", "openvino")
"""How a model can be executed; any workload's step runs eagerly or compiled."""
VLLM = "vllm"
"""An engine that brings its own model: a workload file must know it."""
Parallel = Literal["ddp", "fsdp"]
"""How processes share one training step: each has all weights, or each has a share of them."""
_MISTAKES = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError),
    *(NameError, OSError, RuntimeError, SystemExit, TypeError, ValueError),
)
"""What a file raises by mistake; our own errors pass through."""


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


FIRST_LOOK = ("bert-large-infer", "resnet50-train")
"""One that multiplies matrices and one that convolves, answering and training."""


def builtin() -> list[Path]:
    """The files of the built-in workloads, sorted by name."""
    return sorted(folder("workloads").resolve().glob("[!_]*.py"))


def load_file(path: Path) -> Workload:
    """The workload in `path`. Raises UsageError naming the file, the line and what is wrong."""
    if not path.is_file():
        message = f"no workload file {path}; see the built-in ones with: benchbench workloads"
        raise UsageError(message)
    module = _execute(path)
    _check(module, path)
    return cast("Workload", module)


def find(name: str) -> Path:
    """A built-in workload's name or a path to a user's file → the file. Raises UsageError."""
    if name.endswith(".py") or "/" in name:
        return Path(name)
    known = {path.stem.replace("_", "-"): path for path in builtin()}
    if name not in known:
        message = (
            f"no workload {name!r}; known: {', '.join(known)} (or a path to your own .py file)"
        )
        raise UsageError(message)
    return known[name]


def source_sha256(path: Path) -> str:
    """The content hash of a workload's file, kept in its records."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
    with _blaming(path):
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


def precision(text: str | None) -> Precision | None:
    """A precision as the user wrote it. Raises UsageError if there is no such one."""
    if text is not None and text not in _PRECISIONS:
        message = f"no precision {text!r}; choose one of {', '.join(_PRECISIONS)}"
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


def backends(workload: Workload) -> tuple[str, ...]:
    """What it runs on: those its file names, else its step as it is or, if PyTorch's, compiled."""
    named: tuple[str, ...] | None = getattr(workload, "backends", None)
    if named is not None:
        return named
    source = "" if workload.__file__ is None else Path(workload.__file__).read_text()
    return (EAGER, COMPILE) if "torch" in source else (EAGER,)


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


def memory_bytes(workload: Workload, setting: Setting) -> float | None:
    """The least bytes a device must hold to run it; None where its file does not say.

    Raises UsageError naming the line if the file's own function fails.
    """
    count = getattr(workload, "memory_bytes", None)
    if count is None:
        return None
    with _blaming(Path(workload.__file__ or "")):
        return float(count(setting))


def _execute(path: Path) -> ModuleType:
    unique = f"benchbench_workload_{path.stem}_{source_sha256(path)[:12]}"
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None:
        message = f"{path} is not a Python file; a workload is one .py file"
        raise UsageError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    with _blaming(path):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """Turns a mistake in the user's file into one sentence with its line."""
    try:
        yield
    except SyntaxError as error:
        message = f"{path}, line {error.lineno}: {error.msg}; correct the file and try again"
        raise UsageError(message) from error
    except _MISTAKES as error:
        missing = isinstance(error, ImportError)
        remedy = "install the package it needs" if missing else "correct the file"
        message = (
            f"{path}, line {_line_in(path, error)}: {type(error).__name__}: {error}; "
            f"{remedy} and try again"
        )
        raise UsageError(message) from error


def _line_in(path: Path, error: BaseException) -> int:
    """The deepest line of the file the error came through; 1 when it never was there."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    here = path.resolve()
    return next((f.lineno or 1 for f in frames if Path(f.filename).resolve() == here), 1)


def _check(module: ModuleType, path: Path) -> None:
    missing = [name for name in _CONTRACT if not hasattr(module, name)]
    if missing:
        message = (
            f"{path} lacks {', '.join(missing)}; a workload file defines {', '.join(_CONTRACT)}"
        )
        raise UsageError(message)
    for name, (holds, expected) in {**_CONTRACT, **_OPTIONAL}.items():
        value = getattr(module, name, None)
        if not holds(value):
            message = f"{path}, line {_line_of(name, path)}: {name} must be {expected}"
            raise UsageError(message)


def _line_of(name: str, path: Path) -> int:
    """Where the file last defines `name` at its top level; 1 when it comes from elsewhere."""
    line = 1
    for node in ast.parse(path.read_bytes()).body:
        if name in _defined_by(node):
            line = node.lineno
    return line


def _defined_by(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign | ast.AnnAssign):
        names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
        return {each.id for each in names if isinstance(each.ctx, ast.Store)}
    return set()


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _is_scenario(value: object) -> bool:
    return value in _SCENARIOS


def _is_precisions(value: object) -> bool:
    return isinstance(value, tuple) and value != () and all(each in _PRECISIONS for each in value)


def _is_count(value: object) -> bool:
    return type(value) is int and value > 0


def _are_backends(value: object) -> bool:
    return value is None or (
        isinstance(value, tuple) and value != () and set(value) <= {*BACKENDS, VLLM}
    )


def _is_tunable(value: object) -> bool:
    return value is None or (
        isinstance(value, dict) and all(isinstance(each, tuple) and each for each in value.values())
    )


def _are_query_rules(value: object) -> bool:
    return value is None or isinstance(value, QueryRules)


def _are_words(value: object) -> bool:
    return value is None or (
        isinstance(value, tuple) and all(isinstance(each, str) and each for each in value)
    )


def _are_ways(value: object) -> bool:
    return value is None or (
        isinstance(value, tuple) and value != () and set(value) <= set(get_args(Parallel))
    )


def _is_callable_or_absent(value: object) -> bool:
    return value is None or callable(value)


def _is_count_or_absent(value: object) -> bool:
    return value is None or _is_count(value)


_CONTRACT: dict[str, tuple[Callable[[object], bool], str]] = {
    "name": (_is_name, "letters, digits, dots and dashes, like 'my-model'"),
    "scenario": (_is_scenario, f"one of {', '.join(_SCENARIOS)}"),
    "unit": (_is_name, "one word, like 'image'"),
    "precisions": (_is_precisions, f"a tuple of some of {', '.join(_PRECISIONS)}"),
    "batch_size": (_is_count, "a whole number above 0"),
    "work": (callable, "a function of a Setting"),
    "load": (callable, "a function of a Setting"),
}
_OPTIONAL: dict[str, tuple[Callable[[object], bool], str]] = {
    "batch_size_accelerator": (_is_count_or_absent, "a whole number above 0"),
    "backends": (_are_backends, f"a tuple of some of {', '.join(BACKENDS)}"),
    "tunable": (
        _is_tunable,
        "a dict of parameters, each with a tuple of values to try, the default first",
    ),
    "stresses": (_are_words, "a tuple of words, as ('compute', 'memory bandwidth')"),
    "memory_bytes": (_is_callable_or_absent, "a function of a Setting"),
    "query_rules": (_are_query_rules, "a benchbench.workload.QueryRules"),
    "exam": (_is_callable_or_absent, "a function of a Setting"),
    "train": (_is_callable_or_absent, "a function of a Setting"),
    "parallel": (_are_ways, "a tuple of some of ddp, fsdp"),
}
