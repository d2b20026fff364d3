"""Main memory."""

from dataclasses import dataclass

import psutil

from benchbench.record import Memory
from benchbench.system.host import Host, to_integer

_KIBIBYTE = 1024


@dataclass(frozen=True)
class Swap:
    """Bytes of swap space; None where the kernel does not tell."""

    total_bytes: int | None
    used_bytes: int | None


def read(host: Host, limit_bytes: int | None = None) -> Memory:
    """From `/proc/meminfo`; from psutil on systems without it."""
    amounts = _meminfo(host.text("/proc/meminfo"))
    total, available = amounts.get("MemTotal"), amounts.get("MemAvailable")
    if total is None:
        shown = psutil.virtual_memory()
        total, available = shown.total, shown.available
    return Memory(total_bytes=total, available_bytes=available, limit_bytes=limit_bytes)


def swap(host: Host) -> Swap:
    """From `/proc/meminfo`."""
    amounts = _meminfo(host.text("/proc/meminfo"))
    total, free = amounts.get("SwapTotal"), amounts.get("SwapFree")
    return Swap(total, None if total is None or free is None else total - free)


def _meminfo(text: str | None) -> dict[str, int]:
    """`MemTotal:  24684092 kB` → bytes; the kernel's kB are KiB."""
    amounts: dict[str, int] = {}
    for line in (text or "").splitlines():
        name, _, rest = line.partition(":")
        number = to_integer((rest.split() or [""])[0])
        if number is not None and number >= 0:
            amounts[name] = number * _KIBIBYTE
    return amounts
