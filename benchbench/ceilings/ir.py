"""LLVM IR of kernels that show what the silicon does, with no compiler's or BLAS's opinion between.

Every kernel has one form, so that one caller serves them all: `name(gate, members, job, stamps)`
waits until `members` threads have arrived at `gate`, runs, and writes the monotonic nanoseconds of
its start and end to `stamps`. `job` points to 64-bit words, listed with each kernel. No optimising
pass sees this text: what is written is what runs, and a test counts its instructions.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from benchbench.ceilings.isa import ELEMENT_BYTES, Element, Isa

Stream = Literal["copy", "scale", "add", "triad"]

FACTOR = 3.0
"""What scale and triad multiply by."""
LINE_BYTES = 64
PAIRS = 8
"""Turns of each kind that an accumulator takes in one round of the FMA loop."""
_FEWEST_STEPS = 96
_STREAM_VECTORS = 8
_READ_VECTORS = 16
_CHASE_STEPS = 16
_STORE_PAIR_BYTES = 32
"""What Arm's non-temporal store takes: two registers of 16 bytes."""
_LLVM: dict[Element, tuple[str, str]] = {"fp32": ("float", "f32"), "fp64": ("double", "f64")}
_FACTORS = (("%x", "%y"), ("%u", "%z"))

_PRELUDE = """
declare i32 @clock_gettime(i32, ptr)

define internal i64 @now() {
  %time = alloca [2 x i64], align 16
  %failed = call i32 @clock_gettime(i32 1, ptr %time)
  %seconds = load i64, ptr %time
  %rest = getelementptr i64, ptr %time, i64 1
  %nanoseconds = load i64, ptr %rest
  %whole = mul i64 %seconds, 1000000000
  %now = add i64 %whole, %nanoseconds
  ret i64 %now
}

define internal void @arrive(ptr %gate, i64 %members) {
entry:
  %before = atomicrmw add ptr %gate, i64 1 seq_cst
  br label %wait
wait:
  %arrived = load atomic i64, ptr %gate acquire, align 8
  %open = icmp uge i64 %arrived, %members
  br i1 %open, label %go, label %wait
go:
  ret void
}
"""


@dataclass(frozen=True)
class Function:
    """One kernel: the name it exports, its IR, and what one round of its loop is counted as."""

    name: str
    body: str
    per_round: int


def module(functions: Iterable[Function], isa: Isa) -> str:
    """All kernels in one module, their vectors as wide as the registers."""
    bits = 8 * isa.vector_bytes
    width = f'"min-legal-vector-width"="{bits}" "prefer-vector-width"="{bits}"'
    ending = f"attributes #0 = {{ nounwind {width} }}\n!0 = !{{i32 1}}\n"
    return "\n".join([_PRELUDE, *(one.body + _entry(one.name) for one in functions), ending])


def fma(isa: Isa, element: Element) -> Function:
    """Registers only: every accumulator takes `+ x y` and `- u z` in turn, 8 times each a round.

    Neighbours take opposite turns, so that a unit's operands change with every instruction. A round
    counts the FMA instructions. Job: rounds, address of the vectors x, y, u, z, address of the
    accumulators, which are read first and written last.
    """
    frame = _Registers(isa, element)
    lines = [frame.next(chain, turn) for turn in range(2 * PAIRS) for chain in range(isa.chains)]
    return Function(f"fma_{element}", frame.loop("fma", lines), len(lines))


def clock(isa: Isa, element: Element, every: int) -> Function:
    """A chain of one-cycle integer operations, with an FMA beside every `every`-th of them.

    Addition and exclusive or take turns, so that no two can be merged. A round counts the steps of
    the chain. Job: as `fma`, then the address of the chain's value, addend and mask.
    """
    frame = _Registers(isa, element)
    repeats = ceil(_FEWEST_STEPS / (every * 2 * isa.chains))
    lines = []
    for turn in range(2 * repeats):
        for chain in range(isa.chains):
            lines += [frame.step() for _ in range(every)]
            lines.append(frame.next(chain, turn))
    return Function(
        f"clock_{element}", frame.loop("clock", lines), every * 2 * repeats * isa.chains
    )


