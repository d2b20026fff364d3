"""Every ceiling of the processor and its memory, on one core and on all of them."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped] # it ships no types

from benchbench.ceilings import fma, jit, ladder, matmul, memory, streams
from benchbench.ceilings.isa import Isa
from benchbench.ceilings.search import Kernel, ceiling
from benchbench.ceilings.stopwatch import HostStopwatch
from benchbench.ceilings.team import Team, placement
from benchbench.record import Ceiling, Precision
from benchbench.system.host import Host
from benchbench.system.topology import Topology
from benchbench.units import counted

PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "fp16", "fp64", "int8")
_UNKNOWN_CACHE_BYTES = 64 * 2**20
_NATIVE_SHARE = 0.25
"""Of a kernel's time: one path, nothing to search."""
_BANDWIDTH_SHARE = 0.5
"""Few paths, one shape."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Bench:
    """What all measurements of one processor share."""

    precisions: Sequence[Precision]
    seconds: float
    tell: Tell
    isa: Isa
    topology: Topology
    cpus: tuple[int, ...]
    cache_bytes: int
    available_bytes: int


def measure(
    *,
    precisions: Sequence[Precision],
    seconds: float,
    tell: Tell,
    cache_bytes: int | None,
    available_bytes: int,
) -> Iterator[Ceiling]:
    """First on one core, then with one thread on each core that affinity and quota leave us.

    PyTorch's number of threads when called is the most that are used. Raises
    InvalidMeasurementError if a result is wrong.
    """
    host = Host()
    topology, threads = Topology.of(host), torch.get_num_threads()
    cpus = placement(topology, host.affinity or topology.online or frozenset({0}), threads)
    bench = Bench(
        [one for one in precisions if one in PRECISIONS],
        seconds,
        tell,
        jit.host_isa(),
        topology,
        cpus,
        cache_bytes or _UNKNOWN_CACHE_BYTES,
        available_bytes,
    )
    for count in sorted({1, len(cpus)}):
        with Team(cpus[-count:]) as team, staying(team.cpus), limited(count):
            yield from _on(team, bench)


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """PyTorch and every BLAS use that many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def staying(cpus: Sequence[int]) -> Iterator[None]:
    """This thread, and those it starts meanwhile, run on these processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _on(team: Team, bench: Bench) -> Iterator[Ceiling]:
    yield from _peaks(team, bench)
    yield from _products(team, bench)
    yield from _memory(team, bench)


def _peaks(team: Team, bench: Bench) -> Iterator[Ceiling]:
    if not bench.isa.fused:
        bench.tell("fma on cpu: no fused multiply-add here that we know of")
        return
    for element in ("fp32", "fp64"):
        bench.tell(_name("fma", element, len(team)))
        yield fma.measure(team, bench.isa, element, bench.seconds * _NATIVE_SHARE)


def _products(team: Team, bench: Bench) -> Iterator[Ceiling]:
    cold = HostStopwatch(flusher(team, bench.cache_bytes))
    for precision in bench.precisions:
        kernel = Kernel(
            "matmul",
            "op/s" if precision == "int8" else "FLOP/s",
            "cpu",
            cold,
            matmul.cpu(precision),
            precision,
            len(team),
        )
        for found in _measured(kernel, bench, bench.seconds):
            yield found.model_copy(update={"setting": found.setting | _blas()})


def flusher(team: Team, cache_bytes: int) -> Callable[[], object]:
    """Overwrites twice the last-level cache from all cores of the team, without PyTorch.

    Its threads would wait for more work on the processors that another BLAS's threads need.
    """
    parts = np.array_split(np.zeros(2 * cache_bytes, np.uint8), len(team))
    return lambda: team.each(lambda member: parts[member].fill(1))


def _memory(team: Team, bench: Bench) -> Iterator[Ceiling]:
    size = memory.array_bytes(bench.cache_bytes, bench.available_bytes, arrays=3)
    fits = memory.leaves_cache(size, bench.cache_bytes)
    if fits:
        for kernel in streams.kernels(streams.Operands(size, team), bench.isa):
            yield from _measured(kernel, bench, bench.seconds * _BANDWIDTH_SHARE)
    else:
        bench.tell("memory on cpu: too little of it is free for arrays 4 times the cache")
    seconds = bench.seconds * _NATIVE_SHARE
    for level in ladder.levels(bench.topology, team.cpus, size if fits else None):
        bench.tell(_name(f"reading {level.name}", None, len(team)))
        yield ladder.read(team, bench.isa, level, seconds)
        if len(team) == 1:
            yield ladder.latency(team, bench.isa, level, seconds)


def _measured(kernel: Kernel, bench: Bench, seconds: float) -> Iterator[Ceiling]:
    name = _name(kernel.kind, kernel.dtype, kernel.threads or 1)
    bench.tell(name)
    found = ceiling(kernel, seconds)
    if found is None:
        bench.tell(f"{name}: no path works here")
    else:
        yield found


def _name(kind: str, dtype: str | None, threads: int) -> str:
    return " ".join(filter(None, (kind, dtype, "on cpu,", counted(threads, "thread"))))


def _blas() -> dict[str, str | None]:
    """Which kernel NumPy's BLAS chose: `openblas 0.3.31 Haswell`; SciPy may bring another."""
    known = [one for one in threadpool_info() if one["user_api"] == "blas"]
    for one in [one for one in known if "numpy" in one["filepath"]] or known:
        parts = (one["internal_api"], one["version"], one.get("architecture"))
        return {"blas": " ".join(filter(None, parts))}
    return {}
