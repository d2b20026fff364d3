"""Threads that stay on their processors and start a compiled kernel together."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from benchbench.ceilings.jit import Kernel
from benchbench.system.topology import Cpus, Topology

_NANOSECOND = 1e-9
_Result = TypeVar("_Result")


def placement(topology: Topology, usable: Cpus, threads: int) -> tuple[int, ...]:
    """At most `threads` logical processors of those usable, no two of them on one core.

    A core's second thread adds no arithmetic; where cores are not shown, each processor counts as
    one. `threads` is what affinity and the cgroup's quota leave.
    """
    cores = {min(core & usable) for core in topology.cores if core & usable}
    return tuple(sorted(cores or usable))[: max(1, threads)]


class Team:
    """One thread per processor given; use as a context."""

    def __init__(self, cpus: Sequence[int]) -> None:
        self.cpus = tuple(cpus)
        self._threads = [ThreadPoolExecutor(1, initializer=_stay, initargs=(cpu,)) for cpu in cpus]
        self._gate = np.zeros(1, np.int64)
        self._stamps = np.zeros((len(cpus), 2), np.int64)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for thread in self._threads:
            thread.shutdown()

    def __len__(self) -> int:
        return len(self.cpus)

    def each(self, work: Callable[[int], _Result]) -> list[_Result]:
        """`work(member)` on every thread side by side: memory is first touched where it is used."""
        running = [thread.submit(work, member) for member, thread in enumerate(self._threads)]
        return [one.result() for one in running]

    def run(self, kernel: Kernel, jobs: Sequence[Sequence[int]]) -> float:
        """Seconds from the moment all have arrived until the last has finished its job."""
        self._gate[:] = 0
        words = [np.array(job, np.int64) for job in jobs]

        def work(member: int) -> None:
            kernel(
                self._gate.ctypes.data,
                len(self.cpus),
                words[member].ctypes.data,
                self._stamps[member].ctypes.data,
            )

        self.each(work)
        starts, ends = self._stamps.T
        return float(ends.max() - starts.min()) * _NANOSECOND


def _stay(cpu: int) -> None:
    os.sched_setaffinity(0, {cpu})
