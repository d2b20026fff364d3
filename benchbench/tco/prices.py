"""What renting costs today: the scenario's prices, else the catalogue's, else a cited discount."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from benchbench import units
from benchbench.catalog import egress
from benchbench.catalog.catalogue import Catalog
from benchbench.catalog.defaults import Default
from benchbench.catalog.egress import Tier
from benchbench.catalog.offer import STALE_AFTER_DAYS, Offer, PriceKind
from benchbench.errors import DataError
from benchbench.tco import inputs
from benchbench.tco.answer import Assumption
from benchbench.tco.money import HOURS_PER_MONTH, MONTHS_PER_YEAR
from benchbench.tco.scenario import Scenario

DEFAULT_INSTANCE = "p5.48xlarge"
"""Eight H100, the largest market of rented accelerators: what a scenario without a cloud means."""
_TERM_MONTHS: dict[PriceKind, int] = {
    "reserved_1y": 12,
    "savings_1y": 12,
    "cud_1y": 12,
    "reserved_3y": 36,
    "savings_3y": 36,
    "cud_3y": 36,
}
_DISCOUNTS = {
    ("aws", 12): "cloud.aws_ri1y_noup",
    ("aws", 36): "cloud.aws_ri3y_noup",
    ("gcp", 12): "cloud.gcp_cud1y",
    ("gcp", 36): "cloud.gcp_cud3y",
    ("azure", 36): "cloud.azure_ri1_ri3",
}
_EGRESS = {
    "aws": "cloud.egress_aws",
    "gcp": "cloud.egress_gcp",
    "azure": "cloud.egress_azure",
}
_ON_DEMAND = "cloud.price_usd_per_hour"
_COMMITTED = "cloud.committed_usd_per_hour"
_DISCOUNT = "cloud.commitment_discount"
_SHORTER_COMMITTED = "cloud.shorter_committed_usd_per_hour"
_SHORTER_DISCOUNT = "cloud.shorter_commitment_discount"
_SPOT = "cloud.spot_usd_per_hour"
_PER_HOUR = "USD/hour"


@dataclass(frozen=True)
class Prices:
    """Prices with their sources, the offer they belong to, and doubts about them."""

    offer: Offer | None
    assumptions: tuple[Assumption, ...]
    commitment_months: int | None
    shorter_commitment_months: int | None
    tiers: tuple[Tier, ...]
    doubts: tuple[str, ...] = field(default=())


def find_offer(scenario: Scenario, catalog: Catalog | None) -> Offer | None:
    """The on-demand offer meant; None when the scenario brings its own price and no instance.

    Of several regions the cheapest; the scenario may name one. Raises DataError.
    """
    section = scenario.cloud
    if section.instance is None and (
        section.price_usd_per_hour is not None or section.bill_usd_per_month is not None
    ):
        return None
    name = section.instance or DEFAULT_INSTANCE
    found = _offers(scenario, catalog, name, "on_demand")
    if not found and section.price_usd_per_hour is None:
        message = (
            f"no on-demand price for {name!r} in the catalogue; see the names with "
            '"benchbench catalog show", or write price_usd_per_hour under [cloud]'
        )
        raise DataError(message)
    return min(found, key=hourly, default=None)


def find(
    scenario: Scenario,
    defaults: Mapping[str, Default],
    offer: Offer | None,
    catalog: Catalog | None,
    today: date,
) -> Prices:
    """On-demand, committed and spot prices, and the tiers of egress."""
    price = _on_demand(scenario, offer)
    term, committed = _committed(scenario, defaults, offer, catalog)
    renewed = _shorter(scenario, defaults, offer, catalog, term)
    committed = [*committed, *renewed]
    rows = [price, *committed, *_spot(scenario, offer, catalog)]
    return Prices(
        offer=offer,
        assumptions=tuple(rows),
        commitment_months=term,
        shorter_commitment_months=MONTHS_PER_YEAR if renewed else None,
        tiers=_tiers(scenario, defaults, offer),
        doubts=(*_old(offer, price, today), *_guessed(offer, committed)),
    )


def from_bill(bill: Assumption, instance_hours: float) -> Assumption:
    """The hourly price a known monthly bill means for the hours of the first month."""

    def per_hour(amount: float | None) -> float | None:
        return None if amount is None else amount / instance_hours if instance_hours else 0.0

    return Assumption(
        key=_ON_DEMAND,
        value=per_hour(bill.value) or 0.0,
        low=per_hour(bill.low),
        high=per_hour(bill.high),
        unit=_PER_HOUR,
        source="the bill stated in the scenario, spread over the instances the demand needs",
        basis="assumed",
    )


def _offers(scenario: Scenario, catalog: Catalog | None, name: str, kind: PriceKind) -> list[Offer]:
    if catalog is None:
        return []
    return _named(catalog, name, kind, scenario.cloud.provider, scenario.cloud.region)


def _named(
    catalog: Catalog, name: str, kind: PriceKind, provider: str | None, region: str | None
) -> list[Offer]:
    """`p5.48xlarge`, `aws/p5.48xlarge` or `aws/us-east-1/p5.48xlarge`."""
    place, _, instance = name.rpartition("/")
    stated, _, somewhere = place.partition("/")
    found = catalog.where(
        provider=provider or stated or None,
        region_prefix=region or somewhere or None,
        instance=instance,
        price_kind=kind,
    )
    return [offer for offer in found if offer.price_usd_per_hour is not None]


def hourly(offer: Offer) -> float:
    """With what is paid up front spread over the term."""
    price = offer.price_usd_per_hour or 0.0
    term = _TERM_MONTHS.get(offer.price_kind)
    if term is None or offer.upfront_usd is None:
        return price
    return price + offer.upfront_usd / (term * HOURS_PER_MONTH)


def _on_demand(scenario: Scenario, offer: Offer | None) -> Assumption:
    given = scenario.cloud.price_usd_per_hour
    if given is not None:
        return inputs.stated(_ON_DEMAND, given, _PER_HOUR)
    if offer is None:
        bill = scenario.cloud.bill_usd_per_month or 0.0
        return inputs.stated(_ON_DEMAND, bill, "USD/month")
    return _published(_ON_DEMAND, offer)


def _published(key: str, offer: Offer) -> Assumption:
    return Assumption(
        key=key,
        value=hourly(offer),
        unit=_PER_HOUR,
        source=f"{offer.key}, {offer.source}",
        as_of=offer.as_of.isoformat(),
        basis="assumed",
    )


def _committed(
    scenario: Scenario,
    defaults: Mapping[str, Default],
    offer: Offer | None,
    catalog: Catalog | None,
) -> tuple[int | None, list[Assumption]]:
    """The longest term with a price that fits the horizon, unless the scenario names one."""
    section, horizon = scenario.cloud, scenario.finance.horizon_months
    if section.bill_usd_per_month is not None:
        return None, []
    named = section.commitment_months
    for term in (36, MONTHS_PER_YEAR) if named is None else (named,):
        if term > horizon:
            continue
        price = (
            _stated(scenario, _COMMITTED, _DISCOUNT)
            or _known(scenario, offer, catalog, term)
            or _typical(scenario, defaults, offer, term)
        )
        if price is not None:
            return term, [price]
    return None, []


def _shorter(
    scenario: Scenario,
    defaults: Mapping[str, Default],
    offer: Offer | None,
    catalog: Catalog | None,
    term: int | None,
) -> list[Assumption]:
    """The price of 12 months, where longer terms leave that much of the horizon uncovered."""
    if term in {None, MONTHS_PER_YEAR}:
        return []
    if scenario.finance.horizon_months % (term or 1) < MONTHS_PER_YEAR:
        return []
    price = (
        _stated(scenario, _SHORTER_COMMITTED, _SHORTER_DISCOUNT)
        or _known(scenario, offer, catalog, MONTHS_PER_YEAR)
        or _typical(scenario, defaults, offer, MONTHS_PER_YEAR)
    )
    if price is None:
        return []
    key = {_COMMITTED: _SHORTER_COMMITTED, _DISCOUNT: _SHORTER_DISCOUNT}.get(price.key, price.key)
    return [price.model_copy(update={"key": key})]


def _stated(scenario: Scenario, price: str, discount: str) -> Assumption | None:
    for key, unit in ((price, _PER_HOUR), (discount, "fraction")):
        given = scenario.given(key)
        if given is not None:
            return inputs.stated(key, given, unit)
    return None


def _known(
    scenario: Scenario, offer: Offer | None, catalog: Catalog | None, term: int
) -> Assumption | None:
    published = _committed_offer(scenario, offer, catalog, term)
    return None if published is None else _published(_COMMITTED, published)


def _typical(
    scenario: Scenario, defaults: Mapping[str, Default], offer: Offer | None, term: int
) -> Assumption | None:
    row = _DISCOUNTS.get((offer.provider if offer else scenario.cloud.provider or "", term))
    if row is None:
        return None
    return inputs.cited(_DISCOUNT, "fraction", inputs.find(defaults, row))


def _committed_offer(
    scenario: Scenario, offer: Offer | None, catalog: Catalog | None, term: int
) -> Offer | None:
    """The cheapest commitment of the same instance in the same region, below its price."""
    if offer is None:
        return None
    found = [
        other
        for kind, months in _TERM_MONTHS.items()
        if months == term
        for other in _offers(scenario, catalog, offer.instance, kind)
        if (other.provider, other.region) == (offer.provider, offer.region)
        and hourly(other) < hourly(offer)
    ]
    return min(found, key=hourly, default=None)


def _spot(scenario: Scenario, offer: Offer | None, catalog: Catalog | None) -> list[Assumption]:
    section = scenario.cloud
    if not section.spot_allowed:
        return []
    if section.spot_usd_per_hour is not None:
        return [inputs.stated(_SPOT, section.spot_usd_per_hour, _PER_HOUR)]
    name = None if offer is None else offer.instance
    found = [] if name is None else _offers(scenario, catalog, name, "spot")
    if not found:
        message = (
            f"spot_allowed is true and no spot price is known for {name or 'this cloud'}; "
            "write spot_usd_per_hour under [cloud]"
        )
        raise DataError(message)
    return [_spread(sorted(found, key=hourly))]


def _spread(found: list[Offer]) -> Assumption:
    """Zones and sources differ: the middle one, the cheapest and the dearest as its range."""
    middle = _published(_SPOT, found[len(found) // 2])
    ends = {"low": hourly(found[0]), "high": hourly(found[-1])}
    return middle.model_copy(update=ends)


def _tiers(
    scenario: Scenario, defaults: Mapping[str, Default], offer: Offer | None
) -> tuple[Tier, ...]:
    """The scenario's price, else the provider's, else what most specialised clouds charge."""
    given = scenario.cloud.egress_usd_per_gb
    if given is not None:
        return (Tier(usd_per_gb=given[1] if isinstance(given, tuple) else given),)
    provider = scenario.cloud.provider or (offer.provider if offer else "")
    region = scenario.cloud.region or (offer.region if offer else None)
    return tiers_of(provider, region) or _typical_tiers(provider, defaults)


def tiers_of(provider: str, region: str | None) -> tuple[Tier, ...]:
    """What it charges for traffic to the internet; empty where nobody says."""
    for schedule in egress.load():
        if (schedule.provider, schedule.service) == (provider, "internet") and (
            region is None or region.startswith(schedule.regions)
        ):
            return schedule.steps
    return ()


def _typical_tiers(provider: str, defaults: Mapping[str, Default]) -> tuple[Tier, ...]:
    row = inputs.find(defaults, _EGRESS.get(provider, "cloud.egress_neocloud"))
    steps = tuple(Tier(width_gb=one.width_gib, usd_per_gb=one.usd_per_gib) for one in row.tiers)
    return steps or (Tier(usd_per_gb=row.value or 0.0),)


def rival(name: str, catalog: Catalog | None) -> Offer | None:
    """The cheapest on-demand offer of that name, whatever the scenario's own cloud is."""
    if catalog is None:
        return None
    return min(_named(catalog, name, "on_demand", None, None), key=hourly, default=None)


def _guessed(offer: Offer | None, committed: list[Assumption]) -> tuple[str, ...]:
    """The commitment often decides, and a typical discount is not a quote."""
    keys = {_DISCOUNT, _SHORTER_DISCOUNT}
    rows = [row for row in committed if row.key in keys and row.source != inputs.STATED]
    if not rows:
        return ()
    name = "this instance" if offer is None else offer.instance
    shares = " and ".join(
        f"{units.percent(row.value)} off" + " for 12 months" * (row.key == _SHORTER_DISCOUNT)
        for row in rows
    )
    lacking = "committed price" if rows[0].key == _DISCOUNT else "12-month committed price"
    return (
        (
            f"No {lacking} is known for {name}: {shares}, typical of this provider "
            f"({rows[0].as_of}), is assumed; get a quote before you decide."
        ),
    )


def _old(offer: Offer | None, price: Assumption, today: date) -> tuple[str, ...]:
    if offer is None or price.source == inputs.STATED:
        return ()
    age = offer.age_days(today)
    if age <= STALE_AFTER_DAYS:
        return ()
    return (
        (
            f"The price of {offer.instance} is {age} days old ({offer.as_of.isoformat()}); check "
            "it before you sign."
        ),
    )
