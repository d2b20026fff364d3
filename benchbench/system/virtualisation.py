"""The hypervisor below and the container around, as far as files tell."""

from benchbench import printable
from benchbench.record import Virtualisation
from benchbench.system import dmi
from benchbench.system.cpu import cpuinfo, lscpu
from benchbench.system.host import Host

_HYPERVISORS = {"kvm": "kvm", "xen": "xen", "microsoft": "hyper-v", "vmware": "vmware"}
_FIRMWARE = {
    "Amazon EC2": "kvm",
    "Google": "kvm",
    "QEMU": "kvm",
    "Xen": "xen",
    "Microsoft Corporation": "hyper-v",
    "VMware, Inc.": "vmware",
}
# The first that matches names the container: Kubernetes runs its pods through the others.
_FILES = (
    ("/var/run/secrets/kubernetes.io", "kubernetes"),
    ("/run/.containerenv", "podman"),
    ("/.dockerenv", "docker"),
    ("/.singularity.d", "apptainer"),
)
_GROUPS = (
    ("kubepods", "kubernetes"),
    ("libpod", "podman"),
    ("docker", "docker"),
    ("lxc", "lxc"),
)


def read(host: Host) -> Virtualisation:
    """`hypervisor` is `unknown` when the processor says there is one and nothing names it."""
    return Virtualisation(hypervisor=_hypervisor(host), container=_container(host))


def _hypervisor(host: Host) -> str | None:
    if vendor := lscpu(host).get("Hypervisor vendor"):
        return _HYPERVISORS.get(vendor.lower(), printable.name(vendor.lower()))
    if named := host.text("/sys/hypervisor/type"):
        return printable.name(named)
    flagged = "hypervisor" in cpuinfo(host).get("flags", "").split()
    firmware = dmi.read(host)
    named = _FIRMWARE.get(firmware.vendor)
    # These vendors sell bare metal too; there x86 shows no flag, and Arm has none to show.
    guest = flagged or (firmware.vendor == "QEMU") or _is_arm_guest(host, firmware)
    return (named or "unknown") if guest else None


def _is_arm_guest(host: Host, firmware: dmi.Dmi) -> bool:
    arm = "CPU implementer" in cpuinfo(host)
    return arm and firmware.vendor in _FIRMWARE and "metal" not in firmware.product


def _container(host: Host) -> str | None:
    if "KUBERNETES_SERVICE_HOST" in host.environment:
        return "kubernetes"
    groups = host.text("/proc/self/cgroup") or ""
    found = [name for path, name in _FILES if host.exists(path)]
    found += [name for part, name in _GROUPS if part in groups]
    manager = host.text("/run/systemd/container")
    return next(iter(found), None) or (printable.name(manager) if manager else None)
