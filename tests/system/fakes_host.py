"""Machines recorded as files and command output, and the builders that write them to a folder."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchbench.system.host import Host

_CPU = "/sys/devices/system/cpu"


def host(
    root: Path,
    files: Mapping[str, str] | None = None,
    *,
    lscpu: Mapping[str, str] | None = None,
    affinity: Iterable[int] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Host:
    """A host whose file system is `root`, where these files are written first."""
    for name, text in (files or {}).items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    rows = [{"field": f"{name}:", "data": value} for name, value in (lscpu or {}).items()]
    answer = json.dumps({"lscpu": rows}) if lscpu else None
    return Host(
        root=root,
        command=lambda arguments: answer if list(arguments) == ["lscpu", "-J"] else None,
        environment=environment or {},
        affinity=None if affinity is None else frozenset(affinity),
    )


def cores(siblings: Sequence[str], packages: Sequence[int]) -> dict[str, str]:
    """Topology files: one entry per core, its processors in the kernel's list format."""
    files: dict[str, str] = {}
    cpus: list[int] = []
    for shared, package in zip(siblings, packages, strict=True):
        for cpu in (int(part) for part in shared.split(",")):
            cpus.append(cpu)
            files[f"{_CPU}/cpu{cpu}/topology/core_cpus_list"] = f"{shared}\n"
            files[f"{_CPU}/cpu{cpu}/topology/physical_package_id"] = f"{package}\n"
    files[f"{_CPU}/online"] = f"0-{max(cpus)}\n" if len(cpus) > 1 else "0\n"
    return files


def cache(
    cpus: Iterable[int], index: int, row: tuple[int, str, str], shared: str
) -> dict[str, str]:
    """The files of one cache as every processor that shares it shows them."""
    level, kind, size = row
    values = {"level": str(level), "type": kind, "size": size, "shared_cpu_list": shared}
    return {
        f"{_CPU}/cpu{cpu}/cache/index{index}/{name}": f"{value}\n"
        for cpu in cpus
        for name, value in values.items()
    }


MILAN_FLAGS = (
    "fpu sse sse2 ht constant_tsc pni ssse3 fma cx16 sse4_1 sse4_2 x2apic movbe popcnt aes xsave "
    "avx f16c rdrand hypervisor lahf_lm abm sse4a avx2 bmi2 sha_ni vaes rdpid fsrm"
)
SAPPHIRE_FLAGS = (
    "fpu sse sse2 ss ht syscall nx pni ssse3 fma cx16 sse4_1 sse4_2 avx f16c rdrand hypervisor "
    "avx2 avx512f avx512dq avx512ifma avx512cd avx512bw avx512vl avx_vnni avx512_bf16 avx512vbmi "
    "avx512_vbmi2 gfni vaes avx512_vnni avx512_bitalg avx512_vpopcntdq amx_bf16 avx512_fp16 "
    "amx_tile amx_int8 flush_l1d arch_capabilities"
)
GRAVITON_FLAGS = (
    "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma "
    "lrcpc dcpop sha3 asimddp sha512 sve asimdfhm dit uscat ilrcpc flagm paca pacg dcpodp svei8mm "
    "svebf16 i8mm bf16 dgh rng"
)


def milan(root: Path) -> Host:
    """An AMD Milan guest of two cores whose hypervisor hides the model, as recorded on one."""
    files = cores(["0", "1"], [0, 0])
    for cpu in (0, 1):
        files |= cache([cpu], 0, (1, "Data", "32K"), str(cpu))
        files |= cache([cpu], 1, (1, "Instruction", "32K"), str(cpu))
        files |= cache([cpu], 2, (2, "Unified", "512K"), str(cpu))
    files |= cache([0, 1], 3, (3, "Unified", "32768K"), "0-1")
    files["/proc/cpuinfo"] = (
        "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n"
        f"model name\t: AMD EPYC\ncpu MHz\t\t: 2445.428\nflags\t\t: {MILAN_FLAGS}\n\n"
        "processor\t: 1\n"
    )
    shown = {
        "Architecture": "x86_64",
        "CPU(s)": "2",
        "Vendor ID": "AuthenticAMD",
        "Model name": "AMD EPYC",
        "CPU family": "25",
        "Model": "1",
        "Thread(s) per core": "1",
        "Core(s) per socket": "2",
        "Socket(s)": "1",
        "Flags": MILAN_FLAGS,
        "Hypervisor vendor": "KVM",
        "L1d cache": "64 KiB (2 instances)",
        "L2 cache": "1 MiB (2 instances)",
        "L3 cache": "32 MiB (1 instance)",
    }
    return host(root, files, lscpu=shown, affinity=[0, 1])


