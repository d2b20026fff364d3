"""A GPU's products, copies and links; what needs no GPU is checked on the processor."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from benchbench.ceilings import cuda, memory
from benchbench.ceilings.matmul import Operands, agrees
from benchbench.record import Precision

MEBI = 2**20
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")


def test_only_products_are_asked_for() -> None:
    """No convolution on CUDA, where Winograd would count FLOPs nobody did."""
    paths = {each.path for each in cuda.products("bf16", "cuda:0", 132, 50 * MEBI)}
    assert paths == {"torch.matmul", "torch.nn.functional.linear", "torch.matmul, CUDA graph"}


@pytest.mark.parametrize(
    ("precision", "first"),
    [("fp8", "torch._scaled_mm"), ("int8", "torch._int_mm"), ("fp64", "torch.matmul")],
)
def test_each_type_by_its_own_door(precision: Precision, first: str) -> None:
    """PyTorch multiplies fp8 and int8 through functions of their own."""
    assert next(iter(cuda.paths(precision))) == first


def test_fp8_accumulation_is_told_apart() -> None:
    """With fewer bits kept between multiply-adds it is another path, with a figure of its own."""
    assert len(cuda.paths("fp8")) == 2


def test_shapes_climb_and_fill_the_gpu() -> None:
    """Fewest FLOPs first; on 132 multiprocessors 66 x 32 tiles of 128 x 256 are 16 whole waves."""
    found = cuda.shapes(132)
    assert [math.prod(shape) for shape in found] == sorted(math.prod(shape) for shape in found)
    assert (66 * 128, 32 * 256, 8192) in found
    assert 66 * 32 % 132 == 0
    assert max(math.prod(shape) for shape in found) == 16384**3


def test_flops_are_two_per_multiply_add() -> None:
    """2048 cubed: 2 x 8,589,934,592; eight of them in a graph."""
    by_path = {each.path: each for each in reversed(cuda.products("bf16", "cuda:0", 132, MEBI))}
    assert by_path["torch.matmul"].amount == 17_179_869_184
    assert by_path["torch.matmul, CUDA graph"].amount == 8 * 17_179_869_184


@pytest.mark.parametrize("precision", ["fp8", "int8", "bf16", "fp32"])
def test_products_of_every_type_are_right(precision: Precision) -> None:
    """On the processor, where PyTorch has the same functions; a wrong one is noticed."""
    torch.manual_seed(0)
    operands = cuda.random_operands((64, 32, 128), precision, "cpu")
    for path in cuda.paths(precision).values():
        try:
            product = path(operands)()
        except (RuntimeError, NotImplementedError) as error:
            pytest.skip(f"this PyTorch has no such path: {error}")
        assert agrees(product, operands)
        assert not agrees(product.flip(0), operands)


@pytest.mark.parametrize("precision", ["fp8", "int8", "bf16"])
def test_operands_are_random(precision: Precision) -> None:
    """Normal data in every type: constant operands would draw less power and clock higher."""
    operands = cuda.random_operands((256, 256, 256), precision, "cpu")
    unit = 32.0 if precision == "int8" else 1.0
    for operand in (operands.a, operands.b):
        assert float(operand.float().mean()) == pytest.approx(0, abs=0.05 * unit)
        assert float(operand.float().std()) == pytest.approx(unit, rel=0.05)


class Recorder:
    """A product that notes whose operands it multiplied."""

    def __init__(self) -> None:
        self.made: list[Operands] = []
        self.used: list[int] = []

    def make(self) -> Operands:
        """Operands of 64 KiB each."""
        self.made.append(cuda.random_operands((128, 128, 128), "fp32", "cpu"))
        return self.made[-1]

    def way(self, operands: Operands) -> Callable[[], torch.Tensor]:
        """Notes and multiplies."""
        index = next(place for place, each in enumerate(self.made) if each is operands)

        def multiply() -> torch.Tensor:
            self.used.append(index)
            return operands.a @ operands.b

        return multiply


def in_a_row(recorder: Recorder, cache_bytes: int) -> Any:
    """Eight products, "captured" by calling them again."""
    return cuda.in_a_row(recorder.make, recorder.way, cache_bytes, lambda call: call)


def test_a_graphs_operands_are_out_of_the_cache() -> None:
    """Sets of 128 KiB against a cache of 192: four sets in turn, the first long gone."""
    recorder = Recorder()
    prepared = in_a_row(recorder, 192 * 1024)
    prepared.call()
    assert recorder.used == [0, 1, 2, 3, 0, 1, 2, 3]
    assert prepared.correct()


def test_a_graph_needs_two_sets_at_least_and_eight_at_most() -> None:
    """However small or large the cache."""
    for cache_bytes, sets in ((1, 2), (1 << 40, 8)):
        recorder = Recorder()
        in_a_row(recorder, cache_bytes)
        assert len(recorder.made) == sets


def test_a_wrong_product_in_a_graph_is_noticed() -> None:
    """The first and the last result are checked."""
    recorder = Recorder()
    prepared = in_a_row(recorder, 1)
    recorder.made[1].a.zero_()
    assert prepared.correct()
    recorder.made[1].a.copy_(torch.full((128, 128), torch.nan))
    assert not prepared.correct()


@pytest.mark.parametrize(("find", "arrays"), [(cuda.copies, 2), (cuda.triads, 3)])
def test_memory_paths_move_what_they_count(
    find: Callable[[memory.Operands], list[Any]], arrays: int
) -> None:
    """Every uncompiled path's result is checked whole; two or three arrays are counted."""
    size = 2 * MEBI
    for candidate in find(memory.Operands(size, "cpu")):
        assert candidate.amount == arrays * size
        if candidate.path != "torch.compile":
            prepared = candidate.prepare()
            assert not prepared.correct()
            prepared.call()
            assert prepared.correct()


