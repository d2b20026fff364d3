"""What about this machine would make a measurement doubtful, each doubt with its remedy."""

from collections.abc import Iterator

from benchbench.record import Caveat, Severity, System
from benchbench.system.facts import Facts
from benchbench.system.host import to_integer
from benchbench.units import number, size

_LOW_MEMORY_BYTES = 4 * 2**30
_BUSY_FRACTION = 0.25
_BALLOON_FRACTION = 0.9
_SLOW_GOVERNORS = ("powersave", "conservative", "mixed")
# Under these drivers `powersave` still reaches every clock (Linux, admin-guide/pm).
_HARDWARE_DRIVEN = ("intel_pstate", "amd-pstate-epp")


def about(system: System, facts: Facts) -> tuple[Caveat, ...]:
    """Every doubt, the processor's first."""
    return (
        *_processor(system),
        *_clock(system, facts),
        *_memory(system, facts),
        *_isolation(system, facts),
        *_accelerators(system),
        *_variables(system),
    )


def _doubt(code: str, severity: Severity, message: str, remedy: str) -> Caveat:
    return Caveat(code=code, severity=severity, message=message, remedy=remedy)


def _processor(system: System) -> Iterator[Caveat]:
    cpu = system.cpu
    if cpu.quota_threads is not None and cpu.quota_threads < cpu.usable_threads:
        yield _doubt(
            "cpu_quota",
            "warning",
            f"the cgroup grants {number(cpu.quota_threads)} processors of the "
            f"{cpu.usable_threads} this process may run on; threads beyond them are throttled",
            "raise the container's CPU limit, or set OMP_NUM_THREADS to what it grants",
        )
    if cpu.usable_threads < cpu.threads:
        yield _doubt(
            "affinity",
            "note",
            f"this process may run on {cpu.usable_threads} of {cpu.threads} logical processors",
            "start it without taskset or a cpuset to measure the whole machine",
        )
    if cpu.usable_cores is not None and cpu.usable_cores < cpu.usable_threads:
        yield _doubt(
            "hyper_threads",
            "note",
            f"{cpu.usable_threads} logical processors are {cpu.usable_cores} physical cores; "
            "dense arithmetic gains little from the second thread of a core",
            "compare prices by core, and measure with one thread per core",
        )
    if len(system.numa) > 1:
        yield _doubt(
            "numa",
            "note",
            f"memory is spread over {len(system.numa)} NUMA nodes; crossing them is slower",
            "bind one process to each node with numactl --cpunodebind --membind",
        )


def _clock(system: System, facts: Facts) -> Iterator[Caveat]:
    governor = system.cpu.governor
    if governor in _SLOW_GOVERNORS and facts.scaling_driver not in _HARDWARE_DRIVEN:
        yield _doubt(
            "governor",
            "warning",
            f"the frequency governor is {governor}; clocks may stay below their maximum",
            "sudo cpupower frequency-set -g performance",
        )


def _memory(system: System, facts: Facts) -> Iterator[Caveat]:
    memory = system.memory
    bounds = (memory.available_bytes, memory.limit_bytes)
    left = min((bound for bound in bounds if bound is not None), default=memory.total_bytes)
    if left < _LOW_MEMORY_BYTES:
        yield _doubt(
            "low_memory",
            "warning",
            f"{size(left)} of memory are left to use; large models need several times that",
            "close other programs, raise the container's memory limit, or lower the batch size",
        )
    if facts.swap_used_bytes:
        yield _doubt(
            "swap",
            "note",
            f"{size(facts.swap_used_bytes)} are swapped out; a timed step may wait for the disk",
            "free memory, then sudo swapoff -a && sudo swapon -a",
        )
    near = [node.memory_bytes for node in system.numa if node.memory_bytes is not None]
    if near and sum(near) < _BALLOON_FRACTION * memory.total_bytes:
        yield _doubt(
            "memory_balloon",
            "note",
            f"the NUMA nodes hold {size(sum(near))} of {size(memory.total_bytes)}; "
            "the hypervisor may keep the rest back until it is needed",
            "warm up with as much memory as the measurement takes",
        )


def _isolation(system: System, facts: Facts) -> Iterator[Caveat]:
    cpu, container = system.cpu, system.virtualisation.container
    if facts.load is not None and facts.load > _BUSY_FRACTION * cpu.usable_threads:
        yield _doubt(
            "busy",
            "warning",
            f"on average {number(facts.load)} processes ran during the last minute on "
            f"{cpu.usable_threads} processors",
            "stop other programs, and wait a minute",
        )
    if container and cpu.quota_threads is None and system.memory.limit_bytes is None:
        yield _doubt(
            "container_without_limits",
            "note",
            f"this container ({container}) has no CPU or memory limit; its neighbours share both",
            "set limits as in production, or make sure that nothing else runs on the host",
        )


def _accelerators(system: System) -> Iterator[Caveat]:
    devices, variables = system.accelerators, system.software.environment
    if any(device.mig for device in devices):
        yield _doubt(
            "mig",
            "warning",
            "a GPU is cut into MIG slices; only a slice is measured, beside its neighbours",
            "compare with the slice's share of the datasheet, or turn MIG off",
        )
    alike = len({device.name for device in devices}) <= 1
    if not alike and variables.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        yield _doubt(
            "device_order",
            "warning",
            "the GPUs differ, and CUDA numbers the fastest first: cuda:0 may be another board "
            "than the one named here",
            "export CUDA_DEVICE_ORDER=PCI_BUS_ID",
        )


def _variables(system: System) -> Iterator[Caveat]:
    variables = system.software.environment
    if kernel := variables.get("OPENBLAS_CORETYPE"):
        yield _doubt(
            "openblas_coretype",
            "warning",
            f"OPENBLAS_CORETYPE={kernel} fixes the matmul kernel; an older one halves its speed",
            "unset OPENBLAS_CORETYPE",
        )
    if variables.get("CUDA_LAUNCH_BLOCKING", "0") != "0":
        yield _doubt(
            "launch_blocking",
            "warning",
            "CUDA_LAUNCH_BLOCKING makes every kernel wait for the one before it",
            "unset CUDA_LAUNCH_BLOCKING",
        )
    threads = to_integer(variables.get("OMP_NUM_THREADS"))
    cores = system.cpu.usable_cores or system.cpu.usable_threads
    granted = min(cores, system.cpu.quota_threads or cores)
    if threads is not None and threads < int(granted):
        yield _doubt(
            "omp_num_threads",
            "warning",
            f"OMP_NUM_THREADS={threads} leaves some of {cores} cores idle",
            "unset OMP_NUM_THREADS",
        )
