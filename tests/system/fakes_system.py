"""A healthy machine as a value, for the judgements on it."""

from typing import Any

from benchbench.record import Accelerator, Cpu, Memory, Software, System
from benchbench.system.facts import Facts

H100 = Accelerator(device="cuda:0", name="NVIDIA H100 80GB HBM3", vendor="nvidia", mig=False)


def system(
    *,
    cpu: dict[str, Any] | None = None,
    memory: dict[str, Any] | None = None,
    software: dict[str, Any] | None = None,
    **parts: Any,
) -> System:
    """Eight idle cores, 64 GiB, torch and LoadGen; each part can be changed."""
    return System(
        cpu=Cpu(
            **{
                "model": "Good CPU",
                "architecture": "x86_64",
                "cores": 8,
                "threads": 8,
                "usable_cores": 8,
                "usable_threads": 8,
                "instruction_sets": ("avx2", "fma"),
                **(cpu or {}),
            }
        ),
        memory=Memory(
            **{"total_bytes": 64 * 2**30, "available_bytes": 60 * 2**30, **(memory or {})}
        ),
        software=Software(
            **{
                "os": "Debian",
                "kernel": "6",
                "python": "3.12",
                "packages": {"torch": "2.9.0", "mlcommons-loadgen": "6.0"},
                **(software or {}),
            }
        ),
        **parts,
    )


def facts(**known: Any) -> Facts:
    """A machine with an empty disk and nothing running."""
    return Facts(
        **{
            "load": 0.1,
            "swap_used_bytes": 0,
            "scratch_free_bytes": 100 * 2**30,
            "scratch_filesystem": "ext4",
            **known,
        }
    )
