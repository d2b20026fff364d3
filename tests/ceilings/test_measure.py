"""All ceilings of a device, as the worker asks for them."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from benchbench import ceilings
from benchbench.ceilings import cpu, cuda, decode, fma, ladder, matmul, memory, storage
from benchbench.ceilings.gauge import Gauge
from benchbench.ceilings.search import Kernel
from benchbench.ceilings.team import Team, placement
from benchbench.errors import CannotMeasureError
from benchbench.record import Ceiling, Precision
from benchbench.system.host import Host
from benchbench.system.topology import Topology
from tests.ceilings.fakes_ceilings import FakeStopwatch, PretendedCall, candidate

MEBI = 2**20
CORES = len(
    placement(Topology.of(Host()), frozenset(os.sched_getaffinity(0)), torch.get_num_threads())
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """One small shape a path, small arrays, a small file: seconds instead of minutes."""
    monkeypatch.setattr(matmul, "_CPU_SIZES", (64,))
    monkeypatch.setattr(matmul, "_CONV_BATCHES", (1,))
    monkeypatch.setattr(memory, "_SMALLEST_ARRAY_BYTES", MEBI)
    monkeypatch.setattr(fma, "ROUNDS", 64)
    monkeypatch.setattr(fma, "_WARM_CALLS", 1)
    monkeypatch.setattr(ladder, "_CALL_S", 1e-5)
    monkeypatch.setattr(storage, "_LARGEST_FILE_BYTES", storage._READ_BYTES)
    monkeypatch.setattr(storage, "_IN_FLIGHT", (4,))
    monkeypatch.setattr(storage, "_RANDOM_IN_FLIGHT", (4,))


def measured(
    precisions: list[Precision], told: list[str], available_bytes: int | None = None
) -> tuple[Ceiling, ...]:
    """The processor's ceilings as if its last cache were 1 MiB."""
    return ceilings.measure(
        devices=["cpu"],
        precisions=precisions,
        seconds_per_kernel=0.001,
        on_progress=told.append,
        last_level_cache_bytes=MEBI,
        available_bytes=available_bytes,
    )


@pytest.mark.usefixtures("small")
def test_a_cpus_ceilings() -> None:
    """On one core and on all: every kind inside its interval, with samples and progress."""
    told: list[str] = []
    found = measured(["fp32", "bf16"], told)
    streams = ("memory_copy", "memory_scale", "memory_add", "memory_triad")
    for threads in {1, CORES}:
        here = [each for each in found if each.threads == threads]
        assert [(each.kind, each.dtype) for each in here if each.kind != "cache_read"][:8] == [
            ("fma", "fp32"),
            ("fma", "fp64"),
            ("matmul", "fp32"),
            ("matmul", "bf16"),
            *((kind, None) for kind in streams),
        ]
        assert "memory_read" in {each.kind for each in here}
    for each in found:
        assert each.low <= each.value <= each.high
        assert len(each.samples) >= 5
    for each in found:
        if each.kind == "matmul":
            assert each.setting[each.path] is not None
            assert each.setting["blas"]
    assert {each.threads for each in found if each.kind == "load_latency"} == {1}
    assert told[0] == "fma fp32 on cpu, 1 thread"
    assert told[-1].startswith("reading memory on cpu")


@pytest.mark.usefixtures("small")
def test_threads_and_processors_are_given_back() -> None:
    """A process that measures on one core goes on with as many threads and cores as it had."""
    before = torch.get_num_threads(), os.sched_getaffinity(0)
    measured(["fp32"], [])
    assert (torch.get_num_threads(), os.sched_getaffinity(0)) == before


def test_one_core_is_one_core() -> None:
    """While its kernels run, this thread stays on the team's processors."""
    cpus = [max(os.sched_getaffinity(0))]
    with cpu.staying(cpus):
        assert os.sched_getaffinity(0) == set(cpus)


def test_flushing_touches_twice_the_cache_from_every_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every byte of the scratch array is written, each core's own cache included."""
    arrays: list[np.ndarray] = []
    split = np.array_split

    def splitting(array: np.ndarray, n: int) -> list[np.ndarray]:
        arrays.append(array)
        return split(array, n)

    monkeypatch.setattr(np, "array_split", splitting)
    with Team([*os.sched_getaffinity(0)][:2]) as team:
        cpu.flusher(team, 4097)()
    assert arrays[0].nbytes == 8194
    assert arrays[0].all()


@pytest.mark.usefixtures("small")
def test_one_thread_asked_for_is_one_measured() -> None:
    """What OMP_NUM_THREADS or a quota leaves is never exceeded."""
    with cpu.limited(1):
        assert {each.threads for each in measured(["fp32"], [])} == {1}


@pytest.mark.usefixtures("small")
def test_memory_that_cannot_leave_the_cache_is_not_measured() -> None:
    """With too little free for arrays of 4 times the cache there is no figure, and a reason."""
    told: list[str] = []
    found = measured(["fp64"], told, available_bytes=6 * MEBI)
    assert not [each for each in found if each.kind.startswith("memory_")]
    assert "memory on cpu: too little of it is free for arrays 4 times the cache" in told


