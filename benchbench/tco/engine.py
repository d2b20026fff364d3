"""From a scenario to the answer: rent, own, or both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from benchbench.catalog import defaults as catalog_defaults
from benchbench.catalog import quotes as catalog_quotes
from benchbench.catalog.catalogue import Catalog
from benchbench.catalog.defaults import Default
from benchbench.catalog.quotes import Quote
from benchbench.catalog.silicon import Silicon
from benchbench.record import Record
from benchbench.tco import breakeven, cloud, hybrid, owned, uncertainty
from benchbench.tco.answer import (
    Alternative,
    AlternativeName,
    BreakEven,
    CurvePoint,
    HourlyRates,
    TcoAnswer,
    Uncertainty,
)
from benchbench.tco.breakeven import HourlyCosts, Months
from benchbench.tco.case import Case, Flows, total
from benchbench.tco.money import HOURS_PER_MONTH, Array, Value, discount_factors, present_value
from benchbench.tco.prepare import Setup, prepare
from benchbench.tco.scenario import Scenario
from benchbench.tco.sentences import Told, break_even_sentence, sentences

_NO_WORK = 1e-6
"""Level-hours over the whole horizon: less than a second is no work, and has no unit cost."""
_CURVE = tuple(round(0.05 * step, 2) for step in range(1, 21))


@dataclass(frozen=True)
class Plan:
    """What is decided under the likely values, and then meets whatever comes."""

    fleet: Array
    """Servers in months 1 … horizon when everything is owned."""
    committed: int
    """Instances."""
    owned: int
    """Servers of the hybrid's base."""
    most: int
    """Servers at the peak."""
    rent: AlternativeName
    """The cheapest way to rent."""
    costs: HourlyCosts | None


def evaluate(
    scenario: Scenario,
    *,
    records: Sequence[Record] = (),
    catalog: Catalog | None = None,
    silicon: Silicon | None = None,
    defaults: Mapping[str, Default] | None = None,
    quotes: Mapping[str, Quote] | None = None,
    today: date | None = None,
    draws: int = uncertainty.DRAWS,
) -> TcoAnswer:
    """All ways to get the scenario's work done, month by month, and which is cheapest.

    `draws` of 0 leaves the uncertainty out. Raises DataError naming what is missing.
    """
    setup = prepare(
        scenario,
        records=records,
        catalog=catalog,
        silicon=silicon,
        defaults=catalog_defaults.load() if defaults is None else defaults,
        quotes=catalog_quotes.load() if quotes is None else quotes,
        today=today or datetime.now(UTC).date(),
    )
    decided = plan(setup.case)
    return _answer(setup, decided, _how_sure(setup, decided, draws))


def plan(case: Case) -> Plan:
    """How much to own and to commit to under the likely values."""
    fleet = owned.full_fleet(case)
    costs = breakeven.hourly_costs(case, fleet)
    ratio = None if costs is None else costs.against_on_demand()
    most = int(case.demand.machines_at_peak(case.server_capacity).max())
    limit = most if case.servers is None else min(most, case.servers)
    committed = hybrid.committed_base(case)
    rents = clouds(case, committed)
    return Plan(
        fleet=fleet,
        committed=committed,
        owned=hybrid.owned_base(case, hybrid.NEVER if ratio is None else ratio, limit),
        most=most,
        rent=min(rents, key=lambda name: hybrid.cost_of(case, rents[name])),
        costs=costs,
    )


def clouds(case: Case, committed: int) -> dict[AlternativeName, Flows]:
    """Every way to rent, `committed` instances of them under a commitment."""
    flows: dict[AlternativeName, Flows] = {"on_demand": cloud.on_demand(case)}
    if case.commitment_months is not None:
        flows["committed"] = cloud.committed(case, committed)
    if "cloud.spot_usd_per_hour" in case.values:
        flows["spot"] = cloud.spot(case)
    return flows


def saving(case: Case, decided: Plan, values: Mapping[str, Value]) -> Array:
    """What owning saves against the rent decided on, in present USD, one per draw.

    Nobody knows at the start which rent will turn out to be the cheapest.
    """
    drawn = case.with_values(values)
    rate = drawn["finance.cost_of_capital"]

    def cost(flows: Flows) -> Array:
        return present_value(total(flows, case.horizon), rate)

    rent = clouds(drawn, decided.committed)[decided.rent]
    return np.asarray(cost(rent) - cost(owned.flows(drawn, decided.fleet)))


def _how_sure(setup: Setup, decided: Plan, draws: int) -> Uncertainty | None:
    if not draws or decided.costs is None:
        return None
    drawn = [row for row in setup.assumptions if row.key in setup.case.values]
    return uncertainty.analyse(
        lambda values: saving(setup.case, decided, values), drawn, draws=draws
    )


def _answer(setup: Setup, decided: Plan, sure: Uncertainty | None) -> TcoAnswer:
    case = setup.case
    told = _told(setup, decided, sure)
    return TcoAnswer(
        title=setup.scenario.title,
        horizon_months=case.horizon,
        unit=setup.unit,
        alternatives=told.alternatives,
        cheapest=told.ranked()[0][1].name,
        break_even=_break_even(decided.costs, told.months, break_even_sentence(told)),
        utilisation=told.utilisation,
        hybrid_base_servers=decided.owned,
        curve=_curve(decided.costs, told.own, case.accelerators),
        uncertainty=sure,
        assumptions=setup.assumptions,
        sentences=sentences(told),
    )


