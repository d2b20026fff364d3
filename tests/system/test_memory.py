"""Main memory and swap."""

from pathlib import Path

import psutil
import pytest

from benchbench.system import memory
from benchbench.system.host import Host
from benchbench.system.memory import Swap
from tests.system import fakes_host as machines

MEMINFO = (
    "MemTotal:       24684092 kB\nMemFree: 21571384 kB\nMemAvailable:   23664780 kB\n"
    "SwapTotal:       2097148 kB\nSwapFree:        1048572 kB\nHugePages_Total:       0\n"
)


def test_meminfo(tmp_path: Path) -> None:
    """The kernel's kB are 1,024 bytes."""
    seen = memory.read(machines.host(tmp_path, {"/proc/meminfo": MEMINFO}), limit_bytes=2**30)
    assert seen.total_bytes == 24_684_092 * 1024
    assert seen.available_bytes == 23_664_780 * 1024
    assert seen.limit_bytes == 2**30


def test_swap(tmp_path: Path) -> None:
    """Used swap is total less free."""
    host = machines.host(tmp_path, {"/proc/meminfo": MEMINFO})
    assert memory.swap(host) == Swap(2_097_148 * 1024, 1_048_576 * 1024)


def test_swap_unknown(tmp_path: Path) -> None:
    """Unknown is None, not 0."""
    assert memory.swap(machines.host(tmp_path)) == Swap(None, None)


def test_torn_meminfo(tmp_path: Path) -> None:
    """Without `MemAvailable` (old kernels) it is unknown."""
    seen = memory.read(machines.host(tmp_path, {"/proc/meminfo": "MemTotal: 8 kB\nodd\n:\n"}))
    assert (seen.total_bytes, seen.available_bytes) == (8192, None)


def test_without_proc(tmp_path: Path) -> None:
    """Systems without `/proc` are asked through psutil."""
    assert memory.read(machines.host(tmp_path)).total_bytes == psutil.virtual_memory().total


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="needs /proc")
def test_this_machine_agrees_with_psutil() -> None:
    """Total memory is what psutil tells."""
    assert memory.read(Host()).total_bytes == psutil.virtual_memory().total
