"""How fast several processes exchange gradients: all-reduce, by size.

Counted as bus bandwidth, as NCCL's own tests do: in a ring each of n processes sends and receives
2 (n - 1) / n of the bytes, so that the figure is a link's speed whatever n is.
"""

from collections.abc import Callable
from time import perf_counter_ns

import torch
import torch.distributed as dist

from benchbench.errors import InvalidMeasurementError
from benchbench.record import Ceiling, Scalar
from benchbench.stats import median, median_interval

REPETITIONS = 10
SIZES_CPU = tuple(4**power for power in range(5, 13))
"""1 KiB to 16 MiB."""
SIZES_GPU = tuple(4**power for power in range(5, 15))
"""1 KiB to 256 MiB."""
_FP32_BYTES = 4
_NANOSECONDS = 1e9


def bus_bandwidth(size_bytes: float, seconds: float, ranks: int) -> float:
    """Bytes/s each link carried: 2 (n - 1) / n of the size (NCCL-tests, PERFORMANCE.md)."""
    return size_bytes / seconds * 2 * (ranks - 1) / ranks


def all_reduce(device: str, *, ready: Callable[[], None]) -> Ceiling:
    """The best size's median, in the time of the slowest rank; the others' beside it.

    Every rank must call it. Raises InvalidMeasurementError if a sum is wrong.
    """
    ranks = dist.get_world_size()
    sizes = SIZES_CPU if device == "cpu" else SIZES_GPU
    rates = {
        size: tuple(bus_bandwidth(size, each, ranks) for each in _seconds(size, device, ready))
        for size in sizes
    }
    best = max(rates, key=lambda size: median(rates[size]))
    low, high = median_interval(rates[best])
    by_size: dict[str, Scalar] = {f"{size}_bytes": median(each) for size, each in rates.items()}
    return Ceiling(
        kind="all_reduce",
        dtype="fp32",
        device="cpu" if device == "cpu" else "all",
        value=median(rates[best]),
        unit="byte/s",
        path=f"{dist.get_backend()}, bus bandwidth",
        low=low,
        high=high,
        samples=rates[best],
        setting={"ranks": ranks, "size_bytes": best, **by_size},
    )


def _seconds(size: int, device: str, ready: Callable[[], None]) -> list[float]:
    """Of each repetition the slowest rank's; one more, the first, is not counted."""
    mine = torch.full((size // _FP32_BYTES,), float(dist.get_rank() + 1), device=device)
    buffer = torch.empty_like(mine)
    took = []
    for _ in range(1 + REPETITIONS):
        buffer.copy_(mine)
        _synchronise(device)
        ready()
        began = perf_counter_ns()
        dist.all_reduce(buffer)
        _synchronise(device)
        took.append((perf_counter_ns() - began) / _NANOSECONDS)
    _check(buffer)
    slowest = torch.tensor(took[1:], dtype=torch.float64, device=device)
    dist.all_reduce(slowest, op=dist.ReduceOp.MAX)
    return [float(each) for each in slowest.tolist()]


def _check(buffer: torch.Tensor) -> None:
    ranks = dist.get_world_size()
    expected = ranks * (ranks + 1) / 2
    if not bool((buffer == expected).all()):
        raise InvalidMeasurementError(
            f"an all-reduce of {ranks} processes gave a wrong sum; "
            "look at the network between the devices, then measure again"
        )


def _synchronise(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize(device)
