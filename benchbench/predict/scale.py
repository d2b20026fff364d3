"""One measured configuration carried over to other silicon, or why it cannot be."""

import math
from dataclasses import dataclass
from typing import Literal

from benchbench.catalog.silicon import OfferSilicon, Silicon
from benchbench.predict.answer import Refusal, Step
from benchbench.predict.combine import Shares
from benchbench.predict.hardware import Hardware, Ratios, logarithms
from benchbench.predict.knowledge import Knowledge
from benchbench.predict.reference import Ceilings, Reference
from benchbench.record import Precision

SAME_CHIP = 1.11
"""The truth is within this factor above and below, 8 times in 10: p90 between submitters who
measured the same accelerator, 10.6 %."""
UTILISATION = {"accelerator": (0.03, 0.40), "cpu": (0.10, 0.60)}
"""From a CPU to an accelerator or back nothing measured carries over, so model FLOP/s are taken as
this share of the roof, at the middle of the range on a logarithmic scale (0.11 of an accelerator).
Accelerators, PyTorch in mixed precision (NVIDIA DeepLearningExamples, ResNet-50 v1.5, container
21.03), model FLOP/s over the dense peak: training 0.23 on V100 (1,200 images/s) and 0.19 on
A100-80GB (2,470); inference at batch 256 0.22 on V100 (3,382) and 0.15 on T4 (1,198); at batch 8
0.04 on V100 (595), where launches are the limit. Those are tuned (channels last, fused optimiser,
input on the GPU) and plain eager code is not, hence a middle below them; 0.40 leaves room for large
transformers, 0.46 at best (PaLM; Chowdhery et al. 2022, table 3).
CPUs: 0.25 of the fp32 peak with eager PyTorch, more with a compiled or vendor backend."""
_CPU_SCALING = 0.25
"""Assumed: n times the cores deliver n^0.75 to n times; threads wait for each other and memory."""
_DATA_PARALLEL = 0.1
"""Assumed for training: at least 0.8 of linear at 8, inside one instance (NVIDIA
DeepLearningExamples, ResNet-50 v1.5, mixed precision: 6.72 x on 8 A100, 6.93 x on 8 V100)."""
_ACROSS_KINDS: dict[str, tuple[Precision, ...]] = {
    "accelerator": ("bf16", "fp16", "tf32", "fp32"),
    "cpu": ("bf16", "fp32"),
}
"""The precision one would use there, best first."""
PYTORCH_RUNS_ON = ("NVIDIA", "AMD")
"""The same code and backend; other accelerators need another compiler, and some cannot train."""
_WITHOUT_MATRIX_UNITS = ("Kepler", "Maxwell", "Pascal")
"""No published result says how these compare with what came after."""
_BYTES: dict[Precision, int] = {"fp64": 8, "fp32": 4, "tf32": 4, "bf16": 2, "fp16": 2}
"""Of an element in memory; tf32 is a way to multiply fp32."""
_STAND_IN: dict[Precision, Precision] = {"bf16": "fp16", "fp16": "bf16"}

NOT_COUNTED = Refusal(
    code="not_counted",
    because="nobody counted this workload's FLOPs or bytes, so it stays on silicon it was measured "
    "on; count them in the workload's work()",
)

Roof = Literal["peak", "memory bandwidth"]


@dataclass(frozen=True)
class Pair:
    """A device measured and one asked about."""

    here: Hardware
    there: Hardware
    precision: Precision
    """Assumed there."""
    logs: tuple[float, ...]
    """Of the figures there over those here."""


@dataclass(frozen=True)
class Scaled:
    """One reference carried over. `value` is in units/s; the truth is in value/down .. value*up."""

    reference: Reference
    step: Step
    precision: Precision
    value: float
    down: float
    up: float
    distance: float | None
    pair: Pair | None = None
    """Between silicon of one kind; `down` and `up` leave out how unlike the silicon is."""
    share: tuple[float, float] | None = None
    """The assumed utilisation, where nothing measured carries over."""
    roof: Roof | None = None
    """What that is a share of."""


def scaled(
    one: Reference,
    target: OfferSilicon,
    silicon: Silicon,
    ceilings: Ceilings,
    knowledge: Knowledge,
) -> Scaled | Refusal:
    """One measured configuration on other silicon, or why not."""
    if one.name == target.name and one.kind == target.kind:
        return _same_chip(one, target)
    if one.figures.flops_per_unit is None and one.figures.bytes_per_unit is None:
        return NOT_COUNTED
    if _runs_other_software(one, target, silicon):
        because = f"{target.name} needs its vendor's own software, and nothing measured ran on it"
        return Refusal(code="other_software", because=because)
    if one.kind != target.kind:
        return _other_kind(one, target)
    pair = _pair(one, target, silicon, ceilings, knowledge)
    return pair if isinstance(pair, Refusal) else _same_kind(one, target, pair, knowledge)


def _runs_other_software(one: Reference, target: OfferSilicon, silicon: Silicon) -> bool:
    there, here = silicon.chips.get(target.name), silicon.chips.get(one.name)
    if there is None or there.vendor in PYTORCH_RUNS_ON:
        return False
    return here is None or here.vendor != there.vendor


def _same_chip(one: Reference, target: OfferSilicon) -> Scaled:
    more = target.count / one.count
    down, up = _widened(one, SAME_CHIP, more)
    value = one.throughput.value * more
    return Scaled(one, "same_chip", one.figures.precision, value, down, up, 0.0)


