"""How a model is executed: a record's backend. Another one is another record, never a fallback.

A workload file that names its `backends` hands its model to `inference`, or its loss to `training`;
one that does not is measured as it is, or with its whole step compiled.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from benchbench.workload import COMPILE, EAGER, Job, Setting, Workload

if TYPE_CHECKING:
    import torch

    from benchbench.backend.pytorch import Batch, Run

B = TypeVar("B")

__all__ = ["inference", "input_dtype", "load", "peeked", "training"]


def load(workload: Workload, setting: Setting) -> Job:
    """The job, executed by the setting's backend; what compiles has compiled when it is returned.

    Raises:
        CannotMeasureError: this machine lacks what the backend needs.
    """
    whole_step = setting.backend == COMPILE and not hasattr(workload, "backends")
    job = workload.load(replace(setting, backend=EAGER) if whole_step else setting)
    if whole_step:
        job = _step_compiled(job, trains=workload.scenario == "train")
    if setting.backend == COMPILE:
        _compile_now(job)
    return job


def inference(
    build: Callable[[], "torch.nn.Module"], setting: Setting, example: "Batch"
) -> tuple["Run", "Run | None"]:
    """The outputs of a batch by the setting's backend; the same in eager fp32 where that differs.

    `build` gives the model in fp32 on the CPU, ready to infer, the same at each call. A batch is a
    tensor or a mapping of names to tensors, whichever the model's `forward` takes.

    Raises:
        CannotMeasureError: this machine lacks what the backend needs.
    """
    from benchbench.backend import pytorch  # noqa: PLC0415 - counting needs no torch

    run = _engine(setting.backend)(build(), setting, example)
    plain = replace(setting, backend=EAGER, precision="fp32")

    @cache
    def exact() -> "Run":
        return pytorch.eager(build(), plain, example)

    def reference(batch: "Batch") -> object:
        with pytorch.float32_math(setting.precision):
            return exact()(pytorch.widened(batch))

    return run, None if setting == plain else reference


def training(
    loss: Callable[..., "torch.Tensor"], setting: Setting
) -> Callable[..., "torch.Tensor"]:
    """The loss of a batch, forward and backward executed by the setting's backend.

    Raises:
        CannotMeasureError: this machine lacks what the backend needs.
    """
    from benchbench.backend import pytorch  # noqa: PLC0415 - as above

    return pytorch.compile_whole(loss) if setting.backend == COMPILE else loss


def peeked(batches: Iterator[B]) -> tuple[B, Iterator[B]]:
    """The first batch, to compile or convert with, and all of them, the first included."""
    first = next(batches)
    return first, chain([first], batches)


def input_dtype(setting: Setting) -> "torch.dtype":
    """What floating-point inputs of `inference` are made in: other engines convert by themselves.

    Raises:
        CannotMeasureError: TF32 off CUDA.
    """
    import torch  # noqa: PLC0415 - as above

    from benchbench.precision import torch_dtype  # noqa: PLC0415 - as above

    ours = setting.backend not in ("onnxruntime", "openvino")
    return torch_dtype(setting.precision, setting.device) if ours else torch.float32


def _engine(backend: str) -> "Callable[[torch.nn.Module, Setting, Batch], Run]":
    from benchbench.backend import onnx_runtime, open_vino, pytorch  # noqa: PLC0415 - as above

    return {
        EAGER: pytorch.eager,
        COMPILE: pytorch.compiled,
        "cuda-graph": pytorch.cuda_graph,
        "onnxruntime": onnx_runtime.onnxruntime,
        "openvino": open_vino.openvino,
    }[backend]


def _step_compiled(job: Job, *, trains: bool) -> Job:
    """A job that knows of no backend; its own step is then the reference of its outputs."""
    from benchbench.backend import pytorch  # noqa: PLC0415 - as above

    reference = job.reference or (None if trains else job.step)
    return replace(job, step=pytorch.compile_parts(job.step), reference=reference)


def _compile_now(job: Job) -> None:
    """One step: what compiles belongs to the cold start, not to the first step of the warm-up."""
    from benchbench.backend import pytorch  # noqa: PLC0415 - as above

    with pytorch.compiler_errors():
        job.step(next(job.batches))
