"""Measured configurations with the silicon under them: what predictions start from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

from benchbench import derive, evaluate
from benchbench.catalog.silicon import Chip, Identity, Silicon
from benchbench.derive import Figures
from benchbench.record import Effort, Precision, Record, System
from benchbench.stats import Estimate


@dataclass(frozen=True)
class Reference:
    """A valid measured configuration and the silicon under it."""

    figures: Figures
    throughput: Estimate
    system: System
    identity: Identity
    kind: Literal["cpu", "accelerator"]
    name: str
    """Canonical; the name the system reports where the catalogue does not know it."""
    architecture: str | None
    count: float
    """Accelerators used, or physical cores usable."""
    effort: Effort

    @property
    def devices(self) -> int:
        """How many times a per-device figure counts."""
        return len(self.figures.devices)

    def peak_flops(self, precision: Precision) -> float | None:
        """Datasheet FLOP/s of all the devices used."""
        return times(self.identity.peak_flops(precision), self.devices)

    @property
    def bandwidth(self) -> float | None:
        """Datasheet bytes/s of all the devices used."""
        return times(self.identity.bandwidth_bytes_per_s, self.devices)

    @property
    def matmul(self) -> float | None:
        """The measured FLOP/s ceiling at the precision measured, of all the devices used."""
        ceiling = self.figures.ceiling
        return times(ceiling.value if ceiling else None, self.devices)

    @property
    def memory(self) -> float | None:
        """The measured bandwidth of all the devices used."""
        ceiling = self.figures.memory_ceiling
        return times(ceiling.value if ceiling else None, self.devices)

    @property
    def setting(self) -> str:
        """`torch-eager, bf16, batch 32`."""
        figures = self.figures
        return f"{figures.backend}, {figures.precision}, batch {figures.batch_size}"


def references(records: Iterable[Record], silicon: Silicon) -> list[Reference]:
    """One per valid configuration; what failed or is invalid supports nothing."""
    made = (reference(group, silicon) for group in derive.group(records))
    return [one for one in made if one is not None]


def reference(group: Sequence[Record], silicon: Silicon) -> Reference | None:
    """The repeats of one configuration; None when they hold no valid figure."""
    first = group[0]
    identity = silicon.identify(first.system, first.devices[0])
    figures = evaluate.figures(group, silicon)
    if figures.throughput is None or figures.throughput.value <= 0:
        return None
    on_cpu = first.devices[0].startswith("cpu")
    chip = silicon.chips.get(identity.chip_name or "")
    return Reference(
        figures=figures,
        throughput=figures.throughput,
        system=first.system,
        identity=identity,
        kind="cpu" if on_cpu else "accelerator",
        name=identity.chip_name or reported_name(first.system, first.devices[0]),
        architecture=None if on_cpu or chip is None else chip.architecture,
        count=usable_cores(first.system) if on_cpu else len(first.devices) * _slice(identity, chip),
        effort=first.effort,
    )


def _slice(identity: Identity, chip: Chip | None) -> float:
    """Which part of the whole chip the device is: below 1 for a MIG slice."""
    if chip is None:
        return 1.0
    shares = (identity.peaks[name] / peak for name, peak in chip.peaks.items())
    return next(shares, 1.0)


def reported_name(system: System, device: str) -> str:
    """What the system itself calls a device."""
    names = {one.device: one.name for one in system.accelerators}
    return names.get(device, device) if not device.startswith("cpu") else system.cpu.model


def usable_cores(system: System) -> float:
    """Physical cores a process here may keep busy, cgroup quota included."""
    cpu = system.cpu
    per_core = cpu.threads_per_core or 1
    cores = cpu.usable_cores or cpu.usable_threads / per_core
    return cores if cpu.quota_threads is None else min(cores, cpu.quota_threads / per_core)


@dataclass
class Ceilings:
    """The best ceilings ever measured on a chip, per accelerator or core."""

    flops: dict[tuple[str, Precision], float] = field(default_factory=dict)
    bytes_per_s: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, measured: Iterable[Reference]) -> Self:
        """From the references of any workload."""
        best = cls()
        for one in measured:
            key = (one.name, one.figures.precision)
            if one.matmul is not None:
                best.flops[key] = max(one.matmul / one.count, best.flops.get(key, 0))
            if one.memory is not None:
                best.bytes_per_s[one.name] = max(
                    one.memory / one.count, best.bytes_per_s.get(one.name, 0)
                )
        return best


def times(value: float | None, factor: float) -> float | None:
    """Unknown stays unknown."""
    return None if value is None else value * factor
