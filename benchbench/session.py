"""One sitting at a machine: its limits first, then the workloads, all of it stored."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from benchbench import run
from benchbench.errors import CannotMeasureError
from benchbench.record import Accelerator, Ceiling, Effort, Precision, System
from benchbench.run import Event, Outcome, Planned
from benchbench.store import Store

_CPU: tuple[Precision, ...] = ("fp32", "bf16", "int8")
_TENSOR_INT8, _TENSOR_BF16, _TENSOR_FP8 = (7, 5), (8, 0), (8, 9)
"""The first compute capabilities with units for these types (CUDA C++ Programming Guide)."""


def limits(
    system: System,
    *,
    effort: Effort,
    on_event: Callable[[Event], None],
    storage_folder: Path | None = None,
) -> tuple[Ceiling, ...]:
    """The ceilings of every device here, at every precision that makes sense on it.

    First what feeds them: decoding images, and the disk of `storage_folder`. A folder that cannot
    be used costs these figures only; the listener is told.
    """
    found = list(
        run.measure_ceilings(
            system, (), (), effort, on_event=on_event, decoders=_processors(system)
        )
    )
    if storage_folder is not None:
        with suppress(CannotMeasureError):
            found += run.measure_ceilings(
                system, (), (), effort, on_event=on_event, storage_folder=storage_folder
            )
    for precisions, devices in _alike(system).items():
        found += run.measure_ceilings(system, devices, precisions, effort, on_event=on_event)
        if len(devices) > 1:
            found += run.measure_collectives(system, devices[0], len(devices), on_event=on_event)
    return tuple(found)


def _processors(system: System) -> int:
    """How many processes can decode side by side: our processors, within the quota."""
    quota = system.cpu.quota_threads or system.cpu.usable_threads
    return max(1, int(min(quota, system.cpu.usable_threads)))


def _alike(system: System) -> dict[tuple[Precision, ...], tuple[str, ...]]:
    """Devices by what is worth measuring there: GPUs alike are also measured all at once."""
    groups: dict[tuple[Precision, ...], tuple[str, ...]] = {_CPU: ("cpu",)}
    for one in system.accelerators:
        precisions = _precisions(one)
        groups[precisions] = (*groups.get(precisions, ()), one.device)
    return groups


def _precisions(gpu: Accelerator) -> tuple[Precision, ...]:
    """What a GPU of this compute capability has units for, the usual ones first."""
    major, _, minor = (gpu.compute_capability or "0.0").partition(".")
    capability = (int(major), int(minor or 0))
    units: tuple[tuple[tuple[int, int], tuple[Precision, ...]], ...] = (
        ((0, 0), ("fp32",)),
        (_TENSOR_BF16, ("tf32", "bf16")),
        ((0, 0), ("fp16", "fp64")),
        (_TENSOR_FP8, ("fp8",)),
        (_TENSOR_INT8, ("int8",)),
    )
    return tuple(name for least, names in units if capability >= least for name in names)


def measure(
    planned: Sequence[Planned],
    *,
    store: Store,
    system: System,
    command: tuple[str, ...],
    on_event: Callable[[Event], None],
    with_ceilings: bool = True,
    resume: bool = False,
) -> Outcome:
    """The limits the plan will be held against, then the plan.

    Raises:
        UsageError: results cannot be stored there; nothing was measured.
    """
    store.prepare()
    precisions = [one.setting.precision for one in planned]
    return run.execute(
        planned,
        store=store,
        system=system,
        ceilings=beside(planned, precisions, system, on_event) if with_ceilings else (),
        command=command,
        on_event=on_event,
        resume=resume,
    )


def beside(
    planned: Sequence[Planned],
    precisions: Sequence[Precision],
    system: System,
    on_event: Callable[[Event], None],
) -> tuple[Ceiling, ...]:
    """What the machine could do on the plan's devices at these precisions; of no plan, nothing."""
    if not planned:
        return ()
    found = run.measure_ceilings(
        system,
        tuple(dict.fromkeys(one.setting.device for one in planned)),
        tuple(dict.fromkeys(precisions)),
        planned[0].effort,
        on_event=on_event,
        decoders=_processors(system) if any(map(_needs_images, planned)) else 0,
    )
    several = {(one.setting.device, one.setting.ranks) for one in planned if one.setting.ranks > 1}
    for device, ranks in sorted(several):
        found += run.measure_collectives(system, device, ranks, on_event=on_event)
    return found


def _needs_images(planned: Planned) -> bool:
    return planned.unit == "image" and planned.scenario == "train"
