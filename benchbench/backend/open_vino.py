"""OpenVINO on the CPU: the model traced once, its graph fused and its weights prepacked."""

import sys
from typing import Any

import torch

from benchbench.backend.pytorch import Batch, Run, by_name
from benchbench.errors import CannotMeasureError
from benchbench.record import Precision
from benchbench.workload import Setting

_HINTS: dict[Precision, str] = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}


def openvino(model: torch.nn.Module, setting: Setting, example: Batch) -> Run:
    """Outputs by OpenVINO's CPU plugin, which computes in the setting's precision or not at all.

    Raises:
        CannotMeasureError: the package is missing, or the processor lacks that precision.
    """
    hint = _HINTS.get(setting.precision)
    if setting.device != "cpu" or hint is None:
        message = (
            f"OpenVINO is measured on the CPU in {', '.join(_HINTS)}, not in {setting.precision} "
            f"on {setting.device}; choose another --backend"
        )
        raise CannotMeasureError(message)
    runtime = _runtime()
    with torch.inference_mode():
        graph = runtime.convert_model(
            model.requires_grad_(requires_grad=False), example_input=example
        )
    named = by_name(example, [one.get_any_name() for one in graph.inputs])
    graph.reshape({name: list(one.shape) for name, one in named.items()})
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "INFERENCE_PRECISION_HINT": hint,
    }
    compiled = runtime.Core().compile_model(graph, "CPU", settings)
    used = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
    if used != hint:
        message = f"OpenVINO computes in {used} on this processor, not in {hint}; choose fp32"
        raise CannotMeasureError(message)
    return _running(compiled)


def _runtime() -> Any:  # noqa: ANN401 - the module has no complete types
    """OpenVINO without its telemetry, which would send an event at the import already."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # not to be found
    try:
        import openvino as runtime  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = f"OpenVINO is not installed ({error}); pip install 'benchbench[openvino]'"
        raise CannotMeasureError(message) from error
    return runtime


def _running(compiled: Any) -> Run:  # noqa: ANN401 - as above
    """Inputs are read where they lie; a step's outputs last until the next."""
    request = compiled.create_infer_request()
    names = [one.get_any_name() for one in compiled.inputs]

    def run(batch: Batch) -> object:
        arrays = {name: one.numpy() for name, one in by_name(batch, names).items()}
        return list(request.infer(arrays, share_inputs=True, share_outputs=True).values())

    return run
