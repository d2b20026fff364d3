"""The environment variables that change results, and nothing else of the environment.

An allowlist: what is not named here never reaches a record. Values are cut, paths lose their
folders, and whatever looks like an address or a device's UUID is struck out.
"""

import re
from collections.abc import Mapping

_FAMILIES = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "BLIS_", "ONEDNN_", "DNNL_")
_NAMES = frozenset(
    {
        *("GOTO_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
        *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_LAUNCH_BLOCKING"),
        *("CUDA_DEVICE_MAX_CONNECTIONS", "CUDA_MODULE_LOADING", "CUDA_FORCE_PTX_JIT"),
        *("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", "CUBLAS_WORKSPACE_CONFIG", "CUDNN_LOGINFO_DBG"),
        *("NVIDIA_TF32_OVERRIDE", "NVIDIA_VISIBLE_DEVICES"),
        *("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_NO_CUDA_MEMORY_CACHING"),
        *("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TORCH_CUDNN_V8_API_DISABLED"),
        *("TORCH_BLAS_PREFER_CUBLASLT", "TORCH_COMPILE_DISABLE", "TORCHDYNAMO_DISABLE"),
        *("TORCHINDUCTOR_MAX_AUTOTUNE", "TORCHINDUCTOR_FREEZING", "TORCHINDUCTOR_CPP_WRAPPER"),
        *("TORCH_NUM_THREADS", "ATEN_CPU_CAPABILITY", "LRU_CACHE_CAPACITY"),
        *("MALLOC_ARENA_MAX", "MALLOC_CONF", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_"),
        *("MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES", "LD_PRELOAD"),
        *("MIMALLOC_LARGE_OS_PAGES", "TCMALLOC_MAX_TOTAL_THREAD_CACHE_BYTES"),
        *("NCCL_ALGO", "NCCL_BUFFSIZE", "NCCL_CROSS_NIC", "NCCL_IB_DISABLE", "NCCL_MAX_NCHANNELS"),
        *("NCCL_MIN_NCHANNELS", "NCCL_NET", "NCCL_NET_GDR_LEVEL", "NCCL_NSOCKS_PERTHREAD"),
        *("NCCL_NTHREADS", "NCCL_NVLS_ENABLE", "NCCL_P2P_DISABLE", "NCCL_P2P_LEVEL"),
        *("NCCL_PROTO", "NCCL_SHM_DISABLE", "NCCL_SOCKET_NTHREADS"),
        *("XLA_PYTHON_CLIENT_PREALLOCATE", "XLA_PYTHON_CLIENT_MEM_FRACTION"),
        *("VLLM_ATTENTION_BACKEND", "TOKENIZERS_PARALLELISM", "PYTHONMALLOC", "PYTHON_GIL"),
    }
)
# threadpoolctl sets it on import; it lets two OpenMP runtimes load and changes no result.
_IGNORED = "KMP_DUPLICATE_LIB_OK"
_SECRET = re.compile(r"TOKEN|SECRET|PASS|KEY|CREDENTIAL|LICENSE|HOST|USER", re.IGNORECASE)
_IDENTITY = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{4,27}"  # a UUID, shortened or whole
    r"|(?<=GPU-)[\w-]+|(?<=MIG-)[\w-]+"
    r"|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"  # a MAC address
    r"|(?:\d{1,3}\.){3}\d{1,3}"  # an IPv4 address
    r"|\w+://\S*|\S*@\S*",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"([:;,= ]+)")
_LIMIT = 200


def read(environment: Mapping[str, str]) -> dict[str, str]:
    """The allowed variables by name, sorted, each value made harmless."""
    return {name: harmless(environment[name]) for name in sorted(environment) if _is_allowed(name)}


def harmless(value: str) -> str:
    """`/home/ann/lib/libx.so` → `libx.so`; addresses and UUIDs → `*`; at most 200 characters."""
    parts = _SEPARATORS.split(_IDENTITY.sub("*", value[: 4 * _LIMIT]))
    shown = "".join(part.rpartition("/")[2] for part in parts)
    return "".join(sign for sign in shown if sign.isprintable())[:_LIMIT]


def _is_allowed(name: str) -> bool:
    if name in _NAMES:
        return True
    return name.startswith(_FAMILIES) and name != _IGNORED and not _SECRET.search(name)
