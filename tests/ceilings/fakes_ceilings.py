"""Machines that pretend: calls of a known duration, a stopwatch that believes them, a timeline."""

from collections.abc import Callable, Sequence

from benchbench.ceilings.search import Candidate, Prepared


class PretendedCall:
    """Takes `seconds` of pretended time and counts how often it was made."""

    def __init__(self, *seconds: float) -> None:
        self.seconds = seconds
        self.calls = 0

    def __call__(self) -> None:
        """Let the next duration pass."""
        self.calls += 1

    def duration(self) -> float:
        """Of the latest call; the durations repeat in turn."""
        return self.seconds[(self.calls - 1) % len(self.seconds)]

    def timed(self) -> float:
        """Let the next duration pass, and say how long it was."""
        self()
        return self.duration()


class FakeStopwatch:
    """Reads the duration off a pretended call."""

    def time(self, call: Callable[[], object]) -> float:
        """What the call pretends to have taken, in seconds."""
        assert isinstance(call, PretendedCall)
        return call.timed()


def candidate(
    path: str, amount: float, call: PretendedCall | Exception, *, correct: Sequence[bool] = (True,)
) -> Candidate:
    """`correct` gives the verdicts in turn, the last one for ever; an exception is raised."""
    verdicts = list(correct)

    def prepare() -> Prepared:
        if isinstance(call, Exception):
            raise call
        return Prepared(call, lambda: verdicts.pop(0) if len(verdicts) > 1 else verdicts[0])

    return Candidate(path=path, shape=f"{amount:g}", amount=amount, prepare=prepare)


class FakeTimeline:
    """A device that does what it was launched to do when somebody waits for it.

    Work is a number of milliseconds put in the queue; an event remembers when it was passed.
    """

    def __init__(self) -> None:
        self.now_ms = 0.0
        self.log: list[str] = []
        self._queue: list[float | FakeEvent] = []

    def launch(self, name: str, milliseconds: float) -> None:
        """Queue work and return at once."""
        self.log.append(name)
        self._queue.append(milliseconds)

    def event(self) -> "FakeEvent":
        """A mark of this timeline."""
        return FakeEvent(self)

    def record(self, event: "FakeEvent") -> None:
        """Queue a mark."""
        self.log.append("event")
        self._queue.append(event)

    def synchronize(self) -> None:
        """Do what is queued."""
        self.log.append("synchronize")
        for entry in self._queue:
            if isinstance(entry, FakeEvent):
                entry.passed_ms = self.now_ms
            else:
                self.now_ms += entry
        self._queue.clear()


class FakeEvent:
    """A mark that the timeline passes."""

    def __init__(self, timeline: FakeTimeline) -> None:
        self._timeline = timeline
        self.passed_ms: float | None = None

    def record(self) -> None:
        """Queue this mark."""
        self._timeline.record(self)

    def elapsed_time(self, end: "FakeEvent", /) -> float:
        """Milliseconds between two passed marks."""
        assert self.passed_ms is not None, "read before the device was waited for"
        assert end.passed_ms is not None, "read before the device was waited for"
        return end.passed_ms - self.passed_ms
