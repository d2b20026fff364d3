"""The silicon behind an instance or a probed machine: datasheet peaks, and which chip it is."""

from datetime import date
from typing import Annotated

from pydantic import Field

from benchbench.catalog.offer import Confidence, Offer
from benchbench.record import Model, Positive, Precision, System

Peaks = dict[Precision, Positive]


class Chip(Model):
    """One accelerator as the driver counts it: a card, a die or a TPU chip."""

    name: str
    vendor: str
    architecture: str | None = None
    variant: str | None = None
    """Board: SXM5, PCIe, NVL."""
    scope: str
    release_year: int
    peaks: Peaks = {}
    """Dense FLOP/s (int8: operations/s), fp16 and bf16 with fp32 accumulation."""
    sparse: Peaks = {}
    """What the vendor prints with structured sparsity; never used as a peak."""
    memory_bytes: Annotated[int, Field(gt=0)]
    bandwidth_bytes_per_s: Positive | None = None
    tdp_w: Positive | None = None
    clock_hz: Positive | None = None
    """Behind the peaks."""
    units: int | None = None
    """Tensor cores, or matrix units, behind the peaks."""
    flop_per_clock_per_unit: dict[Precision, Positive] = {}
    aliases: tuple[str, ...] = ()
    """Names drivers report."""
    pci_ids: tuple[str, ...] = ()
    source: str
    as_of: date
    confidence: Confidence
    note: str | None = None

    def peak(self, precision: Precision) -> float | None:
        """Dense FLOP/s at `precision`; None where the chip has none or nobody says."""
        return self.peaks.get(precision)


class Rate(Model):
    """FLOP per cycle and core, and the CPU flag that must be visible for it."""

    per_cycle: Positive
    needs: str | None = None


class CpuFamily(Model):
    """A server CPU family; figures are per socket unless said."""

    name: str
    vendor: str
    arch: str
    release_year: int
    cpuid_family: int | None = None
    cpuid_models: tuple[int, ...] = ()
    name_patterns: tuple[str, ...] = ()
    """Regular expressions on the model name the system reports."""
    cores: int
    threads_per_core: int
    """What the silicon has; clouds may switch SMT off."""
    rates: dict[Precision, tuple[Rate, ...]]
    """Best first."""
    clock_hz: Positive | None = None
    """All cores busy."""
    channels: int | None = None
    bandwidth_bytes_per_s: Positive | None = None
    tdp_w: Positive | None = None
    source: str
    as_of: date
    confidence: Confidence
    note: str | None = None


class Identity(Model):
    """Which silicon a device of a probed machine is, and what its datasheet promises."""

    chip_name: str | None = None
    peaks: Peaks = {}
    bandwidth_bytes_per_s: Positive | None = None
    ambiguous: tuple[str, ...] = ()
    """The names it could be, where more than one is left."""
    because: str

    def peak_flops(self, precision: Precision) -> float | None:
        """Dense FLOP/s of this device as far as we may use it."""
        return self.peaks.get(precision)


class OfferSilicon(Model):
    """The silicon of one whole instance."""

    name: str
    """Chip or CPU family."""
    kind: str
    """`accelerator` or `cpu`."""
    count: float
    """Accelerators, or physical cores."""
    peaks: Peaks = {}
    bandwidth_bytes_per_s: Positive | None = None
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
        raise NotImplementedError

    def of_offer(self, offer: Offer) -> OfferSilicon | None:
        """The silicon of an offer; None where the catalogue does not know it."""
        raise NotImplementedError


def load() -> Silicon:
    """`accelerators.toml` and `cpus.toml`."""
    raise NotImplementedError
