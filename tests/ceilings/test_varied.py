"""Operands that flatter the processor are refused."""

import pytest
import torch

from benchbench.ceilings import matmul
from benchbench.ceilings.varied import as_tensor, require_varied
from benchbench.errors import InvalidMeasurementError


@pytest.mark.parametrize(
    "constant",
    [
        torch.ones(64, 64),
        torch.zeros(64, 64),
        torch.eye(64),
        torch.ones(64, 64, dtype=torch.bfloat16),
        torch.randint(2, (64, 64), dtype=torch.int8),
    ],
)
def test_few_values_are_refused(constant: torch.Tensor) -> None:
    """Ones, zeros, an identity matrix, bits."""
    with pytest.raises(InvalidMeasurementError, match="few distinct values"):
        require_varied(torch.randn(64, 64), constant)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_random_operands_are_accepted(dtype: torch.dtype) -> None:
    """Standard normal numbers in every type."""
    require_varied(torch.randn(64, 64).to(dtype))
    require_varied(torch.randint(-128, 128, (64, 64), dtype=torch.int8))


def test_a_ceiling_of_ones_is_never_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard stands where operands are made."""
    monkeypatch.setattr(torch, "randn", torch.ones)
    smallest = {each.path: each for each in reversed(matmul.cpu("fp32"))}
    for candidate in smallest.values():
        with pytest.raises(InvalidMeasurementError, match="few distinct values"):
            candidate.prepare()


def test_what_is_no_tensor_is_a_missing_path() -> None:
    """The search takes a RuntimeError for a path that does not work here."""
    with pytest.raises(RuntimeError, match="returned NoneType"):
        as_tensor(None)
