"""Memory kernels compiled here: what they write, where they run, how their bytes are counted."""

import os
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from benchbench.ceilings import ir, jit, streams
from benchbench.ceilings.search import Candidate
from benchbench.ceilings.streams import Operands, parts
from benchbench.ceilings.team import Team
from benchbench.errors import InvalidMeasurementError

BLOCK = 256 * 1024
SIZE = 5 * BLOCK
ARRAYS: dict[str, int] = {
    "memory_copy": 2,
    "memory_scale": 2,
    "memory_add": 3,
    "memory_triad": 3,
}


@pytest.fixture(scope="module")
def operands() -> Iterator[Operands]:
    """Five blocks for two members: uneven on purpose."""
    cpus = [*sorted(os.sched_getaffinity(0)), min(os.sched_getaffinity(0))][:2]
    with Team(cpus) as team:
        yield Operands(SIZE, team)


def candidates(operands: Operands) -> list[tuple[str, Candidate]]:
    """Every path of every kind."""
    found = streams.kernels(operands, jit.host_isa())
    return [(kernel.kind, one) for kernel in found for one in kernel.candidates]


def test_every_path_writes_what_numpy_computes(operands: Operands) -> None:
    """Wrong before the call and right after it; the fp64 result is NumPy's own."""
    for kind, candidate in candidates(operands):
        prepared = candidate.prepare()
        assert not prepared.correct(), candidate.path
        prepared.call()
        assert prepared.correct(), candidate.path
        target, left, right = (
            array.numpy().astype(np.float64) for array in operands._arrays or pytest.fail("none")
        )
        expected = {
            "memory_copy": left,
            "memory_scale": 3 * left,
            "memory_add": left + right,
            "memory_triad": left + 3 * right,
        }[kind]
        assert np.abs(target - expected).max() < 1e-4, candidate.path


def test_bytes_are_those_of_the_algorithm(operands: Operands) -> None:
    """Two arrays for copy and scale, three for add and triad: write-allocate is not counted."""
    for kind, candidate in candidates(operands):
        assert candidate.amount == ARRAYS[kind] * SIZE


def test_our_own_paths_compete_with_pytorchs(operands: Operands) -> None:
    """Stores past the caches and through them, timed by the kernel; PyTorch's by the host."""
    for kind in ARRAYS:
        found = {one.path: one for each, one in candidates(operands) if each == kind}
        own = [path for path in found if path.endswith(" stores")]
        assert len(own) == 2
        assert any(path.startswith("torch.") for path in found)
        seconds = found[own[0]].prepare().call()
        assert isinstance(seconds, float)
        assert seconds > 0


@pytest.mark.parametrize("kind", ["copy", "scale", "add", "triad"])
def test_one_wrong_element_is_noticed(operands: Operands, kind: ir.Stream) -> None:
    """In the last block of the last member."""
    compiled = next(c for each, c in candidates(operands) if each == f"memory_{kind}")
    compiled.prepare().call()
    arrays = operands._arrays
    assert arrays is not None
    assert streams.is_right(kind, arrays, operands)
    arrays.target[-1, -1] += 1
    assert not streams.is_right(kind, arrays, operands)


def test_members_share_all_blocks() -> None:
    """Every block belongs to one member, and nobody has two more than another."""
    for blocks, members in ((5, 2), (7, 3), (1024, 96)):
        shared = parts(blocks, members)
        assert [row for part in shared for row in range(part.start, part.stop)] == [*range(blocks)]
        sizes = [part.stop - part.start for part in shared]
        assert max(sizes) - min(sizes) <= 1


def test_memory_is_touched_first_by_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes a block first decides on which NUMA node it lies."""
    cpus = sorted(os.sched_getaffinity(0))[:2]
    touched: list[tuple[int, ...]] = []
    with Team(cpus) as team:

        def spy(work: object) -> list[object]:
            def noting(member: int) -> object:
                touched.append((member, *os.sched_getaffinity(0)))
                return work(member)  # type: ignore[operator] # a callable

            return Team.each(team, noting)

        monkeypatch.setattr(team, "each", spy)
        Operands(SIZE, team).fresh()
    assert set(touched) == set(enumerate(cpus))


def test_no_two_blocks_are_equal(operands: Operands) -> None:
    """Equal blocks could be shared or compressed on the way."""
    left = operands.fresh().left
    assert left.shape == (5, 65536)
    assert len({block.sum().item() for block in left}) == 5


def test_constant_arrays_are_refused(operands: Operands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros are moved without switching a bit."""
    monkeypatch.setattr(
        Operands, "_made", lambda self, _index: np.zeros((self.size_bytes // BLOCK, 65536), "f")
    )
    with pytest.raises(InvalidMeasurementError, match="few distinct values"):
        Operands(SIZE, operands.team).fresh()


def test_arrays_lie_on_vectors_and_lines(operands: Operands) -> None:
    """Aligned to 64 bytes, as the kernels' aligned accesses need."""
    for array in operands.fresh():
        assert isinstance(array, torch.Tensor)
        assert array.data_ptr() % 64 == 0
