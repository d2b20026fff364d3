"""What measuring costs: a step in the harness against the same step in a bare loop.

    python benchmarks/harness_overhead.py [BLOCKS [WORKLOAD…]]

One process, one job, the same tensors: blocks of steps in a bare loop and in the full timing loop
(sampler, counters, losses, progress) take turns, A B B A. Prints, per workload, the ratio of the
median steps with a 95 % bootstrap interval over the rounds, and the harness's own cost per step:
timed with a step that does nothing, so that no noise of the work hides it. Limit: 1.005.
"""

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise, repeat
from time import perf_counter_ns

from benchbench.backend import load
from benchbench.measure.budget import BUDGETS, Budget
from benchbench.measure.counters import Proc
from benchbench.measure.device import Host
from benchbench.measure.loop import time_job
from benchbench.measure.sampler import Sampler, Watch
from benchbench.stats import median
from benchbench.workload import Job, Setting
from benchbench.workload.file import find, load_file

LIMIT = 1.005
SETTINGS = {
    "resnet50-train": Setting(batch_size=2),
    "resnet50-infer": Setting(batch_size=4),
    "bert-large-infer": Setting(batch_size=1),
}
BLOCK_S = 3.0
IDLE_STEPS = 20_000
Round = tuple[list[float], list[float]]


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
    one_s = median(bare(job, 3))
    steps = max(2, round(BLOCK_S / one_s))
    rounds = [turns(job, steps, trains=trains) for _ in range(blocks)]
    low, high = interval(rounds)
    share = own_cost_s() / one_s
    print(
        f"{name}: {ratio(rounds):.4f} (95 %: {low:.4f} to {high:.4f}; {blocks} rounds of "
        f"{2 * steps} steps of {one_s * 1e3:.0f} ms each way); by its own cost {1 + share:.6f}; "
        f"limit {LIMIT}"
    )
    return 1 + share <= LIMIT and low <= LIMIT


def turns(job: Job, steps: int, *, trains: bool) -> Round:
    """Steps in seconds, bare and in the harness, A B B A: a steady drift of the machine cancels."""
    first, second = bare(job, steps), harness(job, steps, trains=trains)
    third, last = harness(job, steps, trains=trains), bare(job, steps)
    return [*first, *last], [*second, *third]


def ratio(rounds: Sequence[Round]) -> float:
    """Of the median steps: what else runs on the machine hits single ones."""
    plain, measured = ([one for each in side for one in each] for side in zip(*rounds, strict=True))
    return median(measured) / median(plain)


def interval(rounds: Sequence[Round]) -> tuple[float, float]:
    """95 %, resampling whole rounds."""
    chance = random.Random(0)  # noqa: S311 - no secret
    many = sorted(ratio(chance.choices(rounds, k=len(rounds))) for _ in range(1000))
    return many[25], many[974]


def bare(job: Job, steps: int) -> list[float]:
    """Seconds per step of the loop anybody would write."""
    next_batch: Callable[[], object] = job.batches.__next__
    step = job.step
    edges = [perf_counter_ns()]
    for _ in range(steps):
        step(next_batch())
        edges.append(perf_counter_ns())
    return [(b - a) / 1e9 for a, b in pairwise(edges)]


def harness(job: Job, steps: int, *, trains: bool) -> list[float]:
    """Seconds per step of a real measurement's timed window of as many."""
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
    return [seconds * timed.elapsed_s / sum(timed.step_s) for seconds in timed.step_s]


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
    measured = harness(nothing, IDLE_STEPS, trains=False)
    return (sum(measured) - sum(bare(nothing, IDLE_STEPS))) / IDLE_STEPS


if __name__ == "__main__":
    wanted = sys.argv[2:] or list(SETTINGS)
    sys.exit(0 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, wanted) else 1)
