"""What is decided under the likely values, and every way to get the work done under that plan."""

from dataclasses import dataclass, replace

from benchbench.tco import breakeven, cloud, hybrid, owned, vendor
from benchbench.tco.answer import AlternativeName
from benchbench.tco.breakeven import HourlyCosts
from benchbench.tco.case import Case, Flows
from benchbench.tco.money import Array

Ways = dict[AlternativeName, Flows]


@dataclass(frozen=True)
class Plan:
    """Decided once; it then meets whatever comes."""

    fleet: Array
    """Servers in months 1 … horizon when everything is owned."""
    committed: int
    """Instances, when everything is rented."""
    owned: int
    """Servers of the hybrid's base."""
    beside: int
    """Instances committed to beside that base."""
    most: int
    """Servers at the peak."""
    rent: AlternativeName
    """The cheapest way to rent."""
    costs: HourlyCosts | None


def plan(case: Case) -> Plan:
    """How much to own and to commit to under the likely values."""
    fleet = owned.full_fleet(case)
    costs = breakeven.hourly_costs(case, fleet)
    ratio = None if costs is None else costs.against_on_demand()
    most = int(case.demand.machines_at_peak(case.server_capacity).max())
    limit = most if case.servers is None else min(most, case.servers)
    committed = hybrid.committed_base(case)
    base, beside = hybrid.mix(case, hybrid.NEVER if ratio is None else ratio, limit, committed)
    rents = clouds(case, committed)
    return Plan(
        fleet=fleet,
        committed=committed,
        owned=base,
        beside=beside,
        most=most,
        rent=min(rents, key=lambda name: hybrid.cost_of(case, rents[name])),
        costs=costs,
    )


def clouds(case: Case, committed: int) -> Ways:
    """Every way to rent, `committed` instances of them under a commitment."""
    flows: Ways = {"on_demand": cloud.on_demand(case)}
    if case.commitment_months is not None:
        flows["committed"] = cloud.committed(case, committed)
    if "cloud.spot_usd_per_hour" in case.values:
        flows["spot"] = cloud.spot(case)
    return flows


def ways(case: Case, decided: Plan) -> Ways:
    """All of them: renting, owning in either place, both, and the service."""
    found = clouds(case, decided.committed)
    for place in (case, elsewhere(case)):
        found[site(place)] = owned.flows(place, decided.fleet)
    found["hybrid"] = hybrid.flows(case, decided.owned, decided.beside)
    if case.vendor is not None:
        found["vendor"] = vendor.flows(case)
    return found


def site(case: Case) -> AlternativeName:
    """Where the servers stand."""
    return "colocated" if case.colocation else "owned"


def elsewhere(case: Case) -> Case:
    """The other place servers can stand: a room built for them, or a colocation as published."""
    if case.colocation:
        return replace(case, colocation=False, pays_power=True, builds_room=True)
    return replace(case, colocation=True, pays_power=True, builds_room=False)


def infeasible(decided: Plan, name: AlternativeName) -> str | None:
    """Why this way is none; None: it is one."""
    needed = decided.most > 0
    if name in {"owned", "colocated"} and needed and not decided.fleet.any():
        return "the servers would arrive after the horizon"
    if name == "committed" and needed and decided.committed == 0:
        return "no instance is used enough to pay for a commitment"
    if name == "hybrid" and decided.owned == 0:
        return "no server is used enough to be worth owning"
    if name == "hybrid" and decided.owned == decided.fleet.max() and not decided.beside:
        return "every server is used enough: the same as owning all"
    return None
