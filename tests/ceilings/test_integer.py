"""Integer products are exact, and their operands stay where no processor overflows."""

from collections.abc import Callable

import pytest
import torch

from benchbench.ceilings import integer
from benchbench.ceilings.integer import Operands, agrees


def operands() -> Operands:
    """Not square: 48x64 by 64x32."""
    torch.manual_seed(0)
    return Operands(
        torch.randint(0, 128, (48, 64), dtype=torch.uint8),
        torch.randint(-128, 128, (64, 32), dtype=torch.int8),
    )


@pytest.mark.parametrize("path", [integer.qlinear, integer.int_mm])
def test_every_path_computes_the_product(
    path: Callable[[Operands], Callable[[], torch.Tensor]],
) -> None:
    """The result equals the product in 64-bit integers, where PyTorch has the path."""
    given = operands()
    try:
        result = path(given)()
    except (RuntimeError, AttributeError) as error:
        pytest.skip(f"this PyTorch has no such path: {error}")
    assert torch.equal(result.long(), given.a.long() @ given.b.long())


def test_another_product_does_not_agree() -> None:
    """One sum that is off by one in a thousand is noticed."""
    given = operands()
    right = given.a.long() @ given.b.long()
    assert agrees(right, given)
    right[-1, -1] += int(right.abs().max()) // 1000 + 1
    assert not agrees(right, given)


def test_activations_keep_to_seven_bits() -> None:
    """127 x 127 twice stays below the 32,767 that 16 bits hold."""
    seen: list[Operands] = []

    def spy(given: Operands) -> Callable[[], torch.Tensor]:
        seen.append(given)
        return integer.int_mm(given)

    integer._preparation(spy, (64, 64, 64))()
    assert int(seen[0].a.max()) <= 127
    assert int(seen[0].b.min()) < 0


def test_operations_are_two_per_multiply_add() -> None:
    """640 cubed: 2 x 262,144,000."""
    assert integer.candidates([(640, 640, 640)])[0].amount == 524_288_000
