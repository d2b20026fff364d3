"""What this machine can do at its best: matrices, memory, transfers, storage. Imports torch.

Each ceiling is the median rate of the best path and shape found, measured anew after the search;
its `setting` keeps the shape and the trial rate of every path tried, None where one does not work,
and a GPU's clock, power and reasons to throttle while the winner ran.
Devices are measured one after the other; several GPUs then all at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import psutil
import torch

from benchbench.ceilings import cpu, cuda, decode, storage
from benchbench.ceilings.gauge import Gauge, NoGauge
from benchbench.ceilings.search import Kernel, ceiling
from benchbench.ceilings.stopwatch import HostStopwatch
from benchbench.ceilings.together import Alone, together
from benchbench.errors import CannotMeasureError
from benchbench.record import Ceiling, Precision

__all__ = ["feeding", "measure"]


def measure(
    *,
    devices: Sequence[str],
    precisions: Sequence[Precision],
    seconds_per_kernel: float,
    on_progress: Callable[[str], None] | None = None,
    last_level_cache_bytes: int | None = None,
    available_bytes: int | None = None,
    gauges: Callable[[str], Gauge | None] = lambda _device: None,
) -> tuple[Ceiling, ...]:
    """The ceilings of `devices`, in this process.

    Each takes about twice `seconds_per_kernel`, and the time to make its operands.

    `last_level_cache_bytes` and `available_bytes` are the host's; without the latter, half of what
    the operating system calls available is used. `gauges` gives a GPU's counters, None where nobody
    can read them. A precision a device has no units or no matrix product for is left out;
    `on_progress` hears of a kernel none of whose paths works here.
    Raises CannotMeasureError for a device that is not there, InvalidMeasurementError if a kernel's
    result is wrong.
    """
    for device in devices:
        _known(device)
    tell = on_progress or (lambda _text: None)
    available = available_bytes or psutil.virtual_memory().available
    gpus = [device for device in devices if device != "cpu"]
    on_host: list[Ceiling] = []
    alone: list[Alone] = []
    with torch.inference_mode():
        if "cpu" in devices:
            on_host += cpu.measure(
                precisions=precisions,
                seconds=seconds_per_kernel,
                tell=tell,
                cache_bytes=last_level_cache_bytes,
                available_bytes=available,
            )
        for device in gpus:
            gauge = gauges(device) or NoGauge()
            kernels = cuda.kernels(device, precisions, gauge, _neighbour(gpus, device))
            alone += _measured(kernels, seconds_per_kernel, tell)
    if len(gpus) > 1:
        tell("all GPUs at once")
    return (*on_host, *(one.found for one in alone), *together(alone, seconds_per_kernel))


def feeding(
    *,
    seconds_per_kernel: float,
    decoders: int = 0,
    folder: Path | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> tuple[Ceiling, ...]:
    """What feeds a model: up to `decoders` processes that decode images, and a folder's disk.

    Call it before `measure`: the decoders are forked, and a process that uses a GPU must not be.
    Raises CannotMeasureError for a folder that cannot be used.
    """
    tell = on_progress or (lambda _text: None)
    found: list[Alone] = []
    if decoders:
        found += _measured([_decoding(decoders)], seconds_per_kernel, tell)
    if folder is not None:
        with storage.random_file(folder) as file:
            found += _measured(_storage(file), seconds_per_kernel, tell)
    return tuple(one.found for one in found)


def _measured(
    kernels: Iterable[Kernel], seconds: float, tell: Callable[[str], None]
) -> Iterator[Alone]:
    for kernel in kernels:
        name = " ".join(filter(None, (kernel.kind, kernel.dtype, "on", kernel.device)))
        tell(name)
        with kernel.scope():
            found = ceiling(kernel, seconds)
        if found is None:
            tell(f"{name}: no path works here")
        else:
            yield Alone(kernel, found)


def _neighbour(gpus: Sequence[str], device: str) -> str | None:
    """The next GPU in the ring, as collectives send; one alone has none."""
    return gpus[(gpus.index(device) + 1) % len(gpus)] if len(gpus) > 1 else None


def _known(device: str) -> str:
    """The device, if PyTorch sees it. Raises CannotMeasureError if not."""
    if device == "cpu":
        return device
    kind, _, index = device.partition(":")
    if (
        kind != "cuda"
        or not (index or "0").isdigit()
        or int(index or 0) >= torch.cuda.device_count()
    ):
        message = (
            f"PyTorch sees no device {device!r} here; see what it sees with: benchbench doctor"
        )
        raise CannotMeasureError(message)
    return device


def _storage(file: Path) -> Iterator[Kernel]:
    watch = HostStopwatch()
    yield Kernel("storage_read", "byte/s", "storage", watch, storage.reads(file))
    yield Kernel("storage_random_read", "op/s", "storage", watch, storage.random_reads(file))


def _decoding(most_workers: int) -> Kernel:
    candidates = decode.loaders(most_workers)
    return Kernel("image_decode", "image/s", "cpu", HostStopwatch(), candidates)
