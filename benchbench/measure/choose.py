"""What is measured where nobody said: device, precision, batch size, threads. Never a fallback.

A device that was asked for and is not there is an error; another configuration is another record.
"""

import importlib.util
import math
import runpy
from collections.abc import Mapping
from pathlib import Path

from benchbench.errors import CannotMeasureError, UsageError
from benchbench.record import Caveat, Precision, System
from benchbench.workload import EAGER, Parallel, Workload, parallels
from benchbench.workload.file import backends

_CPU_UNITS: tuple[tuple[Precision, set[str] | None], ...] = (
    ("bf16", {"avx512_bf16", "amx_bf16", "bf16"}),  # the last is Arm's name
    ("fp32", None),
    ("fp16", {"avx512_fp16", "amx_fp16", "asimdhp"}),
)
_AMPERE, _VOLTA = (8, 0), (7, 0)


def torch_cuda() -> str | None:
    """The CUDA version the installed PyTorch was built for, without importing it."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    built = runpy.run_path(str(Path(spec.origin).with_name("version.py")))
    cuda = built.get("cuda")
    return None if cuda is None else str(cuda)


def device(wanted: str | None, system: System, cuda: str | None) -> tuple[str, tuple[Caveat, ...]]:
    """The device to measure on, and a doubt where a GPU must stay idle.

    Raises:
        CannotMeasureError: a GPU was asked for that PyTorch cannot use here.
        UsageError: there is no such kind of device.
    """
    visible = [accelerator.device for accelerator in system.accelerators]
    if wanted is None:
        if visible and cuda is None:
            return "cpu", (_unused_gpu(system.accelerators[0].name),)
        return (visible[0] if visible else "cpu"), ()
    if wanted == "cpu":
        return "cpu", ()
    if wanted.partition(":")[0] != "cuda":
        raise UsageError(f"no device {wanted!r}; use cpu, cuda or cuda:N")
    return _gpu("cuda:0" if wanted == "cuda" else wanted, visible, cuda), ()


def _gpu(wanted: str, visible: list[str], cuda: str | None) -> str:
    if wanted not in visible:
        there = ", ".join(visible) or "none"
        raise CannotMeasureError(
            f"no device {wanted} here (visible: {there}); look with: benchbench doctor, "
            "or measure the processor with --device cpu"
        )
    if cuda is None:
        raise CannotMeasureError(
            "the installed PyTorch has no CUDA: install a CUDA build of torch, "
            "or measure the processor with --device cpu"
        )
    return wanted


def _unused_gpu(name: str) -> Caveat:
    return Caveat(
        code="gpu_unused",
        severity="warning",
        message=f"the {name} was not used: the installed PyTorch has no CUDA",
        remedy="install a CUDA build of torch",
    )


def precision(
    wanted: Precision | None, device_name: str, system: System, workload: Workload
) -> Precision:
    """The fastest one the device computes natively, of those the workload offers.

    Raises:
        UsageError: the workload does not offer the one asked for.
    """
    offered = workload.precisions
    if wanted is None:
        native = _native(device_name, system)
        return native if native in offered else offered[0]
    if wanted not in offered:
        raise UsageError(f"{workload.name} offers {', '.join(offered)}; not {wanted}")
    return wanted


def _native(device_name: str, system: System) -> Precision:
    """The first that is fast there."""
    return native(device_name, system)[0]


def native(device_name: str, system: System) -> tuple[Precision, ...]:
    """The precisions the device computes in units of its own, the likely fastest first."""
    if device_name == "cpu":
        return tuple(
            precision
            for precision, instructions in _CPU_UNITS
            if instructions is None or instructions & set(system.cpu.instruction_sets)
        )
    capability = next(
        (a.compute_capability for a in system.accelerators if a.device == device_name), None
    )
    version = tuple(int(part) for part in (capability or "0").split("."))
    if version >= _AMPERE:
        return "bf16", "fp16", "tf32", "fp32"
    return ("fp16", "fp32") if version >= _VOLTA else ("fp32",)


def backend(wanted: str, workload: Workload) -> str:
    """The one asked for.

    Raises:
        UsageError: the workload does not run on it.
    """
    if wanted not in backends(workload):
        known = ", ".join(backends(workload))
        raise UsageError(f"{workload.name} runs on {known}; not on {wanted!r}")
    return wanted


def batch_size(wanted: int | None, device_name: str, workload: Workload) -> int:
    """The one asked for, else the workload's own for this kind of device.

    Raises:
        UsageError: it is not positive.
    """
    if wanted is not None:
        if wanted < 1:
            raise UsageError(f"a batch of {wanted} holds nothing; use --batch 1 or more")
        return wanted
    if device_name == "cpu":
        return workload.batch_size
    return int(getattr(workload, "batch_size_accelerator", workload.batch_size))


def together(ranks: int, device_name: str, system: System, most_threads: int) -> None:
    """Whether so many processes have a device each.

    Raises:
        CannotMeasureError: there are not so many.
        UsageError: one of several was named.
    """
    if device_name == "cpu":
        if most_threads < ranks:
            raise CannotMeasureError(
                f"{ranks} processes would share {most_threads} processors; "
                f"ask for --devices {most_threads} or fewer"
            )
        return
    there = len(system.accelerators)
    if there < ranks:
        raise CannotMeasureError(
            f"--devices {ranks}, and PyTorch sees {there} here; look with: benchbench doctor, "
            "or measure processes that share the processors with --device cpu"
        )
    if device_name != "cuda:0":
        raise UsageError(f"--devices {ranks} takes the first ones: leave --device out")


def shareable(workload: Workload, parallel: Parallel, backend_name: str) -> None:
    """Whether several processes can work on it together; to infer, each works on its own.

    Raises:
        UsageError: they cannot, or not in this way.
    """
    if workload.scenario != "train":
        if parallel != "ddp":
            raise UsageError(f"{workload.name} does not train: leave --parallel out")
        return
    ways = parallels(workload)
    if parallel not in ways:
        known = (
            f"trains over several devices by {', '.join(ways)}"
            if ways
            else ("does not say how several devices train it (see benchbench.backend.parallel)")
        )
        raise UsageError(f"{workload.name} {known}; not by {parallel}")
    if backend_name != EAGER:
        raise UsageError(f"several devices train with {EAGER} alone: leave --backend out")


def threads(system: System, environment: Mapping[str, str]) -> int:
    """OMP_NUM_THREADS where the user set it, else every processor affinity and quota leave us."""
    asked = environment.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    quota = system.cpu.quota_threads
    usable = system.cpu.usable_threads
    return max(1, usable if quota is None else min(usable, math.floor(quota)))
