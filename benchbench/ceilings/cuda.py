"""What an NVIDIA GPU can do: matrix products of every type it has, its memory, its links."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import torch

from benchbench.ceilings import matmul, memory
from benchbench.ceilings.gauge import Gauge
from benchbench.ceilings.matmul import Operands, agrees
from benchbench.ceilings.memory import Arrays
from benchbench.ceilings.search import Candidate, Kernel, Prepared
from benchbench.ceilings.stopwatch import CudaTimeline, DeviceStopwatch, flusher
from benchbench.precision import set_float32_math, torch_dtype
from benchbench.record import CeilingKind, Precision

PRECISIONS: tuple[Precision, ...] = ("fp32", "tf32", "bf16", "fp16", "fp64", "fp8", "int8")
_SHAPES = (
    (2048, 2048, 2048),
    (4096, 4096, 4096),
    (4096, 4096, 16384),
    (8192, 4096, 8192),
    (8192, 8192, 8192),
    (16384, 8192, 8192),
    (16384, 16384, 16384),
)
_TILE_ROWS, _TILE_COLUMNS = 128, 256
"""Of the result, that one multiprocessor computes at a time in the libraries' large kernels."""
_GRAPH_CALLS = 8
_MOST_OPERANDS = 16
_INT8_DEVIATION = 32.0
_TRANSFER_BYTES = (16 * 2**20, 64 * 2**20, 256 * 2**20)
_TRANSFERS: dict[CeilingKind, tuple[bool, bool]] = {
    "host_to_device": (True, True),
    "host_to_device_pageable": (True, False),
    "device_to_host": (False, True),
    "device_to_host_pageable": (False, False),
}
"""To the device or back, from pinned memory or from what a program gets when it asks for none."""
_SCALE = 3.0

Multiply = Callable[[Operands], Callable[[], torch.Tensor]]
Capture = Callable[[Callable[[], object]], Callable[[], object]]


def kernels(
    device: str, precisions: Sequence[Precision], gauge: Gauge, neighbour: str | None = None
) -> Iterator[Kernel]:
    """Everything to find on one GPU; `neighbour` is another one to send to."""
    properties = torch.cuda.get_device_properties(device)
    cache_bytes, scope = properties.L2_cache_size, partial(torch.cuda.device, device)
    with scope():
        cold = DeviceStopwatch(CudaTimeline(), flusher(cache_bytes, device))
        warm = DeviceStopwatch(CudaTimeline())
        free = torch.cuda.mem_get_info(device)[0]
    on = partial(Kernel, device=device, gauge=gauge, scope=scope)
    for precision in (each for each in precisions if each in PRECISIONS):
        found = products(precision, device, properties.multi_processor_count, cache_bytes)
        matmul_on = partial(on, "matmul", stopwatch=cold, candidates=found, dtype=precision)
        yield matmul_on(unit="op/s") if precision == "int8" else matmul_on(unit="FLOP/s")
    operands = memory.Operands(memory.array_bytes(cache_bytes, free, arrays=3), device)
    yield on("memory_copy", "byte/s", stopwatch=cold, candidates=copies(operands))
    yield on("memory_triad", "byte/s", stopwatch=cold, candidates=triads(operands))
    for kind, (to_device, pinned) in _TRANSFERS.items():
        found = transfers(device, to_device=to_device, pinned=pinned)
        yield on(kind, "byte/s", stopwatch=warm, candidates=found)
    if neighbour is not None:
        found = to_neighbour(device, neighbour)
        yield on("peer_to_peer", "byte/s", stopwatch=warm, candidates=found)


def products(
    precision: Precision, device: str, multiprocessors: int, cache_bytes: int
) -> list[Candidate]:
    """Each path at each shape, small to large; the first path as a graph too.

    No convolution: cuDNN's Winograd skips FLOPs.
    """
    ways = dict(paths(precision))
    made = [
        _product(name, way, shape, precision, device)
        for name, way in ways.items()
        for shape in shapes(multiprocessors)
    ]
    name, way = next(iter(ways.items()))
    return made + [
        _graph_of_products(name, way, shape, precision, device, cache_bytes)
        for shape in shapes(multiprocessors)
    ]


