"""All devices of a kind at work at once: they share a host, its memory, its links, its power.

Each repeats what won on it alone; the slowest counts, because a step over all of them waits for it.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from typing import NamedTuple

import torch

from benchbench.ceilings.search import Candidate, Kernel, ceiling_of, repeat
from benchbench.record import Ceiling, Scalar
from benchbench.stats import median

ALL = "all"
"""The device's name of such a ceiling."""


class Alone(NamedTuple):
    """What one device reached by itself, and how."""

    kernel: Kernel
    found: Ceiling

    @property
    def winner(self) -> Candidate:
        """The path and shape that won."""
        won = (self.found.path, self.found.setting["shape"])
        return next(each for each in self.kernel.candidates if (each.path, each.shape) == won)


def together(alone: Sequence[Alone], seconds: float) -> Iterator[Ceiling]:
    """One ceiling for each kind and type that at least two devices have.

    None where all at once is more than the machine has room for (pinned memory, mostly): what each
    reached alone is still known.
    """

    def kind(one: Alone) -> tuple[str, str]:
        return one.kernel.kind, one.kernel.dtype or ""

    for _, group in groupby(sorted(alone, key=kind), key=kind):
        devices = tuple(group)
        if len(devices) < 2:  # noqa: PLR2004 - one alone is not together
            continue
        with suppress(RuntimeError):
            yield slowest({each.kernel.device: each for each in devices}, seconds)


def slowest(devices: Mapping[str, Alone], seconds: float) -> Ceiling:
    """The ceiling of the device that did least while all worked; the others' rates beside it."""
    barrier = threading.Barrier(len(devices))
    with ThreadPoolExecutor(len(devices)) as pool:
        rates = list(pool.map(lambda one: _work(one, barrier, seconds), devices.values()))
    medians: dict[str, Scalar] = dict(zip(devices, map(median, rates), strict=True))
    index = min(range(len(rates)), key=lambda each: median(rates[each]))
    last = list(devices.values())[index]
    found = ceiling_of(last.kernel, last.winner, rates[index], {"devices": len(devices), **medians})
    return found.model_copy(update={"device": ALL})


def _work(one: Alone, barrier: threading.Barrier, seconds: float) -> tuple[float, ...]:
    """The rates of one device, begun when all are ready; a failure lets nobody wait for ever."""
    kernel = one.kernel
    try:
        with torch.inference_mode(), kernel.scope():
            return repeat(
                one.winner, kernel.stopwatch, seconds, ready=barrier.wait, whole_time=True
            )
    except BaseException:
        barrier.abort()
        raise
