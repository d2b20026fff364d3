"""What a precision means to PyTorch."""

import pytest
import torch

from benchbench.errors import CannotMeasureError, UsageError
from benchbench.precision import autocast, set_float32_math, torch_dtype
from benchbench.record import Precision


@pytest.mark.parametrize(
    ("precision", "bits"), [("fp64", 64), ("fp32", 32), ("bf16", 16), ("fp16", 16)]
)
def test_a_type_has_its_width(precision: Precision, bits: int) -> None:
    """The name says the width of the tensor's elements."""
    assert torch_dtype(precision, "cpu").itemsize * 8 == bits


def test_tf32_is_stored_as_fp32_on_a_gpu_only() -> None:
    """TF32 rounds inside the tensor core; its tensors are fp32."""
    assert torch_dtype("tf32", "cuda:0") == torch.float32
    with pytest.raises(CannotMeasureError, match="tf32 needs an NVIDIA GPU, not cpu"):
        torch_dtype("tf32", "cpu")


def test_a_precision_without_tensors_is_refused() -> None:
    """int8 is a matter of quantised kernels, not of a tensor's type."""
    with pytest.raises(UsageError, match="int8 has no PyTorch tensor type here; choose one of"):
        torch_dtype("int8", "cpu")


@pytest.mark.parametrize(("precision", "mode"), [("tf32", "tf32"), ("fp32", "ieee")])
def test_fp32_means_ieee(precision: Precision, mode: str) -> None:
    """CuDNN's own default would be TF32: both libraries are told."""
    set_float32_math(precision)
    assert torch.backends.cuda.matmul.fp32_precision == mode
    assert torch.backends.cudnn.conv.fp32_precision == mode  # type: ignore[attr-defined] # made at run time


@pytest.mark.parametrize(
    ("precision", "dtype"), [("bf16", torch.bfloat16), ("fp32", torch.float32)]
)
def test_autocast_lowers_products_only_when_asked(precision: Precision, dtype: torch.dtype) -> None:
    """A product of fp32 tensors comes out in the precision's own type."""
    a = torch.randn(4, 4)
    with autocast(precision, "cpu"):
        assert (a @ a).dtype == dtype
