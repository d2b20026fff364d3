"""The server that would be bought: the quote named, else the one most like the rented machine."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from benchbench.catalog.offer import Offer
from benchbench.catalog.quotes import Quote
from benchbench.errors import DataError
from benchbench.tco import inputs
from benchbench.tco.answer import Assumption
from benchbench.tco.scenario import Scenario

_CAPEX = "owned.capex_usd"
_POWER = "owned.power_kw"


@dataclass(frozen=True)
class Server:
    """One server: what is in it, what it costs, what it draws at most."""

    name: str
    accelerator: str | None
    """Canonical name; None on a CPU server."""
    accelerators: int
    cores: float | None
    capex: Assumption
    power: Assumption
    quote: Quote

    def as_offer(self) -> Offer:
        """As the catalogue of silicon asks for it: an instance without a price."""
        return Offer(
            provider="owned",
            region="owned",
            instance=self.name,
            cores=self.cores,
            cpu_model=self.quote.cpu_model,
            accelerator=self.accelerator,
            accelerator_count=self.accelerators,
            price_kind="monthly",
            source=self.quote.source,
            as_of=self.quote.as_of,
            confidence=self.quote.confidence,
        )


def find(scenario: Scenario, quotes: Mapping[str, Quote], offer: Offer | None) -> Server:
    """What the scenario says of the server goes before what the quote says. Raises DataError."""
    section = scenario.owned
    quote = _named(section.quote, quotes) if section.quote else _like(scenario, quotes, offer)
    count = quote.accelerator_count if section.accelerators is None else section.accelerators
    return Server(
        name=quote.name,
        accelerator=_accelerator(section.accelerator, quote) if count else None,
        accelerators=count,
        cores=section.cores or quote.cores,
        capex=_capex(scenario, quote),
        power=_power(scenario, quote),
        quote=quote,
    )


def _accelerator(named: str | None, quote: Quote) -> str | None:
    """A family's name means the quote's board; a full name means itself."""
    return quote.accelerator if named in {None, family(quote.accelerator)} else named


def family(accelerator: str | None) -> str | None:
    """`H100` of `H100-SXM5-80GB`."""
    return None if accelerator is None else accelerator.partition("-")[0]


def _named(name: str, quotes: Mapping[str, Quote]) -> Quote:
    if name in quotes:
        return quotes[name]
    near = difflib.get_close_matches(name, list(quotes), n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(quotes)}"
    message = f"no quote {name!r} in quotes.toml; {advice}"
    raise DataError(message)


def _like(scenario: Scenario, quotes: Mapping[str, Quote], offer: Offer | None) -> Quote:
    """The very accelerator, else one of its family; without accelerator, a CPU server."""
    wanted = scenario.owned.accelerator or (offer.accelerator if offer else None)
    if scenario.owned.accelerators == 0:
        wanted = None
    same = [quote for quote in quotes.values() if quote.accelerator == wanted]
    alike = [quote for quote in quotes.values() if family(quote.accelerator) == family(wanted)]
    for quote in (*same, *alike):
        return quote
    message = (
        f"no quote for a server with {wanted or 'CPUs only'}; name one of "
        f"{', '.join(quotes)} as quote under [owned], with capex_usd and power_kw of your own"
    )
    raise DataError(message)


def _capex(scenario: Scenario, quote: Quote) -> Assumption:
    given = scenario.given(_CAPEX)
    if given is not None:
        return inputs.stated(_CAPEX, given, "USD/server")
    return Assumption(
        key=_CAPEX,
        value=quote.capex_usd,
        low=quote.capex_low_usd,
        high=quote.capex_high_usd,
        unit="USD/server",
        source=f"{quote.name}, {quote.source}",
        as_of=quote.as_of.isoformat(),
        basis="assumed",
    )


def _power(scenario: Scenario, quote: Quote) -> Assumption:
    given = scenario.given(_POWER)
    if given is not None:
        return inputs.stated(_POWER, given, "kW at most")
    return Assumption(
        key=_POWER,
        value=quote.power_kw,
        unit="kW at most",
        source=f"{quote.name}, {quote.source}",
        as_of=quote.as_of.isoformat(),
        basis="assumed",
    )
