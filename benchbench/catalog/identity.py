"""Which chip a probed device is: by name, PCI id, memory and power limit, or not at all.

Names are ambiguous (three boards are sold as H100) and some are not what they look like (an
"RTX 4090 Laptop GPU" is another chip), so a name counts only when every word of it is understood.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from benchbench.catalog.chips import Chip, CpuFamily, Peaks
from benchbench.catalog.offer import Confidence
from benchbench.record import Accelerator, Cpu, Model, Positive, Precision, System

MEMORY_VISIBLE = (0.90, 1.03)
"""Reported over nominal: ECC and the driver take up to a tenth (T4 15,360 of 16,384 MiB)."""
POWER_TOLERANCE = 0.05
_WHOLE_CARD = 0.75
"""A device with more than this share of the card's memory is the card, not one of its dies."""
NEUTRAL_WORDS = {"nvidia", "amd", "tesla", "geforce", "instinct", "gpu", "oam"}
BOARD_WORDS = {"sxm", "sxm2", "sxm3", "sxm4", "sxm5", "pcie", "nvl"}
_MIG = re.compile(r"\s+MIG\s+\S+$", re.IGNORECASE)


class Identity(Model):
    """Which silicon a device of a probed machine is, and what its datasheet promises."""

    chip_name: str | None = None
    kind: Literal["accelerator", "cpu"] | None = None
    peaks: Peaks = {}
    flop_per_clock: Peaks = {}
    """Of what is visible of the device, where the datasheet's arithmetic is known."""
    bandwidth_bytes_per_s: Positive | None = None
    """On a CPU the cores' share of the socket: a guest whose neighbours rest can draw more."""
    confidence: Confidence = "high"
    """In the datasheet's figures."""
    ambiguous: tuple[str, ...] = ()
    """The names it could be, where more than one is left."""
    because: str

    def peak_flops(self, precision: Precision) -> float | None:
        """Dense FLOP/s of this device as far as we may use it."""
        return self.peaks.get(precision)

    def peak_at(self, precision: Precision, clock_hz: float) -> float | None:
        """Dense FLOP/s at another clock than the datasheet's: units x FLOP/clock x clock."""
        per_clock = self.flop_per_clock.get(precision)
        return None if per_clock is None else per_clock * clock_hz


def of_accelerator(chips: Iterable[Chip], seen: Accelerator) -> Identity:
    """The chip behind a driver's name; None with the names possible where evidence runs out."""
    named, how = _by_name(tuple(chips), seen)
    left = _narrow(named, seen)
    if len(left) == 1:
        return _found(left[0], seen, how)
    if left:
        names = tuple(chip.name for chip in left)
        return Identity(
            ambiguous=names,
            because=f"{seen.name!r} could be {' or '.join(names)}; "
            "memory, PCI id and power limit do not tell them apart",
        )
    if named:
        return Identity(
            because=f"{seen.name!r} reports {seen.memory_bytes} bytes, which fits no "
            f"{named[0].family} in the catalogue"
        )
    return Identity(because=f"{seen.name!r} is not in accelerators.toml")


def _by_name(chips: Sequence[Chip], seen: Accelerator) -> tuple[Sequence[Chip], str]:
    plain = _MIG.sub("", seen.name)
    if exact := [chip for chip in chips if plain.casefold() in map(str.casefold, chip.aliases)]:
        return exact, f"the driver names it {plain!r}"
    if seen.pci_id and (same := [chip for chip in chips if seen.pci_id in chip.pci_ids]):
        return same, f"PCI id {seen.pci_id}"
    return [chip for chip in chips if _means(chip, plain)], f"{plain!r}, its memory and power"


def _means(chip: Chip, name: str) -> bool:
    words = set(re.findall(r"[a-z0-9]+", name.casefold()))
    family = set(chip.family.casefold().split("-"))
    rest = words - family - NEUTRAL_WORDS
    boards, sizes = (
        rest & BOARD_WORDS,
        {word for word in rest if re.fullmatch(r"\d+gb|hbm\w+", word)},
    )
    if not family <= words or rest - boards - sizes:
        return False
    variant = (chip.variant or "").casefold()
    return all(variant.startswith(board) or board.startswith(variant) for board in boards)


def _narrow(chips: Sequence[Chip], seen: Accelerator) -> Sequence[Chip]:
    """Each piece of evidence is used only while it leaves somebody, memory always."""
    if seen.memory_bytes and not _is_slice(seen):
        size = seen.memory_bytes
        chips = [chip for chip in chips if _holds(chip, size) or _holds(chip, size * chip.dies)]
    chips = _prefer(chips, lambda chip: seen.pci_id in chip.pci_ids)
    if limit := seen.power_limit_w:
        chips = _prefer(chips, lambda chip: abs((chip.tdp_w or 0) / limit - 1) <= POWER_TOLERANCE)
    return chips


def _prefer(chips: Sequence[Chip], fits: Callable[[Chip], bool]) -> Sequence[Chip]:
    return [chip for chip in chips if fits(chip)] or chips


