"""What `doctor` must know beyond the record: the tools to measure with, and what disturbs now."""

import importlib.util
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchbench.system import cloud, dmi, memory, nvml
from benchbench.system.host import Host
from benchbench.system.nvml import Nvml

_PCI = "/sys/bus/pci/devices"
_POWERCAP = "/sys/class/powercap"
_NVIDIA = "0x10de"
_DISPLAY_CLASS = "0x03"
_FIELDS_OF_MOUNT = 3


@dataclass(frozen=True)
class Facts:
    """Everything `examine` weighs that is no part of a `System`; None is unknown."""

    torch_cuda: str | None = None
    """The CUDA version the installed torch was built for; None for a CPU build or no torch."""
    nvidia_boards: int = 0
    """NVIDIA display or 3D controllers on the PCI bus, with or without a driver."""
    nvidia_driver: bool = False
    gpu_power: bool = False
    """The first visible device tells its power draw."""
    rapl: Literal["readable", "forbidden", "absent"] = "absent"
    swap_used_bytes: int | None = None
    scaling_driver: str | None = None
    load: float | None = None
    """Processes that ran or waited in the last minute, on average."""
    provider: str | None = None
    """The cloud the firmware names."""
    scratch_free_bytes: int | None = None
    scratch_filesystem: str | None = None


def read(host: Host | None = None, library: Nvml | None = None) -> Facts:
    """Look once; imports neither torch nor anything else that is heavy."""
    host, library = host or Host(), library or nvml.library()
    scratch = Path(tempfile.gettempdir())
    with nvml.session(library) as driver:
        power = driver and _tells_power(library, host.environment.get("CUDA_VISIBLE_DEVICES"))
    return Facts(
        torch_cuda=_torch_cuda(),
        nvidia_boards=_nvidia_boards(host),
        nvidia_driver=driver,
        gpu_power=power,
        rapl=_rapl(host),
        swap_used_bytes=memory.swap(host).used_bytes,
        scaling_driver=host.text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver"),
        load=_load(host),
        provider=cloud.provider_of(dmi.read(host)),
        scratch_free_bytes=shutil.disk_usage(scratch).free,
        scratch_filesystem=filesystem(host, scratch),
    )


def filesystem(host: Host, folder: Path) -> str | None:
    """The type of the file system a folder lies on: the longest mount point above it."""
    mounts = [line.split() for line in (host.text("/proc/mounts") or "").splitlines()]
    above = [
        (len(fields[1]), fields[2])
        for fields in mounts
        if len(fields) >= _FIELDS_OF_MOUNT and folder.is_relative_to(fields[1])
    ]
    return max(above)[1] if above else None


def _tells_power(library: Nvml, cuda_visible_devices: str | None) -> bool:
    first = next(iter(nvml.visible(library, cuda_visible_devices)), None)
    return bool(first and nvml.ask(library, library.nvmlDeviceGetPowerUsage, first.board))


def _torch_cuda() -> str | None:
    """`version.py` says it; importing torch for it would take seconds."""
    package = importlib.util.find_spec("torch")
    if package is None or package.origin is None:
        return None
    try:
        text = Path(package.origin).with_name("version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"^cuda\b.*= '([\d.]+)'", text, re.MULTILINE)
    return found[1] if found else None


def _nvidia_boards(host: Host) -> int:
    return sum(
        host.text(f"{_PCI}/{name}/vendor") == _NVIDIA
        and (host.text(f"{_PCI}/{name}/class") or "").startswith(_DISPLAY_CLASS)
        for name in host.entries(_PCI, "")
    )


def _rapl(host: Host) -> Literal["readable", "forbidden", "absent"]:
    """Root alone may read the counters since CVE-2020-8694."""
    counters = [f"{_POWERCAP}/{name}/energy_uj" for name in host.entries(_POWERCAP, "intel-rapl:")]
    counters = [counter for counter in counters if host.exists(counter)]
    if not counters:
        return "absent"
    return "readable" if os.access(host.path(counters[0]), os.R_OK) else "forbidden"


def _load(host: Host) -> float | None:
    try:
        return float((host.text("/proc/loadavg") or "").split()[0])
    except (IndexError, ValueError):
        return None