def sapphire_rapids(root: Path, affinity: Iterable[int] = range(8)) -> Host:
    """An m7i.2xlarge: four cores of a Sapphire Rapids with AMX, two threads each."""
    siblings = ["0,4", "1,5", "2,6", "3,7"]
    files = cores(siblings, [0] * 4)
    for core, shared in enumerate(siblings):
        pair = [core, core + 4]
        files |= cache(pair, 0, (1, "Data", "48K"), shared)
        files |= cache(pair, 1, (1, "Instruction", "32K"), shared)
        files |= cache(pair, 2, (2, "Unified", "2048K"), shared)
    files |= cache(range(8), 3, (3, "Unified", "107520K"), "0-7")
    shown = {
        "Architecture": "x86_64",
        "CPU(s)": "8",
        "Vendor ID": "GenuineIntel",
        "Model name": "Intel(R) Xeon(R) Platinum 8488C",
        "CPU family": "6",
        "Model": "143",
        "Thread(s) per core": "2",
        "Core(s) per socket": "4",
        "Socket(s)": "1",
        "Flags": SAPPHIRE_FLAGS,
        "Hypervisor vendor": "KVM",
    }
    files["/sys/class/dmi/id/sys_vendor"] = "Amazon EC2\n"
    files["/sys/class/dmi/id/product_name"] = "m7i.2xlarge\n"
    return host(root, files, lscpu=shown, affinity=affinity)


def graviton(root: Path) -> Host:
    """A c7g.xlarge: four Neoverse V1 cores, no hyper-threads, no family, no hypervisor flag."""
    files = cores(["0", "1", "2", "3"], [0] * 4)
    for cpu in range(4):
        files |= cache([cpu], 0, (1, "Data", "64K"), str(cpu))
        files |= cache([cpu], 2, (2, "Unified", "1024K"), str(cpu))
    files |= cache(range(4), 3, (3, "Unified", "32768K"), "0-3")
    files["/proc/cpuinfo"] = (
        f"processor\t: 0\nBogoMIPS\t: 2100.00\nFeatures\t: {GRAVITON_FLAGS}\n"
        "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x1\nCPU part\t: 0xd40\n"
        "CPU revision\t: 1\n\nprocessor\t: 1\n"
    )
    files["/sys/class/dmi/id/sys_vendor"] = "Amazon EC2\n"
    files["/sys/class/dmi/id/product_name"] = "c7g.xlarge\n"
    shown = {
        "Architecture": "aarch64",
        "CPU(s)": "4",
        "Vendor ID": "ARM",
        "Model name": "Neoverse-V1",
        "Model": "1",
        "Thread(s) per core": "1",
        "Core(s) per socket": "4",
        "Socket(s)": "1",
        "Stepping": "r1p1",
        "Flags": GRAVITON_FLAGS,
    }
    return host(root, files, lscpu=shown, affinity=range(4))


def two_sockets(root: Path) -> Host:
    """A c7i.metal-48xl: two sockets of 48 cores of two threads, every clock visible."""
    siblings = [f"{core},{core + 96}" for core in range(96)]
    files = cores(siblings, [0] * 48 + [1] * 48)
    for core, shared in enumerate(siblings):
        files |= cache([core, core + 96], 2, (2, "Unified", "2048K"), shared)
    for socket, shared in enumerate(("0-47,96-143", "48-95,144-191")):
        first = socket * 48
        cpus = [*range(first, first + 48), *range(first + 96, first + 144)]
        files |= cache(cpus, 3, (3, "Unified", "107520K"), shared)
        files[f"/sys/devices/system/node/node{socket}/cpulist"] = shared
        files[f"/sys/devices/system/node/node{socket}/meminfo"] = (
            f"Node {socket} MemTotal:       197600000 kB\nNode {socket} MemFree: 1 kB\n"
        )
    for cpu in range(192):
        files[f"{_CPU}/cpu{cpu}/cpufreq/scaling_governor"] = "performance\n"
        files[f"{_CPU}/cpu{cpu}/cpufreq/cpuinfo_max_freq"] = "3800000\n"
    files["/sys/class/dmi/id/sys_vendor"] = "Amazon EC2\n"
    files["/sys/class/dmi/id/product_name"] = "c7i.metal-48xl\n"
    shown = {
        "Architecture": "x86_64",
        "CPU(s)": "192",
        "Vendor ID": "GenuineIntel",
        "Model name": "Intel(R) Xeon(R) Platinum 8488C",
        "CPU family": "6",
        "Model": "143",
        "Socket(s)": "2",
        "Flags": SAPPHIRE_FLAGS.replace("hypervisor ", ""),
    }
    return host(root, files, lscpu=shown, affinity=range(192))
