"""One sitting at a machine: its limits first, then the workloads, all of it stored."""

from collections.abc import Callable, Sequence

from benchbench import run
from benchbench.record import Ceiling, Effort, Precision, System
from benchbench.run import Event, Outcome, Planned
from benchbench.store import Store

_AMPERE = 8


def limits(
    system: System, *, effort: Effort, on_event: Callable[[Event], None]
) -> tuple[Ceiling, ...]:
    """The ceilings of every device here, at every precision that makes sense on it."""
    devices = ("cpu", *(one.device for one in system.accelerators))
    return tuple(
        ceiling
        for device in devices
        for ceiling in run.measure_ceilings(
            system, (device,), _precisions(system, device), effort, on_event=on_event
        )
    )


def _precisions(system: System, device: str) -> tuple[Precision, ...]:
    """What is worth measuring there; TF32 and bf16 need an Ampere GPU or later."""
    if device == "cpu":
        return ("fp32", "bf16")
    found = next(one for one in system.accelerators if one.device == device)
    major = int((found.compute_capability or "0").split(".")[0])
    return ("fp32", "tf32", "bf16", "fp16") if major >= _AMPERE else ("fp32", "fp16")


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
    devices = tuple(dict.fromkeys(one.setting.device for one in planned))
    precisions = tuple(dict.fromkeys(one.setting.precision for one in planned))
    found: tuple[Ceiling, ...] = ()
    if with_ceilings and planned:
        effort = planned[0].effort
        found = run.measure_ceilings(system, devices, precisions, effort, on_event=on_event)
    return run.execute(
        planned,
        store=store,
        system=system,
        ceilings=found,
        command=command,
        on_event=on_event,
        resume=resume,
    )
