"""What people call a ceiling, and how it was reached."""

from benchbench import units
from benchbench.record import Ceiling


def name(ceiling: Ceiling) -> str:
    """`matmul bf16`, `cache read L2`, `load latency memory`."""
    level = ceiling.setting.get("level")
    said = ceiling.kind.replace("_", " "), ceiling.dtype, level if level != "memory" else None
    kind = " ".join(str(part) for part in said if part)
    return "memory latency" if ceiling.kind == "load_latency" and level == "memory" else kind


def where(ceiling: Ceiling) -> str:
    """`cuda:0`, or `cpu, 2 threads`."""
    threads = None if ceiling.threads is None else units.counted(ceiling.threads, "thread")
    return ", ".join(filter(None, (ceiling.device, threads)))


def reached_by(ceiling: Ceiling) -> str:
    """The path; of the FMA loop also the clock it ran at, and how many started in a cycle."""
    clock, ports = (ceiling.setting.get(key) for key in ("clock_hz", "fma_ports"))
    if ceiling.kind != "fma" or not isinstance(clock, float) or not isinstance(ports, float):
        return ceiling.path
    return f"{ceiling.path}, {units.clock(clock)}, {units.number(ports, 2)} a cycle"
