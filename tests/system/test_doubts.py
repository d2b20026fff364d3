"""Each doubt appears with its cause, and not without it."""

from typing import Any

import pytest

from benchbench.record import Caveat, NumaNode, Virtualisation
from benchbench.system import doubts
from tests.system import fakes_system as make

MIXED = (make.H100, make.H100.model_copy(update={"device": "cuda:1", "name": "NVIDIA L4"}))
SLICED = (make.H100.model_copy(update={"mig": True}),)


def codes(found: tuple[Caveat, ...]) -> list[str]:
    """What was doubted."""
    return [caveat.code for caveat in found]


def variables(**environment: str) -> dict[str, Any]:
    """A machine with these variables set."""
    return {"software": {"environment": environment}}


def test_healthy_machine() -> None:
    """Nothing to doubt."""
    assert doubts.about(make.system(), make.facts()) == ()


@pytest.mark.parametrize(
    ("parts", "code", "words"),
    [
        ({"cpu": {"quota_threads": 1.5}}, "cpu_quota", "1.50 processors of the 8"),
        ({"cpu": {"threads": 16}}, "affinity", "8 of 16 logical processors"),
        ({"cpu": {"usable_cores": 4, "cores": 4}}, "hyper_threads", "are 4 physical cores"),
        (
            {"numa": (NumaNode(index=0, threads=4), NumaNode(index=1, threads=4))},
            "numa",
            "2 NUMA nodes",
        ),
        ({"memory": {"available_bytes": 2**30}}, "low_memory", "1.00 GiB"),
        ({"memory": {"limit_bytes": 2**31}}, "low_memory", "2.00 GiB"),
        (
            {"numa": (NumaNode(index=0, threads=8, memory_bytes=16 * 2**30),)},
            "memory_balloon",
            "16.0 GiB of 64.0 GiB",
        ),
        (
            {"virtualisation": Virtualisation(container="docker")},
            "container_without_limits",
            "(docker)",
        ),
        ({"accelerators": SLICED}, "mig", "slice"),
        ({"accelerators": MIXED}, "device_order", "cuda:0"),
        (variables(OPENBLAS_CORETYPE="Haswell"), "openblas_coretype", "Haswell"),
        (variables(CUDA_LAUNCH_BLOCKING="1"), "launch_blocking", "wait"),
        (variables(OMP_NUM_THREADS="1"), "omp_num_threads", "some of 8 cores"),
    ],
)
def test_doubt_about_the_machine(parts: dict[str, Any], code: str, words: str) -> None:
    """One cause, one doubt, with its evidence and a remedy."""
    (doubt,) = doubts.about(make.system(**parts), make.facts())
    assert doubt.code == code
    assert words in doubt.message
    assert doubt.remedy


@pytest.mark.parametrize(
    ("known", "code"), [({"load": 3.0}, "busy"), ({"swap_used_bytes": 2**20}, "swap")]
)
def test_doubt_about_the_moment(known: dict[str, Any], code: str) -> None:
    """What runs now disturbs too."""
    assert codes(doubts.about(make.system(), make.facts(**known))) == [code]


@pytest.mark.parametrize(
    ("governor", "driver", "expected"),
    [
        ("powersave", "acpi-cpufreq", ["governor"]),
        ("powersave", "intel_cpufreq", ["governor"]),
        ("powersave", None, ["governor"]),
        ("mixed", None, ["governor"]),
        ("powersave", "intel_pstate", []),
        ("powersave", "amd-pstate-epp", []),
        ("performance", "acpi-cpufreq", []),
        ("schedutil", "acpi-cpufreq", []),
        (None, None, []),
    ],
)
def test_governor(governor: str | None, driver: str | None, expected: list[str]) -> None:
    """`powersave` is slow only where software drives the clock."""
    seen = make.system(cpu={"governor": governor})
    assert codes(doubts.about(seen, make.facts(scaling_driver=driver))) == expected


@pytest.mark.parametrize(
    "parts",
    [
        {"cpu": {"quota_threads": 8.0}},
        {"cpu": {"usable_cores": None}},
        {"memory": {"available_bytes": None}},
        {"numa": (NumaNode(index=0, threads=8, memory_bytes=63 * 2**30),)},
        {"numa": (NumaNode(index=0, threads=8),)},
        {
            "virtualisation": Virtualisation(container="docker"),
            "memory": {"limit_bytes": 32 * 2**30},
        },
        {"accelerators": (make.H100, make.H100.model_copy(update={"device": "cuda:1"}))},
        {
            "accelerators": MIXED,
            "software": {"environment": {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}},
        },
        variables(CUDA_LAUNCH_BLOCKING="0"),
        variables(OMP_NUM_THREADS="8"),
        variables(OMP_NUM_THREADS="4,2"),
    ],
)
def test_no_doubt(parts: dict[str, Any]) -> None:
    """Harmless or unknown settings raise none."""
    assert doubts.about(make.system(**parts), make.facts()) == ()


def test_threads_set_to_the_quota() -> None:
    """Following the remedy for a quota raises no doubt about the threads."""
    seen = make.system(
        cpu={"quota_threads": 2.0}, software={"environment": {"OMP_NUM_THREADS": "2"}}
    )
    assert codes(doubts.about(seen, make.facts())) == ["cpu_quota"]
