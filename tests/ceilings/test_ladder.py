"""Which arrays show which level, and that reading and chasing do what they are counted as."""

import numpy as np
import pytest

from benchbench.ceilings import ir, jit, ladder
from benchbench.ceilings.ladder import Level, levels
from benchbench.ceilings.team import Team
from benchbench.errors import InvalidMeasurementError
from benchbench.system.topology import Cache, Topology
from tests.ceilings.test_team import ONE

KIBI, MEBI = 2**10, 2**20
HERE = jit.host_isa()


def machine(cores: int, l1: int, l2: int, l3: tuple[int, int]) -> Topology:
    """Cores with caches of their own and an L3 of so many bytes for each so many cores."""
    cpus = [frozenset({cpu}) for cpu in range(cores)]
    size, width = l3
    shared = [frozenset(range(first, first + width)) for first in range(0, cores, width)]
    return Topology(
        online=frozenset(range(cores)),
        cores=frozenset(cpus),
        sockets=1,
        caches=frozenset(
            [Cache(1, l1, one) for one in cpus]
            + [Cache(2, l2, one) for one in cpus]
            + [Cache(3, size, group) for group in shared]
        ),
    )


MILAN = machine(16, 32 * KIBI, 512 * KIBI, (32 * MEBI, 8))
SAPPHIRE = machine(56, 48 * KIBI, 2 * MEBI, (105 * MEBI, 56))


def test_one_core_of_milan() -> None:
    """Half of L1 and L2, an eighth of the L3 that eight cores share, and 256 MiB of memory."""
    assert levels(MILAN, [0], 256 * MEBI) == (
        Level("L1", 16 * KIBI),
        Level("L2", 256 * KIBI),
        Level("L3", 4 * MEBI),
        Level("memory", 256 * MEBI),
    )


def test_threads_share_a_cache() -> None:
    """Two cores under one L3 take half each; two under two L3 take as much as one alone."""
    assert levels(MILAN, [0, 1], None)[-1] == Level("L3", 2 * MEBI)
    assert levels(MILAN, [0, 8], None)[-1] == Level("L3", 4 * MEBI)


def test_threads_share_the_memorys_array() -> None:
    """Sixteen threads hold 16 MiB each of 256 MiB, and never less together."""
    assert levels(MILAN, range(16), 256 * MEBI)[-1] == Level("memory", 16 * MEBI)
    assert levels(MILAN, range(3), 256 * MEBI)[-1] == Level("memory", 128 * MEBI)


def test_a_level_not_clear_of_the_one_above_is_left_out() -> None:
    """All 56 cores of a Xeon have 1.9 MiB of L3 each, less than their L2: it cannot be told."""
    assert [one.name for one in levels(SAPPHIRE, range(56), None)] == ["L1", "L2"]
    assert [one.name for one in levels(SAPPHIRE, [0], None)] == ["L1", "L2", "L3"]


def test_a_part_is_a_power_of_two_within_its_cache() -> None:
    """48 KiB of L1 give 16 KiB."""
    assert levels(SAPPHIRE, [0], None)[0] == Level("L1", 16 * KIBI)


def test_caches_nobody_shows_are_unknown() -> None:
    """Without sysfs only the memory is left."""
    nothing = Topology(frozenset(), frozenset(), None, frozenset())
    assert levels(nothing, [0], 256 * MEBI) == (Level("memory", 256 * MEBI),)
    assert levels(nothing, [0], None) == ()


@pytest.mark.parametrize("level", [Level("L1", 16 * KIBI), Level("memory", MEBI)])
def test_reading_sums_the_whole_array(level: Level) -> None:
    """The figure comes with its level and size; a wrong sum would have raised."""
    with Team([ONE, ONE]) as team:
        found = ladder.read(team, HERE, level, seconds=0.001)
    assert found.kind == ("memory_read" if level.name == "memory" else "cache_read")
    assert found.unit == "byte/s"
    assert found.setting == {"level": level.name, "bytes": 2 * level.bytes_each}
    assert found.low <= found.value <= found.high
    assert found.threads == 2


def test_the_sums_are_numpys() -> None:
    """Three passes over random integers, lane by lane, wrapped round."""
    function = ir.read(HERE)
    kernel = jit.Library([function], HERE)[function]
    array = ladder._Summed(16 * KIBI, function, 0)
    rounds = 16 * KIBI // function.per_round
    with Team([ONE]) as team:
        team.run(kernel, [[3 * rounds, *array.addresses]])
    with np.errstate(over="ignore"):
        expected = array._array.sum(axis=0) + array._array.sum(axis=0) + array._array.sum(axis=0)
    assert np.array_equal(array.sums, expected)
    assert array.is_sum(3)
    assert not array.is_sum(2)


def test_a_wrong_sum_is_an_invalid_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading half of what is counted doubles the bandwidth: it is noticed."""
    monkeypatch.setattr(Team, "run", lambda _team, _kernel, _jobs: 1.0)
    with Team([ONE]) as team, pytest.raises(InvalidMeasurementError, match="reading L1 gave"):
        ladder.read(team, HERE, Level("L1", 16 * KIBI), seconds=0.001)


def test_the_circle_leads_through_every_line() -> None:
    """Following it as often as it has lines visits each once and ends where it began."""
    cycle = ladder._Cycle(4 * KIBI)
    seen, place = set(), cycle.addresses[0]
    for _ in range(cycle.length):
        seen.add(place)
        place = int(cycle._lines.reshape(-1)[(place - cycle._base) // 8])
    assert len(seen) == cycle.length == 64
    assert place == cycle.addresses[0]
    assert all((address - cycle._base) % 64 == 0 for address in seen)


def test_the_circle_is_no_pattern() -> None:
    """No stride repeats often enough for a prefetcher to follow."""
    cycle = ladder._Cycle(MEBI)
    strides = np.diff(cycle._order)
    _, counts = np.unique(strides, return_counts=True)
    assert counts.max() < 0.001 * cycle.length


def test_latency_is_seconds_of_one_load() -> None:
    """A load from the first level takes more than a tenth and less than ten times 1 ns."""
    with Team([ONE]) as team:
        found = ladder.latency(team, HERE, Level("L1", 16 * KIBI), seconds=0.001)
    assert (found.kind, found.unit, found.threads) == ("load_latency", "s", 1)
    assert found.setting == {"level": "L1", "bytes": 16 * KIBI}
    assert 1e-10 < min(found.samples) < 1e-8


def test_pointers_that_lead_elsewhere_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chase cut short would look fast."""
    monkeypatch.setattr(Team, "run", lambda _team, _kernel, _jobs: 1.0)
    with Team([ONE]) as team, pytest.raises(InvalidMeasurementError, match="reading L2 gave"):
        ladder.latency(team, HERE, Level("L2", 16 * KIBI), seconds=0.001)
