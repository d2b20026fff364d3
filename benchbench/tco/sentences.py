"""The answer in words a chief financial officer can read out, most important first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from benchbench import units
from benchbench.catalog.offer import STALE_AFTER_DAYS
from benchbench.tco import cloud
from benchbench.tco.answer import (
    Alternative,
    AlternativeName,
    Assumption,
    Rival,
    TornadoBar,
    Uncertainty,
    Waiting,
)
from benchbench.tco.breakeven import HourlyCosts, Months
from benchbench.tco.case import Case
from benchbench.tco.prepare import Setup

_WORTH_SAYING = 0.05
_HOURS_PER_WEEK = 168
_NAMED = 3
"""Old inputs named one by one."""


@dataclass(frozen=True)
class Told:
    """What there is to tell."""

    setup: Setup
    alternatives: tuple[Alternative, ...]
    own: AlternativeName
    best_rent: AlternativeName
    costs: HourlyCosts | None
    months: Months
    utilisation: float
    hybrid_servers: int
    hybrid_committed: int
    uncertainty: Uncertainty | None
    buying: Uncertainty | None = None
    rivals: tuple[Rival, ...] = ()
    waiting: Waiting | None = None

    def alternative(self, name: AlternativeName) -> Alternative:
        """By name."""
        return next(one for one in self.alternatives if one.name == name)

    def ranked(self) -> list[tuple[float, Alternative]]:
        """Those that work, by present cost."""
        found = [(one.npv_usd, one) for one in self.alternatives if one.npv_usd is not None]
        return sorted(found, key=lambda pair: pair[0])


def sentences(told: Told) -> tuple[str, ...]:
    """Decision, break-even, certainty, then what it rests on."""
    if told.costs is None:
        return (_headline(told), *told.setup.prices.doubts)
    return (
        _headline(told),
        *_buying(told),
        break_even_sentence(told),
        *_rivals(told),
        _payback(told),
        *_certainty(told),
        *_waiting(told),
        *told.setup.prices.doubts,
        *_short_curve(told),
        *_aged(told),
        *_hybrid(told),
        *_people(told),
        _basis(told),
        *_conditions(told),
    )


def _headline(told: Told) -> str:
    ranked = told.ranked()
    cost, best = ranked[0]
    months = told.setup.case.horizon
    span = units.counted(months, "month")
    if told.setup.case.demand.mean().sum() == 0:
        return f"There is no work in {span}, so renting on demand costs least."
    start = (
        f"Over {span}, {_name(best)} costs least: {units.usd(cost)} in today's money "
        f"({units.usd(best.total_usd)} in cash)"
    )
    others = [(price, one) for price, one in ranked if one is not best]
    if not others:
        return f"{start}."
    price, second = others[0]
    return f"{start}; next is {_name(second)} with {units.usd(price)}{_more(price, cost)}."


def _more(price: float, cost: float) -> str:
    return f", {units.percent(price / cost - 1)} more" if cost > 0 else ""


def _name(alternative: Alternative) -> str:
    names = {
        "vendor": "buying the service",
        "on_demand": "renting on demand",
        "committed": "renting with a committed base",
        "spot": "renting spot instances",
        "owned": "owning in a room of your own",
        "colocated": "owning in colocation",
        "hybrid": "owning the base and renting the rest",
    }
    return names.get(alternative.name, alternative.label)


def break_even_sentence(told: Told) -> str:
    """Against on-demand, then against a commitment."""
    costs = told.costs
    if costs is None:
        return "No server ever stands here, so there is no break-even."
    return f"{_on_demand(told, costs)}{_committed(told, costs)}"


def _on_demand(told: Told, costs: HourlyCosts) -> str:
    share = costs.against_on_demand()
    rent = f"({units.usd(costs.on_demand)} an hour over the horizon)"
    if share is None:
        return (
            f"Owning never wins against on-demand {rent}: running a server that is already paid "
            f"costs {units.usd(costs.variable)} an hour."
        )
    if share > 1:
        return (
            f"Owning cannot win against on-demand {rent}: a server would have to work "
            f"{units.percent(share, 3)} of the time."
        )
    return (
        f"Owning beats on-demand {rent} from {units.percent(share)} use on; this scenario uses "
        f"{units.percent(told.utilisation)}."
    )


def _committed(told: Told, costs: HourlyCosts) -> str:
    """Who wins is read from the cash flows, as the payback is; the rates say why."""
    if costs.committed is None:
        return ""
    rent = f"a commitment ({units.usd(costs.committed)} an hour, used or not)"
    if costs.uncommitted:
        rent = (
            f"a commitment ({units.usd(costs.committed + costs.uncommitted)} an hour in full use, "
            "with the months no commitment fits on demand)"
        )
    fixed = f"owning costs {units.usd(costs.fixed)} an hour before it runs"
    own, committed = told.alternative(told.own).npv_usd, told.alternative("committed").npv_usd
    if own is None or committed is None:
        return f" At this use {rent} does not pay."
    if own <= committed:
        return f" Owning also beats {rent}: {fixed}."
    share = costs.against_best_mix()
    if share is None or share > 1:
        return f" Against {rent} owning does not win at any use: {fixed}."
    return f" At this use it does not beat {rent}: {fixed}."


def _buying(told: Told) -> Iterator[str]:
    """The service against the cheapest way to run the same oneself."""
    if told.buying is None:
        return
    service = told.alternative("vendor")
    engineers = {row.key: row.value for row in told.setup.assumptions}
    yield (
        f"{service.label.removeprefix('Bought: ').capitalize()} needs "
        f"{units.amount(engineers['vendor.staff_fte'], 'FTE')}, running it oneself "
        f"{units.amount(engineers['vendor.self_hosted_fte'], 'FTE')}; it is cheaper than the "
        f"cheapest way to run it in {units.percent(told.buying.probability_own_cheaper)} of draws, "
        f"and costs {_saved(told.buying.saving_usd_p50)} in the middle of them."
    )


def _rivals(told: Told) -> Iterator[str]:
    """Other clouds, the dearest first: the cheaper the rent, the busier owning must be."""
    if not told.rivals:
        return
    ranked = sorted(told.rivals, key=lambda one: -one.npv_usd)
    parts = [
        f"{one.offer} ({units.usd(one.usd_per_hour)} an hour today) {_wins(one)}" for one in ranked
    ]
    yield f"Against other clouds on demand: {'; '.join(parts)}."


def _wins(rival: Rival) -> str:
    share = rival.break_even_utilisation
    if share is None:
        return "is never beaten"
    if share > 1:
        return f"is not beaten at any use ({units.percent(share, 3)} would be needed)"
    return f"is beaten from {units.percent(share)} use on"


def _waiting(told: Told) -> Iterator[str]:
    wait = told.waiting
    if wait is None:
        return
    verdict = "saves" if wait.value_usd >= 0 else "costs"
    yield (
        f"Buying one hardware generation later ({units.counted(wait.months, 'month')}, at "
        f"{units.percent(wait.price_per_work)} of today's price for the same work) and renting "
        f"until then {verdict} {units.usd(abs(wait.value_usd))} against buying now."
    )


def _payback(told: Told) -> str:
    rent = _name(told.alternative(told.best_rent))
    months = told.months
    if months.cash is None and months.discounted is None and months.with_resale is None:
        return f"Against {rent}, owning does not pay for itself within the horizon, even if sold."
    return (
        f"Against {rent}, owning has paid for itself {_when(months.cash)} in cash, "
        f"{_when(months.discounted)} with interest, {_when(months.with_resale)} if sold that day."
    )


def _when(month: int | None) -> str:
    return "never" if month is None else f"after {month} {'month' if month == 1 else 'months'}"


def _certainty(told: Told) -> Iterator[str]:
    sure = told.uncertainty
    if sure is None:
        return
    draws = units.number(sure.draws, len(str(sure.draws)))
    rent = _name(told.alternative(told.best_rent))
    yield (
        f"Drawing every assumption from its range {draws} times, owning is cheaper "
        f"than {rent} in {units.percent(sure.probability_own_cheaper)} of cases; "
        f"it costs between {_saved(sure.saving_usd_p5)} and {_saved(sure.saving_usd_p95)} "
        f"(5th to 95th percentile), {_saved(sure.saving_usd_p50)} in the middle."
    )
    if sure.break_even_p5 is not None:
        most = sure.break_even_p95
        yield (
            f"In nine draws of ten, owning begins to beat on-demand between "
            f"{units.percent(sure.break_even_p5)} use and "
            f"{'never' if most is None else units.percent(most) + ' use'}."
        )
    if sure.tornado:
        names = ", then ".join(f"the {bar.label}" for bar in sure.tornado[:3])
        yield f"What moves this most: {names}."
    flips = [bar for bar in sure.tornado if bar.flips_at is not None]
    if flips:
        yield f"The cheaper side changes if {_flip(flips[0], told)}, everything else as assumed."


def _saved(usd: float) -> str:
    """No minus sign has to be read."""
    return f"{units.usd(abs(usd))} {'more' if usd < 0 else 'less'}"


def _flip(bar: TornadoBar, told: Told) -> str:
    unit = next((row.unit for row in told.setup.assumptions if row.key == bar.key), "")
    return f"the {bar.label} reaches {units.amount(bar.flips_at, unit)}"


def _short_curve(told: Told) -> Iterator[str]:
    """How much of the year was seen."""
    hours = told.setup.case.demand.hours
    if hours is None:
        return
    start = f"The demand curve rests on {units.counted(hours, 'hour')}"
    if hours < _HOURS_PER_WEEK:
        yield f"{start}, less than a week: a day or a weekend not seen may change the answer."
    else:
        yield f"{start}."


def _aged(told: Told) -> Iterator[str]:
    """Inputs past their time, those that move the saving most named; prices have their own."""
    old = [row for row in told.setup.assumptions if _is_old(row, told)]
    if not old:
        return
    order = [] if told.uncertainty is None else [bar.key for bar in told.uncertainty.tornado]
    rank = {key: place for place, key in enumerate(order)}
    old.sort(key=lambda row: (rank.get(row.key, len(rank)), row.as_of or ""))
    named = ", ".join(f"the {row.label} ({row.as_of})" for row in old[:_NAMED])
    several = len(old) > 1
    yield (
        f"{units.counted(len(old), 'input')} {'are' if several else 'is'} older than "
        f"{STALE_AFTER_DAYS} days{', foremost' if several else ':'} {named}; check before you sign."
    )


def _is_old(row: Assumption, told: Told) -> bool:
    if row.as_of is None or row.key == "cloud.price_usd_per_hour":
        return False
    return (told.setup.today - date.fromisoformat(row.as_of)).days > STALE_AFTER_DAYS


def _hybrid(told: Told) -> Iterator[str]:
    mixed = told.alternative("hybrid")
    if mixed.npv_usd is not None:
        count = told.hybrid_servers
        yield (
            f"Of both: own {units.counted(count, 'server')}{_committed_too(told)} and rent the "
            f"rest, for {units.usd(mixed.npv_usd)} in today's money."
        )


def _committed_too(told: Told) -> str:
    beside = told.hybrid_committed
    return f", commit to {units.counted(beside, 'instance')}" if beside else ""


def _people(told: Told) -> Iterator[str]:
    """The line that dominates small fleets."""
    own = told.alternative(told.own)
    paid = sum(own.months.get("staff", ()))
    if not own.total_usd or paid < _WORTH_SAYING * abs(own.total_usd):
        return
    yield (
        f"People are {units.percent(paid / own.total_usd)} of what owning costs "
        f"({units.usd(paid)} over the horizon): a small fleet pays for a minimum of staff."
    )


def _basis(told: Told) -> str:
    rows = told.setup.assumptions
    measured = sum(row.basis == "measured" for row in rows)
    ranged = sum(row.low is not None for row in rows)
    start = "Nothing here was measured" if not measured else f"{measured} inputs were measured"
    return (
        f"{start}; {ranged} of {len(rows)} inputs are planning values with a range. Replace "
        "them by your own quotes in the scenario."
    )


def _carried(row: Assumption) -> str:
    """`2.00 cores`, `8,000 image/s`."""
    several = row.value != 1 and "/" not in row.unit
    return f"{units.number(row.value)} {units.plural(row.unit) if several else row.unit}"


def _how(row: Assumption) -> str:
    return row.source if row.basis == "assumed" else f"{row.basis}: {row.source}"


def _conditions(told: Told) -> Iterator[str]:
    case = told.setup.case
    rows = {row.key: row for row in told.setup.assumptions}
    rented, bought = rows["cloud.capacity"], rows["owned.capacity"]
    exchange = told.setup.scenario.exchange
    for code, rate in exchange.said():
        yield f"Amounts in {code} were converted at {units.usd(rate)} ({exchange.as_of})."
    yield (
        f"Equal work: one instance carries {_carried(rented)} "
        f"({_how(rented)}), one server {_carried(bought)} "
        f"({_how(bought)})."
    )
    if not case.colocation:
        yield "The room, its power and its cooling are taken to exist already."
    elif not case.pays_power:
        yield "The colocation price is taken to include power, as the scenario says."
    if case.commitment_months is not None:
        yield _commitments(case)
    if _rents_beside(told):
        yield "What a fleet of one's own cannot carry is rented on demand."


def _rents_beside(told: Told) -> bool:
    return sum(told.alternative(told.own).months.get("on_demand", ())) > 0


def _commitments(case: Case) -> str:
    """Which are signed one after the other, and what is left."""
    signed = [months for _, months in cloud.terms(case)]
    left = case.horizon - sum(signed)
    runs = ", then ".join(map(str, signed))
    start = f"Commitments run {runs} months"
    if len(signed) > 1:
        start += ", each at the price of the day it is signed"
    if not left:
        return f"{start}, and are paid to their end."
    return f"{start}; in the {units.counted(left, 'month')} after that all is rented on demand."
