"""Which vector units a kernel is written for: their width, and how many registers there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Element = Literal["fp32", "fp64"]

ELEMENT_BYTES: dict[Element, int] = {"fp32": 4, "fp64": 8}
_CONSTANTS = 4
_MANY_REGISTERS = 32


@dataclass(frozen=True)
class Isa:
    """A vector instruction set; `fused` tells whether it multiplies and adds in one instruction."""

    name: str
    vector_bytes: int
    registers: int
    fused: bool = True

    def lanes(self, element: Element) -> int:
        """Elements of one register."""
        return self.vector_bytes // ELEMENT_BYTES[element]

    @property
    def chains(self) -> int:
        """Accumulators that stay in registers beside four constants, with a few to spare.

        Enough for latency times ports: 4 cycles on 2 ports of an x86 core, on 4 of a Neoverse V1.
        """
        spare = 4 if self.registers == _MANY_REGISTERS else 2
        return self.registers - _CONSTANTS - spare


AVX512 = Isa("AVX-512", 64, 32)
AVX2 = Isa("AVX2", 32, 16)
NEON = Isa("NEON", 16, 32)
OTHER = Isa("128-bit vectors", 16, 16, fused=False)


def of(architecture: str, features: Mapping[str, bool]) -> Isa:
    """The widest this processor has; `features` as LLVM names them.

    SVE is left to NEON: the Arm cores that clouds rent reach the same FLOP per cycle with both.
    """
    if architecture in {"aarch64", "arm64"}:
        return NEON
    if features.get("avx512f"):
        return AVX512
    return AVX2 if features.get("avx2") and features.get("fma") else OTHER
