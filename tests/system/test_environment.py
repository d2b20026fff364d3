"""An allowlist of variables, and values made harmless."""

import pytest

from benchbench.system import environment

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "canary-aws",
    "HF_TOKEN": "canary-hf",
    "HOME": "/home/canary-user",
    "USER": "canary-user",
    "HOSTNAME": "canary-host",
    "SSH_CONNECTION": "203.0.113.7 canary",
    "PATH": "/opt/canary-path/bin",
    "OMP_SECRET": "canary-omp",
    "MKL_LICENSE_FILE": "/opt/canary-licence",
    "OPENBLAS_API_KEY": "canary-key",
    "KMP_USER_TOKEN": "canary-kmp",
    "NCCL_HOSTID": "canary-hostid",
    "NCCL_COMM_ID": "198.51.100.1:29500",
    "TORCH_CANARY": "canary-torch",
    "https_proxy": "http://canary-user:canary-pass@proxy:3128",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OMP_NUM_THREADS", "8"),
        ("OMP_PLACES", "{0:4},{8:4}"),
        ("MKL_ENABLE_INSTRUCTIONS", "AVX2"),
        ("OPENBLAS_CORETYPE", "Haswell"),
        ("GOTO_NUM_THREADS", "2"),
        ("KMP_AFFINITY", "granularity=fine,compact,1,0"),
        ("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16"),
        ("DNNL_DEFAULT_FPMATH_MODE", "BF16"),
        ("CUDA_VISIBLE_DEVICES", "0,1"),
        ("CUDA_LAUNCH_BLOCKING", "1"),
        ("NVIDIA_TF32_OVERRIDE", "0"),
        ("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True,max_split_size_mb:128"),
        ("MALLOC_ARENA_MAX", "2"),
        ("MALLOC_MMAP_THRESHOLD_", "1073741824"),
        ("NCCL_ALGO", "Ring"),
        ("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
    ],
)
def test_kept_as_it_is(name: str, value: str) -> None:
    """A variable that changes results is kept, value unharmed."""
    assert environment.read({name: value}) == {name: value}


@pytest.mark.fault("secrets")
def test_canaries_never_appear() -> None:
    """Secrets, identities and addresses stay out, even under an allowed family's name."""
    assert environment.read(SECRETS) == {}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("/home/ann/lib/libjemalloc.so.2", "libjemalloc.so.2"),
        ("/a/libx.so:/home/ann/liby.so", "libx.so:liby.so"),
        ("/a/libx.so /b/liby.so", "libx.so liby.so"),
        ("/home/ann/", ""),
        ("GPU-8932f937-d72c-4106-c12f-20bd9faed9f6,GPU-8932", "GPU-*,GPU-*"),
        ("MIG-d9a47cfb-d1f2-d08c-b40e-0812b597ae69", "MIG-*"),
        ("203.0.113.7:5000", "*:5000"),
        ("02:42:ac:11:00:02", "*"),
        ("tcp://ann:secret@host/x", "*"),
        ("ann@example.org", "*"),
        ("red\x1b[31m\n", "red[31m"),
        ("9" * 5000, "9" * 200),
    ],
)
@pytest.mark.fault("secrets")
def test_harmless(value: str, shown: str) -> None:
    """Folders, addresses, UUIDs and control characters go; long values are cut."""
    assert environment.harmless(value) == shown


def test_library_default_is_not_the_users() -> None:
    """A variable that threadpoolctl sets by itself is not the user's setting."""
    assert environment.read({"KMP_DUPLICATE_LIB_OK": "True"}) == {}


def test_sorted() -> None:
    """The same settings give the same text."""
    assert list(environment.read({"OMP_Z": "1", "OMP_A": "1", "MKL_B": "1"})) == [
        "MKL_B",
        "OMP_A",
        "OMP_Z",
    ]