class _Registers:
    """Writes a loop over values that stay in registers; knows the newest name of each."""

    def __init__(self, isa: Isa, element: Element) -> None:
        scalar, suffix = _LLVM[element]
        lanes = isa.lanes(element)
        self._isa, self._element = isa, element
        self._vector = f"<{lanes} x {scalar}>"
        self._fma = f"@llvm.fma.v{lanes}{suffix}"
        self._newest = [f"%a{chain}" for chain in range(isa.chains)]
        self._chain, self._steps = "%c", 0

    def next(self, chain: int, turn: int) -> str:
        """The accumulator's next FMA."""
        x, y = _FACTORS[(chain + turn) % 2]
        old, new = self._newest[chain], f"%t{turn}.{chain}"
        self._newest[chain] = new
        operands = ", ".join(f"{self._vector} {name}" for name in (x, y, old))
        return f"{new} = call {self._vector} {self._fma}({operands})"

    def step(self) -> str:
        """The chain's next operation."""
        operation, operand = (("add", "%k"), ("xor", "%m"))[self._steps % 2]
        old, self._chain = self._chain, f"%s{self._steps}"
        self._steps += 1
        return f"{self._chain} = {operation} i64 {old}, {operand}"

    def loop(self, kind: str, lines: Sequence[str]) -> str:
        """The whole function."""
        integers = self._steps > 0
        entry = [*_words("constants", "accumulators", *["integers"] * integers)]
        entry += [*self._constants(), *self._accumulators(), *(_integers() if integers else ())]
        carried = [
            f"%a{chain} = phi {self._vector} [ %i{chain}, %entry ], [ {newest}, %loop ]"
            for chain, newest in enumerate(self._newest)
        ]
        done = [
            f"store {self._vector} {newest}, ptr %p{chain}, align {self._isa.vector_bytes}"
            for chain, newest in enumerate(self._newest)
        ]
        if integers:
            carried += [f"%c = phi i64 [ %c0, %entry ], [ {self._chain}, %loop ]"]
            done += [f"store i64 {self._chain}, ptr %integers"]
        return _loop(f"{kind}_{self._element}", entry, [*carried, *lines], done)

    def _constants(self) -> Iterator[str]:
        for index, name in enumerate("xyuv"):
            yield f"%{name}.at = getelementptr {self._vector}, ptr %constants, i64 {index}"
            yield f"%{name} = load {self._vector}, ptr %{name}.at, align {self._isa.vector_bytes}"
        yield f"%z = fneg {self._vector} %v"

    def _accumulators(self) -> Iterator[str]:
        for chain in range(self._isa.chains):
            yield f"%p{chain} = getelementptr {self._vector}, ptr %accumulators, i64 {chain}"
            yield f"%i{chain} = load {self._vector}, ptr %p{chain}, align {self._isa.vector_bytes}"


def stream(isa: Isa, kind: Stream, *, bypass: bool) -> Function:
    """fp32 `target = left`, `3 left`, `left + right` or `left + 3 right`.

    With `bypass` stores go past the caches; a fence at the end waits for them. A round counts the
    bytes of one array. Job: rounds, addresses of target, left and right, aligned to 64 bytes.
    """
    width = max(isa.vector_bytes, _STORE_PAIR_BYTES)
    lanes = width // ELEMENT_BYTES["fp32"]
    vector, hint = f"<{lanes} x float>", ", !nontemporal !0" if bypass else ""
    factor = "<" + ", ".join([f"float {FACTOR}"] * lanes) + ">"
    read = ("left", "right") if kind in {"add", "triad"} else ("left",)
    lines = [f"%offset = mul i64 %i, {width * _STREAM_VECTORS}"]
    lines += [
        f"%{name}.i = getelementptr i8, ptr %{name}, i64 %offset" for name in (*read, "target")
    ]
    for n in range(_STREAM_VECTORS):
        for name in read:
            lines += [f"%{name}.at{n} = getelementptr {vector}, ptr %{name}.i, i64 {n}"]
            lines += [f"%{name}{n} = load {vector}, ptr %{name}.at{n}, align {width}"]
    for n in range(_STREAM_VECTORS):
        made, value = _made(kind, vector, factor, n)
        lines += [*made, f"%target.at{n} = getelementptr {vector}, ptr %target.i, i64 {n}"]
        lines += [f"store {vector} {value}, ptr %target.at{n}, align {width}{hint}"]
    name = f"{kind}_{'bypass' if bypass else 'cached'}"
    entry = [*_words("target", *read)]
    return Function(name, _loop(name, entry, lines, ["fence seq_cst"]), width * _STREAM_VECTORS)


