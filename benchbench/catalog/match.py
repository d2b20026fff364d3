"""Which offers are the machine a record was measured on: the very instance, or its silicon."""

from typing import TYPE_CHECKING, Literal

from benchbench.catalog.silicon import Silicon
from benchbench.record import Model, System

if TYPE_CHECKING:
    import pandas as pd

    from benchbench.catalog.catalogue import Catalog


class Match(Model):
    """What a probed machine is in the catalogue, and how we know."""

    kind: Literal["instance", "silicon", "none"]
    instances: tuple[str, ...] = ()
    """`provider/instance`, sorted."""
    silicon: str | None = None
    """Chip or CPU family, where it was identified."""
    because: str


def match(system: System, catalog: "Catalog", silicon: Silicon) -> Match:
    """The instance the cloud names; else the offers with the same silicon; else none."""
    cloud = system.cloud
    if cloud is None or cloud.instance_type is None:
        return _by_silicon(system, catalog, silicon, "the machine names no instance type")
    found = catalog.where(provider=cloud.provider, instance=cloud.instance_type)
    name = f"{cloud.provider}/{cloud.instance_type}"
    if not len(found):
        return _by_silicon(system, catalog, silicon, f"{name} is not in the catalogue")
    because = {"metadata": "the metadata service says so", "dmi": "its firmware says so"}.get(
        cloud.source, "you said so"
    )
    return Match(kind="instance", instances=(name,), because=f"{name}: {because}")


def _by_silicon(system: System, catalog: "Catalog", silicon: Silicon, why: str) -> Match:
    devices = [accelerator.device for accelerator in system.accelerators] or ["cpu"]
    known = [silicon.identify(system, device) for device in devices]
    names = {identity.chip_name for identity in known}
    chip = known[0].chip_name
    if len(names) > 1:
        return Match(kind="none", because=f"{why}, and its devices differ")
    if chip is None:
        return Match(kind="none", because=f"{why}; {known[0].because}")
    if known[0].kind == "accelerator":
        number, unit = float(len(devices)), "accelerators"
        offers = catalog.where(gpu=chip).frame
        same = offers[offers["accelerator_count"] == number]
    else:
        number, unit = float(system.cpu.usable_cores or system.cpu.usable_threads), "cores"
        offers = catalog.frame
        offers = offers[(offers["cpu_model"] == chip) & offers["accelerator"].isna()]
        same = offers[offers["cores"] == number]
    return _answer(chip, number, unit, _names(offers), _names(same), why)


def _answer(
    chip: str, number: float, unit: str, some: tuple[str, ...], same: tuple[str, ...], why: str
) -> Match:
    if not some:
        return Match(kind="none", silicon=chip, because=f"{why}, and nobody offers {chip}")
    told = f"{why}; {len(same)} instances have {number:g} {unit} of {chip}"
    if not same:
        told += f", {len(some)} have another number of them"
    return Match(kind="silicon", instances=same or some, silicon=chip, because=told)


def _names(offers: "pd.DataFrame") -> tuple[str, ...]:
    pairs = offers[["provider", "instance"]].drop_duplicates().astype(object)
    return tuple(sorted(pairs["provider"] + "/" + pairs["instance"]))
