"""Hypervisor and container."""

from pathlib import Path

import pytest

from benchbench.system import virtualisation
from tests.system import fakes_host as machines


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("KVM", "kvm"),
        ("Xen", "xen"),
        ("Microsoft", "hyper-v"),
        ("VMware", "vmware"),
        ("Odd", "odd"),
    ],
)
def test_hypervisor_by_lscpu(tmp_path: Path, shown: str, name: str) -> None:
    """`lscpu` names the hypervisor."""
    host = machines.host(tmp_path, lscpu={"Hypervisor vendor": shown})
    assert virtualisation.read(host).hypervisor == name


def test_graviton_guest_is_known_by_its_firmware(tmp_path: Path) -> None:
    """Arm processors have no hypervisor flag; EC2's firmware tells."""
    assert virtualisation.read(machines.graviton(tmp_path)).hypervisor == "kvm"


def test_bare_metal(tmp_path: Path) -> None:
    """A metal instance of the same provider has no hypervisor."""
    assert virtualisation.read(machines.two_sockets(tmp_path)).hypervisor is None


def test_flag_without_a_name(tmp_path: Path) -> None:
    """A processor that admits a hypervisor nobody names is a guest of an unknown one."""
    host = machines.host(tmp_path, {"/proc/cpuinfo": "flags\t: fpu hypervisor avx2\n"})
    assert virtualisation.read(host).hypervisor == "unknown"


def test_xen_names_itself(tmp_path: Path) -> None:
    """Xen guests have `/sys/hypervisor/type`."""
    host = machines.host(tmp_path, {"/sys/hypervisor/type": "xen\n"})
    assert virtualisation.read(host).hypervisor == "xen"


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"/.dockerenv": ""}, "docker"),
        ({"/run/.containerenv": ""}, "podman"),
        ({"/.dockerenv": "", "/var/run/secrets/kubernetes.io/token": ""}, "kubernetes"),
        ({"/proc/self/cgroup": "5:memory:/kubepods/burstable/pod1/abc\n"}, "kubernetes"),
        ({"/proc/self/cgroup": "5:memory:/lxc/vm1\n"}, "lxc"),
        ({"/run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"),
        ({"/.singularity.d/runscript": ""}, "apptainer"),
        ({"/proc/self/cgroup": "0::/user.slice\n"}, None),
        ({}, None),
    ],
)
def test_container_by_files(tmp_path: Path, files: dict[str, str], name: str | None) -> None:
    """Each container engine leaves its own file."""
    assert virtualisation.read(machines.host(tmp_path, files)).container == name


def test_pod_without_service_account(tmp_path: Path) -> None:
    """Kubernetes sets its service address in every pod; the address itself is not kept."""
    host = machines.host(tmp_path, environment={"KUBERNETES_SERVICE_HOST": "10.96.0.1"})
    seen = virtualisation.read(host)
    assert seen.container == "kubernetes"
    assert "10.96" not in seen.model_dump_json()