def _made(kind: Stream, vector: str, factor: str, n: int) -> tuple[list[str], str]:
    """The instructions between loads and store, and the name of what is stored."""
    match kind:
        case "copy":
            return [], f"%left{n}"
        case "scale":
            return [f"%v{n} = fmul {vector} %left{n}, {factor}"], f"%v{n}"
        case "add":
            return [f"%v{n} = fadd {vector} %left{n}, %right{n}"], f"%v{n}"
        case "triad":
            scaled = f"%w{n} = fmul {vector} %right{n}, {factor}"
            return [scaled, f"%v{n} = fadd {vector} %left{n}, %w{n}"], f"%v{n}"


def read(isa: Isa) -> Function:
    """Sums 64-bit integers, wrapping, over an array read again and again.

    A round counts its bytes. Job: rounds, address of the array, rounds in one pass less one as a
    mask (so their number is a power of two), address of 16 vectors of sums, read first.
    """
    lanes = isa.vector_bytes // 8
    vector = f"<{lanes} x i64>"
    entry = [*_words("array", "mask.word", "sums"), "%mask = ptrtoint ptr %mask.word to i64"]
    lines = []
    done = []
    step = isa.vector_bytes * _READ_VECTORS
    for n in range(_READ_VECTORS):
        entry += [f"%p{n} = getelementptr {vector}, ptr %sums, i64 {n}"]
        entry += [f"%i{n} = load {vector}, ptr %p{n}, align {isa.vector_bytes}"]
        lines += [f"%a{n} = phi {vector} [ %i{n}, %entry ], [ %b{n}, %loop ]"]
        done += [f"store {vector} %b{n}, ptr %p{n}, align {isa.vector_bytes}"]
    lines += ["%place = and i64 %i, %mask", f"%offset = mul i64 %place, {step}"]
    lines += ["%here = getelementptr i8, ptr %array, i64 %offset"]
    for n in range(_READ_VECTORS):
        lines += [f"%at{n} = getelementptr {vector}, ptr %here, i64 {n}"]
        lines += [f"%l{n} = load {vector}, ptr %at{n}, align {isa.vector_bytes}"]
        lines += [f"%b{n} = add {vector} %a{n}, %l{n}"]
    return Function("read", _loop("read", entry, lines, done), step)


def chase() -> Function:
    """Follows pointers, each load waiting for the one before. A round counts the loads.

    Job: rounds, address of the first pointer, address where the last one is put.
    """
    entry = _words("first", "last")
    lines = [f"%p0 = phi ptr [ %first, %entry ], [ %p{_CHASE_STEPS}, %loop ]"]
    lines += [f"%p{n + 1} = load ptr, ptr %p{n}" for n in range(_CHASE_STEPS)]
    done = [f"store ptr %p{_CHASE_STEPS}, ptr %last"]
    return Function("chase", _loop("chase", [*entry], lines, done), _CHASE_STEPS)


def _loop(name: str, entry: Sequence[str], lines: Sequence[str], done: Sequence[str]) -> str:
    """A function of the job that runs `lines` as often as the job's first word says."""
    phis = [line for line in lines if " = phi " in line]
    rest = [line for line in lines if " = phi " not in line]
    text = [f"define internal void @{name}.body(ptr %job) #0 {{", "entry:"]
    text += ["%rounds = load i64, ptr %job", *entry, "br label %loop", "loop:"]
    text += ["%i = phi i64 [ 0, %entry ], [ %following, %loop ]", *phis, *rest]
    text += ["%following = add i64 %i, 1", "%more = icmp ult i64 %following, %rounds"]
    text += ["br i1 %more, label %loop, label %done", "done:", *done, "ret void", "}"]
    return "\n".join(text)


def _words(*names: str) -> Iterator[str]:
    """The job's words after its first, as pointers of these names."""
    for index, name in enumerate(names, start=1):
        yield f"%{name}.job = getelementptr ptr, ptr %job, i64 {index}"
        yield f"%{name} = load ptr, ptr %{name}.job"


def _integers() -> Iterator[str]:
    for index, name in enumerate(("c0", "k", "m")):
        yield f"%{name}.at = getelementptr i64, ptr %integers, i64 {index}"
        yield f"%{name} = load i64, ptr %{name}.at"


def _entry(name: str) -> str:
    return f"""
define void @{name}(ptr %gate, i64 %members, ptr %job, ptr %stamps) #0 {{
  call void @arrive(ptr %gate, i64 %members)
  %start = call i64 @now()
  call void @{name}.body(ptr %job)
  %end = call i64 @now()
  store i64 %start, ptr %stamps
  %second = getelementptr i64, ptr %stamps, i64 1
  store i64 %end, ptr %second
  ret void
}}
"""
