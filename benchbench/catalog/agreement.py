"""Whether two sources say the same of the same offers."""

from typing import TYPE_CHECKING

from benchbench.record import Model

if TYPE_CHECKING:
    import pandas as pd

CLOSE = 0.01
FAR = 0.10
SHOWN = 20
_KEY = ["provider", "region", "instance", "os", "price_kind"]


class Disagreement(Model):
    """One offer with two prices."""

    key: str
    first_usd_per_hour: float
    second_usd_per_hour: float


class Agreement(Model):
    """How the common rows of two sources compare: the same instance, region and kind of price."""

    common: int
    only_first: int
    only_second: int
    within_1_percent: int
    beyond_10_percent: int
    median_ratio: float | None
    """First over second; None without common rows."""
    farthest: tuple[Disagreement, ...]
    """Of those beyond 10 %, the farthest apart first."""


def between(first: "pd.DataFrame", second: "pd.DataFrame") -> Agreement:
    """Of typed columns; where a source lists zones, its cheapest counts."""
    left, right = _cheapest(first), _cheapest(second)
    both = left.merge(right, on=_KEY, suffixes=("_first", "_second")).set_index(_KEY)
    ratio = both["price_usd_per_hour_first"] / both["price_usd_per_hour_second"]
    apart = (ratio.where(ratio >= 1, 1 / ratio) - 1).sort_values(ascending=False)
    far = apart[apart > FAR]
    return Agreement(
        common=len(both),
        only_first=len(left) - len(both),
        only_second=len(right) - len(both),
        within_1_percent=int((apart <= CLOSE).sum()),
        beyond_10_percent=len(far),
        median_ratio=float(ratio.median()) if len(both) else None,
        farthest=tuple(
            Disagreement(
                key="/".join((key[0], key[1], key[2], key[4])),
                first_usd_per_hour=both.loc[key, "price_usd_per_hour_first"],
                second_usd_per_hour=both.loc[key, "price_usd_per_hour_second"],
            )
            for key in far.index[:SHOWN]
        ),
    )


def _cheapest(frame: "pd.DataFrame") -> "pd.DataFrame":
    priced = frame[[*_KEY, "price_usd_per_hour"]].dropna()
    priced = priced.astype(dict.fromkeys(_KEY, object))
    return priced.groupby(_KEY, as_index=False).min()
