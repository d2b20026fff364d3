"""Storage, egress and interruptions: what the goal takes beside instances, per offer."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from benchbench import units
from benchbench.catalog import defaults, egress
from benchbench.catalog.egress import Schedule, Service
from benchbench.catalog.interruption import longest_hours_between
from benchbench.errors import UsageError
from benchbench.recommend.columns import Offers
from benchbench.recommend.goal import Goal
from benchbench.recommend.price import Beside
from benchbench.recommend.ranges import Floats, Indices, Range
from benchbench.recommend.team import Interruptions, never
from benchbench.record import Scenario

_STORAGE: tuple[Service, ...] = ("object_storage", "block_storage", "file_storage")
"""The first that a provider's price is known of."""
_HOURS_PER_YEAR = 8760.0
_SECONDS_PER_HOUR = 3600.0
_defaults = cache(defaults.load)


def beside(offers: Offers, at: Indices, goal: Goal) -> Beside:
    """What data costs with the provider of each offer; NaN where its price is not known."""
    if goal.egress_bytes is None and goal.stored_bytes is None:
        return Beside()
    known = egress.load()
    return Beside(
        _each(offers, at, known, ("internet",), goal.egress_bytes),
        _each(offers, at, known, _STORAGE, goal.stored_bytes),
    )


def _each(
    offers: Offers,
    at: Indices,
    known: tuple[Schedule, ...],
    services: Sequence[Service],
    size_bytes: float | None,
) -> Floats | float:
    """USD a month in the provider and region of each offer."""
    if size_bytes is None:
        return 0.0
    places = offers.groups(("provider", "region"), at)
    _, first = np.unique(places, return_index=True)
    providers, regions = offers.text("provider"), offers.text("region")
    bills = [
        _bill(known, services, providers.at(int(at[row])), regions.at(int(at[row])), size_bytes)
        for row in first
    ]
    return np.array(bills, float)[places]


def _bill(
    known: tuple[Schedule, ...],
    services: Sequence[Service],
    provider: str | None,
    region: str | None,
    size_bytes: float,
) -> float:
    for service in services:
        try:
            schedule = egress.pick(known, provider or "", service, region)
        except UsageError:
            continue
        return egress.monthly_cost_usd(schedule, size_bytes)
    return np.nan


def interruptions(
    offers: Offers, at: Indices, goal: Goal, scenario: Scenario | None
) -> Interruptions:
    """Of spot instances, and of a training run anywhere: its accelerators fail."""
    spot = offers.text("price_kind").where("spot".__eq__)[at]
    run = scenario == "train" and goal.units is not None
    if not (run or spot.any()):
        return never(len(at))
    stops, fails = _stops(offers, at), _fails(offers, at) if run else never(len(at)).hours
    hours = Range(*(np.where(spot, a, b) for a, b in zip(_ends(stops), _ends(fails), strict=True)))
    served = goal.units is None and goal.rate_per_s is not None
    checkpoint_s = 0.0 if served else goal.checkpoint_s
    return Interruptions(
        hours, checkpoint_s / _SECONDS_PER_HOUR, goal.restart_s / _SECONDS_PER_HOUR
    )


def _ends(figure: Range) -> tuple[Floats, Floats, Floats]:
    return figure.low, figure.value, figure.high


def _stops(offers: Offers, at: Indices) -> Range:
    """Of spot instances: from measured traces of scarce types to what the provider's table allows.

    The middle is the geometric one.
    """
    traced = _defaults()["cloud.spot_mtbi_h"]
    low = offers.number("interruption_low_fraction_per_month")[at]
    high = offers.number("interruption_high_fraction_per_month")[at]
    least = np.where(low > 0, low, high / 2)
    allowed = longest_hours_between(np.clip(least, 1e-6, 1 - 1e-6))
    most = np.where(np.isnan(allowed), traced.high or np.nan, allowed)
    middle = np.sqrt((traced.value or np.nan) * most)
    return Range(np.full(len(at), traced.low or np.nan), middle, most)


def _fails(offers: Offers, at: Indices) -> Range:
    """Of on-demand instances, by their accelerators (Llama 3's 16,384 H100); one for a CPU's."""
    failures = _defaults()["reliability.gpu_afr"]
    count = np.maximum(1.0, offers.number("accelerator_count")[at])
    low, value, high = (
        _HOURS_PER_YEAR / (each or np.nan) / count
        for each in (failures.high, failures.value, failures.low)
    )
    return Range(low, value, high)


def dear_spot(paid: float, price: float, on_demand: float) -> str:
    """Why not to take an interruptible price."""
    return (
        f"{units.usd(price)} an hour becomes {units.usd(paid)} per useful hour with interruptions; "
        f"on demand it is {units.usd(on_demand)}"
    )
