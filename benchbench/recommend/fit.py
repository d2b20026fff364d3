"""What one shape of instance delivers: measured on it, predicted for it, or why neither."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchbench import units
from benchbench.catalog.offer import Confidence, Offer
from benchbench.catalog.silicon import OfferSilicon, Silicon
from benchbench.predict import Ceilings, Prediction, Predictor, Reference, Refusal, Step
from benchbench.predict.reference import reported_name
from benchbench.recommend.answer import Configuration
from benchbench.record import Cloud, Record
from benchbench.stats import Basis, Estimate

COUNT_TOLERANCE = 0.05
"""Of accelerators or threads, within which the instance is used whole."""

_RESERVED = 0.1
"""Of a memory's nominal size, what firmware and driver may hide from the probe."""


@dataclass(frozen=True)
class Delivery:
    """What an instance of this shape does, and where that is known from."""

    throughput: Estimate
    basis: Basis
    confidence: Confidence
    configuration: Configuration
    because: str
    floor_rate: float | None
    """Units/s at 100 % of the datasheet's peak."""
    step: Step | None = None
    """How far a prediction reaches."""


@dataclass(frozen=True)
class Unfit:
    """Why an instance of this shape is out."""

    code: str
    because: str


@dataclass(frozen=True)
class Failed:
    """A failure on record, with the silicon it happened on."""

    record: Record
    name: str
    memory_bytes: int | None


@dataclass(frozen=True)
class Shapes:
    """All that is known of the workload, ready to judge one shape of instance after another."""

    references: Sequence[Reference]
    failures: Sequence[Failed]
    predictor: Predictor
    silicon: Silicon

    @classmethod
    def of(
        cls,
        references: Sequence[Reference],
        failed: Sequence[Record],
        silicon: Silicon,
        ceilings: Ceilings,
    ) -> "Shapes":
        """`references` and `failed` are of the goal's workload; `ceilings` of any."""
        failures = [_failed(record, silicon) for record in failed]
        open_ones = [one for one in failures if not _overcome(one, references)]
        predictor = Predictor(references, silicon, ceilings)
        return cls(references, open_ones, predictor, silicon)

    @property
    def instances(self) -> set[str]:
        """`provider/instance` of the types with records of their own, failures included."""
        seen = [one.system.cloud for one in self.references]
        seen += [one.record.system.cloud for one in self.failures]
        return {f"{one.provider}/{one.instance_type}" for one in seen if one is not None}

    def judge(self, offer: Offer) -> Delivery | Unfit:
        """The best valid configuration that fits; measured before predicted."""
        chips = self.silicon.of_offer(offer)
        obstacles = {id(one): self._obstacle(one, offer, chips) for one in self.references}
        fitting = [one for one in self.references if obstacles[id(one)] is None]
        measured = [one for one in fitting if is_measured(one, offer, chips)]
        if measured:
            return _measured(max(measured, key=_cautious), offer, chips)
        if chips is None:
            what = offer.accelerator or offer.cpu_model or offer.instance
            return Unfit("no_silicon", f"the catalogue has no figures for {what}")
        answer = self.predictor.predict(chips, lambda one: obstacles[id(one)] is None)
        if isinstance(answer, Prediction):
            return _predicted(answer, self.references, chips)
        smallest = min(self.references, key=lambda one: one.figures.batch_size, default=None)
        in_the_way = None if smallest is None or fitting else obstacles[id(smallest)]
        return in_the_way or self._only_failed(offer, chips) or _refused(answer)

    def _obstacle(self, one: Reference, offer: Offer, chips: OfferSilicon | None) -> Unfit | None:
        return _too_small(one, offer, chips) or self._failed_here(one, offer, chips)

    def _failed_here(
        self, one: Reference, offer: Offer, chips: OfferSilicon | None
    ) -> Unfit | None:
        here = (f for f in self.failures if _same_place(f, offer, chips) and _would_repeat(f, one))
        return next((_repeated(failed) for failed in here), None)

    def _only_failed(self, offer: Offer, chips: OfferSilicon | None) -> Unfit | None:
        """Nothing can be carried over to silicon where nothing but a failure is on record."""
        if self.references:
            return None
        here = (failed for failed in self.failures if _same_place(failed, offer, chips))
        return next((_repeated(failed) for failed in here), None)


def _repeated(failed: Failed) -> Unfit:
    record = failed.record
    kind = "failed" if record.failure is None else record.failure.kind.replace("_", " ")
    setting = f"{record.backend}, {record.precision}, batch {units.count(record.batch_size)}"
    return Unfit("failed_here", f"{kind} on {failed.name} ({setting})")


def _refused(answer: Refusal) -> Unfit:
    return Unfit("not_predicted", answer.because)


def is_measured(one: Reference, offer: Offer, chips: OfferSilicon | None) -> bool:
    """The very instance type, all of it used; or the same accelerator in the same number.

    An accelerator's canonical name is one board: variant, memory and thus power; a device that
    could be several has none. A CPU family is many models at many clocks, memory speeds and shares
    of a core, so its other instances are predicted.
    """
    if one.kind != ("accelerator" if offer.accelerator_count > 0 else "cpu"):
        return False
    if _same_instance(one.system.cloud, offer) and _used_whole(one, offer):
        return True
    if chips is None or one.kind == "cpu":
        return False
    return chips.name == one.name and _close(one.count, chips.count)


