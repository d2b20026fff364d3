"""What one shape of instance delivers: measured on it, predicted for it, or why neither."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchbench import units
from benchbench.catalog.offer import Confidence, Offer
from benchbench.catalog.silicon import OfferSilicon, Silicon
from benchbench.predict import Ceilings, Prediction, Predictor, Reference, Refusal, Step
from benchbench.predict.reference import reported_name
from benchbench.recommend.answer import Configuration, Room
from benchbench.recommend.latency import Bound
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
    units_per_step: float | None = None
    """Of the whole instance, where its batch is known or assumed."""
    rooms: tuple[Room, ...] = ()
    latency_s: float | None = None
    """At the percentile asked for: measured, or the cautious end of what is predicted."""


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
    bound: Bound | None = None
    """On latency."""
    _answers: dict[tuple[object, ...], Prediction | Refusal] = field(default_factory=dict)
    """Many instances have the same accelerators, and differ in what a prediction ignores."""

    @classmethod
    def of(
        cls,
        references: Sequence[Reference],
        failed: Sequence[Record],
        silicon: Silicon,
        ceilings: Ceilings,
        bound: Bound | None = None,
    ) -> "Shapes":
        """`references` and `failed` are of the goal's workload; `ceilings` of any."""
        failures = [_failed(record, silicon) for record in failed]
        open_ones = [one for one in failures if not _overcome(one, references)]
        predictor = Predictor(references, silicon, ceilings)
        return cls(references, open_ones, predictor, silicon, bound)

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
            return self._best_measured(measured, offer, chips)
        if chips is None:
            what = offer.accelerator or offer.cpu_model or offer.instance
            return Unfit("no_silicon", f"the catalogue has no figures for {what}")
        quick, slow = self._quick_enough(fitting, chips)
        answer = self._predicted(chips, frozenset(quick))
        if isinstance(answer, Prediction):
            return self._best_predicted(answer, offer, chips)
        if slow is not None:
            return slow
        smallest = min(self.references, key=lambda one: one.figures.batch_size, default=None)
        in_the_way = None if smallest is None or fitting else obstacles[id(smallest)]
        return in_the_way or self._only_failed(offer, chips) or _refused(answer)

    def _best_measured(
        self, measured: Sequence[Reference], offer: Offer, chips: OfferSilicon | None
    ) -> Delivery | Unfit:
        """The fastest that keeps within the bound on latency."""
        if self.bound is None:
            return _measured(max(measured, key=_cautious), offer, chips, None)
        slow = [self.bound.obstacle(one, 1.0) for one in measured]
        quick = [one for one, fault in zip(measured, slow, strict=True) if fault is None]
        if not quick:
            return Unfit("latency", next(fault for fault in slow if fault is not None))
        best = max(quick, key=_cautious)
        return _measured(best, offer, chips, self.bound.seconds(best))

    def _quick_enough(
        self, fitting: Sequence[Reference], chips: OfferSilicon
    ) -> tuple[set[int], Unfit | None]:
        """The references whose prediction keeps within the bound, or why the first does not."""
        if self.bound is None:
            return {id(one) for one in fitting}, None
        quick, fault = set[int](), None
        for one in fitting:
            alone = self.predictor.predict(chips, lambda other, one=one: other is one)  # type: ignore[misc]  # bound at once
            if not isinstance(alone, Prediction):
                continue
            slow = self.bound.obstacle(one, _slower(one, alone, chips))
            if slow is None:
                quick.add(id(one))
            elif fault is None:
                fault = Unfit("latency", slow)
        return quick, None if quick else fault

    def _predicted(self, chips: OfferSilicon, usable: frozenset[int]) -> Prediction | Refusal:
        key = (chips.kind, chips.name, chips.count, chips.memory_bytes, usable)
        if key not in self._answers:
            self._answers[key] = self.predictor.predict(chips, lambda one: id(one) in usable)
        return self._answers[key]

    def _best_predicted(self, answer: Prediction, offer: Offer, chips: OfferSilicon) -> Delivery:
        behind = next((one for one in self.references if _is_behind(one, answer)), None)
        latency = None
        if self.bound is not None and behind is not None:
            seconds = self.bound.seconds(behind)
            latency = None if seconds is None else seconds * _slower(behind, answer, chips)
        return _predicted(answer, behind, offer, chips, latency)

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


