"""What this machine can do at its best: matrices, memory, transfers, storage. Imports torch.

Each ceiling is the median rate of the best path and shape found, measured anew after the search;
its `setting` keeps the shape and the trial rate of every path tried, None where one does not work.
Devices are measured one after the other.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import psutil
import torch

from benchbench.ceilings import cpu, matmul, memory, storage
from benchbench.ceilings.search import Kernel, ceiling
from benchbench.ceilings.stopwatch import CudaTimeline, DeviceStopwatch, HostStopwatch, flusher
from benchbench.errors import CannotMeasureError
from benchbench.record import Ceiling, Precision

__all__ = ["measure"]

_CUDA: tuple[Precision, ...] = ("fp32", "tf32", "bf16", "fp16", "fp64")


def measure(
    *,
    devices: Sequence[str],
    precisions: Sequence[Precision],
    seconds_per_kernel: float,
    on_progress: Callable[[str], None] | None = None,
    storage_folder: Path | None = None,
    last_level_cache_bytes: int | None = None,
    available_bytes: int | None = None,
) -> tuple[Ceiling, ...]:
    """The ceilings of storage and `devices`, in this process.

    Each takes about twice `seconds_per_kernel`, and the time to make its operands.

    `last_level_cache_bytes` and `available_bytes` are the host's; without the latter, half of what
    the operating system calls available is used. A precision a device has no units or no matrix
    product for is left out; `on_progress` hears of a kernel none of whose paths works here.
    Raises CannotMeasureError for a device that is not there and a storage folder that cannot be
    used, InvalidMeasurementError if a kernel's result is wrong.
    """
    for device in devices:
        _known(device)
    tell = on_progress or (lambda _text: None)
    available = available_bytes or psutil.virtual_memory().available
    found: list[Ceiling | None] = []
    if storage_folder is not None:
        with storage.random_file(storage_folder) as file:
            found.append(_measured(_storage_kernel(file), seconds_per_kernel, tell))
    with torch.inference_mode():
        if "cpu" in devices:
            found += cpu.measure(
                precisions=precisions,
                seconds=seconds_per_kernel,
                tell=tell,
                cache_bytes=last_level_cache_bytes,
                available_bytes=available,
            )
        kernels = (_cuda_kernels(one, precisions) for one in devices if one != "cpu")
        found += [
            _measured(kernel, seconds_per_kernel, tell) for kernel in chain.from_iterable(kernels)
        ]
    return tuple(each for each in found if each is not None)


def _measured(kernel: Kernel, seconds: float, tell: Callable[[str], None]) -> Ceiling | None:
    name = " ".join(filter(None, (kernel.kind, kernel.dtype, "on", kernel.device)))
    tell(name)
    found = ceiling(kernel, seconds)
    if found is None:
        tell(f"{name}: no path works here")
    return found


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


def _cuda_kernels(device: str, precisions: Sequence[Precision]) -> Iterator[Kernel]:
    cache_bytes = torch.cuda.get_device_properties(device).L2_cache_size
    size = memory.array_bytes(cache_bytes, torch.cuda.mem_get_info(device)[0], arrays=3)
    with torch.cuda.device(device):
        cold = DeviceStopwatch(CudaTimeline(), flusher(cache_bytes, device))
        for precision in (each for each in precisions if each in _CUDA):
            yield Kernel(
                "matmul", "FLOP/s", device, cold, matmul.cuda(precision, device), precision
            )
        warm = DeviceStopwatch(CudaTimeline())
        operands = memory.Operands(size, device)
        yield Kernel("memory_copy", "byte/s", device, cold, memory.copies(operands, 1))
        yield Kernel("memory_triad", "byte/s", device, cold, memory.triads(operands, 1))
        there, back = (memory.transfers(device, to_device=each) for each in (True, False))
        yield Kernel("host_to_device", "byte/s", device, warm, there)
        yield Kernel("device_to_host", "byte/s", device, warm, back)


def _storage_kernel(file: Path) -> Kernel:
    return Kernel("storage_read", "byte/s", "storage", HostStopwatch(), storage.reads(file))
