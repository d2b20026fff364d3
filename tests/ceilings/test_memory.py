"""Copies and triads move what they say, and arrays are larger than the cache."""

import pytest

from benchbench.ceilings import memory
from benchbench.ceilings.memory import Operands, array_bytes, is_copy, is_triad, leaves_cache

MEBI = 2**20
SIZE = 2 * MEBI


@pytest.mark.known_error("bandwidth above the memory's (array fits the cache: 384 MB L3 exists)")
def test_arrays_are_four_times_the_cache() -> None:
    """An EPYC with 384 MiB of L3 needs 1.5 GiB."""
    assert array_bytes(384 * MEBI, 100 * 1024 * MEBI, arrays=3) == 1536 * MEBI


@pytest.mark.parametrize("cache", [None, 0, 8 * MEBI])
def test_a_small_or_unknown_cache_gets_safe_arrays(cache: int | None) -> None:
    """256 MiB exceed four times the cache of most machines."""
    assert array_bytes(cache, 100 * 1024 * MEBI, arrays=3) == 256 * MEBI


def test_arrays_fit_in_half_the_available_memory() -> None:
    """With 600 MiB available three arrays get 100 MiB each."""
    assert array_bytes(384 * MEBI, 600 * MEBI, arrays=3) == 100 * MEBI


def test_memory_is_not_measured_in_the_cache() -> None:
    """384 MiB of L3 (it exists) hold most of 256 MiB arrays: only 1.5 GiB of them leave it."""
    for available in (100 * 1024 * MEBI, 600 * MEBI):
        size = array_bytes(384 * MEBI, available, arrays=3)
        assert leaves_cache(size, 384 * MEBI) == (size == 1536 * MEBI)
    assert not leaves_cache(256 * MEBI, 384 * MEBI)


def test_rounding_an_array_down_to_blocks_costs_nothing() -> None:
    """A cache of 35.75 MiB asks for 143 MiB; of an odd size the last block may be missing."""
    odd = 70 * MEBI + 12_345
    assert leaves_cache(array_bytes(odd, 100 * 1024 * MEBI, arrays=3), odd)


def test_arrays_are_whole_blocks() -> None:
    """Never less than one block of 256 KiB, and always a multiple of it."""
    assert array_bytes(None, 1, arrays=3) == 256 * 1024
    assert array_bytes(None, 7_777_777, arrays=3) % (256 * 1024) == 0


@pytest.mark.parametrize("index", [0, 1])
def test_every_copy_copies(index: int) -> None:
    """The target starts different and ends equal to the source."""
    operands = Operands(SIZE, "cpu")
    prepared = memory.copies(operands, threads=2)[index].prepare()
    assert not prepared.correct()
    prepared.call()
    assert prepared.correct()


@pytest.mark.parametrize("index", [0, 1])
def test_every_triad_adds(index: int) -> None:
    """Each path's target is left + 3 right, as NumPy computes it in fp64."""
    operands = Operands(SIZE, "cpu")
    prepared = memory.triads(operands, threads=2)[index].prepare()
    assert not prepared.correct()
    prepared.call()
    assert prepared.correct()
    target, left, right = operands._arrays or pytest.fail("nothing was made")
    expected = left.numpy().astype("float64") + 3.0 * right.numpy()
    assert abs(target.numpy() - expected).max() < 1e-4


def test_one_wrong_element_is_noticed() -> None:
    """A single flipped element makes copy and triad wrong."""
    operands = Operands(SIZE, "cpu")
    memory.copies(operands, 1)[0].prepare().call()
    arrays = operands._arrays
    assert arrays is not None
    arrays.target[-1, -1] += 1
    assert not is_copy(arrays)
    memory.triads(operands, 1)[0].prepare().call()
    assert is_triad(arrays)
    arrays.target[3, 17] += 1
    assert not is_triad(arrays)


def test_bytes_are_those_of_the_algorithm() -> None:
    """A copy reads one array and writes one, a triad reads two: write-allocate is not counted."""
    operands = Operands(SIZE, "cpu")
    assert {each.amount for each in memory.copies(operands, 2)} == {2.0 * SIZE}
    assert {each.amount for each in memory.triads(operands, 2)} == {3.0 * SIZE}


def test_no_two_blocks_are_equal() -> None:
    """Equal blocks could be shared or compressed on the way."""
    left = Operands(SIZE, "cpu").fresh().left
    assert left.shape == (SIZE // (256 * 1024), 65536)
    assert len({block.sum().item() for block in left}) == len(left)
    assert float(left[0].std()) == pytest.approx(1, abs=0.05)


def test_the_arrays_are_made_once() -> None:
    """All kernels of a device share them; only the target is cleared in between."""
    operands = Operands(SIZE, "cpu")
    first = operands.fresh()
    first.target.fill_(1)
    second = operands.fresh()
    assert second is first
    assert not second.target.any()
