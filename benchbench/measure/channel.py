"""A worker's line to its runner."""

import os
import sys
from types import TracebackType

from benchbench.measure import (
    failure,
)
from benchbench.measure.loop import Phase, Tick
from benchbench.measure.message import (
    Message,
    Progress,
)
from benchbench.measure.sampler import Watch


class Channel:
    """The line to the runner."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, message: Message) -> None:
        """One line."""
        line = message.model_dump_json().encode() + b"\n"
        while line:
            line = line[os.write(self._descriptor, line) :]

    def phase(self, phase: Phase, text: str = "") -> None:
        """A phase begins."""
        self.send(Message(progress=Progress(phase=phase, elapsed_s=0.0, message=text)))

    def last_words(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Whatever ends the worker is told to the runner (a `sys.excepthook`)."""
        self.send(Message(failure=failure.of_exception(error)))
        sys.__excepthook__(kind, error, trace)


def progress(tick: Tick, watch: Watch) -> Message:
    """How far a timed window is, with the clock and power of the moment."""
    return Message(
        progress=Progress(
            phase=tick.phase,
            elapsed_s=tick.elapsed_s,
            units_per_s=tick.units_per_s,
            half_width_fraction=tick.half_width_fraction,
            clock_hz=watch.latest.clock_hz,
            power_w=watch.latest.power_w,
        )
    )
