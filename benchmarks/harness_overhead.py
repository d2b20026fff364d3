"""What measuring costs: a step in the harness against the same step in a bare loop.

    python benchmarks/harness_overhead.py [BLOCKS [WORKLOAD…]]

One process, one job, the same tensors: blocks of steps in a bare loop and in the full timing loop
(sampler, counters, losses, progress) take turns, A B B A. Prints, per workload, the median ratio of
neighbouring blocks with its 95 % interval, and the harness's own cost per step: timed with a step
that does nothing, so that no noise of the work hides it. Limit: 1.005.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import repeat
from time import perf_counter_ns

from benchbench.backend import load
from benchbench.measure.budget import BUDGETS, Budget
from benchbench.measure.counters import Proc
from benchbench.measure.device import Host
from benchbench.measure.loop import time_job
from benchbench.measure.sampler import Sampler, Watch
from benchbench.stats import median, median_interval
from benchbench.workload import Job, Setting, find, load_file

LIMIT = 1.005
SETTINGS = {
    "resnet50-train": Setting(batch_size=2),
    "resnet50-infer": Setting(batch_size=4),
    "bert-large-infer": Setting(batch_size=1),
}
BLOCK_S = 3.0
IDLE_STEPS = 20_000


def main(blocks: int, names: Sequence[str]) -> bool:
    """Every workload in turn; whether all keep the limit."""
    print(f"harness alone: {own_cost_s() * 1e6:.1f} us per step that does nothing")
    kept = [holds(name, blocks) for name in names]
    return all(kept)


def holds(name: str, blocks: int) -> bool:
    """One workload's figures, printed."""
    workload = load_file(find(name))
    job = load(workload, SETTINGS[name])
    trains = workload.scenario == "train"
    one_s = bare(job, 2) / 2
    steps = max(2, round(BLOCK_S / one_s))
    ratios = [paired(job, steps, trains=trains) for _ in range(blocks)]
    low, high = median_interval(ratios)
    middle, share = median(ratios), own_cost_s() / one_s
    print(
        f"{name}: {middle:.4f} (95 %: {low:.4f} to {high:.4f}; {blocks} pairs of {2 * steps} "
        f"steps of {one_s * 1e3:.0f} ms); by its own cost {1 + share:.6f}; limit {LIMIT}"
    )
    return 1 + share <= LIMIT and low <= LIMIT


def paired(job: Job, steps: int, *, trains: bool) -> float:
    """Harness over bare, A B B A: a steady drift of the machine cancels."""
    first, second = bare(job, steps), harness(job, steps, trains=trains)
    third, last = harness(job, steps, trains=trains), bare(job, steps)
    return (second + third) / (first + last)


def bare(job: Job, steps: int) -> float:
    """Seconds of the loop anybody would write."""
    next_batch: Callable[[], object] = job.batches.__next__
    step = job.step
    began = perf_counter_ns()
    for _ in range(steps):
        step(next_batch())
    return (perf_counter_ns() - began) / 1e9


def harness(job: Job, steps: int, *, trains: bool) -> float:
    """Seconds of the timed window of a real measurement of as many steps."""
    budget = exactly(steps)
    watch = Watch(Proc(), None, perf_counter_ns)
    with Sampler(watch):
        timed = time_job(
            job,
            device=Host(perf_counter_ns),
            clock=perf_counter_ns,
            budget=budget,
            watch=watch,
            keep_losses=trains,
            on_tick=lambda _tick: None,
        )
    if len(timed.step_s) != steps:
        raise RuntimeError(f"{len(timed.step_s)} steps instead of {steps}")
    return timed.elapsed_s


def exactly(steps: int) -> Budget:
    """No more than one step of warm-up, then this many."""
    return replace(
        BUDGETS["full"],
        warmup_min_s=0.0,
        warmup_cap_s=0.0,
        timed_min_s=1e9,
        timed_cap_s=1e9,
        timed_max_steps=steps,
    )


def own_cost_s() -> float:
    """Of one step, by a step that does nothing."""
    nothing = Job(repeat(None), lambda _batch: None, units_per_step=1, from_memory=True)
    return (harness(nothing, IDLE_STEPS, trains=False) - bare(nothing, IDLE_STEPS)) / IDLE_STEPS


if __name__ == "__main__":
    wanted = sys.argv[2:] or list(SETTINGS)
    sys.exit(0 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, wanted) else 1)
