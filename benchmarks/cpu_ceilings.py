"""Our ceilings of the processor beside hand-written C, in turns, in one process.

    python benchmarks/cpu_ceilings.py

Needs gcc, AVX2 and an idle machine; takes about two minutes. Prints each ratio with the least that
was promised, and ends with 1 if one is not held. A ratio is the median over pairs made in turns:
the clock of a rented core wanders by several per cent within seconds, and only what runs within
milliseconds of each other sees the same clock. Against other processes: of three short calls the
best counts, on both sides alike, and a product on one thread is timed by that thread's own time.
"""

import ctypes
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, thread_time_ns

import numpy as np
import torch

from benchbench.ceilings import cpu, fma, jit, matmul, memory, streams
from benchbench.ceilings.search import Candidate, Kernel, ceiling
from benchbench.ceilings.stopwatch import HostStopwatch, SelfTimed
from benchbench.ceilings.team import Team, placement
from benchbench.record import Ceiling, Precision
from benchbench.stats import median, median_interval
from benchbench.system import probe
from benchbench.system.host import Host
from benchbench.system.topology import Topology

C = r"""
#include <immintrin.h>
#include <stdint.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

double fma_loop(int64_t rounds, float *s) {
  __m256 a[12], x = _mm256_set1_ps(s[96]), y = _mm256_set1_ps(s[97]);
  for (int i = 0; i < 12; i++) a[i] = _mm256_loadu_ps(s + 8 * i);
  double start = now();
  for (int64_t r = 0; r < rounds; r++)
    for (int i = 0; i < 12; i++) a[i] = _mm256_fmadd_ps(x, y, a[i]);
  double seconds = now() - start;
  for (int i = 0; i < 12; i++) _mm256_storeu_ps(s + 8 * i, a[i]);
  return seconds;
}

double copy(int64_t n, float *t, const float *l, const float *r) {
  double start = now();
  for (int64_t i = 0; i < n; i += 32)
    for (int k = 0; k < 32; k += 8) _mm256_stream_ps(t + i + k, _mm256_load_ps(l + i + k));
  _mm_sfence();
  return now() - start;
}

double triad(int64_t n, float *t, const float *l, const float *r) {
  __m256 three = _mm256_set1_ps(3);
  double start = now();
  for (int64_t i = 0; i < n; i += 32)
    for (int k = 0; k < 32; k += 8)
      _mm256_stream_ps(t + i + k, _mm256_fmadd_ps(three, _mm256_load_ps(r + i + k),
                                                  _mm256_load_ps(l + i + k)));
  _mm_sfence();
  return now() - start;
}
"""
C_FMA_ROUNDS = 400_000
FLOP_PER_C_ROUND = 12 * 8 * 2
SECONDS, FEWEST, SEARCHES = 6.0, 7, 3
STANDARD_S = 5.0
"""What a standard run gives each kernel."""
LEAST = {"fma": 0.97, "fp32": 0.93, "bf16": 0.88, "memory_copy": 0.95, "memory_triad": 0.95}


@dataclass(frozen=True)
class Line:
    """A ratio and what was promised of it."""

    name: str
    ratios: list[float]
    least: float
    detail: str

    @property
    def held(self) -> bool:
        """Whether the median keeps the promise."""
        return median(self.ratios) >= self.least

    def __str__(self) -> str:
        low, high = median_interval(self.ratios)
        verdict = "held" if self.held else "NOT HELD"
        return (
            f"{self.name:38} {median(self.ratios):.3f} ({low:.3f}-{high:.3f})"
            f"  least {self.least}  {verdict}  {self.detail}"
        )


def compiled(folder: Path) -> ctypes.CDLL:
    """The C kernels as gcc makes them for this processor."""
    source, library = folder / "kernels.c", folder / "kernels.so"
    source.write_text(C)
    command = ["gcc", "-O3", "-march=native", "-shared", "-fPIC", "-o", str(library), str(source)]
    subprocess.run(command, check=True)
    loaded = ctypes.CDLL(str(library))
    for name, pointers in (("fma_loop", 1), ("copy", 3), ("triad", 3)):
        function = getattr(loaded, name)
        function.restype = ctypes.c_double
        function.argtypes = [ctypes.c_int64, *[ctypes.c_void_p] * pointers]
    return loaded


def in_turns(ours: Callable[[], float], theirs: Callable[[], float], seconds: float) -> list[float]:
    """Our rate over theirs, each pair with theirs before and after ours."""
    ratios: list[float] = []
    theirs()
    ours()
    end, before = perf_counter() + seconds, theirs()
    while perf_counter() < end or len(ratios) < FEWEST:
        rate, after = ours(), theirs()
        ratios.append(rate / ((before + after) / 2))
        before = after
    return ratios


def best(call: Callable[[], float]) -> Callable[[], float]:
    """The highest of three rates: what nothing else interrupted."""
    return lambda: max(call() for _ in range(3))


