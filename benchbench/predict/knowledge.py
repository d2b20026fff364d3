"""What published results taught, in a handful of fitted numbers per kind of silicon.

Accelerators: fitted on 2026-11-25 to 523 published offline results of 22 NVIDIA accelerators
(MLPerf inference v0.5 to v4.1, closed division; derived, unverified by MLCommons) by maximum
likelihood of the model in `combine`, the weights held to a sum of 1, and rounded. Refitted on half
of the results (older or newer rounds, image workloads or others) the weights stay within 0.40 to
0.49, 0.12 to 0.14, 0.30 to 0.37 and 0.01 to 0.14; the deviations move by factors, so intervals
elsewhere may hold 60 to 90 % instead of 80. `benchmarks/prediction_error.py` recomputes the
efficiencies and the errors. The results are of software tuned for each device; nothing published
says how far plain PyTorch departs from them. CPUs: assumed, so that one reference is within a
factor of 2; no published table to fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from benchbench.predict.answer import Step

Kind = Literal["cpu", "accelerator"]

WITHIN_80_PERCENT = 1.2816
"""Standard deviations of a normal distribution that hold 80 % of it."""


@dataclass(frozen=True)
class Knowledge:
    """How throughput goes with the datasheet, and how far silicon departs from that.

    The `_sd` are of natural logarithms of throughput: 0.1 is about 10 %.
    """

    weights: tuple[float, float, float, float]
    """Exponents of peak, memory bandwidth, board power and L2 cache for the time that neither
    arithmetic nor counted traffic explains. They sum to 1: twice of everything is twice as fast."""
    weight_sd: float
    """By how much one workload's exponents differ from the next one's."""
    architecture_sd: float
    """An architecture's efficiency on one workload, where nothing is known of it ..."""
    known_architecture_sd: float
    """... and around what is known."""
    design_sd: float
    """Of alike chips of one architecture: what a chip shares with its siblings, and ..."""
    design_reach: float
    """... how far, as a root mean square logarithm of ratios of figures, that reaches."""
    chip_sd: float
    """One chip."""
    software_sd: float
    """How well one release of the software suits one architecture."""
    noise_sd: float
    """The same chip, workload and software measured by somebody else."""
    vendor_sd: float
    """Another vendor's software. Assumed: the table has too few vendors to tell."""
    calibration: Mapping[Step, float]
    """What the standard deviation is multiplied by, so that an 80 % interval holds 80 %."""
    efficiency: Mapping[str, float] = field(default_factory=dict)
    """Logarithm of what an architecture delivers over what its figures promise, on the average
    workload; only differences count."""


KNOWLEDGE: Mapping[Kind, Knowledge] = {
    "accelerator": Knowledge(
        weights=(0.48, 0.12, 0.31, 0.09),
        weight_sd=0.05,
        architecture_sd=0.22,
        known_architecture_sd=0.12,
        design_sd=0.11,
        design_reach=0.5,
        chip_sd=0.035,
        software_sd=0.08,
        noise_sd=0.045,
        vendor_sd=0.3,
        calibration={"same_architecture": 0.9, "other_architecture": 1.0},
        efficiency={"Turing": -0.19, "Ampere": 0.12, "Ada": 0.03, "Hopper": 0.04},
    ),
    "cpu": Knowledge(
        weights=(0.5, 0.5, 0.0, 0.0),
        weight_sd=0.1,
        architecture_sd=0.36,
        known_architecture_sd=0.36,
        design_sd=0.0,
        design_reach=1.0,
        chip_sd=0.1,
        software_sd=0.1,
        noise_sd=0.05,
        vendor_sd=0.0,
        calibration={"other_architecture": 1.0},
    ),
}
