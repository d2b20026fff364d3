"""What LLVM makes of the kernels, here and for processors that are not here."""

import pytest

from benchbench.ceilings import ir
from benchbench.ceilings.isa import Element
from tests.ceilings.assembly import TARGETS, loop_of, text

FMA: dict[tuple[str, Element], tuple[str, ...]] = {
    ("zen3", "fp32"): ("vfmadd231ps", "vfmadd213ps", "vfnmadd231ps", "vfnmadd213ps"),
    ("zen3", "fp64"): ("vfmadd231pd", "vfmadd213pd", "vfnmadd231pd", "vfnmadd213pd"),
    ("skylake", "fp32"): ("vfmadd231ps", "vfmadd213ps", "vfnmadd231ps", "vfnmadd213ps"),
    ("skylake", "fp64"): ("vfmadd231pd", "vfmadd213pd", "vfnmadd231pd", "vfnmadd213pd"),
    ("neoverse", "fp32"): ("fmla", "fmls"),
    ("neoverse", "fp64"): ("fmla", "fmls"),
}
REGISTER = {"zen3": "%ymm", "skylake": "%zmm", "neoverse": ".4s"}


@pytest.mark.parametrize(("target", "element"), FMA)
def test_the_fma_loop_is_nothing_but_fmas(target: str, element: Element) -> None:
    """As many as counted, and no move, load or spill between them: only the loop's own three."""
    function = ir.fma(TARGETS[target][0], element)
    found = loop_of(function, target)
    fused = sum(found[name] for name in FMA[target, element])
    assert fused == function.per_round
    assert found.total() - fused <= 3


@pytest.mark.parametrize("target", TARGETS)
def test_the_fma_loop_uses_the_widest_registers(target: str) -> None:
    """512 bits on AVX-512 even where LLVM prefers 256."""
    function = ir.fma(TARGETS[target][0], "fp32")
    fused = [
        line
        for line in text(function, target).splitlines()
        if line.split() and line.split()[0] in FMA[target, "fp32"]
    ]
    assert len(fused) == function.per_round
    assert all(REGISTER[target] in line for line in fused)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("every", [1, 2, 4])
def test_the_clocks_chain_is_not_shortened(target: str, every: int) -> None:
    """Half additions, half exclusive ors, one after the other, and an FMA beside every n-th."""
    function = ir.clock(TARGETS[target][0], "fp32", every)
    found = loop_of(function, target)
    either = ("xorq", "eor")
    assert sum(found[name] for name in either) == function.per_round // 2
    added = found["addq"] + found["add"] - (target == "neoverse")  # its loop counts with one
    assert added == function.per_round // 2
    fused = sum(found[name] for name in FMA[target, "fp32"])
    assert fused == function.per_round // every


@pytest.mark.parametrize("kind", ["copy", "scale", "add", "triad"])
@pytest.mark.parametrize(
    ("target", "store"), [("zen3", "vmovntps"), ("skylake", "vmovntps"), ("neoverse", "stnp")]
)
def test_stores_bypass_the_caches(kind: ir.Stream, target: str, store: str) -> None:
    """Every store does, or none."""
    isa = TARGETS[target][0]
    assert loop_of(ir.stream(isa, kind, bypass=True), target)[store] == 8
    assert store not in text(ir.stream(isa, kind, bypass=False), target)


@pytest.mark.parametrize("target", TARGETS)
def test_a_streams_loads_are_those_of_the_algorithm(target: str) -> None:
    """A round of a copy moves as many bytes as it is counted as."""
    isa = TARGETS[target][0]
    width = max(isa.vector_bytes, 32)
    assert ir.stream(isa, "copy", bypass=True).per_round == 8 * width


@pytest.mark.parametrize("target", TARGETS)
def test_the_end_of_a_stream_is_waited_for(target: str) -> None:
    """Stores that bypass the caches are finished by a fence."""
    assembly = text(ir.stream(TARGETS[target][0], "triad", bypass=True), target)
    body = assembly.partition("triad_bypass.body:")[2].partition("ret")[0]
    assert any(fence in body for fence in ("mfence", "lock", "dmb"))


@pytest.mark.parametrize(("target", "load"), [("zen3", "movq"), ("neoverse", "ldr")])
def test_a_chase_is_one_load_after_the_other(target: str, load: str) -> None:
    """Sixteen, each from the register the one before filled."""
    function = ir.chase()
    assert loop_of(function, target)[load] == function.per_round == 16