def peaks(team: Team, c: ctypes.CDLL) -> Line:
    """Our FMA loop over the one in C."""
    loop = fma.Loop(team, jit.host_isa(), "fp32")
    state = np.random.default_rng(0).uniform(0.1, 0.2, 98).astype(np.float32)
    state[97] = 1e-9

    def theirs() -> float:
        (seconds,) = team.each(lambda _: float(c.fma_loop(C_FMA_ROUNDS, state.ctypes.data)))
        return C_FMA_ROUNDS * FLOP_PER_C_ROUND / seconds

    ratios = in_turns(best(lambda: loop.flop / loop.time()), best(theirs), SECONDS)
    clock = median([loop.clock_hz() for _ in range(50)])
    detail = f"C {theirs() / 1e9:.1f} GFLOP/s, clock {clock / 1e9:.2f} GHz"
    return Line("FMA loop / C kernel", ratios, LEAST["fma"], detail)


def products(team: Team, precision: Precision, cache_bytes: int) -> Line:
    """The ceiling's winner over the FMA loop, as the search finds it: several times, anew.

    Where the operands lie in memory, and which of two near paths wins, moves one ratio by 1 %.
    """
    ratios: list[float] = []
    for _ in range(SEARCHES):
        found, once = product(team, precision, cache_bytes)
        ratios += once
    detail = f"{found.path} {found.setting['shape']}, {found.value / 1e9:.1f} GFLOP/s"
    return Line(f"{precision} ceiling / FMA loop, 1 thread", ratios, LEAST[precision], detail)


def product(team: Team, precision: Precision, cache_bytes: int) -> tuple[Ceiling, list[float]]:
    """One search, and its winner's ratios."""
    cold = HostStopwatch(cpu.flusher(team, cache_bytes), clock=thread_time_ns)
    kernel = Kernel("matmul", "FLOP/s", "cpu", cold, matmul.cpu(precision), precision, 1)
    found = ceiling(kernel, STANDARD_S)
    assert found is not None  # noqa: S101 - some path always works
    candidate = winner(kernel, found)
    prepared, loop = candidate.prepare(), fma.Loop(team, jit.host_isa(), "fp32")
    ratios = in_turns(
        lambda: candidate.amount / cold.time(prepared.call),
        best(lambda: loop.flop / loop.time()),
        SECONDS,
    )
    assert prepared.correct()  # noqa: S101 - a wrong product proves nothing
    return found, ratios


def winner(kernel: Kernel, found: Ceiling) -> Candidate:
    """The candidate a ceiling names."""
    named = (found.path, found.setting["shape"])
    return next(one for one in kernel.candidates if (one.path, one.shape) == named)


def bandwidths(team: Team, c: ctypes.CDLL, cache_bytes: int) -> Iterator[Line]:
    """Our copy and triad over those in C, on the same arrays."""
    size = memory.array_bytes(cache_bytes, 2**62, arrays=3)
    operands = streams.Operands(size, team)
    for kernel in streams.kernels(operands, jit.host_isa()):
        if kernel.kind not in LEAST:
            continue
        yield bandwidth(kernel, operands, c.copy if kernel.kind == "memory_copy" else c.triad)


def bandwidth(kernel: Kernel, operands: streams.Operands, function: Callable[..., float]) -> Line:
    """One of our loops over the same in C."""
    candidate, team = kernel.candidates[0], operands.team
    prepared = candidate.prepare()
    starts = [array.data_ptr() for array in operands.fresh()]

    def run(member: int) -> tuple[float, float]:
        part = operands.parts[member]
        floats = (part.stop - part.start) * 2**16
        begin = perf_counter()
        function(floats, *(start + part.start * 2**18 for start in starts))
        return begin, perf_counter()

    def theirs() -> float:
        begins, ends = zip(*team.each(run), strict=True)
        return float(candidate.amount / (max(ends) - min(begins)))

    def ours() -> float:
        return candidate.amount / SelfTimed().time(prepared.call)

    ratios = in_turns(best(ours), best(theirs), SECONDS)
    assert prepared.correct()  # noqa: S101 - a wrong copy proves nothing
    detail = f"{candidate.path}, C {theirs() / 1e9:.1f} GB/s"
    return Line(f"{kernel.kind} / C, {len(team)} thread(s)", ratios, LEAST[kernel.kind], detail)


def lines(folder: Path) -> Iterator[Line]:
    """Everything promised, on one core; bandwidths on all cores too."""
    c, host = compiled(folder), Host()
    cache_bytes = probe().cpu.l3_bytes or 2**26
    cores = placement(Topology.of(host), host.affinity or frozenset({0}), os.cpu_count() or 1)
    one = cores[-1:]
    with Team(one) as team, cpu.staying(one), cpu.limited(1), torch.inference_mode():
        yield peaks(team, c)
        yield products(team, "fp32", cache_bytes)
        yield products(team, "bf16", cache_bytes)
        yield from bandwidths(team, c, cache_bytes)
    if len(cores) > 1:
        with Team(cores) as team, cpu.limited(len(cores)):
            yield from bandwidths(team, c, cache_bytes)


def main() -> int:
    """Print each line as it is known; 0 if all are held."""
    held = True
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(Path(folder)):
            print(line, flush=True)
            held &= line.held
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
