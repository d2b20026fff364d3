"""Why it is not faster (roofline, Williams et al. 2009; He 2022): what limits a step."""

from collections.abc import Sequence

from benchbench import units
from benchbench.derive.figures import InputCost, Regime, RegimeName
from benchbench.record import Measurement
from benchbench.stats import Estimate

_CLEAR = 1.10
"""A slowdown or a lead of 10 % is beyond the noise of two measurements."""
_NEAR = 0.6
"""Above this share of a ceiling, that ceiling is what a user meets first."""
_BUSY = 0.85
"""Device time below this share of wall time: the device waits."""

_TRY = {
    "input": "decode with more workers, cache the decoded images or resize them once beforehand",
    "overhead": "a larger batch, or torch.compile, so that each launch does more work",
    "memory": "a lower precision or a fused (compiled) model moves fewer bytes per step",
    "compute": "a device with a higher peak, or a lower precision where this one has units for it",
    "undetermined": "a larger batch or a compiled model, one at a time, to see which one helps",
}


def regime(
    measured: Sequence[Measurement],
    input_cost: InputCost | None,
    compute: Estimate | None,
    memory: Estimate | None,
) -> Regime:
    """The verdict, its evidence and the one thing to try.

    `compute` is the share of the measured matmul ceiling reached, `memory` that of the bandwidth.
    """
    name, evidence = _limit(measured, input_cost, compute, memory)
    return Regime(name=name, evidence=evidence, try_next=_TRY[name])


def _limit(
    measured: Sequence[Measurement],
    input_cost: InputCost | None,
    compute: Estimate | None,
    memory: Estimate | None,
) -> tuple[RegimeName, str]:
    if not measured:
        return "undetermined", "there is no valid measurement"
    if input_cost and input_cost.slowdown and input_cost.slowdown >= _CLEAR:
        faster = units.number(input_cost.slowdown)
        return "input", f"the same step fed from memory is {faster} times as fast"
    busy = _device_share(measured)
    if busy is not None and busy < _BUSY:
        return "overhead", f"the device worked {units.percent(busy)} of the time"
    shares = {"compute": compute, "memory": memory}
    known = {name: share.value for name, share in shares.items() if share is not None}
    said = ", ".join(
        f"{units.percent(value)} of the {name} ceiling" for name, value in known.items()
    )
    if not known:
        return "undetermined", "its work was not counted, or no ceiling was measured with it"
    highest, runner_up = max(known.values()), min(known.values())
    if highest < _NEAR or len(known) < len(shares) or highest < runner_up * _CLEAR:
        return "undetermined", f"reaches {said}"
    return ("compute" if known["compute"] == highest else "memory"), f"reaches {said}"


def _device_share(measured: Sequence[Measurement]) -> float | None:
    timed = [one for one in measured if one.device_s]
    if not timed:
        return None
    return sum(sum(one.device_s or ()) for one in timed) / sum(one.elapsed_s for one in timed)
