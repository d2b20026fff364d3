"""LLVM's assembly as counts of instructions per function."""

import re
from collections import Counter

from benchbench.ceilings import ir, jit
from benchbench.ceilings.isa import AVX2, AVX512, NEON, Isa

TARGETS: dict[str, tuple[Isa, str, str]] = {
    "zen3": (AVX2, "x86_64-unknown-linux-gnu", "znver3"),
    "skylake": (AVX512, "x86_64-unknown-linux-gnu", "skylake-avx512"),
    "neoverse": (NEON, "aarch64-unknown-linux-gnu", "neoverse-v1"),
}
_LABEL = re.compile(r'^"?([\w.]+)"?:')


def loop_of(function: ir.Function, target: str) -> Counter[str]:
    """The instructions of the kernel's innermost loop, with their operands' registers left out."""
    isa, triple, cpu = TARGETS[target]
    blocks: dict[str, list[str]] = {}
    inside, block = False, ""
    for line in jit.assembly(ir.module([function], isa), triple, cpu).splitlines():
        if label := _LABEL.match(line):
            inside = (label[1].startswith(".L") and inside) or label[1] == f"{function.name}.body"
            block = label[1]
        elif inside and line.startswith("\t") and not line.startswith("\t."):
            blocks.setdefault(block, []).append(line.strip())
    looping = [
        lines[: 1 + next(index for index, line in enumerate(lines) if name in line.split())]
        for name, lines in blocks.items()
        if any(name in line.split() for line in lines)
    ]
    assert len(looping) == 1, f"{function.name} has {len(looping)} loops"
    return Counter(line.split()[0] for line in looping[0])


def text(function: ir.Function, target: str) -> str:
    """All of it."""
    isa, triple, cpu = TARGETS[target]
    return jit.assembly(ir.module([function], isa), triple, cpu)
