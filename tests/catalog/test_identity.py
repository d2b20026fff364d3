"""Which chip a driver's name means, and when to say that it cannot be told."""

from typing import Any

import pytest

from benchbench.catalog import silicon
from benchbench.catalog.identity import Identity
from benchbench.record import Cloud, Virtualisation
from tests import factories

SILICON = silicon.load()
MIB = 2**20


def gpu(name: str, **changes: Any) -> Identity:
    """The identity of the only accelerator of a machine."""
    seen = factories.accelerator(name=name, **({"memory_bytes": None, "pci_id": None} | changes))
    return SILICON.identify(factories.system(accelerators=(seen,)), "cuda:0")


def cpu(model: str, cloud: str | None = None, **changes: Any) -> Identity:
    """The identity of a processor, perhaps rented."""
    place = Cloud(provider=cloud, source="flag") if cloud else None
    return SILICON.identify(
        factories.system(cpu=factories.cpu(model=model, **changes), cloud=place), "cpu"
    )


@pytest.mark.parametrize(
    ("name", "memory_mib", "chip"),
    [
        # As nvidia-smi lists them on rented machines: total memory in MiB.
        ("NVIDIA H100 80GB HBM3", 81559, "H100-SXM5-80GB"),
        ("NVIDIA A10G", 23028, "A10G"),
        ("NVIDIA L40S", 46068, "L40S"),
        ("NVIDIA L4", 23034, "L4"),
        ("Tesla T4", 15360, "T4"),
        ("Tesla V100-SXM2-16GB", 16160, "V100-SXM2-16GB"),
        ("NVIDIA A100-SXM4-40GB", 40960, "A100-SXM4-40GB"),
        ("NVIDIA H100 NVL", 95830, "H100-NVL-94GB"),
        ("NVIDIA H100 PCIe", 81559, "H100-PCIe-80GB"),
        ("NVIDIA H200", 143771, "H200-SXM-141GB"),
        ("NVIDIA B200", 183359, "B200-SXM-180GB"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 97887, "RTX-PRO-6000-BSE"),
        ("AMD Instinct MI300X", 196592, "MI300X"),
        ("Tesla K80", 11441, "K80"),
    ],
)
def test_names_drivers_report(name: str, memory_mib: int, chip: str) -> None:
    """A driver's own name settles it, with the memory it shows."""
    assert gpu(name, memory_bytes=memory_mib * MIB).chip_name == chip


@pytest.mark.known_error("SXM, PCIe, NVL share a device name")
def test_ambiguous_name() -> None:
    """The name H100 means three boards: all are named, none is chosen, no peak is claimed."""
    found = gpu("NVIDIA H100")
    assert found.chip_name is None
    assert set(found.ambiguous) == {"H100-SXM5-80GB", "H100-PCIe-80GB", "H100-NVL-94GB"}
    assert found.peak_flops("bf16") is None


@pytest.mark.known_error("SXM, PCIe, NVL share a device name")
@pytest.mark.parametrize(
    ("evidence", "chip"),
    [
        ({"pci_id": "10de:2331"}, "H100-PCIe-80GB"),
        ({"power_limit_w": 700.0}, "H100-SXM5-80GB"),
        ({"memory_bytes": 95830 * MIB}, "H100-NVL-94GB"),
        ({"memory_bytes": 81559 * MIB, "power_limit_w": 350.0}, "H100-PCIe-80GB"),
    ],
)
def test_evidence_resolves(evidence: dict[str, object], chip: str) -> None:
    """PCI id, power limit or memory tell the boards apart."""
    assert gpu("NVIDIA H100", **evidence).chip_name == chip


def test_memory_alone_is_not_enough() -> None:
    """80 GiB leaves SXM and PCIe."""
    found = gpu("NVIDIA H100", memory_bytes=81559 * MIB)
    assert set(found.ambiguous) == {"H100-SXM5-80GB", "H100-PCIe-80GB"}


def test_pci_id_names_an_unknown_name() -> None:
    """An engineering name with a known PCI id is that chip."""
    assert gpu("NVIDIA Graphics Device", pci_id="10de:26b9").chip_name == "L40S"


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "NVIDIA GeForce RTX 4090 D",
        "NVIDIA H100 CNX",
        "NVIDIA A10-24Q",
        "NVIDIA A100X",
        "GeForce GTX 1080",
        "",
    ],
)
def test_lookalikes_are_unknown(name: str) -> None:
    """A word that is not understood makes it another chip, not a near miss."""
    found = gpu(name)
    assert (found.chip_name, found.ambiguous) == (None, ())


def test_wrong_memory_is_refused() -> None:
    """A "T4" with 40 GiB is no T4."""
    found = gpu("Tesla T4", memory_bytes=40 * 2**30)
    assert found.chip_name is None
    assert "fits no T4" in found.because


