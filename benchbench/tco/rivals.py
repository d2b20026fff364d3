"""Other clouds' prices for the same work, each with the use from which owning beats it."""

from collections.abc import Sequence
from dataclasses import replace

from benchbench.catalog.catalogue import Catalog
from benchbench.catalog.silicon import Silicon
from benchbench.errors import DataError
from benchbench.record import Record
from benchbench.tco import breakeven, capacity, cloud, hybrid, prices
from benchbench.tco.answer import Rival
from benchbench.tco.money import HOURS_PER_MONTH, Array, discount_factors
from benchbench.tco.prepare import Setup


def compare(
    setup: Setup,
    fleet: Array,
    records: Sequence[Record],
    catalog: Catalog | None,
    silicon: Silicon | None,
) -> tuple[Rival, ...]:
    """One for each name under cloud.compare. Raises DataError for one nobody knows."""
    return tuple(
        _rival(setup, name, fleet, (records, catalog, silicon))
        for name in setup.scenario.cloud.compare
    )


def _rival(
    setup: Setup,
    name: str,
    fleet: Array,
    known: tuple[Sequence[Record], Catalog | None, Silicon | None],
) -> Rival:
    records, catalog, silicon = known
    offer = prices.rival(name, catalog)
    if offer is None:
        message = f"cloud.compare: no on-demand price for {name!r} in the catalogue; see the names "
        raise DataError(message + 'with "benchbench catalog show"')
    carried = capacity.of_offer(setup.scenario, offer, setup.server, records, silicon)
    price = prices.hourly(offer)
    case = replace(
        setup.case,
        cloud_capacity=carried.value,
        tiers=prices.tiers_of(offer.provider, offer.region),
        values={**setup.case.values, "cloud.price_usd_per_hour": price},
    )
    costs = breakeven.hourly_costs(case, fleet)
    discount = discount_factors(case["finance.cost_of_capital"], case.horizon)
    hours = float((case.demand.mean() * HOURS_PER_MONTH) @ discount[1:])
    paid = hybrid.cost_of(case, cloud.on_demand(case))
    return Rival(
        offer=f"{offer.provider}/{offer.instance}",
        usd_per_hour=price,
        levelised_usd_per_hour=None if costs is None else costs.on_demand,
        npv_usd=paid,
        usd_per_useful_hour=None
        if hours <= 0
        else paid * case.server_capacity / hours / max(1, case.accelerators),
        break_even_utilisation=None if costs is None else costs.against_on_demand(),
        source=offer.source,
        as_of=offer.as_of.isoformat(),
    )
