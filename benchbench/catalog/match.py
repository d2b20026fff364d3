"""Which offers are the machine a record was measured on: the very instance, or its silicon.

A name given by the cloud (or by the user) is believed only where the silicon seen does not
contradict it. Without a name the silicon is compared, and its number: accelerators; on a CPU the
physical cores, or the vCPU where a guest hides which of its processors share a core; then memory.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from benchbench.catalog import identity
from benchbench.catalog.chips import CpuFamily
from benchbench.catalog.identity import Identity
from benchbench.catalog.search import bare
from benchbench.catalog.silicon import Silicon
from benchbench.record import Model, Positive, System

if TYPE_CHECKING:
    import pandas as pd

    from benchbench.catalog.catalogue import Catalog

MEMORY_SEEN = (0.85, 1.03)
"""Main memory the system reports over what is sold: the kernel and the host keep some."""


class Match(Model):
    """What a probed machine is in the catalogue, and how we know."""

    kind: Literal["instance", "silicon", "none"]
    """The very instance; other instances of the same silicon; nothing."""
    instances: tuple[str, ...] = ()
    """`provider/instance`, sorted."""
    silicon: str | None = None
    """Chip or CPU family, where it was identified."""
    socket_share_fraction: Positive | None = None
    """On a CPU: the cores that may be used over those of one socket; above 1 on several."""
    because: str
    schema_version: Literal[1] = Field(default=1, alias="schema")


def match(system: System, catalog: "Catalog", silicon: Silicon) -> Match:
    """The instance the cloud names; else the offers with the same silicon; else none."""
    seen = _seen(system, silicon)
    cloud = system.cloud
    if cloud is None or cloud.instance_type is None:
        return _by_silicon(system, catalog, silicon, seen, "the machine names no instance type")
    offers = catalog.where(provider=cloud.provider).frame
    wanted = bare(cloud.instance_type)
    names = [name for name in offers["instance"].cat.categories if bare(name) == wanted]
    found = offers[offers["instance"].isin(names)]
    if found.empty:
        why = f"{cloud.provider}/{cloud.instance_type} is not in the catalogue"
        return _by_silicon(system, catalog, silicon, seen, why)
    name = f"{cloud.provider}/{found['instance'].iloc[0]}"
    if contradiction := _contradiction(found, seen):
        return _by_silicon(system, catalog, silicon, seen, f"{name} has {contradiction}")
    because = {"metadata": "the metadata service says so", "dmi": "its firmware says so"}.get(
        cloud.source, "you said so"
    )
    return Match(
        kind="instance",
        instances=(name,),
        silicon=_only(seen),
        socket_share_fraction=_socket_share(system, silicon, seen),
        because=f"{name}: {because}",
    )


def _seen(system: System, silicon: Silicon) -> tuple[Identity, ...]:
    devices = [accelerator.device for accelerator in system.accelerators] or ["cpu"]
    return tuple(silicon.identify(system, device) for device in devices)


def _only(seen: tuple[Identity, ...]) -> str | None:
    names = {one.chip_name for one in seen}
    return seen[0].chip_name if len(names) == 1 else None


def _contradiction(offers: "pd.DataFrame", seen: tuple[Identity, ...]) -> str:
    """What the instance has and this machine has not; empty where nothing contradicts.

    No accelerator seen is no contradiction (a driver may be missing), nor are fewer than it has.
    """
    chip = _only(seen)
    if chip is None:
        return ""
    kind = "accelerator" if seen[0].kind == "accelerator" else "cpu_model"
    sold = offers[kind].dropna()
    if kind == "accelerator" and sold.empty:
        return f"no accelerator, and {chip} is seen"
    if sold.empty or (sold == chip).any():
        return ""
    return f"{sold.iloc[0]}, and {chip} is seen"


def _by_silicon(
    system: System, catalog: "Catalog", silicon: Silicon, seen: tuple[Identity, ...], why: str
) -> Match:
    chip = _only(seen)
    if len({one.chip_name for one in seen}) > 1:
        return Match(kind="none", because=f"{why}, and its devices differ")
    if chip is None:
        return Match(kind="none", because=f"{why}; {seen[0].because}")
    share = None
    if seen[0].kind == "accelerator":
        unit = f"{len(seen)} accelerators"
        offers = catalog.frame[catalog.frame["accelerator"] == chip]
        same = offers[offers["accelerator_count"] == len(seen)]
    else:
        family = silicon.cpus[chip]
        share = _socket_share(system, silicon, seen)
        frame = catalog.frame
        offers = frame[(frame["cpu_model"] == chip) & frame["accelerator"].isna()]
        same, unit = _same_cores(offers, system, family)
    same = _same_memory(same, system)
    return _answer(chip, unit, _names(offers), _names(same), why, share)


def _same_cores(
    offers: "pd.DataFrame", system: System, family: CpuFamily
) -> tuple["pd.DataFrame", str]:
    """Offers of as many cores; a guest that hides its cores may have as many vCPU."""
    cores, _ = identity.usable_cores(system, family)
    same, unit = offers["cores"] == cores, f"{cores:g} cores"
    if identity.hides_threads(system, family):
        same |= offers["vcpu"] == system.cpu.usable_threads
        unit = f"{cores:g} cores or vCPU (the guest does not say which)"
    return offers[same], unit


def _same_memory(offers: "pd.DataFrame", system: System) -> "pd.DataFrame":
    """Those whose main memory fits, where some do."""
    low, high = MEMORY_SEEN
    ratio = system.memory.total_bytes / offers["memory_bytes"].astype("float64")
    fitting = offers[ratio.between(low, high)]
    return fitting if len(fitting) else offers


def _socket_share(system: System, silicon: Silicon, seen: tuple[Identity, ...]) -> float | None:
    chip = _only(seen)
    if chip is None or seen[0].kind != "cpu":
        return None
    family = silicon.cpus[chip]
    return identity.usable_cores(system, family)[0] / family.cores


def _answer(
    chip: str,
    unit: str,
    some: tuple[str, ...],
    same: tuple[str, ...],
    why: str,
    share: float | None,
) -> Match:
    if not some:
        why = f"{why}, and nobody offers {chip}"
        return Match(kind="none", silicon=chip, socket_share_fraction=share, because=why)
    told = f"{why}; {len(same)} instances have {unit} of {chip}"
    if not same:
        told += f", {len(some)} have another number of them"
    return Match(
        kind="silicon",
        instances=same or some,
        silicon=chip,
        socket_share_fraction=share,
        because=told,
    )


def _names(offers: "pd.DataFrame") -> tuple[str, ...]:
    pairs = offers[["provider", "instance"]].drop_duplicates().astype(object)
    return tuple(sorted(pairs["provider"] + "/" + pairs["instance"]))
