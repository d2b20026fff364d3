"""Processes that step together: what they decide, when they begin, whose time counts."""

from collections.abc import Sequence
from typing import Protocol

from benchbench.measure.loop import Watch


def devices(device: str, ranks: int) -> tuple[str, ...]:
    """One for each rank: GPUs in order; of processors each rank has a share."""
    if ranks == 1 or device == "cpu":
        return (device,) * ranks
    return tuple(f"cuda:{rank}" for rank in range(ranks))


class Company(Protocol):
    """The processes a measurement is shared with."""

    def agree(self, decision: bool) -> bool:  # noqa: FBT001 - it is the question itself
        """What the first of them would do: all do it."""

    def ready(self) -> None:
        """Wait until all are here."""

    def shared(self, value: float) -> float:
        """The first one's value."""

    def process_groups(self) -> Sequence[int] | None:
        """Of all of them, whose processor time is ours; None: our own group's alone."""


class _Alone:
    """Nobody else."""

    def agree(self, decision: bool) -> bool:  # noqa: FBT001 - as above
        """As it decides."""
        return decision

    def ready(self) -> None:
        """At once."""

    def shared(self, value: float) -> float:
        """As it is."""
        return value

    def process_groups(self) -> None:
        """Its own."""
        return


ALONE = _Alone()


class Gathered:
    """A watch whose window opens when all are ready: nobody's time begins with waiting."""

    def __init__(self, watch: Watch, company: Company) -> None:
        self._watch, self._company = watch, company

    def begin(self) -> None:
        """All together."""
        self._company.ready()
        self._watch.begin()

    def end(self) -> None:
        """Each when it is done."""
        self._watch.end()
