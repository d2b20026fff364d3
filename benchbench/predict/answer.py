"""What a prediction says, and what a refusal says."""

from typing import Literal

from benchbench.catalog.offer import Confidence
from benchbench.record import Model, Precision
from benchbench.stats import Estimate

Step = Literal["same_chip", "same_architecture", "other_architecture", "other_kind"]


class Prediction(Model):
    """What one instance should deliver.

    The interval holds 80 %, except across kinds: there it is an assumed range, held against
    published figures but not validated.
    """

    throughput: Estimate
    """Units per second of the whole instance."""
    backend: str
    precision: Precision
    """Assumed on the target."""
    measured_precision: Precision
    """Of the record it is scaled from."""
    batch_size: int | None
    """Of that record; None across kinds: whatever fills the target, nobody knows which."""
    nearest: str
    """The silicon it is scaled from."""
    nearest_count: float
    """Accelerators, or physical cores, that were measured."""
    step: Step
    distance: float | None
    """Root mean square of the natural logarithms of the ratios of peak and bandwidth per
    accelerator or core; 0 on the same chip, None where they are not known."""
    supports: int = 1
    """Chips measured with the same software that it rests on, the nearest included."""
    confidence: Confidence
    because: str


class Refusal(Model):
    """Why there is no prediction."""

    code: Literal[
        "no_records", "not_counted", "no_peak", "latency", "other_software", "unknown_architecture"
    ]
    because: str
