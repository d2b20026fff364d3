"""The software that will run: system, Python, packages, BLAS libraries, deciding variables.

Neither torch nor anything heavier than numpy is imported here.
"""

import importlib
import platform
from importlib import metadata

from threadpoolctl import (  # type: ignore[import-untyped]  # it ships no types
    threadpool_info,
)

from benchbench import printable
from benchbench.record import Blas, Software
from benchbench.system import environment
from benchbench.system.host import Host
from benchbench.system.nvml import Nvml, ask

_PACKAGES = (
    *("torch", "torchvision", "transformers", "numpy", "scipy", "safetensors", "tokenizers"),
    *("pillow", "triton", "pytorch-triton", "onnxruntime", "onnxruntime-gpu", "openvino"),
    *("intel-extension-for-pytorch", "intel-openmp", "mkl", "vllm", "flash-attn", "xformers"),
    *("accelerate", "peft", "bitsandbytes", "tensorrt", "jax", "jaxlib", "tensorflow"),
    *("mlcommons-loadgen", "nvidia-ml-py", "psutil", "threadpoolctl"),
    *("nvidia-cublas", "nvidia-cublas-cu12", "nvidia-cuda-runtime", "nvidia-cuda-runtime-cu12"),
    *("nvidia-cudnn-cu12", "nvidia-cudnn-cu13", "nvidia-nccl-cu12", "nvidia-nccl-cu13"),
)
_CUDA_MAJOR = 1000
_CUDA_MINOR = 10


def read(host: Host, cuda: str | None = None) -> Software:
    """What is installed and loaded; `cuda` is the driver's version."""
    return Software(
        os=_os(host),
        kernel=printable.name(host.text("/proc/sys/kernel/osrelease") or platform.release()),
        python=platform.python_version(),
        packages=packages(),
        blas=loaded_blas(),
        cuda=cuda,
        environment=environment.read(host.environment),
    )


def packages() -> dict[str, str]:
    """Name → version of the installed packages that change results; nothing is imported."""
    versions = {name: _version(name) for name in sorted(_PACKAGES)}
    return {name: version for name, version in versions.items() if version}


def loaded_blas() -> tuple[Blas, ...]:
    """Every BLAS and thread pool loaded in this process, numpy's at least.

    A library is seen once it is loaded: call again after importing torch to see torch's.
    """
    importlib.import_module("numpy")
    return tuple(_blas(shown) for shown in threadpool_info())


def driver_cuda(nvml: Nvml) -> str | None:
    """The newest CUDA the driver runs, `13.2`; inside an NVML session."""
    number = ask(nvml, nvml.nvmlSystemGetCudaDriverVersion_v2)
    return f"{number // _CUDA_MAJOR}.{number % _CUDA_MAJOR // _CUDA_MINOR}" if number else None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _blas(shown: dict[str, object]) -> Blas:
    """An OpenMP runtime's file tells GNU's from Intel's; a BLAS is known by its own name."""
    named = shown.get("prefix" if shown.get("user_api") == "openmp" else "internal_api")
    version, kernel, threads = (
        shown.get(name) for name in ("version", "architecture", "num_threads")
    )
    return Blas(
        library=str(named),
        version=version if isinstance(version, str) else None,
        kernel=kernel if isinstance(kernel, str) else None,
        threads=threads if isinstance(threads, int) else None,
    )


def _os(host: Host) -> str:
    lines = (line.partition("=") for line in (host.text("/etc/os-release") or "").splitlines())
    fields = {name: value.strip("\"' ") for name, _, value in lines}
    return printable.name(fields.get("PRETTY_NAME", "")) or platform.system() or "unknown"
