"""`--batch auto`: the largest batch that fits, found before anything is measured.

On an accelerator by trying, each batch in a process of its own: its memory running out ends nobody
else. On a processor from what two small batches took, since running out there may end any process.
A batch whose step would be too long for the measurement does not fit either.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from benchbench import run, units
from benchbench.errors import CannotMeasureError, UsageError
from benchbench.measure import choose
from benchbench.measure.journal import exclusive
from benchbench.measure.message import BatchResult, TryBatch
from benchbench.measure.plan import Planned
from benchbench.record import BatchFit, BatchTried, System
from benchbench.run import Event, OnEvent
from benchbench.workload.file import load_file, memory_bytes

AUTO: Literal["auto"] = "auto"
_MOST = 2**16
_FINE = 8
"""The search ends when the next batch to try would be less than an eighth larger."""
_USABLE = 0.9
"""Of the memory that is free: other processes' needs change, and so does an allocator's waste."""
Try = Callable[[int], BatchTried]
_Key = tuple[Path, str, str]
_Bound = Literal["memory", "time", "workload", "search"]


class _Broken(Exception):  # noqa: N818 - it never leaves this module
    """It fails for another reason than its size: the measurement itself will say so."""


def asked(text: str | None) -> int | Literal["auto"] | None:
    """A batch as the user wrote it. Raises UsageError if it is neither a number nor `auto`."""
    if text is None or text == AUTO:
        return AUTO if text == AUTO else None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        message = f"--batch {text} is neither a whole number above 0 nor auto"
        raise UsageError(message)
    return int(text)


def fitted(
    planned: Sequence[Planned],
    wanted: int | Literal["auto"] | None,
    *,
    system: System,
    on_event: OnEvent,
    lock: Path | None = None,
) -> tuple[Planned, ...]:
    """The plan at batches that fit; as it is, where a number was wanted or LoadGen has its own.

    With `auto` the largest; with None, on an accelerator, the workload's own batch or the largest
    below it.

    Raises:
        CannotMeasureError: a processor has no room for a batch of one, or another runner is at
            work.
    """
    if isinstance(wanted, int):
        return tuple(planned)
    found: dict[_Key, Planned] = {}
    with exclusive(lock):
        for one in planned:
            if _key(one) not in found and _is_open(one, wanted):
                ranks = max(e.setting.ranks for e in planned if _key(e) == _key(one))
                found[_key(one)] = _fitted(one, wanted, system, on_event, ranks)
    return tuple(_as(one, found.get(_key(one))) for one in planned)


def _key(one: Planned) -> "_Key":
    """What takes the same memory."""
    return one.file, one.setting.precision, one.setting.backend


def _is_open(one: Planned, wanted: Literal["auto"] | None) -> bool:
    return one.driver == "loop" and (wanted == AUTO or one.setting.device != "cpu")


def _as(one: Planned, same: Planned | None) -> Planned:
    """Repeats, and several devices, take the batch that was found for one."""
    if same is None:
        return one
    setting = replace(one.setting, batch_size=same.setting.batch_size)
    return replace(one, setting=setting, fit=same.fit)


def _fitted(
    one: Planned,
    wanted: Literal["auto"] | None,
    system: System,
    on_event: OnEvent,
    ranks: int,
) -> Planned:
    """Processes that share the processors share their memory too."""
    longest_s = one.budget.timed_cap_s / one.budget.timed_min_steps
    available = available_bytes(one.setting.device, system)
    if available is not None and one.setting.device == "cpu":
        available //= ranks
    threads = one.setting.threads or choose.threads(system, os.environ)
    tries = _Tries(one, threads, longest_s, on_event)
    try:
        if one.setting.device == "cpu":
            require_room(one, available)
            size, fit = by_growth(tries, one.setting.batch_size, available, longest_s)
        else:
            grows = wanted == AUTO
            size, fit = by_trying(tries, one.setting.batch_size, available, grows=grows)
    except _Broken:
        return one
    on_event(Event(one.name, one.unit, 0, 0, "notice", message=_told(one.name, size, fit)))
    return replace(one, setting=replace(one.setting, batch_size=size), fit=fit)


def _told(name: str, size: int, fit: BatchFit) -> str:
    if fit.how == "tried" and not any(each.fits for each in fit.tried):
        return f"{name}: not even a batch of 1 fits; measuring it will say so"
    because = {
        "memory": f"the largest that fits {units.size(fit.available_bytes)}",
        "time": "the largest whose steps are short enough for this measurement",
        "workload": "its own, and it fits",
        "search": "the largest that was tried",
    }[fit.bound]
    return f"{name}: a batch of {units.count(size)}, {because}"


def available_bytes(device: str, system: System) -> int | None:
    """The accelerator's memory; of the processor what is free, within the container's limit."""
    if device != "cpu":
        return next((a.memory_bytes for a in system.accelerators if a.device == device), None)
    known = (system.memory.available_bytes, system.memory.limit_bytes)
    return min((size for size in known if size is not None), default=system.memory.total_bytes)


def require_room(one: Planned, available: int | None) -> None:
    """Raises CannotMeasureError where even a batch of one needs more than there is."""
    needed = memory_bytes(load_file(one.file), replace(one.setting, batch_size=1))
    if needed is not None and available is not None and needed > available:
        raise CannotMeasureError(
            f"{one.name} needs at least {units.size(needed)}, and {units.size(available)} are "
            "free here; choose a smaller model with --set, or a machine with more memory"
        )


class _Tries:
    """Loads and steps the workload at a batch, in a process of its own."""

    def __init__(self, one: Planned, threads: int, longest_s: float, on_event: OnEvent) -> None:
        self._one, self._threads = one, threads
        self._longest_s, self._on_event = longest_s, on_event

    def __call__(self, size: int) -> BatchTried:
        one = self._one
        text = f"{one.name}: trying a batch of {units.count(size)}"
        self._on_event(Event(one.name, one.unit, 0, 0, "notice", message=text))
        setting = replace(one.setting, batch_size=size, ranks=1)
        body = TryBatch(file=str(one.file), setting=setting, threads=self._threads)
        ended = run.ask(body, one.budget.timeout_s, lambda _progress: None, setting.environment)
        if isinstance(ended.result, BatchResult):
            return self._seen(size, ended.result)
        if ended.why().kind != "out_of_memory":
            raise _Broken
        return BatchTried(batch_size=size, fits=False, because="out of memory")

    def _seen(self, size: int, seen: BatchResult) -> BatchTried:
        too_long = seen.step_s > self._longest_s
        return BatchTried(
            batch_size=size,
            fits=not too_long,
            peak_memory_bytes=seen.peak_memory_bytes,
            step_s=max(seen.step_s, 1e-9),
            because=f"a step takes {units.duration(seen.step_s)}" if too_long else None,
        )


def by_trying(
    attempt: Try, start: int, available: int | None, *, grows: bool
) -> tuple[int, BatchFit]:
    """Double while it fits, or halve until it does, then close in between the two.

    1 where nothing fits: the measurement leaves a record of that, and others go on.
    """
    tried: list[BatchTried] = [attempt(start)]
    if tried[0].fits and not grows:
        return start, BatchFit(
            how="tried", bound="workload", available_bytes=available, tried=tuple(tried)
        )
    while tried[-1].fits == tried[0].fits and (size := _next(tried)) is not None:
        tried.append(attempt(size))
    _close_in(attempt, tried)
    size = max((each.batch_size for each in tried if each.fits), default=1)
    bound = _bound(tried, size)
    return size, BatchFit(how="tried", bound=bound, available_bytes=available, tried=tuple(tried))


def _next(tried: Sequence[BatchTried]) -> int | None:
    """Twice as much while all fit, half while none does; None at the end of the search."""
    last = tried[-1].batch_size
    if tried[0].fits:
        return last * 2 if last * 2 <= _MOST else None
    return last // 2 or None


def _close_in(attempt: Try, tried: list[BatchTried]) -> None:
    while True:
        low = max((each.batch_size for each in tried if each.fits), default=None)
        high = min((each.batch_size for each in tried if not each.fits), default=None)
        if low is None or high is None or high - low <= max(1, low // _FINE):
            return
        tried.append(attempt((low + high) // 2))


def _bound(tried: Sequence[BatchTried], size: int) -> _Bound:
    """What the next larger one that was tried lacked."""
    larger = [each for each in tried if not each.fits and each.batch_size >= size]
    if not larger:
        return "search"
    nearest = min(larger, key=lambda each: each.batch_size)
    return "memory" if nearest.step_s is None else "time"


def by_growth(
    attempt: Try, start: int, available: int | None, longest_s: float
) -> tuple[int, BatchFit]:
    """Two batches; what one unit more takes; how many more there is room and time for.

    Memory is a line through both peaks; a step's time is taken to be in proportion to its batch.
    Raises CannotMeasureError where not even one unit fits.
    """
    first = attempt(start)
    tried = [first]
    twice = 2 * (first.peak_memory_bytes or 0)
    if first.fits and (available is None or twice < _USABLE * available):
        tried.append(attempt(2 * start))
    elif start > 1:
        tried.append(attempt(start // 2))
    room = _room(tried, available)
    most: dict[_Bound, float] = {} if room is None else {"memory": room}
    most |= {"time": _in_time(tried, longest_s), "search": float(_MOST)}
    bound = min(most, key=most.__getitem__)
    size = int(most[bound])
    if size < 1:
        raise CannotMeasureError(
            f"not even a batch of 1 fits ({bound}); choose a smaller model with --set, "
            "or a larger machine"
        )
    return size, BatchFit(how="growth", bound=bound, available_bytes=available, tried=tuple(tried))


def _room(tried: Sequence[BatchTried], available: int | None) -> float | None:
    """Units that fit the usable memory by a line through the peaks; 0 where it ran out.

    None: memory bounds nothing, because how much there is is unknown or a unit takes none.
    """
    seen = [(e.batch_size, e.peak_memory_bytes) for e in tried if e.peak_memory_bytes is not None]
    if not seen:
        return 0.0
    (small, low), (large, high) = min(seen), max(seen)
    if available is None:
        return None
    if large == small or high <= low:
        return None if high <= _USABLE * available else float(small)
    each = (high - low) / (large - small)
    return large + (_USABLE * available - high) / each


def _in_time(tried: Sequence[BatchTried], longest_s: float) -> float:
    """Units a step of at most `longest_s` does."""
    rates = [each.batch_size / each.step_s for each in tried if each.step_s is not None]
    return max(rates, default=0.0) * longest_s
