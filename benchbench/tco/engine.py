"""From a scenario to the answer: rent, own, or both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from benchbench.catalog import defaults as catalog_defaults
from benchbench.catalog import quotes as catalog_quotes
from benchbench.catalog.catalogue import Catalog
from benchbench.catalog.defaults import Default
from benchbench.catalog.quotes import Quote
from benchbench.catalog.silicon import Silicon
from benchbench.record import Record
from benchbench.tco import (
    breakeven,
    hybrid,
    owned,
    questions,
    rivals,
    sweeps,
    uncertainty,
    vendor,
    waiting,
    whatif,
)
from benchbench.tco.answer import (
    Alternative,
    AlternativeName,
    Assumption,
    BreakEven,
    CurvePoint,
    HourlyRates,
    Neighbour,
    OwnServer,
    TcoAnswer,
    Uncertainty,
)
from benchbench.tco.breakeven import HourlyCosts, Months
from benchbench.tco.case import Case, Flows, total
from benchbench.tco.money import (
    HOURS_PER_MONTH,
    MONTHS_PER_YEAR,
    Array,
    Value,
    annuity_factor,
    discount_factors,
    present_value,
)
from benchbench.tco.plan import Plan, clouds, infeasible, plan, site, ways
from benchbench.tco.prepare import Setup, prepare
from benchbench.tco.questions import Reason
from benchbench.tco.scenario import Scenario
from benchbench.tco.sentences import Told, break_even_sentence, sentences

_NO_WORK = 1e-6
"""Level-hours over the whole horizon: less than a second is no work, and has no unit cost."""
_CURVE = tuple(round(0.05 * step, 2) for step in range(1, 21))


@dataclass(frozen=True)
class World:
    """What is known outside the scenario."""

    records: Sequence[Record]
    catalog: Catalog | None
    silicon: Silicon | None
    defaults: Mapping[str, Default]


def evaluate(  # noqa: PLR0913 - what is known, and how far to go; all but the first optional
    scenario: Scenario,
    *,
    records: Sequence[Record] = (),
    catalog: Catalog | None = None,
    silicon: Silicon | None = None,
    defaults: Mapping[str, Default] | None = None,
    quotes: Mapping[str, Quote] | None = None,
    today: date | None = None,
    draws: int = uncertainty.DRAWS,
    explored: bool = False,
) -> TcoAnswer:
    """All ways to get the scenario's work done, month by month, and which is cheapest.

    `draws` of 0 leaves the uncertainty out. `explored` adds what a page shows and a terminal does
    not: bands around the payments, and the grid of other utilisations, prices and horizons.
    Raises DataError naming what is missing.
    """
    world = World(
        records=records,
        catalog=catalog,
        silicon=silicon,
        defaults=catalog_defaults.load() if defaults is None else defaults,
    )
    setup = prepare(
        scenario,
        records=records,
        catalog=catalog,
        silicon=silicon,
        defaults=world.defaults,
        quotes=catalog_quotes.load() if quotes is None else quotes,
        today=today or datetime.now(UTC).date(),
    )
    decided = plan(setup.case)
    answer = _answer(setup, decided, world, draws)
    return _explored(answer, setup, decided, draws) if explored else answer


def _explored(answer: TcoAnswer, setup: Setup, decided: Plan, draws: int) -> TcoAnswer:
    ends = _bands(setup, decided, draws) if draws else {}
    alternatives = tuple(
        one.model_copy(
            update={
                "paid_usd_p5": tuple(ends[one.name][0].tolist()),
                "paid_usd_p95": tuple(ends[one.name][1].tolist()),
            }
        )
        if one.months and one.name in ends
        else one
        for one in answer.alternatives
    )
    found = {"alternatives": alternatives, "what_if": whatif.grid(setup.case)}
    return answer.model_copy(update=found)


def _bands(setup: Setup, decided: Plan, draws: int) -> dict[str, Array]:
    """What has been paid by each month in nine draws of ten, every decision kept."""
    case = setup.case

    def paid(values: Mapping[str, Value]) -> dict[str, Array]:
        found = ways(case.with_values(values), decided)
        return {name: total(flows, case.horizon) for name, flows in found.items()}

    return uncertainty.bands(paid, _drawn(setup), draws)


def saving(case: Case, decided: Plan, values: Mapping[str, Value]) -> Array:
    """What owning saves against the rent decided on, in present USD, one per draw.

    Nobody knows at the start which rent will turn out to be the cheapest.
    """
    drawn = case.with_values(values)
    rent = clouds(drawn, decided.committed)[decided.rent]
    return _present(drawn, rent) - _present(drawn, owned.flows(drawn, decided.fleet))


def buying_saves(
    case: Case, decided: Plan, instead_of: AlternativeName, values: Mapping[str, Value]
) -> Array:
    """What the service saves against one way to run it oneself, one per draw."""
    drawn = case.with_values(values)
    own = ways(drawn, decided)[instead_of]
    return _present(drawn, own) - _present(drawn, vendor.flows(drawn))


def _present(case: Case, flows: Flows) -> Array:
    return present_value(total(flows, case.horizon), case["finance.cost_of_capital"])


def how_sure(setup: Setup, decided: Plan, draws: int) -> Uncertainty | None:
    """Owning held against the rent decided on, under many draws; None without any to make."""
    if not draws or decided.costs is None:
        return None
    case = setup.case
    return uncertainty.analyse(
        lambda values: saving(case, decided, values),
        _drawn(setup),
        draws=draws,
        break_even=lambda values: breakeven.utilisation_of_draws(
            case.with_values(values), decided.fleet
        ),
    )


def _how_sure_of_buying(setup: Setup, decided: Plan, told: Told, draws: int) -> Uncertainty | None:
    if not draws or setup.case.vendor is None:
        return None
    best = next(one.name for _, one in told.ranked() if one.name != "vendor")
    return uncertainty.analyse(
        lambda values: buying_saves(setup.case, decided, best, values), _drawn(setup), draws=draws
    )


def _drawn(setup: Setup) -> list[Assumption]:
    return [row for row in setup.assumptions if row.key in setup.case.values]


def _answer(setup: Setup, decided: Plan, world: World, draws: int) -> TcoAnswer:
    case = setup.case
    told = _told(setup, decided, how_sure(setup, decided, draws), world)
    told = replace(told, buying=_how_sure_of_buying(setup, decided, told, draws))
    costs = decided.costs
    return TcoAnswer(
        title=setup.scenario.title,
        horizon_months=case.horizon,
        unit=setup.unit,
        alternatives=told.alternatives,
        cheapest=told.ranked()[0][1].name,
        break_even=_break_even(costs, told.months, break_even_sentence(told)),
        utilisation=told.utilisation,
        hybrid_base_servers=decided.owned,
        hybrid_committed_instances=decided.beside,
        hybrid_neighbours=_neighbours(case, decided),
        screening=() if costs is None else breakeven.screening(costs, told.own),
        rivals=told.rivals,
        curve=_curve(costs, told.own, case.accelerators),
        scale=sweeps.against_scale(case),
        horizons=sweeps.against_horizon(case),
        uncertainty=told.uncertainty,
        buying=told.buying,
        own_server=_own_server(setup, costs, told.utilisation),
        waiting=told.waiting,
        reasons=_reasons(setup.scenario),
        assumptions=setup.assumptions,
        sentences=sentences(told),
    )


def _reasons(scenario: Scenario) -> tuple[Reason, ...]:
    """Where a service is weighed or a question answered."""
    asked = scenario.vendor.considered or scenario.questions.model_fields_set
    return questions.reasons(scenario.questions) if asked else ()


def _own_server(setup: Setup, costs: HourlyCosts | None, used: float) -> OwnServer | None:
    if costs is None:
        return None
    server = setup.server
    return OwnServer(
        key=server.quote.key,
        accelerator=server.accelerator,
        accelerators=server.accelerators,
        cores=server.cores,
        memory_bytes=server.quote.memory_bytes,
        usd_per_hour=costs.fixed + costs.variable * used,
    )


def _neighbours(case: Case, decided: Plan) -> tuple[Neighbour, ...]:
    near = (decided.owned - 1, decided.owned, decided.owned + 1)
    return tuple(
        Neighbour(
            servers=count,
            npv_usd=hybrid.cost_of(case, hybrid.flows(case, count, decided.beside)),
        )
        for count in near
        if 0 <= count <= decided.most
    )


def _told(setup: Setup, decided: Plan, sure: Uncertainty | None, world: World) -> Told:
    """Every alternative worked out, and owning held against the best rent."""
    case = setup.case
    found = ways(case, decided)
    rivals_found = rivals.compare(setup, decided.fleet, world.records, world.catalog, world.silicon)
    return Told(
        setup=setup,
        alternatives=tuple(_alternative(setup, decided, name, found[name]) for name in found),
        own=site(case),
        best_rent=decided.rent,
        costs=decided.costs,
        months=breakeven.months(case, decided.fleet, total(found[decided.rent], case.horizon)),
        utilisation=whatif.utilisation(case, decided.fleet),
        hybrid_servers=decided.owned,
        hybrid_committed=decided.beside,
        uncertainty=sure,
        rivals=rivals_found,
        waiting=waiting.value(case, decided, world.defaults),
    )


_LABELS: dict[AlternativeName, str] = {
    "on_demand": "Cloud, on demand",
    "committed": "Cloud, committed base",
    "spot": "Cloud, spot",
    "owned": "Owned, own room",
    "colocated": "Owned, colocated",
    "hybrid": "Own the base, rent the rest",
}


def _label(case: Case, name: AlternativeName) -> str:
    if case.vendor is not None and name == "vendor":
        return f"Bought: {case.vendor.name}"
    return _LABELS[name]


def _alternative(setup: Setup, decided: Plan, name: AlternativeName, flows: Flows) -> Alternative:
    case = setup.case
    label = _label(case, name)
    because = infeasible(decided, name)
    if because is not None:
        return Alternative(name=name, label=label, infeasible_because=because)
    months = total(flows, case.horizon)
    rate = case["finance.cost_of_capital"]
    discount = discount_factors(rate, case.horizon)
    cost = float(months @ discount)
    level = float((case.demand.mean() * HOURS_PER_MONTH) @ discount[1:])
    per_machine = max(1, case.accelerators) / case.server_capacity
    return Alternative(
        name=name,
        label=label,
        months={key: tuple(flow.tolist()) for key, flow in flows.items() if flow.any()},
        total_usd=float(months.sum()),
        npv_usd=cost,
        annuity_usd_per_year=cost * float(annuity_factor(rate, case.horizon / MONTHS_PER_YEAR)),
        usd_per_unit=cost / (level * setup.units_per_hour) if level > _NO_WORK else None,
        usd_per_useful_hour=cost / (level * per_machine) if level > _NO_WORK else None,
    )


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
        owned_parts=dict(costs.fixed_parts),
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
