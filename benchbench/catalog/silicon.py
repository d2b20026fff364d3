"""The silicon behind an instance or a probed machine: datasheet peaks, and which chip it is."""

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from benchbench.catalog import identity, tables
from benchbench.catalog.chips import Chip, CpuFamily, Peaks, Rate
from benchbench.catalog.identity import Identity
from benchbench.catalog.offer import Offer
from benchbench.errors import DataError
from benchbench.record import Model, Positive, Precision, System

__all__ = ["Chip", "CpuFamily", "Identity", "OfferSilicon", "Rate", "Silicon", "load"]

_Entry = TypeVar("_Entry", Chip, CpuFamily)


class OfferSilicon(Model):
    """The silicon of one whole instance."""

    name: str
    """Chip or CPU family."""
    kind: Literal["accelerator", "cpu"]
    count: Positive
    """Accelerators, or physical cores."""
    peaks: Peaks = {}
    bandwidth_bytes_per_s: Positive | None = None
    """On a CPU the cores' share of the socket: a guest whose neighbours rest can draw more."""
    memory_bytes: int | None = None
    """Of all accelerators; main memory on a CPU instance."""
    because: str

    def peak_flops(self, precision: Precision) -> float | None:
        """Dense FLOP/s of the whole instance."""
        return self.peaks.get(precision)


class Silicon(Model):
    """All chips and CPU families by canonical name."""

    chips: dict[str, Chip]
    cpus: dict[str, CpuFamily]

    def identify(self, system: System, device: str) -> Identity:
        """Which chip `device` (`cuda:0`, `cpu`) of a probed machine is."""
        if device.partition(":")[0] == "cpu":
            return identity.of_cpu(self.cpus.values(), system)
        for accelerator in system.accelerators:
            if accelerator.device == device:
                return identity.of_accelerator(self.chips.values(), accelerator)
        return Identity(because=f"the probe saw no device {device!r}")

    def of_offer(self, offer: Offer) -> OfferSilicon | None:
        """The silicon of an offer; None where the catalogue does not know it."""
        if offer.accelerator is not None:
            return self._accelerators(offer, offer.accelerator)
        return self._cpu(offer)

    def _accelerators(self, offer: Offer, name: str) -> OfferSilicon | None:
        chip, count = self.chips.get(name), offer.accelerator_count
        if chip is None or count <= 0:
            return None
        bandwidth = chip.bandwidth_bytes_per_s
        # A slice says how much memory it has; where nothing is said it has its share.
        memory = offer.accelerator_memory_bytes or chip.memory_bytes * min(count, 1)
        return OfferSilicon(
            name=chip.name,
            kind="accelerator",
            count=count,
            peaks={precision: peak * count for precision, peak in chip.peaks.items()},
            bandwidth_bytes_per_s=bandwidth * count if bandwidth else None,
            memory_bytes=int(memory * max(count, 1)),
            because=f"{count:g} x {chip.name}, {chip.source}",
        )

    def _cpu(self, offer: Offer) -> OfferSilicon | None:
        family = self.cpus.get(offer.cpu_model or "")
        if family is None:
            return None
        cores = offer.cores or (offer.vcpu or 0) / family.threads_per_core
        if cores <= 0:
            return None
        counted = "as offered" if offer.cores else f"vCPU / {family.threads_per_core}"
        return OfferSilicon(
            name=family.name,
            kind="cpu",
            count=cores,
            peaks=family.peaks(cores),
            bandwidth_bytes_per_s=family.bandwidth(cores),
            memory_bytes=offer.memory_bytes,
            because=f"{cores:g} cores ({counted}) of {family.name}, {family.source}",
        )


def load(accelerators: Path | None = None, cpus: Path | None = None) -> Silicon:
    """The bundled tables, or other files in their place; raises DataError naming the entry."""
    return Silicon(
        chips=_entries(Chip, tables.read("accelerators.toml", accelerators)),
        cpus=_entries(CpuFamily, tables.read("cpus.toml", cpus)),
    )


def _entries(kind: type[_Entry], table: dict[str, Any]) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for name, fields in table.items():
        try:
            entries[name] = kind.model_validate({"name": name, **tables.entry(name, fields)})
        except ValidationError as error:
            raise DataError(tables.fault(f"{kind.__name__} {name!r}", error)) from error
    return entries
