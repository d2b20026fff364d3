"""Vector units by name, and how much fits in their registers."""

import pytest

from benchbench.ceilings import isa


@pytest.mark.parametrize(
    ("architecture", "features", "expected"),
    [
        ("x86_64", {"avx512f": True, "avx2": True, "fma": True}, isa.AVX512),
        ("x86_64", {"avx512f": False, "avx2": True, "fma": True}, isa.AVX2),
        ("x86_64", {"avx2": True}, isa.OTHER),
        ("aarch64", {"neon": True, "sve": True}, isa.NEON),
        ("arm64", {}, isa.NEON),
        ("riscv64", {}, isa.OTHER),
    ],
)
def test_the_widest_unit_is_chosen(
    architecture: str, features: dict[str, bool], expected: isa.Isa
) -> None:
    """A feature that is absent or off does not count."""
    assert isa.of(architecture, features) == expected


def test_lanes_are_register_over_element() -> None:
    """AVX-512 holds 16 fp32 or 8 fp64, NEON 4 or 2."""
    assert (isa.AVX512.lanes("fp32"), isa.AVX512.lanes("fp64")) == (16, 8)
    assert (isa.NEON.lanes("fp32"), isa.NEON.lanes("fp64")) == (4, 2)


@pytest.mark.parametrize(("unit", "latency", "ports"), [(isa.AVX2, 4, 2), (isa.NEON, 4, 4)])
def test_accumulators_hide_the_latency(unit: isa.Isa, latency: int, ports: int) -> None:
    """Zen 3: 4 cycles on 2 ports; Neoverse V1: 4 cycles on 4 ports (the makers' guides)."""
    assert latency * ports <= unit.chains <= unit.registers - 4
