"""A workload on hardware nobody measured: scaled from measured records, always with an interval.

From one measured chip to another of its kind (`combine.Shares`):

    time' / time = c / C + m / M + (1 - c - m) / (C^w1 · M^w2 · P^w3 · K^w4)

c and m are the shares of the measured time that arithmetic and memory traffic need at the source's
ceilings; C, M, P and K the target's peak, bandwidth, board power and L2 cache over the source's;
the weights and the efficiency of each architecture (`knowledge`) are learnt from published results.
Everything else measured of the workload corrects that, the more the closer its chip is to the
target (`combine.carried`), and narrows the interval, which is wide where nothing near is known.

Held against 547 published offline results of 26 accelerators, none of the target's own seen
(`benchmarks/prediction_error.py`; MLPerf inference v0.5 to v4.1, closed division; derived,
unverified by MLCommons), the median error is 5 % from all other accelerators of the same software
(13 % for the best ratio of datasheet figures, from the nearest), 8 % from the nearest alone, 20 %
where the whole architecture was never seen (31 %), and the 80 % interval holds 80 to 87 %.
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
