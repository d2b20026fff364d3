"""NUMA nodes."""

from pathlib import Path

from benchbench.record import NumaNode
from benchbench.system import numa
from tests.system import fakes_host as machines

NODE = "/sys/devices/system/node"


def test_two_sockets(tmp_path: Path) -> None:
    """Each socket is a node of 96 logical processors."""
    nodes = numa.read(machines.two_sockets(tmp_path))
    assert nodes == tuple(
        NumaNode(index=index, threads=96, memory_bytes=197_600_000 * 1024) for index in (0, 1)
    )


def test_order_is_numeric(tmp_path: Path) -> None:
    """node10 follows node2; other entries are no nodes."""
    files = {f"{NODE}/node{index}/cpulist": "0" for index in (0, 2, 10)} | {f"{NODE}/nodes": ""}
    assert [node.index for node in numa.read(machines.host(tmp_path, files))] == [0, 2, 10]


def test_memory_without_processors(tmp_path: Path) -> None:
    """A node of memory alone has no processors; unknown memory is None."""
    nodes = numa.read(machines.host(tmp_path, {f"{NODE}/node1/cpulist": "\n"}))
    assert nodes == (NumaNode(index=1, threads=0),)


def test_without_sysfs(tmp_path: Path) -> None:
    """No sysfs, no nodes."""
    assert numa.read(machines.host(tmp_path)) == ()
