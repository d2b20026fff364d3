"""Which offers are out, and why: one number per offer; the sentence is made when it is read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from benchbench.recommend.answer import Reason, Rejected
from benchbench.recommend.columns import Offers
from benchbench.recommend.ranges import Bools, Indices

Say = Callable[[int], str]
"""The reason in a sentence for the offer at one position."""

_PLACE = ("provider", "region", "instance", "price_kind")
_REJECTED = TypeAdapter(tuple[Rejected, ...])
"""Validates half a million at once several times as fast as one by one."""


@dataclass(frozen=True)
class Strike:
    """A reason that some offers share, its figures being each offer's own."""

    code: str
    say: Say


@dataclass(frozen=True)
class Ledger:
    """One row per offer; `struck` counts into `strikes`, -1 is still in."""

    offers: Offers
    struck: NDArray[np.int32]
    strikes: list[Strike] = field(default_factory=list)

    @classmethod
    def of(cls, offers: Offers) -> "Ledger":
        """Everything is in."""
        return cls(offers, np.full(len(offers), -1, np.int32))

    @property
    def left(self) -> Indices:
        """Positions of the offers still in."""
        return np.flatnonzero(self.struck < 0)

    def keep(self, wanted: Bools, code: str, say: Say) -> None:
        """Strike out what is still in and not `wanted`; the first reason given stays."""
        self.reject(np.flatnonzero(~wanted & (self.struck < 0)), code, say)

    def reject(self, at: Indices, code: str, say: Say) -> None:
        """Strike out the offers at these positions."""
        if len(at):
            self.struck[at] = len(self.strikes)
            self.strikes.append(Strike(code, say))

    def because(self, row: int) -> str:
        """Why that offer is out."""
        return self.strikes[int(self.struck[row])].say(row)

    def reasons(self) -> tuple[Reason, ...]:
        """How many offers each code strikes out, with an example, most first."""
        counts = np.bincount(self.struck[self.struck >= 0], minlength=len(self.strikes))
        codes = dict.fromkeys(strike.code for strike in self.strikes)
        found = [self._reason(code, counts) for code in codes]
        return tuple(sorted((one for one in found if one.offers), key=lambda one: -one.offers))

    def _reason(self, code: str, counts: NDArray[Any]) -> Reason:
        mine = [at for at, strike in enumerate(self.strikes) if strike.code == code]
        row = int(np.argmax(np.isin(self.struck, mine)))
        return Reason(
            code=code,
            offers=int(counts[mine].sum()),
            instance=self.offers.text("instance").at(row) or "",
            because=self.because(row) if counts[mine].any() else "",
        )

    def rejected(self, most_per_code: int | None = None) -> tuple[Rejected, ...]:
        """One value per offer that is out, in the catalogue's order; of each code the first."""
        at = self._listed(most_per_code)
        texts = [self.offers.text(name) for name in (*_PLACE[:2], "zone", *_PLACE[2:])]
        return _REJECTED.validate_python(tuple(self._row(int(row), texts) for row in at))

    def _row(self, row: int, texts: list[Any]) -> dict[str, Any]:
        provider, region, zone, instance, kind = (text.at(row) for text in texts)
        place = region if zone is None else f"{region}/{zone}"
        fields = dict(zip(_PLACE, (provider, region, instance, kind), strict=True))
        strike = self.strikes[self.struck[row]]
        key = f"{provider}/{place}/{instance}/{kind}"
        return {**fields, "key": key, "code": strike.code, "because": strike.say(row)}

    def _listed(self, most_per_code: int | None) -> Indices:
        out = np.flatnonzero(self.struck >= 0)
        if most_per_code is None:
            return out
        codes = [strike.code for strike in self.strikes]
        number = np.array([codes.index(code) for code in codes], np.intp)
        of = number[self.struck[out]]
        first = [np.flatnonzero(of == code)[:most_per_code] for code in np.unique(of)]
        return out[np.sort(np.concatenate(first))] if first else out
