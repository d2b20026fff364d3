"""What a datasheet says of an accelerator or a CPU family."""

from datetime import date
from typing import Annotated

from pydantic import Field

from benchbench.catalog.offer import Confidence
from benchbench.record import Model, Positive, Precision

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
    l2_bytes: Annotated[int, Field(gt=0)] | None = None
    """The cache all compute units share."""
    clock_hz: Positive | None = None
    """Behind the peaks."""
    clocks: Peaks = {}
    """In Hz, where a precision is rated at another clock: H100's fp32 at 1.98 GHz, bf16 at 1.83."""
    units: int | None = None
    """Tensor cores (AMD: compute units) behind the peaks."""
    dies: Annotated[int, Field(gt=0)] = 1
    """Devices the driver shows of one card: an MI250X is two, each with half of everything."""
    multiprocessors: int | None = None
    flop_per_clock_per_unit: Peaks = {}
    aliases: tuple[str, ...] = ()
    """Names drivers report."""
    pci_ids: tuple[str, ...] = ()
    """`10de:2330`."""
    source: str
    checked: str | None = None
    """The second source that agrees."""
    as_of: date
    confidence: Confidence
    note: str | None = None

    def peak(self, precision: Precision) -> float | None:
        """Dense FLOP/s at `precision`; None where the chip has none or nobody says."""
        return self.peaks.get(precision)

    def rated_clock(self, precision: Precision) -> float | None:
        """The clock in Hz behind the peak at `precision`."""
        return self.clocks.get(precision, self.clock_hz)

    def flop_per_clock(self) -> Peaks:
        """FLOP per clock of all units, where both are known."""
        units = self.units
        return {name: units * rate for name, rate in self.flop_per_clock_per_unit.items() if units}

    @property
    def family(self) -> str:
        """The name without board and memory: `H100`, `RTX-4090`."""
        return "-".join(
            part
            for part in self.name.split("-")
            if part != self.variant and not (part.endswith("GB") and part[:-2].isdigit())
        )


class Rate(Model):
    """FLOP per cycle and core, and the CPU flag that must be visible for it."""

    per_cycle: Positive
    needs: str | None = None


class CpuFamily(Model):
    """A server CPU family; figures are per socket of a common model unless said."""

    name: str
    vendor: str
    arch: str
    release_year: int
    cpuid_family: int | None = None
    cpuid_models: tuple[int, ...] = ()
    """On Arm the part number."""
    name_patterns: tuple[str, ...] = ()
    """Regular expressions on the model name the system reports."""
    providers: tuple[str, ...] = ()
    """Who rents it, where the part number alone cannot tell."""
    by_name_only: bool = False
    flag: str | None = None
    """A CPU flag that tells it from an older family with the same model number."""
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

    def flop_per_cycle(
        self, precision: Precision, instruction_sets: tuple[str, ...] = ()
    ) -> float | None:
        """Per core: the best rate whose flag is visible; the best of all where none are known."""
        for rate in self.rates.get(precision, ()):
            if not instruction_sets or rate.needs is None or rate.needs in instruction_sets:
                return rate.per_cycle
        return None

    def peaks(self, cores: float, instruction_sets: tuple[str, ...] = ()) -> Peaks:
        """FLOP/s: physical cores x FLOP/cycle x all-core clock; empty where no clock is known."""
        if self.clock_hz is None:
            return {}
        per_clock = self.flop_per_clock(cores, instruction_sets)
        return {name: flop * self.clock_hz for name, flop in per_clock.items()}

    def flop_per_clock(self, cores: float, instruction_sets: tuple[str, ...] = ()) -> Peaks:
        """FLOP per clock of `cores` physical cores."""
        per_cycle = {name: self.flop_per_cycle(name, instruction_sets) for name in self.rates}
        return {name: cores * rate for name, rate in per_cycle.items() if rate}

    def bandwidth(self, cores: float) -> float | None:
        """Bytes/s: the sockets' bandwidth in proportion to the cores used."""
        if self.bandwidth_bytes_per_s is None:
            return None
        return self.bandwidth_bytes_per_s * cores / self.cores
