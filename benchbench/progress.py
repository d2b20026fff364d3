"""What a person sees while measuring: a live line on a terminal, one line per result off it."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from benchbench import units
from benchbench.measure.budget import Budget
from benchbench.run import Event

_FINAL = {"done", "failed", "notice"}
_BAR_WIDTH = 24


class Progress:
    """Shows `run`'s events on `console`; use as a context manager, pass itself as `on_event`."""

    def __init__(self, console: Console, clock: Callable[[], float] = monotonic) -> None:
        self._console = console
        self._course = Course(clock)
        self._live = (
            Live(console=console, refresh_per_second=4, transient=True)
            if console.is_interactive
            else None
        )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        text = line(event)
        self._course.saw(event)
        if event.phase in _FINAL:
            self._console.print(text, highlight=False, markup=False)
        if self._live is not None:
            self._live.update(self._shown(text, event))

    def _shown(self, text: str, event: Event) -> RenderableType:
        """The line of the moment, and below it how far the whole is."""
        now = Text("" if event.phase in _FINAL else text, no_wrap=True, overflow="ellipsis")
        progress = self._course.progress()
        return now if progress is None else Group(now, _bar(*progress))


def _bar(share: float, said: str) -> Table:
    row = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=1.0, completed=share, width=_BAR_WIDTH)
    row.add_row(bar, Text(said, no_wrap=True, overflow="ellipsis"))
    return row


@dataclass
class Course:
    """How far a plan is, and how long the rest may take.

    The rest is judged by what the finished ones took, by `clock` in seconds; the first by its
    budget. A search, whose number of steps is open, has no course.
    """

    clock: Callable[[], float]
    index: int = -1
    """Of the one under way, or just ended."""
    total: int = 0
    ended: bool = False
    began: float = 0.0
    took_s: tuple[float, ...] = ()
    """The finished ones."""
    expected_s: float = 0.0

    def saw(self, event: Event) -> None:
        """Take note of one event."""
        planned, now = event.planned, self.clock()
        if planned is None or planned.tuning is not None or event.phase == "notice":
            return
        if event.index != self.index:
            self.index, self.total = event.index, event.total
            self.began, self.expected_s = now, expected(planned.budget)
        self.ended = event.phase in _FINAL
        if self.ended:
            self.took_s = (*self.took_s, now - self.began)

    def progress(self) -> tuple[float, str] | None:
        """The share done and a sentence; None before there is a plan."""
        if self.index < 0:
            return None
        each = fmean(self.took_s) if self.took_s else self.expected_s
        spent = each if self.ended else min(self.clock() - self.began, each)
        after = self.total - self.index - 1
        share = (self.index + (spent / each if each else 1.0)) / self.total
        left = units.remaining(after * each + each - spent)
        return share, f"{self.index + 1} of {self.total}, {left}"


def expected(budget: Budget) -> float:
    """Seconds one measurement may well take: warm-up, half of the longest window, the checks."""
    window = (budget.timed_min_s + budget.timed_cap_s) / 2
    return budget.warmup_min_s + window + budget.check_cap_s


def line(event: Event) -> str:
    """`[1/2] resnet50-train  measure 0:12  4.12 images/s ±1.2 %`."""
    if event.phase == "notice":
        return event.message
    parts = [_called(event), event.phase]
    if event.phase not in _FINAL:
        parts.append(units.duration(event.elapsed_s))
    if event.units_per_s is not None:
        parts.append(f"{units.rate(event.units_per_s, event.unit)}")
        interval = units.interval(event.half_width_fraction)
        parts.append(units.spread(event.units_per_s, *event.ends) if event.ends else interval)
    parts += [units.clock(event.clock_hz)] if event.clock_hz is not None else []
    parts += [units.power(event.power_w)] if event.power_w is not None else []
    parts.append(event.message)
    return "  ".join(part for part in parts if part)


def _called(event: Event) -> str:
    """`[1/2] resnet50-train`; a trial of a search, whose number is open, names its setting."""
    planned = event.planned
    if planned is None or planned.tuning is None:
        return f"[{event.index + 1}/{event.total}] {event.name}"
    role, setting = planned.tuning.role, planned.setting
    shown = units.setting(setting.precision, setting.batch_size, setting.backend)
    changed = units.changes(setting.parameters, setting.threads, setting.environment)
    number = f"trial {event.index + 1}" if role == "trial" else role
    return f"[{number}] {event.name} {', '.join(filter(None, (shown, changed)))}"
