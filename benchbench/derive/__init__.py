"""From what was observed to what is claimed: throughput, FLOP/s, utilisation, regime. Pure.

One `Figures` per configuration: the records given to it are its repeats in separate processes.
"""

from benchbench.derive.compute import figures, group
from benchbench.derive.figures import (
    Figures,
    InputCost,
    Percentile,
    Regime,
    RegimeName,
    TrainingEstimate,
)

__all__ = [
    "Figures",
    "InputCost",
    "Percentile",
    "Regime",
    "RegimeName",
    "TrainingEstimate",
    "figures",
    "group",
]