@pytest.mark.known_error("MIG slice or one die of two compared with the whole card")
def test_slice() -> None:
    """A MIG slice with 16 of 132 processors and an eighth of the memory has that share of both."""
    name = "NVIDIA H100 80GB HBM3 MIG 1g.10gb"
    part = gpu(name, memory_bytes=10 * 2**30, multiprocessors=16, mig=True)
    whole = gpu("NVIDIA H100 80GB HBM3", memory_bytes=80 * 2**30)
    assert part.peaks["bf16"] == pytest.approx(whole.peaks["bf16"] * 16 / 132)
    assert part.bandwidth_bytes_per_s == pytest.approx(3350e9 / 8)


@pytest.mark.known_error("MIG slice or one die of two compared with the whole card")
@pytest.mark.parametrize("name", ["NVIDIA H100 80GB HBM3 MIG 1g.10gb", "NVIDIA H100 80GB HBM3"])
def test_a_slice_of_unknown_size_has_no_peak(name: str) -> None:
    """A board in MIG mode is never seen whole: without its processors no peak is claimed."""
    part = gpu(name, memory_bytes=10 * 2**30, mig=True)
    assert part.chip_name == "H100-SXM5-80GB"
    assert (part.peaks, part.flop_per_clock) == ({}, {})
    assert "does not say how many processors" in part.because


@pytest.mark.known_error("MIG slice or one die of two compared with the whole card")
def test_one_die_of_two() -> None:
    """PyTorch shows an MI250X as two devices of 64 GiB, each with half of the card's peak."""
    die = gpu("AMD Instinct MI250X", memory_bytes=64 * 2**30)
    assert die.peak_flops("bf16") == pytest.approx(383e12 / 2)
    assert die.bandwidth_bytes_per_s == pytest.approx(3277e9 / 2)
    assert "one of the 2 dies" in die.because
    assert gpu("AMD Instinct MI250X").peak_flops("bf16") == pytest.approx(383e12 / 2)
    card = gpu("AMD Instinct MI250X", memory_bytes=128 * 2**30)
    assert card.peak_flops("bf16") == pytest.approx(383e12)


@pytest.mark.parametrize(
    ("precision", "clock_hz", "flops"),
    [
        ("bf16", 1.830e9, 528 * 1024 * 1.830e9),
        ("bf16", 1.980e9, 528 * 1024 * 1.980e9),
        ("bf16", 1.410e9, 528 * 1024 * 1.410e9),
        ("fp32", 1.980e9, 132 * 128 * 2 * 1.980e9),
    ],
)
def test_peak_at_the_observed_clock(precision: Any, clock_hz: float, flops: float) -> None:
    """H100 SXM: tensor cores x 1024 x clock, CUDA cores x 2 x clock."""
    found = gpu("NVIDIA H100 80GB HBM3", memory_bytes=81559 * MIB)
    assert found.peak_at(precision, clock_hz) == pytest.approx(flops)


def test_no_arithmetic_no_peak_at_a_clock() -> None:
    """Of a GB300 nobody prints the units, so its peak at another clock is unknown."""
    found = gpu("NVIDIA GB300")
    assert found.peak_flops("bf16") is not None
    assert found.peak_at("bf16", 2e9) is None


def test_cpu_peak_at_the_observed_clock() -> None:
    """Two cores of Zen 3 x 32 FLOP x 3.5 GHz."""
    found = cpu("AMD EPYC 7B13", usable_cores=2)
    assert found.peak_at("fp32", 3.5e9) == pytest.approx(2 * 32 * 3.5e9)


def test_unknown_device() -> None:
    """A device the probe did not see has no identity, and the reason says so."""
    assert "no device 'cuda:3'" in SILICON.identify(factories.gpu_system(), "cuda:3").because


@pytest.mark.parametrize(
    ("model", "ids", "family"),
    [
        ("AMD EPYC", ("AuthenticAMD", 25, 1), "EPYC-Milan"),
        ("AMD EPYC 7B13", ("AuthenticAMD", 25, 1), "EPYC-Milan"),
        ("AMD EPYC 9R14", ("AuthenticAMD", 25, 17), "EPYC-Genoa"),
        ("AMD EPYC 9754 128-Core Processor", ("AuthenticAMD", 25, 160), "EPYC-Bergamo"),
        ("AMD EPYC 9R45", ("AuthenticAMD", 26, 2), "EPYC-Turin"),
        ("AMD EPYC 7R32", ("AuthenticAMD", 23, 49), "EPYC-Rome"),
        ("AMD EPYC 7571", ("AuthenticAMD", 23, 1), "EPYC-Naples"),
        ("Intel(R) Xeon(R) Platinum 8488C", ("GenuineIntel", 6, 143), "SapphireRapids-SP"),
        ("Intel Xeon Processor (SapphireRapids)", ("GenuineIntel", 6, 143), "SapphireRapids-SP"),
        ("Intel(R) Xeon(R) Platinum 8480+", ("GenuineIntel", 6, 143), "SapphireRapids-8480+"),
        ("Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz", ("GenuineIntel", 6, 106), "IceLake-SP"),
        (
            "Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz",
            ("GenuineIntel", 6, 106),
            "IceLake-SP-8380",
        ),
        (
            "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz",
            ("GenuineIntel", 6, 85),
            "CascadeLake-SP",
        ),
        ("Intel(R) Xeon(R) Platinum 8175M CPU @ 2.50GHz", ("GenuineIntel", 6, 85), "Skylake-SP"),
        ("Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz", ("GenuineIntel", 6, 79), "Broadwell-EP"),
        (
            "INTEL(R) XEON(R) PLATINUM 8581C CPU @ 2.60GHz",
            ("GenuineIntel", 6, 207),
            "EmeraldRapids-SP",
        ),
    ],
)
def test_cpu_names(model: str, ids: tuple[str, int, int], family: str) -> None:
    """Model names and CPUID numbers as guests on public clouds show them."""
    vendor, number, model_number = ids
    found = cpu(model, vendor=vendor, family=number, model_number=model_number)
    assert found.chip_name == family


