"""How much one instance and one server carry, so that both are paid for equal useful work."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchbench.catalog.offer import Offer
from benchbench.catalog.silicon import OfferSilicon, Silicon
from benchbench.catalog.silicon import load as load_silicon
from benchbench.errors import DataError
from benchbench.record import Record
from benchbench.stats import Basis, Estimate
from benchbench.tco.answer import Assumption
from benchbench.tco.scenario import Scenario
from benchbench.tco.server import Server, family

_THREADS_PER_CORE = 2


@dataclass(frozen=True)
class Capacity:
    """What a machine carries in the demand's unit, how we know, and in which words."""

    value: float
    basis: Basis
    source: str
    low: float | None = None
    high: float | None = None

    def assumption(self, key: str, unit: str) -> Assumption:
        """As a line of the answer."""
        return Assumption(
            key=key,
            value=self.value,
            low=self.low,
            high=self.high,
            unit=unit,
            source=self.source,
            basis=self.basis,
        )


def resolve(
    scenario: Scenario,
    offer: Offer | None,
    server: Server,
    records: Sequence[Record],
    silicon: Silicon | None,
) -> tuple[Capacity, Capacity]:
    """Of one cloud instance and of one owned server. Raises DataError where nobody knows."""
    rented = _stated(scenario.cloud.capacity)
    bought = _stated(scenario.owned.capacity)
    if rented is not None and bought is not None:
        return rented, bought
    if scenario.demand.workload is None:
        return (
            rented or _counted(scenario, offer, server),
            bought or _counted_server(scenario, server),
        )
    meter = _Meter(scenario.demand.workload, records, silicon or load_silicon())
    return rented or meter.of_offer(offer), bought or meter.of_server(server)


def of_offer(
    scenario: Scenario,
    offer: Offer,
    server: Server,
    records: Sequence[Record],
    silicon: Silicon | None,
) -> Capacity:
    """Of another instance than the scenario's. Raises DataError where nobody knows."""
    if scenario.demand.workload is None:
        return _counted(scenario, offer, server)
    meter = _Meter(scenario.demand.workload, records, silicon or load_silicon())
    return meter.of_offer(offer)


def _stated(value: float | None) -> Capacity | None:
    return None if value is None else Capacity(value, "assumed", "stated in the scenario")


def _counted_server(scenario: Scenario, server: Server) -> Capacity:
    unit = scenario.demand.unit
    cores = server.cores
    found = {
        "server": 1.0,
        "accelerator": float(server.accelerators) or None,
        "core": cores,
        "vcpu": None if cores is None else cores * _THREADS_PER_CORE,
    }[unit]
    if found is None:
        message = f"how many {unit}s does {server.name} have? write capacity under [owned]"
        raise DataError(message)
    return Capacity(found, "assumed", f"counted: {unit}s of {server.name}, all alike")


def _counted(scenario: Scenario, offer: Offer | None, server: Server) -> Capacity:
    unit = scenario.demand.unit
    if offer is None:
        if unit == "server":
            return Capacity(1.0, "assumed", "one instance taken to do the work of one server")
        message = f"how many {unit}s has the instance? write capacity under [cloud]"
        raise DataError(message)
    _same_accelerator(offer, server)
    found = {
        "server": _servers(offer, server),
        "accelerator": offer.accelerator_count or None,
        "core": offer.cores or (None if offer.vcpu is None else offer.vcpu / _THREADS_PER_CORE),
        "vcpu": offer.vcpu,
    }[unit]
    if found is None:
        message = f"the catalogue does not say how many {unit}s {offer.instance} has or replaces; "
        raise DataError(message + "write capacity under [cloud]")
    return Capacity(
        found, "assumed", f"counted: {unit}s of {offer.instance}, taken as equally fast"
    )


def _servers(offer: Offer, server: Server) -> float | None:
    if server.accelerators:
        return offer.accelerator_count / server.accelerators or None
    cores = offer.cores or (None if offer.vcpu is None else offer.vcpu / _THREADS_PER_CORE)
    return None if cores is None or server.cores is None else cores / server.cores


def _same_accelerator(offer: Offer, server: Server) -> None:
    """Counting is only fair among the same chips; for others somebody must measure."""
    rented, bought = offer.accelerator, server.accelerator
    if (rented is None) == (bought is None) and family(rented) == family(bought):
        return
    message = (
        f"{offer.instance} has {rented or 'no accelerator'}, {server.name} {bought or 'none'}: "
        "counting them as equal would not be fair; name a measured workload under [demand], or "
        "write capacity under [cloud] and [owned]"
    )
    raise DataError(message)


@dataclass(frozen=True)
class _Meter:
    """Throughput from the records of one workload, measured or predicted."""

    workload: str
    records: Sequence[Record]
    silicon: Silicon

    def of_offer(self, offer: Offer | None) -> Capacity:
        if offer is None:
            message = (
                f"which instance runs {self.workload}? write instance or capacity under [cloud]"
            )
            raise DataError(message)
        return self._on(self.silicon.of_offer(offer), offer.instance, "cloud")

    def of_server(self, server: Server) -> Capacity:
        return self._on(self.silicon.of_offer(server.as_offer()), server.name, "owned")

    def _on(self, target: OfferSilicon | None, name: str, section: str) -> Capacity:
        if target is None:
            message = f"the catalogue does not know the silicon of {name}; write capacity under "
            raise DataError(message + f"[{section}], in units of {self.workload} per second")
        return self._measured(target) or self._predicted(target, name, section)

    def _of_workload(self) -> list[Record]:
        return [record for record in self.records if record.workload == self.workload]

    def _measured(self, target: OfferSilicon) -> Capacity | None:
        """The fastest valid configuration on the very silicon, all of it."""
        from benchbench import predict  # noqa: PLC0415  only where a workload was measured

        same = [
            one
            for one in predict.references(self._of_workload(), self.silicon)
            if (one.kind, one.name, one.count) == (target.kind, target.name, target.count)
        ]
        if not same:
            return None
        best = max(same, key=lambda one: one.throughput.value)
        source = f"the fastest configuration on {target.count:g} x {target.name}"
        return _from_estimate(best.throughput, source)

    def _predicted(self, target: OfferSilicon, name: str, section: str) -> Capacity:
        from benchbench import predict  # noqa: PLC0415  only where a workload was measured

        answer = predict.predict(self._of_workload(), target, self.silicon)
        if isinstance(answer, predict.Refusal):
            message = f"no throughput of {self.workload} for {name}: {answer.because}; measure it "
            raise DataError(message + f"there, or write capacity under [{section}]")
        return _from_estimate(answer.throughput, answer.because)


def _from_estimate(estimate: Estimate, source: str) -> Capacity:
    return Capacity(estimate.value, estimate.basis, source, estimate.low, estimate.high)
