"""One of several processes that measure together: `-m benchbench.measure.rank FOLDER FD PARENT`.

Started by torchrun's agent, whose process PARENT it dies with. It finds its request in FOLDER and
leaves its result there; the first of them tells the runner how it goes.
"""

import faulthandler
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
import torch.distributed as dist

from benchbench.measure import failure
from benchbench.measure.channel import Channel
from benchbench.measure.launch import REQUEST, failed, said
from benchbench.measure.measuring import measure_workload, set_threads
from benchbench.measure.message import (
    CeilingsResult,
    MeasureCollectives,
    MeasureWorkload,
    Message,
    Request,
    WorkloadResult,
)
from benchbench.measure.ranks import devices
from benchbench.measure.worker import die_with


class Group:
    """The ranks of this launch, who agree over a group of processors beside the devices' own."""

    def __init__(self) -> None:
        self._control: Any = dist.new_group(backend="gloo")  # its stub allows a refusal

    def agree(self, decision: bool) -> bool:  # noqa: FBT001 - it is the question itself
        """What the first of them would do."""
        return bool(self.shared(float(decision)))

    def ready(self) -> None:
        """Wait until all are here."""
        dist.barrier(group=self._control)

    def shared(self, value: float) -> float:
        """The first one's."""
        told = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(told, 0, group=self._control)
        return float(told)

    def process_groups(self) -> Sequence[int]:
        """Of all ranks: the time of each is ours."""
        found: list[int] = [0] * dist.get_world_size()
        dist.all_gather_object(found, os.getpgrp(), group=self._control)
        return found


class Quiet(Channel):
    """Only the first rank tells how it goes, and nobody sends a result this way."""

    def send(self, message: Message) -> None:
        """Progress alone."""
        if int(os.environ["RANK"]) == 0 and message.progress is not None:
            super().send(message)


@contextmanager
def joined(device: str) -> Iterator[Group]:
    """In the group of all ranks, over NCCL between GPUs and gloo between processors."""
    if device != "cpu":
        torch.cuda.set_device(torch.device(device))
    dist.init_process_group("gloo" if device == "cpu" else "nccl")
    try:
        yield Group()
    finally:
        dist.destroy_process_group()


def measure(request: MeasureWorkload, rank: int, channel: Channel) -> WorkloadResult:
    """This rank's part, on its device and its own data."""
    setting = request.setting
    mine = replace(
        setting,
        rank=rank,
        seed=setting.seed + rank,
        device=devices(setting.device, setting.ranks)[rank],
    )
    with joined(mine.device) as group:
        return measure_workload(request.model_copy(update={"setting": mine}), channel, group)


def exchange(request: MeasureCollectives, rank: int) -> CeilingsResult:
    """How fast gradients are exchanged."""
    from benchbench.ceilings import collective  # noqa: PLC0415 - a workload needs none of it

    set_threads(request.threads)
    with joined(request.devices[rank]) as group:
        found = collective.all_reduce(request.devices[rank], ready=group.ready)
    return CeilingsResult(ceilings=(found,))


def main(folder: Path, descriptor: int, parent: int) -> None:
    """Serve the request in the folder; end as a worker does, without the interpreter's teardown."""
    die_with(parent)
    faulthandler.enable()
    rank = int(os.environ["RANK"])

    def last_words(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        text = failure.of_exception(error).model_dump_json()
        failed(folder, rank).write_text(text, encoding="utf-8")
        sys.__excepthook__(kind, error, trace)

    sys.excepthook = last_words
    body = Request.model_validate_json((folder / REQUEST).read_text(encoding="utf-8")).body
    # The runner's own pipe, which the agent does not hand down.
    channel = Quiet(os.open(f"/proc/{parent}/fd/{descriptor}", os.O_WRONLY))
    if isinstance(body, MeasureWorkload):
        text = measure(body, rank, channel).model_dump_json()
    elif isinstance(body, MeasureCollectives):
        text = exchange(body, rank).model_dump_json()
    else:
        raise TypeError(type(body).__name__)
    said(folder, rank).write_text(text, encoding="utf-8")
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
