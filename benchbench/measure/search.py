"""The search for the fastest configuration: what to try next, given how fast the others were. Pure.

Greedy, one choice after the other, the ones that matter most first: a full grid of a few choices
would take hours. Of backends and precisions the leading few go on to the next round.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchbench.measure.plan import digest
from benchbench.record import Precision, Scalar
from benchbench.workload import EAGER, Setting

_LEADERS = 2
_WITHIN = 0.8
"""Slower than this share of the best, a leader is not worth another round."""
_GAIN = 1.02
"""A trial's noise: a choice that gains less than that is not taken."""
_MOST_DOUBLINGS = 6
Trials = Generator[Setting, float | None, None]
"""Yields what to try, is sent units per second; None where it failed."""


@dataclass(frozen=True)
class Space:
    """The values worth trying here beside the default's own."""

    backends: Sequence[str] = ()
    precisions: Sequence[Precision] = ()
    pairs: Sequence[tuple[str, Precision]] = ()
    """Precisions that one backend alone has."""
    grows: bool = False
    """Whether the batch is ours to choose."""
    tunable: Mapping[str, Sequence[Scalar]] = field(default_factory=dict)
    threads: Sequence[int] = ()
    allocators: Sequence[Mapping[str, str]] = ()
    affinities: Sequence[Mapping[str, str]] = ()


class Search:
    """One search; `rates` fills up while `trials` is followed."""

    def __init__(self, default: Setting, space: Space) -> None:
        self.default, self._space = default, space
        self.settings: dict[str, Setting] = {}
        self.rates: dict[str, float | None] = {}

    @property
    def best(self) -> Setting:
        """The fastest so far; the default until something gained on it."""
        return self._best_of(list(self.settings.values()))

    def trials(self) -> Trials:
        """The default first; then what follows from the rates."""
        space = self._space
        yield from self._try([self.default])
        yield from self._try(self._varied("environment", space.allocators, self.best))
        yield from self._try(self._varied("backend", space.backends, self.best))
        for leader in self._leaders():
            yield from self._try(self._varied("precision", space.precisions, leader))
        for backend, precision in space.pairs:
            yield from self._try([replace(self.best, backend=backend, precision=precision)])
        if space.grows:
            for leader in self._leaders():
                yield from self._grow(leader)
        for name, values in space.tunable.items():
            given = self.best.parameters
            choices = [{**given, name: value} for value in values]
            yield from self._try(self._varied("parameters", choices, self.best))
        yield from self._try(self._varied("threads", space.threads, self.best))
        yield from self._environments()

    def _try(self, settings: Iterable[Setting]) -> Trials:
        for setting in tuple(settings):
            name = digest(setting)
            if name not in self.settings:
                rate = yield setting
                self.settings[name], self.rates[name] = setting, rate

    @staticmethod
    def _varied(name: str, values: Iterable[Any], around: Setting) -> list[Setting]:
        return [replace(around, **{name: value}) for value in values]

    def _grow(self, setting: Setting) -> Trials:
        """Double the batch while that gains; where it never did, halve it."""
        start = self._rate(setting)
        reached = yield from self._scaled(setting, lambda batch: batch * 2)
        if reached == setting and start is not None:
            yield from self._scaled(setting, lambda batch: batch // 2)

    def _scaled(
        self, setting: Setting, scale: Callable[[int], int]
    ) -> Generator[Setting, float | None, Setting]:
        for _ in range(_MOST_DOUBLINGS):
            size = scale(setting.batch_size)
            if size < 1:
                break
            other = replace(setting, batch_size=size)
            yield from self._try([other])
            if not self._gains(other, setting):
                break
            setting = other
        return setting

    def _environments(self) -> Trials:
        """The allocator again, because another backend asks for other memory; then affinity."""
        chosen = self.best
        if chosen.backend != EAGER:
            both = [{}, *self._space.allocators]
            yield from self._try(self._varied("environment", both, chosen))
        chosen = self.best
        pinned = [{**chosen.environment, **one} for one in self._space.affinities]
        yield from self._try(self._varied("environment", pinned, chosen))

    def _leaders(self) -> list[Setting]:
        """The fastest of each backend and precision, where they are near the best of all."""
        kinds: dict[tuple[str, str], list[Setting]] = {}
        for one in self.settings.values():
            if self._rate(one) is not None:
                kinds.setdefault((one.backend, one.precision), []).append(one)
        fastest = sorted((self._best_of(of) for of in kinds.values()), key=self._speed)[::-1]
        near = [one for one in fastest if self._speed(one) >= _WITHIN * self._speed(fastest[0])]
        return near[:_LEADERS]

    def _best_of(self, settings: Sequence[Setting]) -> Setting:
        """The first that no later one gains on: a change within the noise is no reason for it."""
        best = settings[0] if settings else self.default
        for one in settings[1:]:
            best = one if self._gains(one, best) else best
        return best

    def _gains(self, one: Setting, other: Setting) -> bool:
        return self._speed(one) > _GAIN * self._speed(other)

    def _speed(self, setting: Setting) -> float:
        return self._rate(setting) or 0.0

    def _rate(self, setting: Setting) -> float | None:
        return self.rates.get(digest(setting))
