"""The processor of recorded machines, and of this one beside a second library."""

import json
from pathlib import Path

import psutil
import pytest

from benchbench.system import cpu
from benchbench.system.host import Host
from tests.system import fakes_host as machines


def test_milan_guest(tmp_path: Path) -> None:
    """A guest with a hidden model name is known by family 25, model 1; it has no AVX-512."""
    seen = cpu.read(machines.milan(tmp_path))
    assert (seen.model, seen.vendor) == ("AMD EPYC", "AuthenticAMD")
    assert (seen.family, seen.model_number) == (25, 1)
    assert (seen.sockets, seen.cores, seen.threads, seen.threads_per_core) == (1, 2, 2, 1)
    assert seen.instruction_sets == ("sse4_2", "avx", "avx2", "fma", "f16c")
    assert (seen.l1d_bytes, seen.l2_bytes, seen.l3_bytes) == (32 * 1024, 512 * 1024, 32 * 2**20)
    assert seen.clock_max_hz is None
    assert seen.governor is None


def test_sapphire_rapids_guest(tmp_path: Path) -> None:
    """Eight vCPUs are four cores; AMX and both AVX-512 halves are seen."""
    seen = cpu.read(machines.sapphire_rapids(tmp_path))
    assert (seen.family, seen.model_number) == (6, 143)
    assert (seen.cores, seen.threads, seen.threads_per_core) == (4, 8, 2)
    assert (seen.usable_cores, seen.usable_threads) == (4, 8)
    expected = {"avx512f", "avx512_bf16", "avx512_vnni", "avx512_fp16", "fma", "avx2"}
    assert expected | {"amx_tile", "amx_bf16", "amx_int8"} <= set(seen.instruction_sets)
    assert (seen.l1d_bytes, seen.l2_bytes, seen.l3_bytes) == (48 * 1024, 2 * 2**20, 105 * 2**20)


def test_graviton(tmp_path: Path) -> None:
    """An Arm core is known by its part number, 0xd40 for a Neoverse V1, and has SVE and bf16."""
    seen = cpu.read(machines.graviton(tmp_path))
    assert (seen.model, seen.vendor, seen.architecture) == ("Neoverse-V1", "ARM", "aarch64")
    assert (seen.family, seen.model_number) == (None, 0xD40)
    assert (seen.cores, seen.threads_per_core) == (4, 1)
    assert {"neon", "fp16", "dotprod", "sve", "bf16", "i8mm"} <= set(seen.instruction_sets)
    assert "sve2" not in seen.instruction_sets


def test_two_socket_bare_metal(tmp_path: Path) -> None:
    """Two sockets of 48 cores: caches are summed over sockets, the clock limit is 3.8 GHz."""
    seen = cpu.read(machines.two_sockets(tmp_path))
    assert (seen.sockets, seen.cores, seen.threads, seen.threads_per_core) == (2, 96, 192, 2)
    assert seen.l3_bytes == 2 * 105 * 2**20
    assert seen.clock_max_hz == 3.8e9
    assert seen.governor == "performance"


@pytest.mark.parametrize(
    ("affinity", "usable_cores"), [([0, 4], 1), ([0, 1, 2, 3], 4), ([0, 4, 5], 2), ([7], 1)]
)
def test_affinity_counts_cores(tmp_path: Path, affinity: list[int], usable_cores: int) -> None:
    """Two threads of one core are one usable core."""
    seen = cpu.read(machines.sapphire_rapids(tmp_path, affinity))
    assert (seen.usable_cores, seen.usable_threads) == (usable_cores, len(affinity))


def test_lscpu_alone(tmp_path: Path) -> None:
    """Without sysfs, `lscpu` still tells cores and caches per core."""
    shown = {
        "Architecture": "x86_64",
        "CPU(s)": "8",
        "Model name": "AMD  EPYC 7R13 Processor",
        "CPU family": "25",
        "Model": "1",
        "Thread(s) per core": "2",
        "Core(s) per socket": "4",
        "Socket(s)": "1",
        "L1d cache": "128 KiB (4 instances)",
        "L2 cache": "2 MiB (4 instances)",
        "L3 cache": "16 MiB (1 instance)",
        "CPU max MHz": "3650.0000",
        "Flags": "fma avx2",
    }
    seen = cpu.read(machines.host(tmp_path, lscpu=shown, affinity=range(8)))
    assert seen.model == "AMD EPYC 7R13 Processor"
    assert (seen.sockets, seen.cores, seen.threads, seen.threads_per_core) == (1, 4, 8, 2)
    assert (seen.l1d_bytes, seen.l2_bytes, seen.l3_bytes) == (32 * 1024, 512 * 1024, 16 * 2**20)
    assert seen.clock_max_hz == 3.65e9
    assert seen.usable_cores is None


