"""Datasheet figures against closed forms: units x FLOP per clock x clock, cores x width x clock."""

import pytest

from benchbench.catalog import silicon

CHIPS = silicon.load().chips
CPUS = silicon.load().cpus


@pytest.mark.parametrize(
    ("name", "precision", "flops"),
    [
        ("H100-SXM5-80GB", "bf16", 528 * 1024 * 1.830e9),
        ("H100-PCIe-80GB", "bf16", 456 * 1024 * 1.620e9),
        ("A100-SXM4-80GB", "bf16", 432 * 512 * 1.410e9),
        ("V100-SXM2-16GB", "fp16", 640 * 128 * 1.530e9),
        ("T4", "fp16", 320 * 128 * 1.590e9),
        ("MI300X", "bf16", 304 * 2048 * 2.100e9),
        ("H100-SXM5-80GB", "fp32", 132 * 128 * 2 * 1.980e9),
        ("A100-SXM4-80GB", "fp32", 108 * 64 * 2 * 1.410e9),
    ],
)
def test_peaks_are_arithmetic(name: str, precision: str, flops: float) -> None:
    """A peak is the multiply-adds the units can start each clock, counted as two."""
    peak = CHIPS[name].peaks[precision]  # type: ignore[index]  # a precision as text
    assert peak == pytest.approx(flops, rel=0.005)


def test_dense_not_sparse() -> None:
    """The 1,979 TFLOP/s NVIDIA prints for an H100 are sparse; its peak is half."""
    h100 = CHIPS["H100-SXM5-80GB"]
    assert h100.peak("bf16") == pytest.approx(h100.sparse["bf16"] / 2, rel=1e-3)


def test_boards_differ() -> None:
    """SXM 989, NVL 835, PCIe 756 TFLOP/s."""
    peaks = [
        CHIPS[f"H100-{board}"].peaks["bf16"] for board in ("SXM5-80GB", "NVL-94GB", "PCIe-80GB")
    ]
    assert [round(peak / 1e12) for peak in peaks] == [989, 836, 756]


def test_missing_peak_is_unknown() -> None:
    """A V100 has no bf16; B300's int8 was cut to 157 TOP/s."""
    assert CHIPS["V100-SXM2-16GB"].peak("bf16") is None
    assert CHIPS["B300-SXM-270GB"].peak("int8") == 157e12


def test_memory() -> None:
    """Memory sold as GB is GiB: a TPU v3-8 has four chips of 32, so 128."""
    assert 4 * CHIPS["TPU-v3"].memory_bytes == 128 * 2**30
    assert 4 * CHIPS["TPU-v2"].memory_bytes == 64 * 2**30
    assert CHIPS["V100-SXM2-16GB"].memory_bytes == 16 * 2**30


@pytest.mark.parametrize(
    ("name", "family"),
    [("H100-SXM5-80GB", "H100"), ("RTX-4090", "RTX-4090"), ("T4", "T4"), ("MI300X", "MI300X")],
)
def test_family(name: str, family: str) -> None:
    """A family is the name without board and memory."""
    assert CHIPS[name].family == family


@pytest.mark.parametrize(
    ("family", "precision", "flags", "per_cycle"),
    [
        # ports x lanes x 2: Zen 3 has two 256-bit FMA ports, Skylake-SP two of 512 bits.
        ("EPYC-Milan", "fp32", (), 2 * 8 * 2),
        ("Skylake-SP", "fp32", ("avx2", "avx512f"), 2 * 16 * 2),
        ("Skylake-SP", "fp32", ("avx2",), 2 * 8 * 2),
        ("EPYC-Milan", "fp64", (), 2 * 4 * 2),
        # AMX: 16 x 16 results, each 2 x 2 FLOP a cycle.
        ("SapphireRapids-SP", "bf16", ("avx512f", "avx512_bf16", "amx_bf16"), 16 * 16 * 4),
        ("SapphireRapids-SP", "bf16", ("avx512f", "avx512_bf16"), 2 * 32 * 2),
        ("SapphireRapids-SP", "bf16", ("avx512f",), None),
        ("EPYC-Milan", "bf16", (), None),
        ("Graviton3", "fp32", ("neon", "sve"), 2 * 8 * 2),
    ],
)
def test_rates(
    family: str, precision: str, flags: tuple[str, ...], per_cycle: float | None
) -> None:
    """FLOP per cycle follows from the widest unit whose flag the guest shows."""
    assert CPUS[family].flop_per_cycle(precision, flags) == per_cycle  # type: ignore[arg-type]  # a precision as text


def test_no_clock_no_peak() -> None:
    """Where the clock is not published there is no peak, not a zero."""
    assert CPUS["Graviton5"].clock_hz is None
    assert CPUS["Graviton5"].peaks(4) == {}


def test_memory_bandwidth_of_cpus() -> None:
    """Channels x 8 bytes x transfers: eight of DDR4-3200 are 204.8 GB/s, shared by the cores."""
    milan = CPUS["EPYC-Milan"]
    assert milan.bandwidth(64) == pytest.approx(8 * 8 * 3.2e9)
    assert milan.bandwidth(2) == pytest.approx(8 * 8 * 3.2e9 / 32)
