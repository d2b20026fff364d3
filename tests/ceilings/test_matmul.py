"""Every path multiplies matrices; the FLOPs are those of the shape."""

from collections.abc import Callable

import pytest
import torch

from benchbench.ceilings import matmul
from benchbench.ceilings.matmul import Operands, agrees
from benchbench.errors import CannotMeasureError
from benchbench.record import Precision

PATHS = [
    matmul.matmul,
    matmul.linear,
    matmul.onednn_prepacked,
    matmul.mkl_prepacked,
    matmul.numpy_matmul,
]


def operands(dtype: torch.dtype = torch.float32) -> Operands:
    """Not square, so that a transposition shows: 48x64 by 64x32."""
    torch.manual_seed(0)
    return Operands(torch.randn(48, 64, dtype=dtype), torch.randn(64, 32, dtype=dtype))


@pytest.mark.parametrize("path", PATHS)
def test_every_path_computes_the_product(
    path: Callable[[Operands], Callable[[], torch.Tensor]],
) -> None:
    """The result equals the product in fp64, where the installed PyTorch has the path."""
    given = operands()
    try:
        result = path(given)()
    except (RuntimeError, AttributeError) as error:
        pytest.skip(f"this PyTorch has no such path: {error}")
    expected = (given.a.double() @ given.b.double()).float()
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_a_rounded_product_agrees(dtype: torch.dtype) -> None:
    """What PyTorch computes in a type is right within that type's rounding."""
    given = operands(dtype)
    assert agrees(given.a @ given.b, given)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_another_product_does_not_agree(dtype: torch.dtype) -> None:
    """A wrong weight, a result of zeros and one of NaN are all noticed."""
    given = operands(dtype)
    right = given.a @ given.b
    assert not agrees(given.a @ given.b.flip(0), given)
    assert not agrees(torch.zeros_like(right), given)
    assert not agrees(torch.full_like(right, torch.nan), given)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_smallest_candidates_work(precision: Precision) -> None:
    """Each path's smallest shape either runs and checks itself, or is refused by the library."""
    smallest = {each.path: each for each in reversed(matmul.cpu(precision))}
    outcomes: dict[str, bool | None] = {}
    for path, candidate in smallest.items():
        try:
            outcomes[path] = candidate.prepare().correct()
        except (RuntimeError, AttributeError):
            outcomes[path] = None
    assert False not in outcomes.values()
    assert outcomes["torch.matmul"]
    assert outcomes["torch.conv2d"]


def test_flops_are_two_per_multiply_add() -> None:
    """384 cubed: 2 x 56,623,104."""
    smallest = next(each for each in matmul.cpu("fp32") if each.path == "torch.matmul")
    assert smallest.shape == "384x384x384"
    assert smallest.amount == 113_246_208


def test_the_convolutions_flops_are_pytorchs() -> None:
    """PyTorch's own counter gives the same figure for one call, borders included."""
    from torch.utils.flop_counter import FlopCounterMode

    candidate = next(each for each in matmul.cpu("fp32") if each.path == "torch.conv2d")
    prepared = candidate.prepare()
    with FlopCounterMode(display=False) as counter:
        prepared.call()
    assert counter.get_total_flops() == candidate.amount


def test_operands_are_random() -> None:
    """Standard normal data: constant operands would draw less power and clock higher."""
    seen: list[Operands] = []

    def spy(given: Operands) -> Callable[[], torch.Tensor]:
        seen.append(given)
        return matmul.matmul(given)

    matmul._preparation(spy, (256, 256, 256), "fp32", "cpu")()
    for operand in (seen[0].a, seen[0].b):
        assert float(operand.mean()) == pytest.approx(0, abs=0.05)
        assert float(operand.std()) == pytest.approx(1, abs=0.05)


def test_only_types_numpy_has_use_numpy() -> None:
    """NumPy knows no bf16."""
    assert "numpy.matmul" in {each.path for each in matmul.cpu("fp32")}
    assert "numpy.matmul" not in {each.path for each in matmul.cpu("bf16")}


def test_tf32_is_no_cpu_precision() -> None:
    """TF32 exists on NVIDIA GPUs only."""
    with pytest.raises(CannotMeasureError, match="tf32 needs an NVIDIA GPU, not cpu; choose"):
        matmul.cpu("tf32")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("path", [matmul.matmul, matmul.numpy_matmul])
def test_a_widened_product_is_the_product(
    dtype: torch.dtype, path: Callable[[Operands], Callable[[], torch.Tensor]]
) -> None:
    """As exact as the type allows, and back in the type it came in."""
    given = operands(dtype)
    result = matmul.widened(path)(given)()
    assert result.dtype == dtype
    expected = given.a.double() @ given.b.double()
    torch.testing.assert_close(result.double(), expected, rtol=8e-3, atol=1e-3)


def test_widening_is_part_of_every_call() -> None:
    """Operands changed after the first call change the second: nothing was converted before."""
    given = operands(torch.bfloat16)
    multiply = matmul.widened(matmul.matmul)(given)
    before = multiply().clone()
    given.a.mul_(2)
    after_a = multiply().clone()
    given.b.mul_(2)
    assert torch.equal(after_a, 2 * before)
    assert torch.equal(multiply(), 4 * before)


def test_narrow_types_may_be_widened() -> None:
    """The paths of a processor without bf16 or fp16 units; fp32 has nothing to widen."""
    for precision, widens in (("bf16", True), ("fp16", True), ("fp32", False), ("fp64", False)):
        paths = {each.path for each in matmul.cpu(precision)}  # type: ignore[arg-type] # literals
        assert any(path.startswith("widened to fp32") for path in paths) == widens


def test_int8_has_integer_paths() -> None:
    """None of them floating-point."""
    assert {each.path for each in matmul.cpu("int8")} == {"oneDNN qlinear", "torch._int_mm"}
