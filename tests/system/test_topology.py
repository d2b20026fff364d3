"""Which processors share a core and a cache."""

from pathlib import Path

from benchbench.system.topology import Topology
from tests.system import fakes_host as machines


def test_shared_cache_is_counted_once(tmp_path: Path) -> None:
    """A last-level cache seen from both of its processors is one cache."""
    assert Topology.of(machines.milan(tmp_path)).cache_total(3) == 32 * 2**20


def test_cluster_cache_is_divided_by_its_cores(tmp_path: Path) -> None:
    """A 2 MiB L2 that four cores share is 512 KiB per core."""
    files = machines.cores(["0", "1", "2", "3"], [0] * 4)
    files |= machines.cache(range(4), 2, (2, "Unified", "2M"), "0-3")
    assert Topology.of(machines.host(tmp_path, files)).cache_per_core(2) == 512 * 1024


def test_instruction_cache_is_left_out(tmp_path: Path) -> None:
    """An L1 of instructions alone gives no data cache."""
    files = machines.cores(["0"], [0])
    files |= machines.cache([0], 1, (1, "Instruction", "64K"), "0")
    assert Topology.of(machines.host(tmp_path, files)).cache_per_core(1) is None


def test_size_without_a_suffix(tmp_path: Path) -> None:
    """A plain number is bytes."""
    files = machines.cores(["0"], [0]) | machines.cache([0], 0, (1, "Data", "49152"), "0")
    assert Topology.of(machines.host(tmp_path, files)).cache_per_core(1) == 49_152


def test_offline_threads_do_not_count(tmp_path: Path) -> None:
    """With hyper-threads switched off a core has one thread."""
    files = machines.cores(["0,2", "1,3"], [0, 0])
    files["/sys/devices/system/cpu/online"] = "0-1"
    topology = Topology.of(machines.host(tmp_path, files))
    assert (topology.core_count, topology.threads_per_core) == (2, 1)


def test_hybrid_processor(tmp_path: Path) -> None:
    """Cores with and without hyper-threads stand together; the widest tells the width."""
    files = machines.cores(["0,1", "2", "3"], [0] * 3)
    topology = Topology.of(machines.host(tmp_path, files))
    assert (topology.core_count, topology.threads_per_core) == (3, 2)


def test_old_kernel_names_siblings_differently(tmp_path: Path) -> None:
    """Before Linux 5.3 the file is `thread_siblings_list`."""
    folder = "/sys/devices/system/cpu"
    files = {f"{folder}/online": "0-1"}
    files |= {f"{folder}/cpu{cpu}/topology/thread_siblings_list": "0-1" for cpu in (0, 1)}
    topology = Topology.of(machines.host(tmp_path, files))
    assert (topology.core_count, topology.threads_per_core) == (1, 2)


def test_unknown_package_and_size(tmp_path: Path) -> None:
    """Package -1 and a cache of odd size are unknown."""
    files = machines.cores(["0"], [-1]) | machines.cache([0], 0, (1, "Data", "bigK"), "0")
    topology = Topology.of(machines.host(tmp_path, files))
    assert (topology.sockets, topology.cache_per_core(1)) == (None, None)


def test_nothing(tmp_path: Path) -> None:
    """Without sysfs every answer is None."""
    topology = Topology.of(machines.host(tmp_path))
    assert (topology.core_count, topology.sockets, topology.threads_per_core) == (None, None, None)
    assert topology.cores_touched(frozenset({0})) is None
