"""What a precision means to PyTorch, for workloads and ceilings alike."""

from contextlib import AbstractContextManager

import torch

from benchbench.errors import CannotMeasureError, UsageError
from benchbench.record import Precision

_DTYPES: dict[Precision, torch.dtype] = {
    "fp64": torch.float64,
    "fp32": torch.float32,
    "tf32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}


def torch_dtype(precision: Precision, device: str) -> torch.dtype:
    """The type tensors have. Raises CannotMeasureError for TF32 off CUDA, UsageError if none."""
    if precision == "tf32" and not device.startswith("cuda"):
        message = f"tf32 needs an NVIDIA GPU, not {device}; choose fp32 or bf16"
        raise CannotMeasureError(message)
    if precision not in _DTYPES:
        message = f"{precision} has no PyTorch tensor type here; choose one of {', '.join(_DTYPES)}"
        raise UsageError(message)
    return _DTYPES[precision]


def set_float32_math(precision: Precision) -> None:
    """IEEE inside fp32 matmuls and convolutions, TF32 only when asked.

    PyTorch's own default is TF32 in cuDNN's convolutions and IEEE in matmuls: an "fp32" that is
    neither.
    """
    mode = "tf32" if precision == "tf32" else "ieee"
    torch.backends.cuda.matmul.fp32_precision = mode
    torch.backends.cudnn.conv.fp32_precision = mode  # type: ignore[attr-defined] # made at run time
    # The exporter to ONNX asks for both at once, and refuses two answers.
    torch.backends.cudnn.rnn.fp32_precision = mode  # type: ignore[attr-defined] # as above


def autocast(precision: Precision, device: str) -> AbstractContextManager[object]:
    """Mixed precision for bf16 and fp16, nothing for the others."""
    dtype = torch_dtype(precision, device)
    reduced = dtype in (torch.bfloat16, torch.float16)
    return torch.autocast(
        torch.device(device).type, dtype=dtype if reduced else None, enabled=reduced
    )
