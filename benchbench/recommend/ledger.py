"""Which offers are out, and why: codes and sentences for a whole catalogue at once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from benchbench.catalog.offer import Confidence
from benchbench.recommend.answer import Goal, Rejected
from benchbench.recommend.price import Bools, Floats, Indices

if TYPE_CHECKING:
    import pandas as pd

FILTERS = ("provider", "region", "price_kind", "os", "confidence")
"""What the user ruled out, as against what does not do the job."""

_PLACE = ("provider", "region", "instance", "price_kind")
_REJECTED = TypeAdapter(tuple[Rejected, ...])
"""Validates half a million at once several times as fast as one by one."""


@dataclass(frozen=True)
class Ledger:
    """One row per offer of `frame`; `code` is empty for what is still in."""

    frame: "pd.DataFrame"
    code: NDArray[Any]
    because: NDArray[Any]

    @classmethod
    def of(cls, frame: "pd.DataFrame") -> Self:
        """Everything is in."""
        return cls(frame, np.full(len(frame), "", object), np.full(len(frame), "", object))

    @property
    def left(self) -> Indices:
        """Positions of the offers still in."""
        return np.flatnonzero(self.code == "")

    def reject(self, at: Indices, code: Any, because: Any) -> None:  # noqa: ANN401  one or many
        """Strike out the offers at these positions; the first reason given stays."""
        self.code[at] = code
        self.because[at] = because

    def rejected(self) -> tuple[Rejected, ...]:
        """One value per offer that is out."""
        at = np.flatnonzero(self.code != "")
        out = self.frame.iloc[at]
        texts = [out[name].astype(object) for name in _PLACE]
        keys = out["provider"].str.cat(out[list(_PLACE[1:])], sep="/").astype(object)
        rows = zip(keys, *texts, self.code[at], self.because[at], strict=True)
        names = ("key", *_PLACE, "code", "because")
        return _REJECTED.validate_python(tuple(dict(zip(names, row, strict=True)) for row in rows))


def screen(frame: "pd.DataFrame", goal: Goal) -> Ledger:
    """Strike out what the goal's filters exclude and what has no price."""
    ledger = Ledger.of(frame)
    providers = [name.casefold() for name in goal.providers]
    wanted = {
        "provider": frame["provider"].str.casefold().isin(providers) if providers else None,
        "region": frame["region"].str.startswith(goal.regions) if goal.regions else None,
        "price_kind": frame["price_kind"].isin(goal.price_kinds),
        "os": frame["os"].str.casefold().eq("linux"),
        "confidence": frame["confidence"].isin(_CONFIDENCES[_least(goal) :]),
    }
    said = {
        "provider": f" is not among the providers wanted: {', '.join(goal.providers)}",
        "region": f" is outside the regions wanted: {', '.join(goal.regions)}",
        "price_kind": f" is not a kind of price wanted: {', '.join(goal.price_kinds)}",
        "os": " is priced; the work runs on linux",
        "confidence": " confidence in its price; to see such offers too: --confidence low",
    }
    for name, keep in wanted.items():
        if keep is not None:
            out = _positions(ledger, ~keep.fillna(value=False).to_numpy(bool))
            ledger.reject(out, name, frame[name].to_numpy(object)[out] + said[name])
    out = _positions(ledger, hourly_usd(frame) != hourly_usd(frame))
    ledger.reject(out, "no_price", "no price is known")
    return ledger


_CONFIDENCES: tuple[Confidence, ...] = ("low", "medium", "high")


def _least(goal: Goal) -> int:
    return _CONFIDENCES.index(goal.least_confidence)


def _positions(ledger: Ledger, out: Bools) -> Indices:
    return np.flatnonzero(out & (ledger.code == ""))


_TERM_HOURS = {
    kind: years * 8760.0
    for years in (1, 3)
    for kind in (f"reserved_{years}y", f"savings_{years}y", f"cud_{years}y")
}


def hourly_usd(frame: "pd.DataFrame") -> Floats:
    """Price per hour, what is paid upfront spread over the term; NaN where no price is known."""
    price = frame["price_usd_per_hour"].to_numpy(float, na_value=np.nan)
    price = np.where(np.isfinite(price) & (price > 0), price, np.nan)
    upfront = frame["upfront_usd"].to_numpy(float, na_value=np.nan)
    hours = frame["price_kind"].map(_TERM_HOURS).to_numpy(float, na_value=np.nan)
    return np.asarray(price + np.nan_to_num(upfront / hours), float)