def _other_kind(one: Reference, target: OfferSilicon) -> Scaled | Refusal:
    """Utilisation times what the roofline allows (Williams et al. 2009) over work per unit."""
    figures = one.figures
    if figures.scenario not in ("train", "offline"):
        because = f"latency on a {one.kind} says nothing about latency on {target.name}"
        return Refusal(code="latency", because=because)
    if figures.flops_per_unit is None:
        return NOT_COUNTED
    choices = _ACROSS_KINDS[target.kind]
    precision = next((p for p in choices if target.peak_flops(p) is not None), None)
    peak = None if precision is None else target.peak_flops(precision)
    if precision is None or peak is None:
        return Refusal(code="no_peak", because=f"no peak of {target.name} is known")
    roof, rate = _roof(one, precision, peak, target.bandwidth_bytes_per_s)
    low, high = UTILISATION[target.kind]
    middle = math.sqrt(low * high)
    devices = target.count if target.kind == "accelerator" else 1.0
    lost = _data_parallel_loss(one, devices)
    down, up = middle / low * lost, high / middle
    return Scaled(
        one, "other_kind", precision, middle * rate, down, up, None, share=(low, high), roof=roof
    )


def _roof(
    one: Reference, precision: Precision, peak: float, bandwidth: float | None
) -> tuple[Roof, float]:
    """The lower roof and its units/s, traffic counted at the target's element size.

    Bandwidth is a cautious roof: what a batch shares (weights) stays spread over the one measured.
    """
    figures = one.figures
    by_peak = math.inf if figures.flops_per_unit is None else peak / figures.flops_per_unit
    if bandwidth is None or figures.bytes_per_unit is None:
        return "peak", by_peak
    here, there = _BYTES.get(figures.precision), _BYTES.get(precision)
    narrower = there / here if here and there else 1.0
    by_bandwidth = bandwidth / (figures.bytes_per_unit * narrower)
    return ("peak", by_peak) if by_peak <= by_bandwidth else ("memory bandwidth", by_bandwidth)


def _pair(
    one: Reference, target: OfferSilicon, silicon: Silicon, ceilings: Ceilings, knowledge: Knowledge
) -> Pair | Refusal:
    precision = _precision_there(one, target)
    if precision is None:
        because = f"{target.name} has no known {one.figures.precision} peak"
        return Refusal(code="no_peak", because=because)
    here = Hardware.measured(one, silicon.chips.get(one.name))
    there = Hardware.offered(target, precision, silicon.chips.get(target.name), ceilings)
    logs = logarithms(there.over(here), knowledge.weights)
    if logs is None:
        because = f"{one.name}, which was measured, has neither a known peak nor a measured one"
        return Refusal(code="no_peak", because=because)
    if _unrelated(here, there):
        because = f"nothing published tells how {there.architecture or target.name} compares with "
        because += f"{here.architecture or one.name}, another architecture"
        return Refusal(code="unknown_architecture", because=because)
    return Pair(here, there, precision, logs)


def _same_kind(one: Reference, target: OfferSilicon, pair: Pair, knowledge: Knowledge) -> Scaled:
    relative = shares(one, pair.here).relative_time(pair.logs, knowledge.weights)
    more = target.count / one.count
    value = one.throughput.value * more / relative
    down, up = _widened(one, 1.0, more)
    related = pair.here.architecture == pair.there.architecture
    step: Step = "same_architecture" if related else "other_architecture"
    distance = _distance(pair.there.over(pair.here))
    return Scaled(one, step, pair.precision, value, down, up, distance, pair)


def _unrelated(here: Hardware, there: Hardware) -> bool:
    """Of two architectures of which one is unknown, or multiplies matrices another way."""
    both = (here.architecture, there.architecture)
    return both[0] != both[1] and any(one in (None, *_WITHOUT_MATRIX_UNITS) for one in both)


def _precision_there(one: Reference, target: OfferSilicon) -> Precision | None:
    """The precision measured; bf16 and fp16 stand in for each other on accelerators."""
    wanted = one.figures.precision
    if target.peak_flops(wanted) is not None:
        return wanted
    other = _STAND_IN.get(wanted) if target.kind == "accelerator" else None
    return other if other is not None and target.peak_flops(other) is not None else None


def shares(one: Reference, here: Hardware) -> Shares:
    """Of the measured time, at the measured ceilings where there are any."""
    figures, rate = one.figures, one.throughput.value / one.count
    compute = _share(figures.flops_per_unit, rate, here.matmul or here.peak)
    memory = _share(figures.bytes_per_unit, rate, here.triad or here.bandwidth)
    whole = max(1.0, compute + memory)
    return Shares(compute / whole, memory / whole)


def _share(per_unit: float | None, rate: float, ceiling: float | None) -> float:
    """Of the time, as far as it is known: unknown work is part of the rest."""
    return 0.0 if per_unit is None or ceiling is None else per_unit * rate / ceiling


def _widened(one: Reference, factor: float, more: float) -> tuple[float, float]:
    """Factors below and above the value: the step's, the measurement's own, and the count's."""
    noise = one.throughput.half_width_fraction or 0.0
    both = math.exp(math.hypot(math.log(factor), noise))
    down, up = counted(one, more)
    return both * down, both * up


def counted(one: Reference, more: float) -> tuple[float, float]:
    """Factors below and above the value where the devices are `more` times as many."""
    lost = more**_CPU_SCALING if one.kind == "cpu" else _data_parallel_loss(one, more)
    return max(1.0, lost), max(1.0, 1.0 / lost)


def _data_parallel_loss(one: Reference, more: float) -> float:
    return max(1.0, more) ** _DATA_PARALLEL if one.figures.scenario == "train" else 1.0


def _distance(ratios: Ratios) -> float | None:
    squares = [math.log(ratio) ** 2 for ratio in ratios[:2] if ratio is not None]
    return math.sqrt(sum(squares) / len(squares)) if squares else None
