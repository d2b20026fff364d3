"""A workload on hardware nobody measured: scaled from measured records, always with an interval.

    time' / time = c / C + m / M + (1 - c - m) / sqrt(C · M)

c and m are the shares of the measured time that arithmetic and memory traffic need at the source's
ceilings, C and M the target's ceilings over the source's. The rest (elementwise work, launches,
cache misses) goes with the geometric mean of both, the best single scaling on published results.

Interval widths (80 %) are evidence, not theory. On 547 published offline results of 26 accelerators
(MLPerf inference v0.5 to v4.1, closed division; derived, unverified by MLCommons) scaling by the
geometric mean lies within a factor 1.26 of the truth for 80 % of the 1,108 pairs of one round and
one architecture, and within 1.92 for the 1,738 pairs across architectures (p90 of the absolute
error 31 % and 92 %). Those stacks were tuned per device and PyTorch is not, so the factors here are
a little wider. Leaving one accelerator out, or all of its architecture, the truth was inside 87 %
and 88 % of the time; for language models, whose software moved fastest, about half of it.
`benchmarks/prediction_error.py` recomputes these figures.
"""

from benchbench.predict.answer import Prediction, Refusal, Step
from benchbench.predict.predictor import Predictor, predict
from benchbench.predict.reference import Ceilings, Reference, references

__all__ = [
    "Ceilings",
    "Prediction",
    "Predictor",
    "Reference",
    "Refusal",
    "Step",
    "predict",
    "references",
]
