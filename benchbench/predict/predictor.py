"""Which reference a target is predicted from, and the sentence that says so."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchbench import units
from benchbench.catalog.offer import Confidence
from benchbench.catalog.silicon import OfferSilicon, Silicon
from benchbench.predict import relate, scale
from benchbench.predict.answer import Prediction, Refusal, Step
from benchbench.predict.knowledge import KNOWLEDGE, Kind, Knowledge
from benchbench.predict.reference import Ceilings, Reference, references, times
from benchbench.predict.scale import Scaled
from benchbench.record import Record
from benchbench.stats import Estimate

_RANK: tuple[Step, ...] = ("same_chip", "same_architecture", "other_architecture", "other_kind")
_CONFIDENCE: dict[Step, Confidence] = {
    "same_chip": "high",
    "same_architecture": "medium",
    "other_architecture": "low",
    "other_kind": "low",
}
_NO_RECORDS = Refusal(
    code="no_records", because="no valid measurement of this workload can be carried over"
)


def predict(
    records: Sequence[Record], target: OfferSilicon, silicon: Silicon
) -> Prediction | Refusal:
    """The best valid configuration of the nearest measured silicon, carried over to `target`.

    `records` are of one workload and scenario; what failed or is invalid supports nothing.
    """
    measured = references(records, silicon)
    return Predictor(measured, silicon, Ceilings.of(measured)).predict(target)


@dataclass(frozen=True)
class Predictor:
    """Everything measured of one workload, ready to be asked about many targets."""

    measured: Sequence[Reference]
    silicon: Silicon
    ceilings: Ceilings
    beside: Sequence[Reference] = ()
    """Measured with other software than is asked about: they tell how silicon compares there."""
    knowledge: Mapping[Kind, Knowledge] = field(default_factory=lambda: KNOWLEDGE)

    def predict(
        self, target: OfferSilicon, usable: Callable[[Reference], bool] = lambda _: True
    ) -> Prediction | Refusal:
        """From the nearest silicon with a `usable` configuration: there the fastest one.

        What else was measured corrects it, by its closeness.
        """
        outcomes = self._outcomes(target, [one for one in self.measured if usable(one)])
        scaled = [one for one in outcomes if isinstance(one, Scaled)]
        if not scaled:
            refusals = (one for one in outcomes if isinstance(one, Refusal))
            return next(refusals, _NO_RECORDS)
        nearest = min(scaled, key=lambda one: _nearness(one, target.count)).reference
        there = [one for one in scaled if _same_machine(one.reference, nearest)]
        fastest = max(there, key=lambda one: one.value / one.down)
        others = self._outcomes(target, self.beside) if fastest.pair else []
        known = [*scaled, *(one for one in others if isinstance(one, Scaled))]
        knowledge = self.knowledge[fastest.reference.kind]
        return _prediction(*relate.related(fastest, known, target.count, knowledge), target)

    def _outcomes(
        self, target: OfferSilicon, references: Sequence[Reference]
    ) -> list[Scaled | Refusal]:
        return [
            scale.scaled(one, target, self.silicon, self.ceilings, self.knowledge[one.kind])
            for one in references
        ]


def _nearness(scaled: Scaled, count: float) -> tuple[int, float, float]:
    """Kind of step, distance, and by how many times the number of devices differs."""
    distance = 0.0 if scaled.distance is None else scaled.distance
    more = abs(math.log(count / scaled.reference.count))
    return _RANK.index(scaled.step), distance, more


def _same_machine(one: Reference, other: Reference) -> bool:
    return (one.name, one.count) == (other.name, other.count)


def _prediction(scaled: Scaled, supports: int, target: OfferSilicon) -> Prediction:
    one = scaled.reference
    return Prediction(
        throughput=Estimate(
            value=scaled.value,
            low=scaled.value / scaled.down,
            high=scaled.value * scaled.up,
            basis="predicted",
        ),
        backend=one.figures.backend,
        precision=scaled.precision,
        measured_precision=one.figures.precision,
        batch_size=None if scaled.step == "other_kind" else one.figures.batch_size,
        nearest=one.name,
        nearest_count=one.count,
        step=scaled.step,
        distance=scaled.distance,
        supports=supports,
        confidence=_CONFIDENCE[scaled.step],
        because=_because(scaled, supports, target),
    )


def _because(scaled: Scaled, supports: int, target: OfferSilicon) -> str:
    one = scaled.reference
    rate = units.rate(one.throughput.value, one.figures.unit)
    there = _several(target.count, target.kind, target.name)
    if scaled.share is not None:
        low, high = (units.percent(share, 1) for share in scaled.share)
        return (
            f"assumes {low} to {high} of the {scaled.roof} of {there} in {scaled.precision} at a "
            f"batch large enough to fill it, because only {one.name} was measured ({rate})"
        )
    here = f"{rate} on {_several(one.count, one.kind, one.name)} ({one.setting})"
    if scaled.step == "same_chip" and math.isclose(one.count, target.count, rel_tol=1e-6):
        return f"the same silicon as measured, {here}; the machine around it may differ"
    if scaled.step == "same_chip":
        return f"scaled in proportion from {here} to {there}"
    changed = f" in {scaled.precision}" if scaled.precision != one.figures.precision else ""
    more = supports - 1
    helped = f", corrected by {units.counted(more, 'other measured chip')}" if more else ""
    return f"scaled from {here} to {there}{changed}: {_compared(scaled, target)}{helped}"


def _compared(scaled: Scaled, target: OfferSilicon) -> str:
    """How the whole instances' figures compare."""
    if scaled.pair is None:
        return ""
    more = target.count / scaled.reference.count
    peak, bandwidth, *_ = scaled.pair.there.over(scaled.pair.here)
    return (
        f"{_times_of(times(peak, more), 'peak')}, "
        f"{_times_of(times(bandwidth, more), 'memory bandwidth')}"
    )


def _several(count: float, kind: str, name: str) -> str:
    """`8 x A100`, `32 cores of Milan`."""
    many = units.count(count) if count == int(count) else units.number(count)
    return f"{many} cores of {name}" if kind == "cpu" else f"{many} x {name}"


def _times_of(ratio: float | None, what: str) -> str:
    return f"{what} unknown" if ratio is None else f"{units.number(ratio)} times the {what}"