def _told(setup: Setup, decided: Plan, sure: Uncertainty | None) -> Told:
    """Every alternative worked out, and owning held against the best rent."""
    case = setup.case
    own: AlternativeName = "colocated" if case.colocation else "owned"
    rents = clouds(case, decided.committed)
    owning = owned.flows(case, decided.fleet)
    mixed = hybrid.flows(case, decided.owned)
    ways: dict[AlternativeName, Flows] = {**rents, own: owning, "hybrid": mixed}
    return Told(
        setup=setup,
        alternatives=tuple(_alternative(setup, decided, name, ways[name]) for name in ways),
        own=own,
        best_rent=decided.rent,
        costs=decided.costs,
        months=breakeven.months(
            case,
            decided.fleet,
            total(owning, case.horizon),
            total(rents[decided.rent], case.horizon),
        ),
        utilisation=_utilisation(case, decided.fleet),
        hybrid_servers=decided.owned,
        uncertainty=sure,
    )


_LABELS: dict[AlternativeName, str] = {
    "on_demand": "Cloud, on demand",
    "committed": "Cloud, committed base",
    "spot": "Cloud, spot",
    "owned": "Owned, own room",
    "colocated": "Owned, colocated",
    "hybrid": "Own the base, rent the rest",
}


def _alternative(setup: Setup, decided: Plan, name: AlternativeName, flows: Flows) -> Alternative:
    because = _infeasible(decided, name)
    if because is not None:
        return Alternative(name=name, label=_LABELS[name], infeasible_because=because)
    case = setup.case
    months = total(flows, case.horizon)
    discount = discount_factors(case["finance.cost_of_capital"], case.horizon)
    cost = float(months @ discount)
    level = float((case.demand.mean() * HOURS_PER_MONTH) @ discount[1:])
    per_machine = max(1, case.accelerators) / case.server_capacity
    return Alternative(
        name=name,
        label=_LABELS[name],
        months={key: tuple(flow.tolist()) for key, flow in flows.items() if flow.any()},
        total_usd=float(months.sum()),
        npv_usd=cost,
        usd_per_unit=cost / (level * setup.units_per_hour) if level > _NO_WORK else None,
        usd_per_useful_hour=cost / (level * per_machine) if level > _NO_WORK else None,
    )


def _infeasible(decided: Plan, name: AlternativeName) -> str | None:
    needed = decided.most > 0
    if name in {"owned", "colocated"} and needed and not decided.fleet.any():
        return "the servers would arrive after the horizon"
    if name == "committed" and needed and decided.committed == 0:
        return "no instance is used enough to pay for a commitment"
    if name == "hybrid" and decided.owned == 0:
        return "no server is used enough to be worth owning"
    if name == "hybrid" and decided.owned == decided.fleet.max():
        return "every server is used enough: the same as owning all"
    return None


def _utilisation(case: Case, fleet: Array) -> float:
    """Of the delivered fleet, over the months it stands; 0 without one."""
    standing = fleet.sum() * case.server_capacity
    served = case.demand.served(fleet * case.server_capacity).sum()
    return float(served / standing) if standing else 0.0


def _break_even(costs: HourlyCosts | None, months: Months, sentence: str) -> BreakEven:
    against: dict[str, float | None] = {}
    if costs is not None and costs.committed is not None:
        against["committed"] = costs.against_best_mix()
    if costs is not None and costs.spot is not None:
        against["spot"] = costs.against_spot()
    return BreakEven(
        utilisation=None if costs is None else costs.against_on_demand(),
        utilisation_against=against,
        hourly=None if costs is None else _rates(costs),
        month_cash=months.cash,
        month_discounted=months.discounted,
        month_with_resale=months.with_resale,
        sentence=sentence,
    )


def _rates(costs: HourlyCosts) -> HourlyRates:
    return HourlyRates(
        owned_fixed=costs.fixed,
        owned_variable=costs.variable,
        on_demand=costs.on_demand,
        committed=costs.committed,
        spot=costs.spot,
        cloud_fixed=costs.cloud_fixed,
        availability=costs.availability,
        uncommitted=costs.uncommitted,
    )


def _curve(
    costs: HourlyCosts | None, own: AlternativeName, accelerators: int
) -> tuple[CurvePoint, ...]:
    """Per accelerator-hour (server-hour) that does work, at steady demand."""
    if costs is None:
        return ()
    return tuple(
        CurvePoint(
            utilisation=used,
            usd_per_useful_hour={
                name: None if cost is None else cost / max(1, accelerators)
                for name, cost in _at(costs, own, used).items()
            },
        )
        for used in _CURVE
    )


def _at(costs: HourlyCosts, own: AlternativeName, used: float) -> dict[str, float | None]:
    found: dict[str, float | None] = {"on_demand": costs.renting(used), own: costs.owning(used)}
    if costs.committed is not None:
        found["committed"] = costs.committing(used)
    if costs.spot is not None:
        found["spot"] = costs.interruptible(used)
    return found
