"""What this machine is: processor, accelerators, memory, limits, cloud, software."""

from benchbench.record import System
from benchbench.system import (
    accelerators,
    cloud,
    cpu,
    limits,
    memory,
    numa,
    nvml,
    software,
    virtualisation,
)
from benchbench.system.host import Host
from benchbench.system.nvml import Nvml

__all__ = ["Host", "probe"]


def probe(
    *,
    instance_type: str | None = None,
    ask_cloud: bool = False,
    host: Host | None = None,
    library: Nvml | None = None,
) -> System:
    """What this machine is, as far as it shows; what it does not show is None.

    Without being asked nothing here touches a network: `doctor` and `run` set `ask_cloud` only
    for `--cloud-metadata`, and even then only a machine whose firmware names a provider asks.
    `host` and `library` (NVML) stand in for the real ones in tests.

    Raises:
        UsageError: `instance_type` cannot be one.
    """
    host, library = host or Host(), library or nvml.library()
    bounds = limits.read(host)
    with nvml.session(library) as driver:
        cuda = software.driver_cuda(library) if driver else None
        visible = host.environment.get("CUDA_VISIBLE_DEVICES")
        found = accelerators.read(library, visible) if driver else ()
    return System(
        cpu=cpu.read(host, bounds.quota_threads),
        memory=memory.read(host, bounds.memory_bytes),
        numa=numa.read(host),
        accelerators=found,
        cloud=cloud.identify(host, instance_type=instance_type, ask=ask_cloud),
        virtualisation=virtualisation.read(host),
        software=software.read(host, cuda),
    )
