"""What interruptions cost a job that saves checkpoints, and how often a provider lets them be."""

import numpy as np
from numpy.typing import NDArray

HOURS_PER_MONTH = 730.0
Value = float | NDArray[np.float64]


def lost_fraction(
    mean_hours_to_interruption: Value, checkpoint_hours: float, restart_hours: float
) -> Value:
    """Time added to useful time: δ/τ + (τ/2 + R)/M, a checkpoint every τ = √(2δM).

    Young, CACM 17(9), 1974; Daly, FGCS 22(3), 2006. First order: valid while τ is well below M.
    """
    interval = (2.0 * checkpoint_hours * mean_hours_to_interruption) ** 0.5
    saving = checkpoint_hours / interval if checkpoint_hours else 0.0
    lost: Value = saving + (interval / 2.0 + restart_hours) / mean_hours_to_interruption
    return lost


def longest_hours_between(fraction_per_month: Value) -> NDArray[np.float64]:
    """730 h ÷ -ln(1 - q): what a share interrupted in a month allows at best.

    An upper bound: the share counts instances, many of them stopped by their owners long before.
    """
    return np.asarray(HOURS_PER_MONTH / -np.log1p(-np.asarray(fraction_per_month)))
