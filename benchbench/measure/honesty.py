"""Did what was asked for run? An engine or a workload may fall back to something else in silence.

Another device, precision, batch or backend is another configuration: its number is not the answer
to the question, however fast it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from benchbench.measure.checks import Agreement, leaves
from benchbench.record import Caveat, Precision, Scalar
from benchbench.workload import BACKENDS, Job, Setting

_DEVICE = re.compile(r"(cpu|cuda|xpu|hip|mps)(:\d+)?")
_ROUNDING: dict[Precision, float] = {"bf16": 2**-8, "fp16": 2**-11, "fp8": 2**-4, "int8": 2**-8}
"""Half the distance between 1 and the next number of that precision."""
_SUSPICIOUS = 0.01
"""Of the rounding: outputs that close to fp32 were never rounded. Those of a real bf16 model are a
hundred times farther (1e-3), those of another fp32 engine ten times closer (1e-6)."""
_PRECISIONS = get_args(Precision)
_SAID: dict[str, Callable[[str], object]] = {
    "device": _DEVICE.fullmatch,
    "precision": _PRECISIONS.__contains__,
    "batch_size": str.isdigit,
    "backend": BACKENDS.__contains__,
}
"""Parameters by which a workload may say what it used, where they hold what a setting holds."""


@dataclass(frozen=True)
class Tensor:
    """Where an array of a step lies, as PyTorch names it, and its shape."""

    device: str | None
    shape: tuple[int, ...]


class Witness:
    """Looks at the first step of a job and steps aside: no later one is slower for it."""

    def __init__(self, job: Job) -> None:
        self.batch: tuple[Tensor, ...] = ()
        self.outcome: tuple[Tensor, ...] = ()
        plain = job.step

        def first(batch: Any) -> Any:  # noqa: ANN401 - the workload's own types
            job.step = plain
            outcome = plain(batch)
            self.batch, self.outcome = tuple(_tensors(batch)), tuple(_tensors(outcome))
            return outcome

        job.step = first


def doubts(
    seen: Witness,
    said: Mapping[str, Scalar],
    setting: Setting,
    *,
    device_memory_bytes: int | None,
    agreement: Agreement | None,
) -> tuple[Caveat, ...]:
    """What ran otherwise than asked: by the workload's own word, and by what its step touched."""
    found = (
        *_contradictions(said, setting),
        *_elsewhere(seen, setting.device, device_memory_bytes),
        *_smaller(seen.batch, setting.batch_size),
        *_finer(agreement, setting.precision),
    )
    return tuple(
        Caveat(
            code="fell_back",
            severity="invalid",
            message=f"asked for {asked}, but {instead}: this is another configuration",
            remedy="ask for what it can do, or mend what falls back in silence",
        )
        for asked, instead in found
    )


def _contradictions(said: Mapping[str, Scalar], setting: Setting) -> Iterator[tuple[str, str]]:
    for name, is_one in _SAID.items():
        asked, used = str(getattr(setting, name)), str(said.get(name, ""))
        if is_one(used) and used not in {asked, asked.partition(":")[0]}:
            yield f"{name} {asked}", f"the workload says it used {used}"


def _elsewhere(
    seen: Witness, asked: str, device_memory_bytes: int | None
) -> Iterator[tuple[str, str]]:
    """Data may come to a GPU from the host and go back, but something must have been there."""
    devices = {one.device for one in (*seen.batch, *seen.outcome) if one.device is not None}
    kind = asked.partition(":")[0]
    others = sorted(one for one in devices if one.partition(":")[0] != kind)
    if asked == "cpu" and others:
        yield "the cpu", f"the step's data were on {', '.join(others)}"
    elif asked != "cpu" and device_memory_bytes == 0 and devices and len(others) == len(devices):
        yield asked, f"nothing was ever there, and the step's data were on {', '.join(others)}"


def _smaller(batch: tuple[Tensor, ...], asked: int) -> Iterator[tuple[str, str]]:
    """All arrays have the same fewer rows, and nothing else is as many as the batch.

    A list of as many arrays holds one for each unit: their rows are something else.
    """
    shapes = [one.shape for one in batch if one.shape]
    rows = {shape[0] for shape in shapes}
    alike = len(rows) == 1 and len(shapes) < asked
    if alike and max(rows) < asked and not any(asked in shape for shape in shapes):
        yield f"a batch of {asked}", f"its arrays have {max(rows)} rows"


def _finer(agreement: Agreement | None, asked: Precision) -> Iterator[tuple[str, str]]:
    """An angle of e between two vectors has a cosine of 1 - e²/2."""
    rounding = _ROUNDING.get(asked)
    if agreement is None or rounding is None:
        return
    if 1 - agreement.cosine < (_SUSPICIOUS * rounding) ** 2 / 2:
        yield asked, "its outputs are those of fp32, not rounded at all"


def _tensors(nested: Any) -> Iterator[Tensor]:  # noqa: ANN401 - as above
    for leaf in leaves(nested):
        device = str(getattr(leaf, "device", ""))
        yield Tensor(
            device if _DEVICE.fullmatch(device) else None,
            tuple(getattr(leaf, "shape", ())),
        )