@pytest.mark.parametrize("pinned", [True, False])
def test_a_transfer_counts_each_byte_once(*, pinned: bool) -> None:
    """16 MiB from host to device are 16 MiB, and the path says which memory it was."""
    first = cuda.transfers("cuda:0", to_device=True, pinned=pinned)[0]
    assert first.amount == 16 * MEBI
    assert first.path.endswith("pinned" if pinned else "pageable")


@pytest.mark.parametrize("to_device", [True, False])
def test_transfers_arrive(*, to_device: bool) -> None:
    """The target starts different and ends equal to the source."""
    prepared = cuda._moving(
        "any",
        MEBI,
        lambda: cuda._between_host(MEBI, "cpu", to_device=to_device, pinned=False),
    ).prepare()
    assert not prepared.correct()
    prepared.call()
    assert prepared.correct()


@pytest.mark.parametrize(("direct", "word"), [(True, "direct"), (False, "through the host")])
def test_a_neighbour_is_named_with_the_way(
    monkeypatch: pytest.MonkeyPatch, word: str, *, direct: bool
) -> None:
    """NVLink or PCIe peer access, or a detour through the host's memory."""
    monkeypatch.setattr(torch.cuda, "can_device_access_peer", lambda *_: direct)
    found = cuda.to_neighbour("cuda:0", "cuda:1")
    assert {each.path for each in found} == {f"torch.Tensor.copy_ to cuda:1, {word}"}


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("precision", cuda.PRECISIONS)
def test_products_are_right_on_a_gpu(precision: Precision) -> None:
    """The smallest shape of each path checks itself on the device, graphs included."""
    found = cuda.products(precision, "cuda", 132, 50 * MEBI)
    for candidate in {each.path: each for each in reversed(found)}.values():
        assert candidate.prepare().correct()


@pytest.mark.gpu
@needs_gpu
def test_triton_fuses_the_triad() -> None:
    """The compiled kernel's result is right."""
    candidate = cuda.triads(memory.Operands(4 * MEBI, "cuda"))[1]
    prepared = candidate.prepare()
    prepared.call()
    assert prepared.correct()


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("to_device", [True, False])
@pytest.mark.parametrize("pinned", [True, False])
def test_transfers_arrive_on_a_gpu(*, to_device: bool, pinned: bool) -> None:
    """Both kinds of memory reach the other side unchanged."""
    prepared = cuda.transfers("cuda", to_device=to_device, pinned=pinned)[0].prepare()
    prepared.call()
    torch.cuda.synchronize()
    assert prepared.correct()
