"""How soon is ResNet-50 inference known to ±2 %, against rules of 60 s and of 600 s?

    python benchmarks/time_to_interval.py [--processor-time]

Measures with the tool's own loop and stop rule, warm-up apart, and prints the time to the interval
beside the two fixed lengths. Then goes on to 60 s, to say how far the early figure was from the
long one, and what noise the steps had. Takes a little over a minute and wants an idle machine: on
a busy one --processor-time counts one thread's own seconds, as if nobody else were there.
"""

import sys
from dataclasses import replace
from time import perf_counter_ns, thread_time_ns

import numpy as np
import torch

from benchbench import backend
from benchbench.measure.budget import BUDGETS
from benchbench.measure.device import Clock, Host
from benchbench.measure.loop import Timed, time_job
from benchbench.workload import Job, Setting
from benchbench.workload.file import find, load_file

INTERVAL, FIXED_S = 0.02, (60.0, 600.0)


class _NoWatch:
    """Counters do not matter here."""

    def begin(self) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


def measured(job: Job, clock: Clock, fewest_s: float) -> Timed:
    """By the tool's own loop, until the interval is reached, between the fewest seconds and 60."""
    budget = replace(
        BUDGETS["quick"],
        timed_min_s=fewest_s,
        timed_cap_s=60.0,
        interval_fraction=INTERVAL,
    )
    return time_job(
        job,
        device=Host(clock),
        clock=clock,
        budget=budget,
        watch=_NoWatch(),
        keep_losses=False,
        on_tick=lambda _tick: None,
    )


def noise(step_s: tuple[float, ...]) -> str:
    """Spread, skewness and autocorrelation of steps: what the simulations must hold for."""
    steps = np.array(step_s)
    centred = steps - steps.mean()
    rho = float((centred[1:] * centred[:-1]).sum() / (centred**2).sum())
    skewness = float((centred**3).mean() / steps.std() ** 3)
    spread = 100 * steps.std() / steps.mean()
    return f"spread {spread:.2f} %, skewness {skewness:.1f}, autocorrelation {rho:.2f}"


def main(clock: Clock) -> None:
    """Measure twice in one process, print the ratios."""
    if clock is thread_time_ns:
        torch.set_num_threads(1)
    job = backend.load(load_file(find("resnet50-infer")), Setting(batch_size=1))
    early = measured(job, clock, fewest_s=0.0)
    print(f"±2 % reached after {early.elapsed_s:.2f} s, {len(early.step_s)} steps", end=" ")
    print(f"({early.stop_reason.replace('_', ' ')})")
    for fixed_s in FIXED_S:
        print(f"  {fixed_s:g} s rule: {fixed_s / early.elapsed_s:.1f} times as long")
    quick_s = max(early.elapsed_s, BUDGETS["quick"].timed_min_s)
    print(f"  a quick measurement's {quick_s:.1f} s: 60 s are {60 / quick_s:.1f} times as long")
    long = measured(job, clock, fewest_s=60.0)
    apart = np.mean(early.step_s) / np.mean(long.step_s) - 1
    print(f"mean step {100 * apart:+.2f} % from that of the next {long.elapsed_s:.0f} s")
    print(f"steps: {noise(long.step_s)}")


if __name__ == "__main__":
    main(thread_time_ns if "--processor-time" in sys.argv else perf_counter_ns)
