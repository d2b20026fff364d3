"""Memory on huge pages where the system grants them, aligned for every vector and cache line."""

import mmap

import numpy as np
from numpy.typing import NDArray

_HUGE_PAGE_BYTES = 2 * 2**20


def allocate(size_bytes: int) -> NDArray[np.uint8]:
    """Zeroed bytes that no page holds until they are touched; freed with the last view of them.

    Huge pages are asked for because a walk through small ones would be counted as the memory's.
    """
    region = mmap.mmap(-1, size_bytes + _HUGE_PAGE_BYTES, flags=mmap.MAP_PRIVATE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        region.madvise(mmap.MADV_HUGEPAGE)
    whole = np.frombuffer(region, np.uint8)
    start = -whole.ctypes.data % _HUGE_PAGE_BYTES
    return whole[start : start + size_bytes]
