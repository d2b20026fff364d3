"""What is multiplied must vary: ones or an identity matrix switch few bits and clock higher."""

import torch

from benchbench.errors import InvalidMeasurementError

_LOOKED_AT = 4096
_LEAST_DISTINCT = 32


def require_varied(*operands: torch.Tensor) -> None:
    """Raises InvalidMeasurementError if one repeats a few values, zeros and ones for example."""
    for operand in operands:
        flat = operand.flatten()
        some = flat[:: max(1, flat.numel() // _LOOKED_AT)][:_LOOKED_AT]
        if len(torch.unique(some)) < min(_LEAST_DISTINCT, len(some)):
            message = (
                "the operands of a ceiling hold few distinct values, which would flatter the "
                "processor; fill them with random numbers"
            )
            raise InvalidMeasurementError(message)


def as_tensor(value: object) -> torch.Tensor:
    """What an operator without types returns. Raises RuntimeError, as torch does, if it is none."""
    if not isinstance(value, torch.Tensor):
        message = f"an operator returned {type(value).__name__}"
        raise RuntimeError(message)  # noqa: TRY004 - "this path does not work here", as torch says it
    return value
