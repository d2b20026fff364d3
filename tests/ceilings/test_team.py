"""Threads on their own cores, starting together."""

import os

import numpy as np
import pytest

from benchbench.ceilings import ir, jit
from benchbench.ceilings.team import Team, placement
from benchbench.system.topology import Topology

ONE = min(os.sched_getaffinity(0))


def topology(*cores: set[int]) -> Topology:
    """Cores given by their logical processors, no caches."""
    return Topology(
        online=frozenset().union(*cores),
        cores=frozenset(frozenset(core) for core in cores),
        sockets=1,
        caches=frozenset(),
    )


def test_hyper_threads_are_not_counted_as_cores() -> None:
    """Two cores of two threads each take two threads, one on each."""
    shown = topology({0, 2}, {1, 3})
    assert placement(shown, frozenset({0, 1, 2, 3}), threads=4) == (0, 1)


def test_a_cgroups_quota_is_not_exceeded() -> None:
    """Sixteen cores and a quota of three processors take three threads."""
    shown = topology(*({cpu} for cpu in range(16)))
    assert len(placement(shown, frozenset(range(16)), threads=3)) == 3


def test_only_usable_processors_are_taken() -> None:
    """Of a core whose first thread is out of bounds the second is used."""
    shown = topology({0, 2}, {1, 3})
    assert placement(shown, frozenset({2, 3}), threads=2) == (2, 3)


def test_without_sysfs_every_processor_is_a_core() -> None:
    """Nothing better is known."""
    nothing = Topology(frozenset(), frozenset(), None, frozenset())
    assert placement(nothing, frozenset({4, 5}), threads=8) == (4, 5)
    assert placement(nothing, frozenset({4}), threads=0) == (4,)


def test_members_stay_on_their_processor() -> None:
    """Each thread's mask holds one processor; the caller's is left as it was."""
    before = os.sched_getaffinity(0)
    cpus = sorted(before)[:2]
    with Team(cpus) as team:
        assert team.each(lambda _member: os.sched_getaffinity(0)) == [{cpu} for cpu in cpus]
    assert os.sched_getaffinity(0) == before


def test_an_error_of_a_member_reaches_the_caller() -> None:
    """Nothing is swallowed in a thread."""
    with Team([ONE]) as team, pytest.raises(ZeroDivisionError):
        team.each(lambda member: 1 // member)


def test_the_slowest_member_counts() -> None:
    """A member with a thousand times the work decides; the start is common."""
    function = ir.chase()
    kernel = jit.Library([function], jit.host_isa())[function]
    here = np.zeros(1, np.int64)
    here[0] = here.ctypes.data  # a pointer to itself
    last = np.zeros(2, np.int64)
    jobs = [[n, here.ctypes.data, last[i:].ctypes.data] for i, n in enumerate((20, 200_000))]
    cpus = [*os.sched_getaffinity(0), ONE][:2]
    with Team(cpus) as team:
        both = min(team.run(kernel, jobs) for _ in range(5))
    with Team(cpus[1:]) as alone:
        long = min(alone.run(kernel, jobs[1:]) for _ in range(5))
    assert both > 0.5 * long
    assert set(last) == {here[0]}
