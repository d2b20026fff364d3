"""Which vector units a kernel is written for: their width, and how many registers there are."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Element = Literal["fp32", "fp64"]

ELEMENT_BYTES: dict[Element, int] = {"fp32": 4, "fp64": 8}
_CONSTANTS = 4
_SPARE_OF_FEW, _SPARE_OF_MANY = 2, 4
_FEW_REGISTERS = 16


@dataclass(frozen=True)
class Isa:
    """A vector instruction set with fused multiply-add."""

    name: str
    vector_bytes: int
    registers: int

    def lanes(self, element: Element) -> int:
        """Elements of one register."""
        return self.vector_bytes // ELEMENT_BYTES[element]

    @property
    def chains(self) -> int:
        """Independent accumulators that stay in registers beside four constants.

        Latency times ports must fit: 4 cycles on 2 ports of an x86 core, 4 on 4 of a Neoverse V1.
        """
        spare = _SPARE_OF_FEW if self.registers == _FEW_REGISTERS else _SPARE_OF_MANY
        return self.registers - _CONSTANTS - spare


AVX512 = Isa("AVX-512", 64, 32)
AVX2 = Isa("AVX2", 32, 16)
NEON = Isa("NEON", 16, 32)


def of(architecture: str, features: Mapping[str, bool]) -> Isa | None:
    """The widest this processor has; `features` as LLVM names them. None without fused multiply-add.

    SVE is left to NEON: wherever clouds rent it, both reach the same FLOP per cycle.
    """
    if architecture in {"aarch64", "arm64"}:
        return NEON
    if features.get("avx512f"):
        return AVX512
    return AVX2 if features.get("avx2") and features.get("fma") else None


def architecture() -> str:
    """As the operating system names it: `x86_64`, `aarch64`."""
    return platform.machine()
