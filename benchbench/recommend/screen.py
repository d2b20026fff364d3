"""The filters of a goal: what the user ruled out, and what has no price."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchbench import units
from benchbench.catalog.offer import Confidence
from benchbench.recommend.columns import Offers
from benchbench.recommend.goal import Goal
from benchbench.recommend.ledger import Ledger
from benchbench.recommend.ranges import Bools, Floats

FILTERS = {
    "provider": "providers",
    "region": "regions",
    "price_kind": "price_kinds",
    "confidence": "confidence",
    "min_memory": "min_memory_bytes",
    "min_accelerator_memory": "min_accelerator_memory_bytes",
    "interruption": "max_interruption_fraction_per_month",
    "os": "os",
}
"""The code of each filter, and the field of the goal behind it."""
_CONFIDENCES: tuple[Confidence, ...] = ("low", "medium", "high")


@dataclass(frozen=True)
class Filter:
    """One of them: which offers it keeps, and what it says of the others."""

    code: str
    keep: Bools
    say: Callable[[int], str]


def screen(offers: Offers, goal: Goal) -> Ledger:
    """Strike out what the goal's filters exclude and what has no price."""
    ledger = Ledger.of(offers)
    for one in (*_by_name(offers, goal), *_by_size(offers, goal), *_by_interruption(offers, goal)):
        ledger.keep(one.keep, one.code, one.say)
    ledger.keep(np.isfinite(offers.hourly_usd()), "no_price", lambda _: "no price is known")
    return ledger


def _by_name(offers: Offers, goal: Goal) -> Iterator[Filter]:
    providers = {name.casefold() for name in goal.providers}
    known_well = _CONFIDENCES[_CONFIDENCES.index(goal.least_confidence) :]
    if providers:
        yield _named(
            offers,
            "provider",
            lambda name: name.casefold() in providers,
            f" is not among the providers wanted: {', '.join(goal.providers)}",
        )
    if goal.regions:
        yield _named(
            offers,
            "region",
            lambda name: name.startswith(goal.regions),
            f" is outside the regions wanted: {', '.join(goal.regions)}",
        )
    yield _named(
        offers,
        "price_kind",
        lambda name: name in goal.price_kinds,
        f" is not a kind of price wanted: {', '.join(goal.price_kinds)}",
    )
    yield _named(
        offers,
        "os",
        lambda name: name.casefold() == "linux",
        " is priced; the work runs on linux",
    )
    yield _named(
        offers,
        "confidence",
        lambda name: name in known_well,
        " confidence in its price; to see such offers too: --confidence low",
    )


def _named(offers: Offers, name: str, wanted: Callable[[str], bool], said: str) -> Filter:
    column = offers.text(name)
    return Filter(name, column.where(wanted), lambda row: f"{column.at(row) or 'unknown'}{said}")


def _by_size(offers: Offers, goal: Goal) -> Iterator[Filter]:
    for code, column, least, what in (
        ("min_memory", "memory_bytes", goal.min_memory_bytes, "memory"),
        (
            "min_accelerator_memory",
            "accelerator_memory_bytes",
            goal.min_accelerator_memory_bytes,
            "memory per accelerator",
        ),
    ):
        if least is not None:
            yield _at_least(code, offers.number(column), least, what)


def _at_least(code: str, sizes: Floats, least: float, what: str) -> Filter:
    def say(row: int) -> str:
        has = units.size(sizes[row]) if np.isfinite(sizes[row]) else "an unknown amount"
        return f"has {has} of {what}; at least {units.size(least)} is wanted"

    return Filter(code, sizes >= least, say)


def _by_interruption(offers: Offers, goal: Goal) -> Iterator[Filter]:
    most = goal.max_interruption_fraction_per_month
    if most is None:
        return
    low = offers.number("interruption_low_fraction_per_month")
    high = offers.number("interruption_high_fraction_per_month")
    spot = offers.text("price_kind").where("spot".__eq__)

    def say(row: int) -> str:
        if np.isfinite(high[row]):
            return f"up to {units.percent(high[row])} are interrupted in a month; {limit}"
        if np.isfinite(low[row]):
            return f"more than {units.percent(low[row])} are interrupted in a month; {limit}"
        return f"how often it is interrupted is not known; {limit}"

    limit = f"the limit is {units.percent(most)}"
    yield Filter("interruption", ~spot | (high <= most), say)
