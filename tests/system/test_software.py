"""System, packages and BLAS libraries, without importing what is heavy."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from benchbench.system import nvml, software
from tests.system import fakes_host as machines
from tests.system.fakes_nvml import FakeNvml


def test_os_and_kernel(tmp_path: Path) -> None:
    """The distribution's pretty name and the kernel's release."""
    files = {
        "/etc/os-release": 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 24.04.2 LTS"\n',
        "/proc/sys/kernel/osrelease": "6.8.0-1021-aws\n",
    }
    seen = software.read(machines.host(tmp_path, files), cuda="12.8")
    assert (seen.os, seen.kernel, seen.cuda) == ("Ubuntu 24.04.2 LTS", "6.8.0-1021-aws", "12.8")
    assert seen.python == ".".join(str(part) for part in sys.version_info[:3])


def test_without_files(tmp_path: Path) -> None:
    """A system without these files is still named."""
    seen = software.read(machines.host(tmp_path))
    assert seen.os
    assert seen.kernel
    assert seen.cuda is None


def test_packages() -> None:
    """Installed packages have the versions their metadata tells; absent ones have no entry."""
    found = software.packages()
    assert found["numpy"] == np.__version__
    assert "tensorrt-that-nobody-has" not in found
    assert None not in found.values()
    assert found["threadpoolctl"] == metadata.version("threadpoolctl")


def test_numpys_blas_is_seen() -> None:
    """The BLAS numpy loaded is named, by its own name and not by a path."""
    found = software.loaded_blas()
    assert {"openblas", "mkl", "blis", "flexiblas"} & {library.library for library in found}
    assert not any("/" in library.library for library in found)


def test_openmp_is_named_by_its_file() -> None:
    """Intel's and GNU's OpenMP behave differently: the file's name tells them apart."""
    shown = {"user_api": "openmp", "internal_api": "openmp", "prefix": "libgomp", "num_threads": 4}
    seen = software._blas(shown)
    assert (seen.library, seen.version, seen.kernel, seen.threads) == ("libgomp", None, None, 4)


@pytest.mark.parametrize(("number", "shown"), [(13_020, "13.2"), (12_080, "12.8"), (0, None)])
def test_driver_cuda(number: int, shown: str | None) -> None:
    """NVML counts a thousand per major version and ten per minor."""
    library = FakeNvml(cuda=number)
    with nvml.session(library):
        assert software.driver_cuda(library) == shown


def test_torch_is_not_imported() -> None:
    """A probe on a laptop must not take seconds, nor initialise a GPU."""
    code = (
        "import sys; from benchbench import system; from benchbench.system import doctor, facts;"
        "doctor.examine(system.probe(), facts.read());"
        "print({'torch', 'transformers', 'scipy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run(
        (sys.executable, "-c", code), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "set()\n"
