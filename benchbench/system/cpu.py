"""The processor: what it is, which part of it we may use, and what its cores can do."""

import platform
from typing import Any

from benchbench import printable, untrusted
from benchbench.record import Cpu
from benchbench.system.host import Host, cpu_list, to_integer
from benchbench.system.topology import Topology

_SYSFS = "/sys/devices/system/cpu"
_KILOHERTZ = 1e3
_MEGAHERTZ = 1e6
_MOST_HZ = 1e12
_UNITS = {"B": 1, "K": 2**10, "KiB": 2**10, "M": 2**20, "MiB": 2**20, "GiB": 2**30}

# The kernel's flag → the name used in a record. Only what a compute kernel chooses its path by.
_X86 = (
    *("sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "avx_ifma", "avx_vnni_int8"),
    *("avx_ne_convert", "avx10", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
    *("avx512ifma", "avx512vbmi", "avx512_vbmi2", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_tile", "amx_bf16", "amx_int8", "amx_fp16", "amx_complex"),
)
_ARM = {
    "asimd": "neon",
    "asimdhp": "fp16",
    "asimddp": "dotprod",
    "bf16": "bf16",
    "i8mm": "i8mm",
    "sve": "sve",
    "sve2": "sve2",
    "svebf16": "sve_bf16",
    "svei8mm": "sve_i8mm",
    "sme": "sme",
    "sme2": "sme2",
}
_INSTRUCTION_SETS = {flag: flag for flag in _X86} | _ARM


def read(host: Host, quota_threads: float | None = None) -> Cpu:
    """From sysfs and `lscpu`, either of which may be missing.

    On Arm `model_number` is the part number (0xd40 is a Neoverse V1) and `family` is None:
    that pair is what tells one microarchitecture from another there.
    """
    shown, first = lscpu(host), cpuinfo(host)
    topology = Topology.of(host)
    threads = len(topology.online) or to_integer(shown.get("CPU(s)")) or len(host.affinity or "x")
    usable = host.affinity or topology.online
    return Cpu(
        model=_name(shown.get("Model name")) or _name(first.get("model name")) or "unknown",
        vendor=_name(shown.get("Vendor ID")) or _name(first.get("vendor_id")),
        architecture=_name(shown.get("Architecture")) or platform.machine(),
        family=to_integer(shown.get("CPU family") or first.get("cpu family")),
        model_number=_model_number(shown, first),
        sockets=topology.sockets or to_integer(shown.get("Socket(s)")),
        cores=topology.core_count or _shown_cores(shown),
        threads=threads,
        threads_per_core=topology.threads_per_core or to_integer(shown.get("Thread(s) per core")),
        usable_cores=topology.cores_touched(usable),
        usable_threads=len(usable) or threads,
        quota_threads=quota_threads,
        instruction_sets=_instruction_sets(shown, first),
        l1d_bytes=topology.cache_per_core(1) or _shown_cache(shown, "L1d cache"),
        l2_bytes=topology.cache_per_core(2) or _shown_cache(shown, "L2 cache"),
        l3_bytes=topology.cache_total(3) or _shown_cache(shown, "L3 cache", total=True),
        clock_max_hz=_clock_max(host, shown),
        governor=governor(host),
    )


def lscpu(host: Host) -> dict[str, str]:
    """`lscpu -J` flattened: its newer versions nest what its older ones list."""
    try:
        shown = untrusted.parse_json(host.command(("lscpu", "-J")) or "{}")
    except ValueError:
        return {}
    pending = _tables(shown, "lscpu")
    fields: dict[str, str] = {}
    while pending:
        entry = pending.pop(0)
        pending[:0] = _tables(entry, "children")
        if isinstance(data := entry.get("data"), str) and data not in {"", "-"}:
            fields.setdefault(str(entry.get("field")).rstrip(":"), data)
    return fields


def _tables(of: object, name: str) -> list[dict[str, Any]]:
    """The tables in a list under a name; none where something else stands there."""
    listed = of.get(name) if isinstance(of, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def cpuinfo(host: Host) -> dict[str, str]:
    """The first processor's lines in `/proc/cpuinfo`."""
    block = (host.text("/proc/cpuinfo") or "").split("\n\n", 1)[0]
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def governor(host: Host) -> str | None:
    """The frequency governor, `mixed` when the processors do not agree; None in most guests."""
    cpus = sorted(host.affinity or cpu_list(host.text(f"{_SYSFS}/online")))
    told = (host.text(f"{_SYSFS}/cpu{cpu}/cpufreq/scaling_governor") for cpu in cpus)
    found = {name for text in told if (name := _name(text))}
    return None if not found else (found.pop() if len(found) == 1 else "mixed")


def _name(text: str | None) -> str | None:
    return printable.name(text) or None if text else None


def _model_number(shown: dict[str, str], first: dict[str, str]) -> int | None:
    if part := first.get("CPU part"):
        return to_integer(part, 16)
    if first.get("CPU implementer"):
        return None
    return to_integer(shown.get("Model") or first.get("model"))


def _shown_cores(shown: dict[str, str]) -> int | None:
    per_socket, sockets = shown.get("Core(s) per socket"), shown.get("Socket(s)")
    if per_socket is None:  # Arm shows clusters where firmware does not describe sockets.
        per_socket, sockets = shown.get("Core(s) per cluster"), shown.get("Cluster(s)")
    cores, groups = to_integer(per_socket), to_integer(sockets)
    return None if cores is None or groups is None else cores * groups


def _shown_cache(shown: dict[str, str], level: str, *, total: bool = False) -> int | None:
    """`64 KiB (2 instances)` is their sum; without the count it may be a sum or one, so None."""
    match (shown.get(level) or "").replace("(", "").split():
        case [number, unit, instances, *_] if unit in _UNITS:
            count = to_integer(instances)
        case _:
            return None
    try:
        size = int(float(number) * _UNITS[unit])
    except (ValueError, OverflowError):
        return None
    return size if total else (size // count if count else None)


def _instruction_sets(shown: dict[str, str], first: dict[str, str]) -> tuple[str, ...]:
    flags = first.get("flags") or first.get("Features") or shown.get("Flags") or ""
    present = set(flags.split())
    return tuple(name for flag, name in _INSTRUCTION_SETS.items() if flag in present)


def _clock_max(host: Host, shown: dict[str, str]) -> float | None:
    """The highest clock any processor may reach; never the current one."""
    names = host.entries(_SYSFS, "cpu")
    limits = [host.integer(f"{_SYSFS}/{name}/cpufreq/cpuinfo_max_freq") for name in names]
    if known := [limit for limit in limits if limit and 0 < limit * _KILOHERTZ < _MOST_HZ]:
        return max(known) * _KILOHERTZ
    try:
        shown_hz = float(shown["CPU max MHz"]) * _MEGAHERTZ
    except (KeyError, ValueError):
        return None
    return shown_hz if 0 < shown_hz < _MOST_HZ else None
