"""Is this number normal? A result held against what competent people got on such a device. Pure."""

from functools import partial
from typing import Protocol

from benchbench import units
from benchbench.derive.figures import Figures, Normality, NormalityName

PASSES_FRACTION = 0.95
"""At least this much of the lowest expected figure is normal (design: 95 % of it passes)."""
_TRY = {
    "low": "look at the doubts first, then search for a better setting: benchbench run --tune",
    "high": "check what was counted: batch, precision, data, and that outputs are right",
    "normal": None,
    "unknown": "measure on a second machine of this kind, or add a row to "
    "instance_catalog/expected.toml",
}
WORDS = {
    "normal": "yes",
    "low": "no, lower than others get",
    "high": "no, higher than anybody's figure",
    "unknown": "not known",
}
"""The answers to "is this number normal?"."""


class Expected(Protocol):
    """A range per device and its evidence."""

    @property
    def silicon(self) -> tuple[str, ...]:
        """The devices it was seen on; empty: others of this kind."""

    @property
    def quantity(self) -> str:
        """`throughput` in units per second per device, or `mfu`."""

    @property
    def low(self) -> float:
        """The lowest figure a competent user got."""

    @property
    def high(self) -> float:
        """The highest."""

    @property
    def evidence(self) -> str:
        """What was seen."""

    @property
    def source(self) -> str:
        """Where."""


def judge(figures: Figures, expected: Expected | None) -> Normality | None:
    """The verdict; None where nothing was measured that could be judged."""
    if figures.throughput is None:
        return None
    if expected is None:
        because = "nobody's figure for this workload, precision and device is known here"
        return Normality(name="unknown", because=because, try_next=_TRY["unknown"])
    found = figures.mfu
    if expected.quantity == "throughput":
        found = figures.throughput.scaled(1 / len(figures.devices))
    if found is None:
        because = "the device's peak is not known, so no share of it can be judged"
        return Normality(name="unknown", because=because, try_next=_TRY["unknown"])
    name = _name(found.value, found.high or found.value, expected)
    text = partial(_text, unit=figures.unit, quantity=expected.quantity)
    where = "such devices" if expected.silicon else "other devices of this kind"
    return Normality(
        name=name,
        value=found.value,
        low=expected.low,
        high=expected.high,
        quantity=expected.quantity,
        because=f"{text(found.value)} against {text(expected.low)} to {text(expected.high)} "
        f"on {where} ({expected.evidence}; {expected.source})",
        try_next=_TRY[name],
    )


def _name(value: float, upper: float, expected: Expected) -> NormalityName:
    """Low only when even the upper end of its interval falls short."""
    if upper < PASSES_FRACTION * expected.low:
        return "low"
    return "high" if value * PASSES_FRACTION > expected.high else "normal"


def _text(value: float, unit: str, quantity: str) -> str:
    return units.percent(value) if quantity == "mfu" else units.rate(value, unit)
