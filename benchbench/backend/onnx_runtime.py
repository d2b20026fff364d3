"""ONNX Runtime on the CPU: the model exported once, its graph optimised by the runtime.

In int8 the weights of matrix products are quantised per channel, and their inputs as they come
(dynamic quantisation): no calibration data, and outputs close enough to be checked against fp32.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch

from benchbench.backend.pytorch import Batch, Run, by_name
from benchbench.errors import CannotMeasureError
from benchbench.precision import set_float32_math
from benchbench.workload import Setting

_CPU = "CPUExecutionProvider"
_PRODUCTS = ["MatMul", "Gemm"]
"""Convolutions lose by it: their inputs would be quantised in every layer."""


def onnxruntime(model: torch.nn.Module, setting: Setting, example: Batch) -> Run:
    """Outputs by ONNX Runtime's CPU provider, with as many threads as PyTorch has.

    Raises:
        CannotMeasureError: a package is missing, or the setting is not fp32 on a CPU.
    """
    if setting.device != "cpu" or setting.precision not in ("fp32", "int8"):
        message = (
            f"ONNX Runtime is measured in fp32 and int8 on the CPU, not in {setting.precision} on "
            f"{setting.device}; choose another --backend"
        )
        raise CannotMeasureError(message)
    try:
        import onnxruntime as runtime  # noqa: PLC0415 - an extra
        import onnxscript  # noqa: F401, PLC0415 - what the export needs
    except ImportError as error:
        message = f"ONNX Runtime is not installed ({error}); pip install 'benchbench[onnx]'"
        raise CannotMeasureError(message) from error

    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        _export(model, example, file)
        if setting.precision == "int8":
            file = _quantised(file)
        session = runtime.InferenceSession(file, options, providers=[_CPU])
    names = [one.name for one in session.get_inputs()]

    def run(batch: Batch) -> object:
        return session.run(None, {n: one.numpy() for n, one in by_name(batch, names).items()})

    return run


def _export(model: torch.nn.Module, example: Batch, file: Path) -> None:
    """Weights beside the graph: one file of more than 2 GB would be refused."""
    # The exporter reads an old flag that PyTorch cannot give under "ieee"; it is about GPUs alone.
    set_float32_math("tf32")
    try:
        torch.onnx.export(
            model,
            () if isinstance(example, Mapping) else (example,),
            file,
            kwargs=dict(example) if isinstance(example, Mapping) else None,
            dynamo=True,
            external_data=True,
            verbose=False,
        )
    finally:
        set_float32_math("fp32")


def _quantised(file: Path) -> Path:
    """Weights of 7 bits: without VNNI, two products of 8 bits overflow the sum of 16 they go to."""
    from onnxruntime.quantization import (  # noqa: PLC0415 - an extra
        QuantType,
        quantize_dynamic,
    )

    quantised = file.with_name("int8.onnx")
    quantize_dynamic(
        file,
        quantised,
        op_types_to_quantize=_PRODUCTS,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        use_external_data_format=True,
    )
    return quantised
