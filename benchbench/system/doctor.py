"""What can be measured here, why not, and what would make the numbers doubtful."""

from typing import Literal

from pydantic import Field

from benchbench.record import Caveat, Ceiling, Model, System
from benchbench.system import doubts
from benchbench.system.facts import Facts
from benchbench.units import size

_INSTALL = 'pip install "benchbench[bench]"'
_NATIVE = {
    "bf16": ("amx_bf16", "avx512_bf16", "sve_bf16", "bf16"),
    "fp16": ("amx_fp16", "avx512_fp16", "fp16"),
    "int8": ("amx_int8", "avx512_vnni", "avx_vnni", "sve_i8mm", "i8mm", "dotprod"),
}
_Obstacle = tuple[str, str | None]
_IN_MEMORY = ("tmpfs", "ramfs")
_SCRATCH_BYTES = 4 * 2**30


class Capability(Model):
    """Something that can be measured or used here, or why it cannot and what would change that."""

    name: str
    available: bool
    because: str
    remedy: str | None = None


class DoctorReport(Model):
    """The machine, what can be measured on it, and what to doubt."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    system: System
    capabilities: tuple[Capability, ...]
    caveats: tuple[Caveat, ...]
    ceilings: tuple[Ceiling, ...] = ()


def examine(system: System, facts: Facts, ceilings: tuple[Ceiling, ...] = ()) -> DoctorReport:
    """Weigh what was seen; looks at nothing else."""
    return DoctorReport(
        system=system,
        capabilities=(
            _cpu(system),
            *(_native(system, precision) for precision in _NATIVE),
            _cuda(system, facts),
            _gpu_power(system, facts),
            _cpu_energy(system, facts),
            _loadgen(system),
            _storage(facts),
            _cloud(system, facts),
        ),
        caveats=doubts.about(system, facts),
        ceilings=ceilings,
    )


def _can(name: str, because: str) -> Capability:
    return Capability(name=name, available=True, because=because)


def _cannot(name: str, because: str, remedy: str | None = None) -> Capability:
    return Capability(name=name, available=False, because=because, remedy=remedy)


def _cpu(system: System) -> Capability:
    version = system.software.packages.get("torch")
    if version is None:
        return _cannot("cpu", "torch is not installed", _INSTALL)
    return _can("cpu", f"torch {version} on {system.cpu.model}")


def _native(system: System, precision: str) -> Capability:
    """Whether the processor multiplies this type itself."""
    name = f"cpu_{precision}"
    found = [each for each in _NATIVE[precision] if each in system.cpu.instruction_sets]
    if found:
        return _can(name, f"this processor computes {precision} natively ({', '.join(found)})")
    return _cannot(
        name,
        f"this processor does not accelerate {precision}; libraries work around that, "
        "and may be slower than in fp32",
        "measure fp32 here, or rent a processor with AMX, AVX-512 or SVE",
    )


def _cuda(system: System, facts: Facts) -> Capability:
    obstacle = _obstacle_to_devices(system, facts) or _obstacle_to_torch(system, facts)
    if obstacle:
        return _cannot("cuda", *obstacle)
    names = ", ".join(f"{each.device} {each.name}" for each in system.accelerators)
    return _can("cuda", f"torch for CUDA {facts.torch_cuda} on {names}")


def _obstacle_to_devices(system: System, facts: Facts) -> _Obstacle | None:
    """From the PCI slot to a visible device: what stands in the way, and the next step."""
    if facts.nvidia_driver:
        if system.accelerators:
            return None
        return (
            "the driver answers but CUDA_VISIBLE_DEVICES or MIG leaves no device visible",
            "unset CUDA_VISIBLE_DEVICES, or create a MIG instance with nvidia-smi mig",
        )
    if facts.nvidia_boards:
        return (
            "an NVIDIA GPU is on the PCI bus but its driver does not answer",
            "install the NVIDIA driver; in a container, start it with --gpus all",
        )
    return "there is no NVIDIA GPU on this machine", None


def _obstacle_to_torch(system: System, facts: Facts) -> _Obstacle | None:
    """From a visible device to a torch that can use it."""
    if "torch" not in system.software.packages:
        return "torch is not installed", _INSTALL
    built, driven = facts.torch_cuda, system.software.cuda
    if built is None:
        return (
            "the installed torch was built without CUDA",
            "install a CUDA build of torch; pytorch.org names the one for this driver",
        )
    if driven and _major(built) > _major(driven):
        return (
            f"torch was built for CUDA {built} but the driver runs none newer than {driven}",
            f"update the NVIDIA driver, or install a torch built for CUDA {_major(driven)}",
        )
    return None


def _major(version: str) -> int:
    """Programs run on any driver of the same major version (CUDA Compatibility)."""
    return int(version.partition(".")[0])


def _gpu_power(system: System, facts: Facts) -> Capability:
    if not system.accelerators:
        return _cannot("gpu_power", "no GPU is visible")
    if facts.gpu_power:
        return _can("gpu_power", "the driver tells each board's power draw")
    return _cannot(
        "gpu_power",
        "the driver does not tell the board's power draw, as is usual for virtual GPUs",
        "measure on a whole, passed-through board",
    )


def _cpu_energy(system: System, facts: Facts) -> Capability:
    if facts.rapl == "readable":
        return _can("cpu_energy", "the processor's energy counters (RAPL) are readable")
    if facts.rapl == "forbidden":
        return _cannot(
            "cpu_energy",
            "the processor's energy counters (RAPL) are readable by root alone",
            "sudo chmod -R a+r /sys/class/powercap/intel-rapl*",
        )
    if system.virtualisation.hypervisor:
        return _cannot(
            "cpu_energy",
            "a virtual machine is not shown the processor's energy counters (RAPL)",
            "rent a bare-metal instance, or give the power to the cost model yourself",
        )
    return _cannot(
        "cpu_energy", "the kernel shows no energy counters (RAPL)", "modprobe intel_rapl_msr"
    )


def _loadgen(system: System) -> Capability:
    version = system.software.packages.get("mlcommons-loadgen")
    if version is None:
        return _cannot("loadgen", "mlcommons-loadgen is not installed", _INSTALL)
    return _can("loadgen", f"mlcommons-loadgen {version} is installed")


def _storage(facts: Facts) -> Capability:
    if facts.scratch_filesystem in _IN_MEMORY:
        return _cannot(
            "storage",
            f"temporary files lie in memory ({facts.scratch_filesystem}), not on a disk",
            "set TMPDIR to a folder on the disk you want to measure",
        )
    if facts.scratch_free_bytes is None or facts.scratch_free_bytes < _SCRATCH_BYTES:
        return _cannot(
            "storage",
            f"{size(facts.scratch_free_bytes)} are free for temporary files; "
            f"a reading test needs {size(_SCRATCH_BYTES)}",
            "free some space, or set TMPDIR to a larger disk",
        )
    return _can("storage", f"{size(facts.scratch_free_bytes)} are free for temporary files")


def _cloud(system: System, facts: Facts) -> Capability:
    known = system.cloud
    if known and known.instance_type:
        return _can(
            "cloud_identity", f"{known.provider} {known.instance_type}, told by {known.source}"
        )
    if facts.provider:
        return _cannot(
            "cloud_identity",
            f"the firmware names {facts.provider} but not the instance type",
            f"pass --cloud-metadata, or --instance-type {facts.provider}:TYPE",
        )
    return _cannot(
        "cloud_identity",
        "the firmware names no cloud known here; prices cannot be joined by themselves",
        "on a rented machine pass --instance-type PROVIDER:TYPE",
    )