def _holds(chip: Chip, size_bytes: int) -> bool:
    low, high = MEMORY_VISIBLE
    return low <= size_bytes / chip.memory_bytes <= high


def _is_slice(seen: Accelerator) -> bool:
    """A board in MIG mode shows its slices only, never itself."""
    return bool(seen.mig) or _MIG.search(seen.name) is not None


def _found(chip: Chip, seen: Accelerator, how: str) -> Identity:
    compute, memory, part = _share(chip, seen)
    bandwidth = chip.bandwidth_bytes_per_s
    return Identity(
        chip_name=chip.name,
        kind="accelerator",
        peaks=_scaled(chip.peaks, compute),
        flop_per_clock=_scaled(chip.flop_per_clock(), compute),
        bandwidth_bytes_per_s=bandwidth * memory if bandwidth and memory else None,
        confidence=chip.confidence,
        because="; ".join(filter(None, (how, part))),
    )


def _scaled(rates: Mapping[Precision, float], share: float | None) -> Peaks:
    return {} if share is None else {name: rate * share for name, rate in rates.items()}


def _share(chip: Chip, seen: Accelerator) -> tuple[float | None, float | None, str]:
    """The part of the chip's processors and of its memory that is visible, and its name.

    None where nobody says how much a slice holds: the whole card's peak would be wrong.
    """
    if _is_slice(seen):
        return _slice(chip, seen)
    whole = seen.memory_bytes and seen.memory_bytes > _WHOLE_CARD * chip.memory_bytes
    if chip.dies > 1 and not whole:
        return 1 / chip.dies, 1 / chip.dies, f"one of the {chip.dies} dies of a card"
    return 1.0, 1.0, ""


def _slice(chip: Chip, seen: Accelerator) -> tuple[float | None, float | None, str]:
    memory = min(1.0, seen.memory_bytes / chip.memory_bytes) if seen.memory_bytes else None
    if not (chip.multiprocessors and seen.multiprocessors):
        return None, memory, "a slice; the driver does not say how many processors it holds"
    held = f"a slice with {seen.multiprocessors} of {chip.multiprocessors} processors"
    return min(1.0, seen.multiprocessors / chip.multiprocessors), memory, held


def of_cpu(families: Iterable[CpuFamily], system: System) -> Identity:
    """The CPU family, and the peak of the physical cores we may use."""
    cpu, cloud = system.cpu, system.cloud
    left = _families(tuple(families), cpu, cloud.provider if cloud else None)
    names = tuple(family.name for family in left)
    if not left:
        where = f"{cpu.vendor} family {cpu.family} model {cpu.model_number}"
        return Identity(because=f"{cpu.model!r} ({where}) is not in cpus.toml")
    if len(left) > 1:
        choice = " or ".join(names)
        return Identity(
            ambiguous=names, because=f"{cpu.model!r} could be {choice}; the system does not say"
        )
    cores, counted = usable_cores(system, left[0])
    return Identity(
        chip_name=names[0],
        kind="cpu",
        peaks=left[0].peaks(cores, cpu.instruction_sets),
        flop_per_clock=left[0].flop_per_clock(cores, cpu.instruction_sets),
        bandwidth_bytes_per_s=left[0].bandwidth(cores),
        confidence=left[0].confidence,
        because=f"{cpu.model!r}, family {cpu.family} model {cpu.model_number}; {counted}",
    )


def _families(families: Sequence[CpuFamily], cpu: Cpu, provider: str | None) -> Sequence[CpuFamily]:
    named = [
        family
        for family in families
        if any(re.search(pattern, f"{cpu.model} ") for pattern in family.name_patterns)
    ]
    numbered = [
        family
        for family in families
        if cpu.model_number in family.cpuid_models
        and family.cpuid_family in (None, cpu.family)
        and not family.by_name_only
    ]
    left = named or numbered
    left = [family for family in left if provider in family.providers] or left
    return [family for family in left if family.flag in cpu.instruction_sets] or left


def usable_cores(system: System, family: CpuFamily) -> tuple[float, str]:
    """Physical cores we may use, and how they were counted."""
    cpu = system.cpu
    shown = cpu.threads_per_core or 1
    cores: float = cpu.usable_cores or cpu.usable_threads / shown
    counted = f"{cores:g} physical cores usable"
    if cpu.quota_threads is not None and cpu.quota_threads / shown < cores:
        cores = cpu.quota_threads / shown
        counted = f"a quota of {cpu.quota_threads:g} processors, {cores:g} cores"
    if hides_threads(system, family):
        counted += (
            "; the guest shows one thread per core, each taken for a whole core "
            "(if they are hyper-threads, half of this peak)"
        )
    return cores, counted


def hides_threads(system: System, family: CpuFamily) -> bool:
    """Whether a guest of a CPU with hyper-threads shows each processor as a core of its own."""
    rented = system.cloud is not None or system.virtualisation.hypervisor is not None
    return rented and (system.cpu.threads_per_core or 1) == 1 and family.threads_per_core > 1
