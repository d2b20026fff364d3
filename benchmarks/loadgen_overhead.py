"""What LoadGen costs: queries through it against the same batches in a bare loop.

    python benchmarks/loadgen_overhead.py [BLOCKS [CASE…]]

One process, one job: blocks of batches by LoadGen (library, queries, sampler and counters, as a
measurement runs them) and in a bare loop over the same samples take turns, A B B A. Prints, per
case, the median ratio of the seconds per batch with its 95 % interval. Limit: 1.02.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns

from benchbench.backend import load
from benchbench.measure.counters import Proc
from benchbench.measure.device import Host
from benchbench.measure.loadgen import Load, LoadScenario, drive
from benchbench.measure.sampler import Sampler, Watch
from benchbench.stats import median, median_interval
from benchbench.workload import Job, Setting
from benchbench.workload.file import find, load_file

LIMIT = 1.02
BLOCK_S = 2.5


@dataclass(frozen=True)
class Case:
    """A workload as LoadGen asks for it."""

    workload: str
    scenario: LoadScenario
    batch_size: int


CASES = {
    "resnet50-single": Case("resnet50-infer", "single_stream", 1),
    "resnet50-offline": Case("resnet50-infer", "offline", 8),
    "bert-offline": Case("bert-large-infer", "offline", 1),
}


def main(blocks: int, names: Sequence[str]) -> bool:
    """Every case in turn; whether all keep the limit."""
    kept = [holds(name, CASES[name], blocks) for name in names]
    return all(kept)


def holds(name: str, case: Case, blocks: int) -> bool:
    """One case's figures, printed."""
    job = load(load_file(find(case.workload)), Setting(batch_size=case.batch_size))
    one_s = min(bare(job, 1) for _ in range(3))
    ask = Load(case.scenario, case.batch_size, max(BLOCK_S, 2 * one_s), one_s)
    ratios = [paired(job, ask) for _ in range(blocks)]
    middle, known = median(ratios), "no interval"
    if blocks > 1:
        low, high = median_interval(ratios)
        known = f"95 %: {low:.4f} to {high:.4f}"
    print(
        f"{name}: {middle:.4f} ({known}; {blocks} pairs of two blocks of "
        f"{ask.batches} batches of {one_s * 1e3:.0f} ms); limit {LIMIT}"
    )
    return middle <= LIMIT


def paired(job: Job, ask: Load) -> float:
    """LoadGen over bare, A B B A: a steady drift of the machine cancels."""
    steps = ask.batches
    first, second = bare(job, steps), queried(job, ask)
    third, last = queried(job, ask), bare(job, steps)
    return (second + third) / (first + last)


def bare(job: Job, steps: int) -> float:
    """Seconds per batch of the loop anybody would write."""
    batches, step = job.batches, job.step
    began = perf_counter_ns()
    for _ in range(steps):
        step(next(batches))
    return (perf_counter_ns() - began) / 1e9 / steps


def queried(job: Job, ask: Load) -> float:
    """Seconds per batch of a real measurement's window."""
    watch = Watch(Proc(), None, perf_counter_ns)
    with TemporaryDirectory() as folder, Sampler(watch):
        answered, _ = drive(
            job,
            ask,
            device=Host(perf_counter_ns),
            clock=perf_counter_ns,
            logs=Path(folder),
            watch=watch,
            on_tick=lambda _tick: None,
        )
    return answered.elapsed_s / len(answered.step_s)


if __name__ == "__main__":
    wanted = sys.argv[2:] or list(CASES)
    sys.exit(0 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, wanted) else 1)
