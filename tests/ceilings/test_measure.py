"""All ceilings of a device, as the worker asks for them."""

from pathlib import Path

import pytest
import torch

from benchbench import ceilings
from benchbench.ceilings import matmul, memory, storage
from benchbench.ceilings.search import Candidate, Kernel
from benchbench.errors import CannotMeasureError
from tests.ceilings.fakes_ceilings import FakeStopwatch, PretendedCall, candidate

MEBI = 2**20


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """One small shape a path, small arrays, a small file: seconds instead of minutes."""
    monkeypatch.setattr(matmul, "_CPU_SIZES", (64,))
    monkeypatch.setattr(matmul, "_CONV_BATCHES", (1,))
    monkeypatch.setattr(memory, "_SMALLEST_ARRAY_BYTES", MEBI)
    monkeypatch.setattr(storage, "_LARGEST_FILE_BYTES", storage._READ_BYTES)
    monkeypatch.setattr(storage, "_IN_FLIGHT", (4,))


@pytest.mark.usefixtures("small")
def test_a_cpus_ceilings(tmp_path: Path) -> None:
    """One winner per kind and type, each inside its interval, with samples and progress."""
    told: list[str] = []
    found = ceilings.measure(
        devices=["cpu"],
        precisions=["fp32", "bf16"],
        seconds_per_kernel=0.01,
        on_progress=told.append,
        storage_folder=tmp_path,
        last_level_cache_bytes=MEBI,
    )
    assert [(each.kind, each.dtype, each.unit) for each in found] == [
        ("storage_read", None, "byte/s"),
        ("matmul", "fp32", "FLOP/s"),
        ("matmul", "bf16", "FLOP/s"),
        ("memory_copy", None, "byte/s"),
        ("memory_triad", None, "byte/s"),
    ]
    for each in found:
        assert each.low <= each.value <= each.high
        assert len(each.samples) >= 5
        assert each.setting[each.path] is not None
    assert {each.threads for each in found[1:]} == {torch.get_num_threads()}
    assert told[0] == "storage_read on storage"
    assert told[-1] == "memory_triad on cpu"


@pytest.mark.usefixtures("small")
def test_the_folder_is_never_in_the_result(tmp_path: Path) -> None:
    """A path may hold a user's name; the record does not."""
    found = ceilings.measure(
        devices=[], precisions=[], seconds_per_kernel=0.001, storage_folder=tmp_path
    )
    assert len(found) == 1
    assert tmp_path.name not in found[0].model_dump_json()


@pytest.mark.usefixtures("small")
def test_precisions_a_cpu_has_no_units_for_are_left_out() -> None:
    """TF32, fp8 and int8 have no CPU ceiling here; memory still has."""
    found = ceilings.measure(
        devices=["cpu"], precisions=["tf32", "fp8", "int8"], seconds_per_kernel=0.001
    )
    assert [each.kind for each in found] == ["memory_copy", "memory_triad"]


def test_a_kernel_without_a_working_path_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left out, and the listener hears why."""

    def kernels(*_: object) -> list[Kernel]:
        return [
            kernel(candidate("missing", 1, RuntimeError())),
            kernel(candidate("works", 1, PretendedCall(1.0))),
        ]

    def kernel(only: Candidate) -> Kernel:
        return Kernel("matmul", "FLOP/s", "cpu", FakeStopwatch(), [only], "fp16")

    monkeypatch.setattr(ceilings, "_cpu_kernels", kernels)
    told: list[str] = []
    found = ceilings.measure(
        devices=["cpu"], precisions=["fp16"], seconds_per_kernel=1, on_progress=told.append
    )
    assert [each.path for each in found] == ["works"]
    assert "matmul fp16 on cpu: no path works here" in told


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
        "device_to_host",
    ]
