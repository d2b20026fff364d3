"""The accelerators CUDA will show to this process, as NVIDIA's driver describes them."""

from benchbench import printable
from benchbench.record import Accelerator
from benchbench.system.nvml import Nvml, Visible, ask, mig_enabled, visible

_MILLIWATT = 1e-3
_MEGAHERTZ = 1e6
# CUDA cores of one multiprocessor, by compute capability (CUDA C++ Programming Guide,
# "Arithmetic instructions": fp32 operations per clock per multiprocessor).
_CORES_PER_MULTIPROCESSOR = {
    (6, 0): 64,
    (6, 1): 128,
    (7, 0): 64,
    (7, 5): 64,
    (8, 0): 64,
    (8, 6): 128,
    (8, 7): 128,
    (8, 9): 128,
    (9, 0): 128,
    (10, 0): 128,
    (10, 3): 128,
    (12, 0): 128,
    (12, 1): 128,
}


def read(nvml: Nvml, cuda_visible_devices: str | None = None) -> tuple[Accelerator, ...]:
    """Every visible device in CUDA's order, inside an NVML session; a missing counter is None."""
    driver = ask(nvml, nvml.nvmlSystemGetDriverVersion)
    return tuple(
        _accelerator(nvml, found, f"cuda:{index}", driver)
        for index, found in enumerate(visible(nvml, cuda_visible_devices))
    )


def _accelerator(nvml: Nvml, found: Visible, device: str, driver: str | None) -> Accelerator:
    """A MIG slice has its own name, memory and multiprocessors; its power is the whole board's."""
    board, own = found.board, found.slice or found.board
    memory = ask(nvml, nvml.nvmlDeviceGetMemoryInfo, own)
    capability = ask(nvml, nvml.nvmlDeviceGetCudaComputeCapability, board)
    limit = ask(nvml, nvml.nvmlDeviceGetEnforcedPowerLimit, board)
    ecc = ask(nvml, nvml.nvmlDeviceGetEccMode, board)
    return Accelerator(
        device=device,
        name=printable.name(str(ask(nvml, nvml.nvmlDeviceGetName, own) or "")) or "unknown",
        vendor="nvidia",
        memory_bytes=memory.total if memory else None,
        pci_id=_pci_id(nvml, found),
        multiprocessors=_multiprocessors(nvml, found, capability),
        compute_capability=f"{capability[0]}.{capability[1]}" if capability else None,
        power_limit_w=limit * _MILLIWATT if limit and not found.slice else None,
        clock_max_hz=_clock_max(nvml, found, nvml.NVML_CLOCK_SM),
        memory_clock_max_hz=_clock_max(nvml, found, nvml.NVML_CLOCK_MEM),
        mig=mig_enabled(nvml, board),
        ecc=bool(ecc[0]) if ecc else None,
        driver=driver,
    )


def _pci_id(nvml: Nvml, found: Visible) -> str | None:
    pci = ask(nvml, nvml.nvmlDeviceGetPciInfo, found.board)
    return f"{pci.pciDeviceId & 0xFFFF:04x}:{pci.pciDeviceId >> 16:04x}" if pci else None


def _clock_max(nvml: Nvml, found: Visible, kind: int) -> float | None:
    clock = ask(nvml, nvml.nvmlDeviceGetMaxClockInfo, found.board, kind)
    return clock * _MEGAHERTZ if clock else None


def _multiprocessors(nvml: Nvml, found: Visible, capability: tuple[int, int] | None) -> int | None:
    """NVML tells a slice's multiprocessors, and a board's CUDA cores: H100 SXM 16,896 / 128."""
    if found.slice:
        attributes = ask(nvml, nvml.nvmlDeviceGetAttributes_v2, found.slice)
        return attributes.multiprocessorCount if attributes else None
    cores = ask(nvml, nvml.nvmlDeviceGetNumGpuCores, found.board)
    per_multiprocessor = _CORES_PER_MULTIPROCESSOR.get(capability) if capability else None
    return cores // per_multiprocessor if cores and per_multiprocessor else None
