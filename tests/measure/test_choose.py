"""What is measured where nobody said, and what is refused rather than replaced."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from benchbench.errors import CannotMeasureError, UsageError
from benchbench.measure import choose
from benchbench.record import System
from benchbench.workload import Workload
from tests import factories as make


def workload(**changes: Any) -> Workload:
    """A workload of three precisions."""
    fields = {"name": "w", "precisions": ("fp32", "bf16", "fp16"), "batch_size": 8}
    return cast("Workload", SimpleNamespace(**{**fields, **changes}))


def test_the_default_device_is_the_first_gpu() -> None:
    """Where PyTorch can use it; without a GPU the processor."""
    assert choose.device(None, make.gpu_system(2), "13.2") == ("cuda:0", ())
    assert choose.device(None, make.system(), "13.2") == ("cpu", ())
    assert choose.device("cpu", make.gpu_system(), "13.2") == ("cpu", ())
    assert choose.device("cuda", make.gpu_system(2), "13.2") == ("cuda:0", ())
    assert choose.device("cuda:1", make.gpu_system(2), "13.2") == ("cuda:1", ())


@pytest.mark.fault("lie")
def test_a_gpu_left_idle_is_never_silent() -> None:
    """A PyTorch without CUDA measures the processor, and the record says so."""
    name, (doubt,) = choose.device(None, make.gpu_system(), None)
    assert name == "cpu"
    assert doubt.code == "gpu_unused"
    assert make.A100 in doubt.message


@pytest.mark.parametrize("wanted", ["cuda", "cuda:0", "cuda:1"])
@pytest.mark.fault("lie")
def test_a_gpu_that_is_not_here_is_refused(wanted: str) -> None:
    """No fallback to the processor; the message names the way out."""
    with pytest.raises(CannotMeasureError, match="--device cpu"):
        choose.device(wanted, make.system(), "13.2")


@pytest.mark.fault("lie")
def test_a_gpu_pytorch_cannot_use_is_refused() -> None:
    """The next step is another build of torch."""
    with pytest.raises(CannotMeasureError, match="CUDA build"):
        choose.device("cuda:0", make.gpu_system(), None)


def test_an_unknown_kind_of_device_is_a_usage_error() -> None:
    """A typing mistake is not a missing device."""
    with pytest.raises(UsageError, match="cuda:N"):
        choose.device("gpu", make.gpu_system(), "13.2")


def gpu(capability: str | None) -> System:
    """A machine with one GPU of this compute capability."""
    return make.system(accelerators=(make.accelerator(compute_capability=capability),))


@pytest.mark.parametrize(
    ("system", "device", "expected"),
    [
        (make.system(), "cpu", "fp32"),
        (make.system(cpu=make.cpu(instruction_sets=("avx512_bf16",))), "cpu", "bf16"),
        (make.system(cpu=make.cpu(instruction_sets=("amx_bf16",))), "cpu", "bf16"),
        (gpu("6.1"), "cuda:0", "fp32"),
        (gpu("7.0"), "cuda:0", "fp16"),
        (gpu("7.5"), "cuda:0", "fp16"),
        (gpu("8.0"), "cuda:0", "bf16"),
        (gpu("12.0"), "cuda:0", "bf16"),
        (gpu(None), "cuda:0", "fp32"),
    ],
)
def test_the_default_precision_is_what_the_device_is_built_for(
    system: System, device: str, expected: str
) -> None:
    """bf16 where there are units for it, fp16 on Volta and Turing, else fp32."""
    assert choose.precision(None, device, system, workload()) == expected


@pytest.mark.fault("lie")
def test_a_precision_the_workload_lacks_is_not_chosen_nor_accepted() -> None:
    """The default falls to the workload's first; a wish is refused."""
    only = workload(precisions=("fp32",))
    assert choose.precision(None, "cuda:0", gpu("9.0"), only) == "fp32"
    with pytest.raises(UsageError, match="offers fp32"):
        choose.precision("bf16", "cuda:0", gpu("9.0"), only)


@pytest.mark.fault("lie")
def test_a_backend_the_workload_does_not_run_on_is_refused() -> None:
    """The sentence lists those it does run on."""
    mine = workload(backends=("torch-eager", "torch-compile"))
    assert choose.backend("torch-compile", mine) == "torch-compile"
    with pytest.raises(UsageError, match="w runs on torch-eager, torch-compile; not on 'openv"):
        choose.backend("openvino", mine)


def test_the_default_batch_depends_on_the_kind_of_device() -> None:
    """The accelerator's own where the workload names one."""
    both = workload(batch_size_accelerator=256)
    assert choose.batch_size(None, "cpu", both) == 8
    assert choose.batch_size(None, "cuda:0", both) == 256
    assert choose.batch_size(None, "cuda:0", workload()) == 8
    assert choose.batch_size(3, "cpu", both) == 3
    with pytest.raises(UsageError, match="--batch"):
        choose.batch_size(0, "cpu", both)


@pytest.mark.known_error(
    "AVX-512 clock below base; hyper-threads counted as cores; cgroup quota ignored"
)
@pytest.mark.parametrize(
    ("quota", "environment", "expected"),
    [
        (None, {}, 4),
        (2.9, {}, 2),
        (0.5, {}, 1),
        (64.0, {}, 4),
        (None, {"OMP_NUM_THREADS": "3"}, 3),
        (None, {"OMP_NUM_THREADS": "2,1"}, 2),
        (None, {"OMP_NUM_THREADS": "all"}, 4),
    ],
)
def test_threads_are_what_affinity_and_quota_leave(
    quota: float | None, environment: dict[str, str], expected: int
) -> None:
    """Four threads in the mask; the user's own OMP_NUM_THREADS comes first."""
    system = make.system(cpu=make.cpu(quota_threads=quota))
    assert choose.threads(system, environment) == expected


def test_pytorchs_cuda_is_read_without_importing_it() -> None:
    """The same answer as torch's own, from a process that never imported it."""
    torch = pytest.importorskip("torch")
    assert choose.torch_cuda() == torch.version.cuda
