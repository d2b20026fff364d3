"""A workload on hardware nobody measured: scaled from measured records, always with an interval.

    time' / time = c / C + m / M + (1 - c - m) / sqrt(C · M)

c and m are the shares of the measured time that arithmetic and memory traffic need at the source's
ceilings, C and M the target's ceilings over the source's. The rest (elementwise work, launches,
cache misses) goes with the geometric mean of both, the best single scaling on published results.

Interval widths (80 %) are evidence, not theory. On 547 published offline results of 25 accelerators
(MLPerf inference v0.5 to v4.1, closed division) 80 % of the pairs of one round lie within a factor
1.28 within an architecture and 1.84 across (p90 of the absolute error 29 % and 80 %). Those stacks
were tuned per device; PyTorch is not, so the factors here are a little wider.
`benchmarks/prediction_error.py` recomputes them.
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
