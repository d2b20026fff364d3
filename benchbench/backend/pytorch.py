"""PyTorch's own ways to run a model: operation by operation, compiled, as one CUDA graph."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import torch

from benchbench.errors import CannotMeasureError, UsageError
from benchbench.precision import set_float32_math, torch_dtype
from benchbench.record import Precision
from benchbench.workload import Setting

Batch = torch.Tensor | Mapping[str, torch.Tensor]
Run = Callable[[Batch], object]
F = TypeVar("F", bound=Callable[..., Any])
_WARM_UPS = 3
"""Before a capture, as PyTorch's notes on CUDA graphs ask for: libraries allocate on first use."""


def eager(model: torch.nn.Module, setting: Setting, example: Batch) -> Run:
    """Operation by operation, weights in the setting's precision."""
    del example
    return _inferring(_placed(model, setting))


def compiled(model: torch.nn.Module, setting: Setting, example: Batch) -> Run:
    """By `torch.compile`, weights frozen into the code and prepacked for it.

    Raises:
        CannotMeasureError: no C++ compiler for a CPU's code.
    """
    fast = torch.compile(
        _placed(model, setting), fullgraph=True, dynamic=False, options={"freezing": True}
    )
    run = _inferring(fast)
    with compiler_errors():
        run(example)
    return run


def cuda_graph(model: torch.nn.Module, setting: Setting, example: Batch) -> Run:
    """All kernels of a step launched as one; a step's outputs last until the next.

    Raises:
        CannotMeasureError: not on an NVIDIA GPU.
    """
    if not setting.device.startswith("cuda"):
        message = f"a CUDA graph needs an NVIDIA GPU, not {setting.device}; choose torch-compile"
        raise CannotMeasureError(message)
    run = _inferring(_placed(model, setting))
    held = _each(example, torch.clone)
    side: Any = torch.cuda.Stream(setting.device)  # type: ignore[no-untyped-call] # torch's
    side.wait_stream(torch.cuda.current_stream(setting.device))
    with torch.cuda.stream(side):
        for _ in range(_WARM_UPS):
            run(held)
    torch.cuda.current_stream(setting.device).wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        outputs = run(held)

    def replay(batch: Batch) -> object:
        for mine, given in zip(_tensors(held), _tensors(batch), strict=True):
            mine.copy_(given)
        graph.replay()
        return outputs

    return replay


def compile_whole(function: F) -> F:
    """Without a gap: what PyTorch cannot compile is an error, not a slow piece."""
    return cast("F", torch.compile(function, fullgraph=True, dynamic=False))


def compile_parts(function: F) -> F:
    """As much of it as compiles; a user's step may print, branch and call an optimiser."""
    return cast("F", torch.compile(function, dynamic=False))


@contextmanager
def compiler_errors() -> Iterator[None]:
    """A missing C++ compiler, or one that fails, in one sentence."""
    from torch._inductor.exc import (  # noqa: PLC0415 - loads the compiler
        CppCompileError,
        InductorError,
        InvalidCxxCompiler,
    )

    try:
        yield
    except (CppCompileError, InductorError, InvalidCxxCompiler) as error:
        missing = isinstance(error, InvalidCxxCompiler) or isinstance(
            getattr(error, "inner_exception", None), InvalidCxxCompiler
        )
        what = "needs a C++ compiler, and none is here" if missing else "cannot be built here"
        message = (
            f"torch-compile on this processor {what}; install g++ and Python's headers, "
            "or choose another --backend"
        )
        raise CannotMeasureError(message) from error


@contextmanager
def float32_math(after: Precision) -> Iterator[None]:
    """IEEE fp32 inside, what `after` wants afterwards."""
    set_float32_math("fp32")
    try:
        yield
    finally:
        set_float32_math(after)


def widened(batch: Batch) -> Batch:
    """Floating-point inputs in fp32; integers as they are."""
    return _each(batch, lambda one: one.float() if one.is_floating_point() else one)


def by_name(batch: Batch, names: Sequence[str]) -> dict[str, torch.Tensor]:
    """The tensors of a batch by another engine's names for those it uses."""
    return {n: batch[n] for n in names} if isinstance(batch, Mapping) else {names[0]: batch}


def _placed(model: torch.nn.Module, setting: Setting) -> torch.nn.Module:
    if setting.precision == "int8":
        raise UsageError("int8 runs on ONNX Runtime alone; add --backend onnxruntime")
    set_float32_math(setting.precision)
    return model.to(setting.device, torch_dtype(setting.precision, setting.device))


def _inferring(model: Callable[..., Any]) -> Run:
    @torch.inference_mode()
    def run(batch: Batch) -> object:
        return model(**batch) if isinstance(batch, Mapping) else model(batch)

    return run


def _each(batch: Batch, change: Callable[[torch.Tensor], torch.Tensor]) -> Batch:
    if isinstance(batch, Mapping):
        return {name: change(one) for name, one in batch.items()}
    return change(batch)


def _tensors(batch: Batch) -> list[torch.Tensor]:
    return list(batch.values()) if isinstance(batch, Mapping) else [batch]
