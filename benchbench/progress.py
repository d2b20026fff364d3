"""What a person sees while measuring: a live line on a terminal, one line per result off it."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from benchbench import printable, units
from benchbench.run import Event

_FINAL = {"done", "failed", "notice"}


class Progress:
    """Shows `run`'s events on `console`; use as a context manager, pass itself as `on_event`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = (
            Live(console=console, refresh_per_second=4, transient=True)
            if console.is_terminal
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
        if event.phase in _FINAL:
            self._console.print(text, highlight=False, markup=False, emoji=False)
        elif self._live is not None:
            self._live.update(Text(text, no_wrap=True, overflow="ellipsis"))


def line(event: Event) -> str:
    """`[1/2] resnet50-train  measure 0:12  4.12 images/s ±1.2 %`."""
    if event.phase == "notice":
        return printable.line(event.message)
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
    return printable.line("  ".join(part for part in parts if part))


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