def _is_behind(one: Reference, answer: Prediction) -> bool:
    """Across kinds a prediction names no batch; any of that silicon then stands for it."""
    figures = one.figures
    same = (one.name, figures.backend, figures.precision) == (
        answer.nearest,
        answer.backend,
        answer.measured_precision,
    )
    return same and answer.batch_size in (None, figures.batch_size)


def _slower(one: Reference, answer: Prediction, chips: OfferSilicon) -> float:
    """How many times as long a query takes there, at the cautious end.

    A query runs on one accelerator, or on all cores.
    """
    more = chips.count / one.count if chips.kind == "accelerator" else 1.0
    low = answer.throughput.low or answer.throughput.value
    return one.throughput.value * more / low


def _measured(
    one: Reference, offer: Offer, chips: OfferSilicon | None, latency_s: float | None
) -> Delivery:
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
            validity=figures.validity,
        ),
        because=f"measured on {here} ({one.setting})",
        floor_rate=_floor_rate(
            figures.flops_per_unit,
            chips.peak_flops(figures.precision) if chips else figures.datasheet_flops,
        ),
        units_per_step=float(figures.batch_size),
        rooms=_rooms(one, offer, chips),
        latency_s=latency_s,
    )


def _predicted(
    answer: Prediction,
    behind: Reference | None,
    offer: Offer,
    chips: OfferSilicon,
    latency_s: float | None,
) -> Delivery:
    same = answer.precision == answer.measured_precision
    flops = None if behind is None else behind.figures.flops_per_unit
    same_batch = None if answer.batch_size is None else behind
    batch = None if behind is None else _batch(behind, chips)
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
            validity="valid" if behind is None else behind.figures.validity,
        ),
        because=answer.because,
        floor_rate=_floor_rate(flops, chips.peak_flops(answer.precision)),
        step=answer.step,
        units_per_step=batch,
        rooms=() if same_batch is None else _rooms(same_batch, offer, chips),
        latency_s=latency_s,
    )


def _batch(one: Reference, chips: OfferSilicon) -> float:
    """Per step of the whole instance: the measured batch on each accelerator."""
    each = one.figures.batch_size / one.devices
    return each * max(1.0, chips.count) if chips.kind == "accelerator" else each


def _floor_rate(flops_per_unit: float | None, peak: float | None) -> float | None:
    return None if flops_per_unit is None or peak is None else peak / flops_per_unit


def _too_small(one: Reference, offer: Offer, chips: OfferSilicon | None) -> Unfit | None:
    """Measured peaks against what the instance has; unknown sizes exclude nothing."""
    batch = units.count(one.figures.batch_size)
    for room in _rooms(one, offer, chips):
        needed, there = room.needed_bytes, room.offered_bytes
        if there is not None and needed > there:
            where = "each accelerator" if room.where == "accelerator" else "this instance"
            measured = f"batch {batch} needs {units.size(needed)}, measured on {one.name}"
            return Unfit("memory", f"{measured}; {where} has {units.size(there)}")
    return None


def _rooms(one: Reference, offer: Offer, chips: OfferSilicon | None) -> tuple[Room, ...]:
    """What was measured to be needed against what there is."""
    on_device, on_host = _needs(one, to_accelerator=offer.accelerator_count > 0)
    of_one = _of_one(chips) if chips is not None and chips.kind == "accelerator" else None
    device = None if of_one is None else int(of_one)
    rooms = []
    if on_device is not None:
        rooms.append(Room(where="accelerator", needed_bytes=on_device, offered_bytes=device))
    if on_host is not None:
        rooms.append(Room(where="host", needed_bytes=on_host, offered_bytes=offer.memory_bytes))
    return tuple(rooms)


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