def shapes(multiprocessors: int) -> list[tuple[int, int, int]]:
    """(m, n, k), fewest FLOPs first; two whose result is whole waves of tiles on this GPU."""
    rows = _TILE_ROWS * math.ceil(multiprocessors / 2)
    waves = [(rows, 32 * _TILE_COLUMNS, 4096), (rows, 32 * _TILE_COLUMNS, 8192)]
    return sorted({*_SHAPES, *waves}, key=math.prod)


def paths(precision: Precision) -> Mapping[str, Multiply]:
    """What PyTorch has for a type."""
    if precision == "fp8":
        return {"torch._scaled_mm": scaled, "torch._scaled_mm, fast accumulation": scaled_fast}
    if precision == "int8":
        return {"torch._int_mm": integers}
    return {"torch.matmul": matmul.matmul, "torch.nn.functional.linear": matmul.linear}


def scaled(operands: Operands, *, fast: bool = False) -> Callable[[], torch.Tensor]:
    """fp8 (e4m3) with one scale per matrix and a bf16 result, accumulated in fp32."""
    one = torch.ones((), device=operands.a.device)
    run = torch._scaled_mm  # noqa: SLF001 - PyTorch's only door to fp8 products
    return lambda: run(
        operands.a,
        operands.b,
        scale_a=one,
        scale_b=one,
        out_dtype=torch.bfloat16,
        use_fast_accum=fast,
    )


def scaled_fast(operands: Operands) -> Callable[[], torch.Tensor]:
    """The same, with fewer bits kept between the multiply-adds."""
    return scaled(operands, fast=True)


def integers(operands: Operands) -> Callable[[], torch.Tensor]:
    """int8 with an int32 result."""
    run = torch._int_mm  # noqa: SLF001 - PyTorch's only door to int8 products
    return lambda: run(operands.a, operands.b)


def random_operands(shape: tuple[int, int, int], precision: Precision, device: str) -> Operands:
    """Normal data in the type; fp8 and int8 take their second matrix by columns."""
    m, n, k = shape
    if precision not in ("fp8", "int8"):
        dtype = torch_dtype(precision, device)
        return Operands(
            torch.randn(m, k, device=device, dtype=dtype),
            torch.randn(k, n, device=device, dtype=dtype),
        )
    a, b = torch.randn(m, k, device=device), torch.randn(n, k, device=device)
    if precision == "fp8":
        return Operands(a.to(torch.float8_e4m3fn), b.to(torch.float8_e4m3fn).T)
    small, other = (
        (each * _INT8_DEVIATION).round().clamp(-127, 127).to(torch.int8) for each in (a, b)
    )
    return Operands(small, other.T)


def _product(
    name: str, way: Multiply, shape: tuple[int, int, int], precision: Precision, device: str
) -> Candidate:
    def prepare() -> Prepared:
        set_float32_math(precision)
        operands = random_operands(shape, precision, device)
        multiply = way(operands)
        return Prepared(multiply, lambda: agrees(multiply(), operands))

    return _candidate(name, shape, 1, prepare)


def _graph_of_products(
    name: str,
    way: Multiply,
    shape: tuple[int, int, int],
    precision: Precision,
    device: str,
    cache_bytes: int,
) -> Candidate:
    """Several products in a row, launched as one: as in a model whose launches cost nothing."""

    def prepare() -> Prepared:
        set_float32_math(precision)
        return in_a_row(
            lambda: random_operands(shape, precision, device), way, cache_bytes, capture
        )

    return _candidate(f"{name}, CUDA graph", shape, _GRAPH_CALLS, prepare)


def in_a_row(
    make: Callable[[], Operands], way: Multiply, cache_bytes: int, capture: Capture
) -> Prepared:
    """Eight calls on operands that alternate, so that none is still in the cache."""
    sets = [make()]
    size = sets[0].a.nbytes + sets[0].b.nbytes
    wanted = min(_MOST_OPERANDS, 1 + math.ceil(2 * cache_bytes / size))
    sets += [make() for _ in range(min(wanted, _GRAPH_CALLS) - 1)]
    calls = [way(operands) for operands in sets]
    results: list[torch.Tensor] = []

    def all_of_them() -> None:
        results[:] = [calls[index % len(calls)]() for index in range(_GRAPH_CALLS)]

    replay = capture(all_of_them)

    def correct() -> bool:
        replay()
        last = (_GRAPH_CALLS - 1) % len(sets)
        return agrees(results[0], sets[0]) and agrees(results[-1], sets[last])

    return Prepared(replay, correct)