def test_hidden_model_name() -> None:
    """Google hides the model: family 85 is Skylake or Cascade Lake; VNNI tells the newer one."""
    ids: dict[str, Any] = {"vendor": "GenuineIntel", "family": 6, "model_number": 85}
    plain = cpu("Intel(R) Xeon(R) CPU @ 2.00GHz", **ids, instruction_sets=("avx2", "avx512f"))
    assert set(plain.ambiguous) == {"Skylake-SP", "CascadeLake-SP"}
    flags = ("avx2", "avx512f", "avx512_vnni")
    newer = cpu("Intel(R) Xeon(R) CPU @ 2.80GHz", **ids, instruction_sets=flags)
    assert newer.chip_name == "CascadeLake-SP"


@pytest.mark.parametrize(
    ("cloud", "family"), [("aws", "Graviton4"), ("gcp", "GoogleAxion"), (None, None)]
)
def test_arm_needs_the_cloud(cloud: str | None, family: str | None) -> None:
    """A Neoverse V2 is Graviton4 on AWS and Axion on Google; elsewhere nobody can tell."""
    ids: dict[str, Any] = {
        "vendor": "ARM",
        "family": None,
        "model_number": 0xD4F,
        "threads_per_core": 1,
    }
    found = cpu("Neoverse-V2", cloud, **ids, instruction_sets=("neon", "sve", "bf16"))
    assert found.chip_name == family
    assert bool(found.ambiguous) == (family is None)


def test_cpu_peak_counts_cores() -> None:
    """Two physical cores of Zen 3 at 3.3 GHz: 2 x 32 x 3.3e9, however many threads they show."""
    found = cpu("AMD EPYC 7B13", usable_cores=2, usable_threads=4, threads_per_core=2)
    assert found.peak_flops("fp32") == pytest.approx(2 * 32 * 3.3e9)
    assert found.bandwidth_bytes_per_s == pytest.approx(204.8e9 * 2 / 64)


def test_quota_limits_the_peak() -> None:
    """A container with a quota of two threads has one core's peak."""
    found = cpu("AMD EPYC 7B13", quota_threads=2.0)
    assert found.peak_flops("fp32") == pytest.approx(32 * 3.3e9)
    assert "quota of 2 processors" in found.because


def test_one_thread_per_core_is_said() -> None:
    """A guest that hides SMT is counted in whole cores, and the assumption is spoken."""
    ids = {"threads": 2, "threads_per_core": 1, "usable_cores": 2, "usable_threads": 2}
    guest = factories.system(
        cpu=factories.cpu(**ids), virtualisation=Virtualisation(hypervisor="kvm")
    )
    found = SILICON.identify(guest, "cpu")
    assert found.peak_flops("fp32") == pytest.approx(2 * 32 * 3.3e9)
    assert "half of this peak" in found.because
    bare = SILICON.identify(factories.system(cpu=factories.cpu(**ids)), "cpu")
    assert "half" not in bare.because


def test_hidden_instruction_set_lowers_the_peak() -> None:
    """Sapphire Rapids without AMX flags does 128 bf16 FLOP a cycle, not 1,024."""
    ids: dict[str, Any] = {"vendor": "GenuineIntel", "family": 6, "model_number": 143}
    flags = ("avx2", "avx512f", "avx512_bf16")
    found = cpu("Intel(R) Xeon(R) Platinum 8488C", **ids, instruction_sets=flags)
    assert found.peak_flops("bf16") == pytest.approx(2 * 128 * 3.2e9)


def test_unknown_cpu() -> None:
    """A processor nobody entered has no peak, and the reason names its numbers."""
    found = cpu("Mystery", vendor="GenuineIntel", family=6, model_number=999)
    assert (found.chip_name, found.peaks) == (None, {})
    assert "model 999" in found.because