def test_old_lscpu_cache_is_unknown(tmp_path: Path) -> None:
    """Old `lscpu` writes `32K` without saying of how many: unknown, not a guess."""
    seen = cpu.read(machines.host(tmp_path, lscpu={"L1d cache": "32K", "L3 cache": "14080K"}))
    assert (seen.l1d_bytes, seen.l3_bytes) == (None, None)


def test_arm_clusters_instead_of_sockets(tmp_path: Path) -> None:
    """Arm firmware without sockets shows clusters; `-` is unknown."""
    shown = {"Socket(s)": "-", "Cluster(s)": "2", "Core(s) per cluster": "4"}
    seen = cpu.read(machines.host(tmp_path, lscpu=shown))
    assert (seen.sockets, seen.cores) == (None, 8)


def test_nested_lscpu(tmp_path: Path) -> None:
    """Newer `lscpu -J` nests the model below the vendor."""
    child = {"field": "Model name:", "data": "Neoverse-V2"}
    nested = {"lscpu": [{"field": "Vendor ID:", "data": "ARM", "children": [child]}]}
    host = Host(root=tmp_path, command=lambda _: json.dumps(nested), environment={})
    assert cpu.lscpu(host) == {"Vendor ID": "ARM", "Model name": "Neoverse-V2"}


@pytest.mark.parametrize("answer", [None, "", "no json", "[]", "{}", '{"lscpu": []}'])
def test_nothing_known(tmp_path: Path, answer: str | None) -> None:
    """A machine that shows nothing has an unknown processor, and the probe does not fail."""
    host = Host(root=tmp_path, command=lambda _: answer, environment={}, affinity=frozenset({0}))
    seen = cpu.read(host)
    assert (seen.model, seen.vendor, seen.cores, seen.l3_bytes) == ("unknown", None, None, None)
    assert (seen.threads, seen.usable_threads) == (1, 1)
    assert seen.instruction_sets == ()


def test_cpuinfo_without_lscpu(tmp_path: Path) -> None:
    """A slim container without `lscpu` is read from `/proc/cpuinfo`."""
    recorded = machines.milan(tmp_path)
    seen = cpu.read(Host(root=recorded.root, command=lambda _: None, affinity=frozenset({0, 1})))
    assert (seen.model, seen.family, seen.model_number) == ("AMD EPYC", 25, 1)
    assert "avx2" in seen.instruction_sets


@pytest.mark.parametrize("part", ["", "CPU part\t: odd\n"])
def test_unreadable_arm_part(tmp_path: Path, part: str) -> None:
    """The variant that `lscpu` calls model on Arm never stands in for the part number."""
    text = f"CPU implementer\t: 0x41\n{part}"
    host = machines.host(tmp_path, {"/proc/cpuinfo": text}, lscpu={"Model": "1"})
    assert cpu.read(host).model_number is None


def test_governors_that_disagree(tmp_path: Path) -> None:
    """Processors under different governors are `mixed`."""
    folder = "/sys/devices/system/cpu"
    files = {
        f"{folder}/cpu0/cpufreq/scaling_governor": "powersave",
        f"{folder}/cpu1/cpufreq/scaling_governor": "performance",
    }
    assert cpu.governor(machines.host(tmp_path, files, affinity=[0, 1])) == "mixed"
    assert cpu.governor(machines.host(tmp_path, files, affinity=[1])) == "performance"


def test_quota_is_kept() -> None:
    """The quota the cgroup grants is part of the processor."""
    assert cpu.read(Host(), quota_threads=1.5).quota_threads == 1.5


@pytest.mark.skipif(not Path("/sys/devices/system/cpu/online").exists(), reason="needs sysfs")
def test_this_machine_agrees_with_psutil() -> None:
    """Cores and threads of the machine at hand are what psutil counts."""
    seen = cpu.read(Host())
    assert seen.threads == psutil.cpu_count(logical=True)
    assert seen.cores == psutil.cpu_count(logical=False)
    assert seen.usable_threads == len(psutil.Process().cpu_affinity() or [])
