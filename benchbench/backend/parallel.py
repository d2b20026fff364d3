"""One training step shared by several processes (`Setting.ranks`), each with data of its own.

A workload that calls `spread` on its model and makes its optimiser after that trains so; its file
says so by naming `parallel`. The processes are in one group already when a job is loaded.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from benchbench.precision import torch_dtype
from benchbench.workload import Setting

_replicated: list[Any] = []
"""The models of this process that average gradients."""


def spread(model: torch.nn.Module, setting: Setting, parts: Iterable[torch.nn.Module] = ()) -> Any:  # noqa: ANN401 - of the model's own class or wrapped, called alike
    """The model as one of the setting's ranks holds it; alone, as it is.

    `ddp`: a whole copy, equal at the start, whose gradients are averaged while they are computed.
    `fsdp`: its share of every weight; `parts` are gathered one at a time (Zhao et al. 2023).
    """
    if setting.ranks == 1:
        return model
    if setting.parallel == "fsdp":
        return _sharded(model, setting, parts)
    whole = torch.nn.parallel.DistributedDataParallel(
        model, device_ids=None if setting.device == "cpu" else [torch.device(setting.device)]
    )
    _replicated.append(whole)
    return whole


def exchanges() -> bool:
    """Whether there is a model here whose gradients could be left unaveraged."""
    return bool(_replicated)


@contextmanager
def silenced() -> Iterator[None]:
    """Each rank keeps its own gradients inside: the same step without a word to the others."""
    for each in _replicated:
        each.require_backward_grad_sync = False
    try:
        yield
    finally:
        for each in _replicated:
            each.require_backward_grad_sync = True


def _sharded(
    model: torch.nn.Module, setting: Setting, parts: Iterable[torch.nn.Module]
) -> torch.nn.Module:
    from torch.distributed.device_mesh import init_device_mesh  # noqa: PLC0415 - several devices'
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard  # noqa: PLC0415 - as above

    mesh = init_device_mesh(torch.device(setting.device).type, (setting.ranks,))
    reduced = torch_dtype(setting.precision, setting.device)
    policy = MixedPrecisionPolicy(param_dtype=reduced, reduce_dtype=torch.float32)
    for part in parts:
        fully_shard(part, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    return model
