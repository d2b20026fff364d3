"""NUMA nodes: which logical processors and how much memory are near each other."""

import re

from benchbench.record import NumaNode
from benchbench.system.host import Host, cpu_list, to_integer

_SYSFS = "/sys/devices/system/node"
_KIBIBYTE = 1024


def read(host: Host) -> tuple[NumaNode, ...]:
    """Every node, in order; a node without processors is memory alone (CXL, HBM)."""
    names = [name for name in host.entries(_SYSFS, "node") if name[4:].isdecimal()]
    return tuple(
        _node(host, int(name[4:])) for name in sorted(names, key=lambda name: int(name[4:]))
    )


def _node(host: Host, index: int) -> NumaNode:
    folder = f"{_SYSFS}/node{index}"
    total = re.search(r"MemTotal:\s+(\d+) kB", host.text(f"{folder}/meminfo") or "")
    size = to_integer(total[1]) if total else None
    return NumaNode(
        index=index,
        threads=len(cpu_list(host.text(f"{folder}/cpulist"))),
        memory_bytes=size * _KIBIBYTE if size is not None else None,
    )
