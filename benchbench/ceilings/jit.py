"""Kernels compiled in this process from LLVM IR: no compiler is needed on the user's machine."""

import ctypes
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import llvmlite.binding as llvm  # type: ignore[import-untyped] # it ships no types

from benchbench.ceilings import isa as vector_units
from benchbench.ceilings.ir import Function, module
from benchbench.ceilings.isa import Isa

_SIGNATURE = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p
)
_OPTIMISE = 3


def host_isa() -> Isa:
    """The vector units of this processor."""
    return vector_units.of(platform.machine(), llvm.get_host_cpu_features())


def assembly(ir: str, triple: str, cpu: str) -> str:
    """What LLVM makes of a module for any processor it knows."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, opt=_OPTIMISE)
    return str(machine.emit_assembly(_parsed(ir)))


@dataclass(frozen=True)
class Kernel:
    """A compiled kernel; the machine code lives as long as what calls it."""

    engine: llvm.ExecutionEngine
    code: Callable[[int, int, int, int], None]

    def __call__(self, gate: int, members: int, job: int, stamps: int) -> None:
        """Addresses, and how many are to meet; the interpreter's lock is free while it runs."""
        self.code(gate, members, job, stamps)


class Library:
    """Compiled kernels."""

    def __init__(self, functions: Iterable[Function], isa: Isa) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(),
            features=llvm.get_host_cpu_features().flatten(),
            opt=_OPTIMISE,
        )
        self._engine = llvm.create_mcjit_compiler(_parsed(module(functions, isa)), machine)
        self._engine.finalize_object()

    def __getitem__(self, function: Function) -> Kernel:
        """The compiled kernel."""
        return Kernel(self._engine, _SIGNATURE(self._engine.get_function_address(function.name)))


def _parsed(ir: str) -> llvm.ModuleRef:
    parsed = llvm.parse_assembly(ir)
    parsed.verify()
    return parsed