def _used_whole(one: Reference, offer: Offer) -> bool:
    """All accelerators; on a CPU all threads, because guests may hide which of them share a core.

    An offer that does not say how many it has is taken as used whole.
    """
    if one.kind == "accelerator":
        return _close(one.count, offer.accelerator_count)
    cpu = one.system.cpu
    threads = min(cpu.usable_threads, cpu.quota_threads or cpu.usable_threads)
    return offer.vcpu is None or _close(threads, offer.vcpu)


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=COUNT_TOLERANCE)


def _same_instance(cloud: Cloud | None, offer: Offer) -> bool:
    rented = None if cloud is None else (cloud.provider, cloud.instance_type)
    return rented == (offer.provider, offer.instance)


def _cautious(one: Reference) -> float:
    """Configurations compare by the low end of what they deliver."""
    return one.throughput.low or one.throughput.value


def _measured(one: Reference, offer: Offer, chips: OfferSilicon | None) -> Delivery:
    figures = one.figures
    here = "this instance type" if _same_instance(one.system.cloud, offer) else one.name
    return Delivery(
        throughput=one.throughput,
        basis="measured",
        confidence="high",
        configuration=Configuration(
            backend=figures.backend,
            precision=figures.precision,
            batch_size=figures.batch_size,
            device=one.name,
        ),
        because=f"measured on {here} ({one.setting})",
        floor_rate=_floor_rate(
            figures.flops_per_unit,
            chips.peak_flops(figures.precision) if chips else figures.datasheet_flops,
        ),
    )


def _predicted(
    answer: Prediction, references: Sequence[Reference], chips: OfferSilicon
) -> Delivery:
    same = answer.precision == answer.measured_precision
    flops = next((r.figures.flops_per_unit for r in references if r.name == answer.nearest), None)
    return Delivery(
        throughput=answer.throughput,
        basis="predicted",
        confidence=answer.confidence,
        configuration=Configuration(
            backend=answer.backend,
            precision=answer.precision,
            batch_size=answer.batch_size,
            device=answer.nearest,
            measured_precision=None if same else answer.measured_precision,
        ),
        because=answer.because,
        floor_rate=_floor_rate(flops, chips.peak_flops(answer.precision)),
        step=answer.step,
    )


def _floor_rate(flops_per_unit: float | None, peak: float | None) -> float | None:
    return None if flops_per_unit is None or peak is None else peak / flops_per_unit


def _too_small(one: Reference, offer: Offer, chips: OfferSilicon | None) -> Unfit | None:
    """Measured peaks against what the instance has; unknown sizes exclude nothing."""
    batch = units.count(one.figures.batch_size)
    on_device, on_host = _needs(one, to_accelerator=offer.accelerator_count > 0)
    device = None
    if chips is not None and chips.kind == "accelerator":
        device = _of_one(chips)
    for needed, there, where in (
        (on_device, device, "each accelerator"),
        (on_host, offer.memory_bytes, "this instance"),
    ):
        if needed is not None and there is not None and needed > there:
            measured = f"batch {batch} needs {units.size(needed)}, measured on {one.name}"
            return Unfit("memory", f"{measured}; {where} has {units.size(there)}")
    return None


def _needs(one: Reference, *, to_accelerator: bool) -> tuple[int | None, int | None]:
    """Bytes on each accelerator and in main memory. Between kinds, one stands in for the other."""
    host, device = one.figures.peak_memory_bytes, one.figures.peak_device_memory_bytes
    if one.kind == "cpu":
        return (host, host) if to_accelerator else (None, host)
    known = [size for size in (host, device) if size is not None]
    return (device, host) if to_accelerator else (None, max(known, default=None))


def _failed(record: Record, silicon: Silicon) -> Failed:
    device = record.devices[0]
    identity = silicon.identify(record.system, device)
    sizes = {one.device: one.memory_bytes for one in record.system.accelerators}
    memory = record.system.memory
    size = sizes.get(device) if device in sizes else memory.limit_bytes or memory.total_bytes
    return Failed(record, identity.chip_name or reported_name(record.system, device), size)


def _overcome(failed: Failed, references: Sequence[Reference]) -> bool:
    """The same setting on the same silicon worked, at that batch or a larger one."""
    return any(
        one.name == failed.name
        and _same_setting(failed.record, one)
        and one.figures.batch_size >= failed.record.batch_size
        for one in references
    )


def _same_place(failed: Failed, offer: Offer, chips: OfferSilicon | None) -> bool:
    """The same silicon with no more memory than it failed with, or the very instance type."""
    if _same_instance(failed.record.system.cloud, offer):
        return True
    if chips is None or chips.name != failed.name:
        return False
    there = chips.memory_bytes if chips.kind == "cpu" else _of_one(chips)
    if there is None or failed.memory_bytes is None:
        return True
    return there <= failed.memory_bytes * (1 + _RESERVED)


def _of_one(chips: OfferSilicon) -> float | None:
    return None if chips.memory_bytes is None else chips.memory_bytes / max(1.0, chips.count)


def _same_setting(record: Record, one: Reference) -> bool:
    return (record.backend, record.precision) == (one.figures.backend, one.figures.precision)


def _would_repeat(failed: Failed, one: Reference) -> bool:
    """Out of memory happens at any larger batch too; anything else only at the same setting."""
    record = failed.record
    if not _same_setting(record, one) or record.failure is None:
        return False
    if record.failure.kind == "out_of_memory":
        return one.figures.batch_size >= record.batch_size
    return one.figures.batch_size == record.batch_size
