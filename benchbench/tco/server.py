"""The server that would be bought: a quote, else a published price for the same accelerator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from benchbench.catalog.defaults import Default
from benchbench.catalog.offer import Offer
from benchbench.errors import DataError
from benchbench.tco import inputs
from benchbench.tco.answer import Assumption
from benchbench.tco.inputs import Input
from benchbench.tco.scenario import Scenario

_CAPEX = Input("owned.capex_usd", "USD/server")
_POWER = Input("owned.power_kw", "kW per server")


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

    def as_offer(self) -> Offer:
        """As the catalogue of silicon asks for it: an instance without a price."""
        return Offer(
            provider="owned",
            region="owned",
            instance=self.name,
            cores=self.cores,
            accelerator=self.accelerator,
            accelerator_count=self.accelerators,
            price_kind="monthly",
            source=self.capex.source,
            as_of=date.min,
            confidence="low",
        )


@dataclass(frozen=True)
class _Model:
    """A server whose price was published, for scenarios without a quote."""

    name: str
    family: str
    capex: str
    power: str
    accelerators: int = 0
    cores: float | None = None


_MODELS = (
    _Model("8x H100 server", "H100", "capex.dgx_h100_8x", "power.dgx_h100_kw", 8),
    _Model("8x H200 server", "H200", "capex.hgx_h200_8x", "power.dgx_h100_kw", 8),
    _Model("8x B200 server", "B200", "capex.dgx_b200_8x", "power.dgx_b200_kw", 8),
    _Model("8x A100 server", "A100", "capex.hgx_a100_80_8x", "power.dgx_a100_kw", 8),
    _Model("2-socket EPYC server", "", "capex.cpu_2s_epyc", "planning.power_cpu_server_kw", 0, 100),
)


def find(scenario: Scenario, defaults: Mapping[str, Default], offer: Offer | None) -> Server:
    """What the scenario describes; what it leaves out is like the rented machine."""
    section = scenario.owned
    accelerator = _accelerator(scenario, offer)
    model = _model(accelerator)
    count = model.accelerators if section.accelerators is None else section.accelerators
    return Server(
        name=_name(scenario, model),
        accelerator=accelerator if count else None,
        accelerators=count,
        cores=section.cores or model.cores,
        capex=_line(scenario, defaults, _CAPEX, model.capex),
        power=_line(scenario, defaults, _POWER, model.power),
    )


def _accelerator(scenario: Scenario, offer: Offer | None) -> str | None:
    if scenario.owned.accelerators == 0:
        return None
    return scenario.owned.accelerator or (offer.accelerator if offer else None)


def _model(accelerator: str | None) -> _Model:
    """The published server with this accelerator, or one about which nothing is published."""
    family = "" if accelerator is None else accelerator.partition("-")[0]
    unknown = _Model(f"server with {accelerator}", family, "", "", 8)
    return next((model for model in _MODELS if model.family == family), unknown)


def _name(scenario: Scenario, model: _Model) -> str:
    """A price of its own makes it the user's server, not the published one."""
    return model.name if scenario.owned.capex_usd is None else f"your {model.name}"


def _line(
    scenario: Scenario, defaults: Mapping[str, Default], row: Input, published: str
) -> Assumption:
    if scenario.given(row.key) is None and not published:
        message = f"no published figure for {row.key}; write it in the scenario, or name a quote"
        raise DataError(message)
    return inputs.resolve_one(scenario, defaults, row._replace(default=published or None))
