"""What a prediction says, and what a refusal says."""

from typing import Literal

from benchbench.catalog.offer import Confidence
from benchbench.record import Model, Precision
from benchbench.stats import Estimate

Step = Literal["same_chip", "same_architecture", "other_architecture", "other_kind"]


class Prediction(Model):
    """What one instance should deliver; the interval holds 80 %."""

    throughput: Estimate
    """Units per second of the whole instance."""
    backend: str
    precision: Precision
    """Assumed on the target; not always the one measured, `because` says so."""
    batch_size: int
    nearest: str
    """The silicon it is scaled from."""
    nearest_count: float
    """Accelerators, or physical cores, that were measured."""
    step: Step
    distance: float | None
    """Root mean square of the natural logarithms of the ratios of peak and bandwidth per
    accelerator or core; 0 on the same chip, None where they are not known."""
    confidence: Confidence
    because: str


class Refusal(Model):
    """Why there is no prediction."""

    code: Literal["no_records", "not_counted", "no_peak", "latency", "other_software"]
    because: str