def capture(call: Callable[[], object]) -> Callable[[], object]:
    """The launches of `call` as one; it is run once before, as capturing demands."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call] # torch's
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


def _candidate(
    name: str, shape: tuple[int, int, int], calls: int, prepare: Callable[[], Prepared]
) -> Candidate:
    m, n, k = shape
    return Candidate(name, f"{m}x{n}x{k}", 2.0 * m * n * k * calls, prepare)


def copies(operands: memory.Operands) -> list[Candidate]:
    """`target = left`: two arrays, by the copy engine's call or by a kernel."""
    return [
        _touching(operands, 2, "torch.Tensor.copy_", _copied, memory.is_copy),
        _touching(operands, 2, "torch.mul by one", _multiplied, memory.is_copy),
    ]


def triads(operands: memory.Operands) -> list[Candidate]:
    """`target = left + 3 * right`: three arrays, one fused kernel of PyTorch's or of Triton's."""
    return [
        _touching(operands, 3, "torch.add", _added, memory.is_triad),
        _touching(operands, 3, "torch.compile", _compiled, memory.is_triad),
    ]


def _copied(arrays: Arrays) -> Callable[[], object]:
    return lambda: arrays.target.copy_(arrays.left)


def _multiplied(arrays: Arrays) -> Callable[[], object]:
    return lambda: torch.mul(arrays.left, 1.0, out=arrays.target)


def _added(arrays: Arrays) -> Callable[[], object]:
    return lambda: torch.add(arrays.left, arrays.right, alpha=_SCALE, out=arrays.target)


def _compiled(arrays: Arrays) -> Callable[[], object]:
    """One kernel by Triton; where Triton or a compiler is missing PyTorch raises RuntimeError."""
    fused = torch.compile(
        lambda target, left, right: target.copy_(left + _SCALE * right), dynamic=False
    )
    return lambda: fused(*arrays)


def _touching(
    operands: memory.Operands,
    arrays: int,
    name: str,
    way: Callable[[Arrays], Callable[[], object]],
    correct: Callable[[Arrays], bool],
) -> Candidate:
    def prepare() -> Prepared:
        fresh = operands.fresh()
        return Prepared(way(fresh), lambda: correct(fresh))

    size = operands.size_bytes
    return Candidate(name, f"{arrays} x {size} B", float(arrays * size), prepare)


def transfers(device: str, *, to_device: bool, pinned: bool) -> list[Candidate]:
    """Host memory to the device or back; each byte is counted once."""
    kind = "pinned" if pinned else "pageable"
    return [
        _moving(
            f"torch.Tensor.copy_, {kind}",
            size,
            partial(_between_host, size, device, to_device=to_device, pinned=pinned),
        )
        for size in _TRANSFER_BYTES
    ]


def to_neighbour(device: str, neighbour: str) -> list[Candidate]:
    """This device's memory to another's; the name says whether a direct way exists."""
    direct = torch.cuda.can_device_access_peer(device, neighbour)
    name = f"torch.Tensor.copy_ to {neighbour}, {'direct' if direct else 'through the host'}"
    return [
        _moving(name, size, partial(_between_devices, size, device, neighbour))
        for size in _TRANSFER_BYTES
    ]


def _moving(
    name: str, size: int, pair: Callable[[], tuple[torch.Tensor, torch.Tensor]]
) -> Candidate:
    def prepare() -> Prepared:
        source, target = pair()
        return Prepared(
            lambda: target.copy_(source, non_blocking=True),
            lambda: torch.equal(target.cpu(), source.cpu()),
        )

    return Candidate(name, f"{size} B", float(size), prepare)


def _between_host(
    size: int, device: str, *, to_device: bool, pinned: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """(source, target)."""
    host = torch.randint(256, (size,), dtype=torch.uint8)
    back = torch.zeros_like(host)
    if pinned:
        host, back = host.pin_memory(), back.pin_memory()
    there = torch.zeros_like(host, device=device)
    return (host, there) if to_device else (there.copy_(host), back)


def _between_devices(size: int, device: str, neighbour: str) -> tuple[torch.Tensor, torch.Tensor]:
    source = torch.randint(256, (size,), dtype=torch.uint8, device=device)
    return source, torch.zeros_like(source, device=neighbour)
