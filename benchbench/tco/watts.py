"""How much of its rated power a server draws while it works, from records that measured it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench import units
from benchbench.tco.answer import Assumption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.catalog.silicon import Silicon
    from benchbench.predict import Reference
    from benchbench.record import EnergyScope, Record
    from benchbench.tco.scenario import Scenario
    from benchbench.tco.server import Server

_SCOPES: dict[EnergyScope, str] = {
    "wall": "at the wall",
    "gpu_board": "of the boards",
    "cpu_package": "of the processors",
}
"""An estimate of the node's power is no measurement and replaces no planning value."""
_WATTS_PER_KW = 1000.0


def load_factor(
    scenario: Scenario, server: Server, records: Sequence[Record], silicon: Silicon
) -> Assumption | None:
    """From the fastest configuration on the server's own silicon; None where nobody measured.

    Measured at the wall it is the server's; of boards or sockets, the rest of the server is taken
    to draw the same share of its maximum as they do.
    """
    workload = scenario.demand.workload
    if workload is None or scenario.owned.load_factor is not None:
        return None
    from benchbench import predict  # noqa: PLC0415  only where a workload was measured

    target = silicon.of_offer(server.as_offer())
    same = [
        one
        for one in predict.references((r for r in records if r.workload == workload), silicon)
        if target is not None and (one.kind, one.name) == (target.kind, target.name)
    ]
    shares = (_share(one, server, silicon) for one in sorted(same, key=_throughput, reverse=True))
    return next((share for share in shares if share is not None), None)


def _throughput(one: Reference) -> float:
    return one.throughput.value


def _share(one: Reference, server: Server, silicon: Silicon) -> Assumption | None:
    joules, scope = one.figures.joules_per_unit, one.figures.energy_scope
    if joules is None or scope not in _SCOPES:
        return None
    watts = joules.value * one.throughput.value
    rated = _rated_w(one, server, silicon, scope)
    if rated is None or not 0 < watts <= rated:
        return None
    return Assumption(
        key="owned.load_factor",
        value=watts / rated,
        unit="fraction of maximum",
        source=(
            f"{units.power(watts)} of {units.power(rated)} {_SCOPES[scope]} while "
            f"{one.figures.workload} ran on {units.number(one.count)} x {one.name}"
        ),
        basis=joules.basis,
    )


def _rated_w(one: Reference, server: Server, silicon: Silicon, scope: EnergyScope) -> float | None:
    """The most the measured part may draw."""
    if scope == "wall":
        whole = server.accelerators or server.cores
        share = None if not whole else one.count / whole
        return None if share is None else server.power.value * _WATTS_PER_KW * share
    if one.kind == "accelerator":
        chip = silicon.chips.get(one.name)
        return None if chip is None or chip.tdp_w is None else chip.tdp_w * one.count
    family = silicon.cpus.get(one.name)
    return None if family is None or family.tdp_w is None else family.tdp_w