@pytest.mark.usefixtures("small")
def test_the_folder_is_never_in_the_result(tmp_path: Path) -> None:
    """A path may hold a user's name; the record does not."""
    found = ceilings.feeding(seconds_per_kernel=0.001, folder=tmp_path)
    assert [(each.kind, each.unit) for each in found] == [
        ("storage_read", "byte/s"),
        ("storage_random_read", "op/s"),
    ]
    assert not [each for each in found if tmp_path.name in each.model_dump_json()]


@pytest.mark.usefixtures("small")
def test_precisions_a_cpu_has_no_units_for_are_left_out() -> None:
    """TF32 and fp8 have no CPU ceiling; int8 counts operations."""
    found = measured(["tf32", "fp8", "int8"], [])
    products = {(each.dtype, each.unit) for each in found if each.kind == "matmul"}
    assert products == {("int8", "op/s")}


@pytest.mark.usefixtures("small")
def test_a_kernel_without_a_working_path_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left out, and the listener hears why."""
    missing = candidate("missing", 1, RuntimeError())
    monkeypatch.setattr(matmul, "cpu", lambda _precision: [missing])
    told: list[str] = []
    found = measured(["fp16"], told)
    assert "matmul" not in {each.kind for each in found}
    assert "matmul fp16 on cpu, 1 thread: no path works here" in told


@pytest.mark.parametrize("device", ["cuda:99", "cuda:x", "tpu", "cuda0"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    """Falling back to another device would be a lie; it is refused before anything is measured."""
    told: list[str] = []
    with pytest.raises(CannotMeasureError, match=f"no device '{device}' here; see"):
        ceilings.measure(
            devices=["cpu", device],
            precisions=["fp32"],
            seconds_per_kernel=1,
            on_progress=told.append,
        )
    assert told == []


def test_decoding_says_how_much_each_number_of_workers_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One ceiling in images/s; the setting keeps the rate of every number of workers."""
    monkeypatch.setattr(decode, "_BATCH", 2)
    monkeypatch.setattr(decode, "_BATCHES_PER_CALL", 1)
    monkeypatch.setattr(decode, "_PHOTOGRAPHS", 2)
    decode._album.cache_clear()
    (found,) = ceilings.feeding(seconds_per_kernel=0.01, decoders=2)
    decode._album.cache_clear()
    assert (found.kind, found.unit, found.device) == ("image_decode", "image/s", "cpu")
    rates = [found.setting[f"torch DataLoader, {name}"] for name in ("1 worker", "2 workers")]
    assert None not in rates


@dataclass
class PretendedGpu:
    """One ceiling of each kind for each device, at a rate of its own."""

    seconds: dict[str, float]

    def kernels(
        self, device: str, _precisions: object, gauge: Gauge, neighbour: str | None
    ) -> list[Kernel]:
        """A product, and a way to the neighbour if there is one."""
        only = candidate("fast", 1000, PretendedCall(self.seconds[device]))
        watch = FakeStopwatch()
        made = [Kernel("matmul", "FLOP/s", device, watch, [only], "bf16", gauge=gauge)]
        if neighbour is not None:
            to = candidate(f"to {neighbour}", 1000, PretendedCall(1.0))
            made.append(Kernel("peer_to_peer", "byte/s", device, watch, [to]))
        return made


def test_several_gpus_are_measured_alone_and_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself, each to the next in the ring, then all together: the slowest counts."""
    gpus = PretendedGpu({"cuda:0": 0.001, "cuda:1": 0.002})
    monkeypatch.setattr(cuda, "kernels", gpus.kernels)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    told: list[str] = []
    found = ceilings.measure(
        devices=["cuda:0", "cuda:1"],
        precisions=["bf16"],
        seconds_per_kernel=0.01,
        on_progress=told.append,
    )
    assert [(each.kind, each.device, each.path) for each in found] == [
        ("matmul", "cuda:0", "fast"),
        ("peer_to_peer", "cuda:0", "to cuda:1"),
        ("matmul", "cuda:1", "fast"),
        ("peer_to_peer", "cuda:1", "to cuda:0"),
        ("matmul", "all", "fast"),
        ("peer_to_peer", "all", "to cuda:1"),
    ]
    assert found[4].value == pytest.approx(5e5)
    assert told[-1] == "all GPUs at once"


def test_one_gpu_has_no_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone there is nothing to send to and nothing to do at once; unread counters are unknown."""
    monkeypatch.setattr(cuda, "kernels", PretendedGpu({"cuda:0": 0.001}).kernels)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    (found,) = ceilings.measure(devices=["cuda:0"], precisions=["bf16"], seconds_per_kernel=0.01)
    assert found.device == "cuda:0"
    assert [found.setting[name] for name in ("clock_hz", "power_w", "throttle")] == [None] * 3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_a_gpus_ceilings() -> None:
    """Every kind of a GPU's ceiling is found."""
    found = ceilings.measure(devices=["cuda:0"], precisions=["bf16"], seconds_per_kernel=0.1)
    assert [each.kind for each in found] == [
        "matmul",
        "memory_copy",
        "memory_triad",
        "host_to_device",
        "host_to_device_pageable",
        "device_to_host",
        "device_to_host_pageable",
    ]
