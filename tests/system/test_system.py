"""The whole probe: it is complete, degrades, and keeps nobody's identity."""

import getpass
import re
import socket
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from benchbench.errors import UsageError
from benchbench.record import System
from benchbench.system import Host, probe
from tests.system import fakes_host as machines
from tests.system.fakes_nvml import FakeBoard, FakeNvml, FakeSlice

CANARY_FILES = {
    "/etc/hostname": "canary-hostname\n",
    "/etc/machine-id": "canarymachineid\n",
    "/proc/sys/kernel/hostname": "canary-hostname\n",
    "/proc/sys/kernel/random/boot_id": "canary-boot\n",
    "/sys/class/dmi/id/product_uuid": "ec2canary-uuid\n",
    "/sys/class/dmi/id/product_serial": "canary-serial\n",
    "/sys/class/dmi/id/board_serial": "canary-serial\n",
    "/sys/class/dmi/id/board_asset_tag": "i-0canaryinstance\n",
    "/sys/class/net/eth0/address": "02:ca:na:ry:00:01\n",
    "/proc/self/cgroup": "0::/user.slice/user-1000.slice/canary.scope\n",
}


def test_recorded_machine(tmp_path: Path) -> None:
    """All parts of one machine arrive in one value, which survives its own text."""
    recorded = machines.sapphire_rapids(tmp_path)
    machines.host(
        tmp_path,
        {
            "/proc/self/cgroup": "0::/\n",
            "/proc/self/mountinfo": "3 2 0:2 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            "/sys/fs/cgroup/cpu.max": "200000 100000\n",
            "/sys/fs/cgroup/memory.max": "4294967296\n",
        },
    )
    seen = probe(host=recorded, library=FakeNvml(FakeBoard(), cuda=13_000))
    assert seen.cpu.quota_threads == 2.0
    assert seen.memory.limit_bytes == 2**32
    assert seen.accelerators[0].device == "cuda:0"
    assert seen.software.cuda == "13.0"
    assert seen.cloud is not None
    assert (seen.cloud.instance_type, seen.cloud.source) == ("m7i.2xlarge", "dmi")
    assert seen.virtualisation.hypervisor == "kvm"
    assert System.model_validate_json(seen.model_dump_json()) == seen


def test_empty_machine(tmp_path: Path) -> None:
    """A machine that shows nothing is unknown, not an error."""
    seen = probe(host=machines.host(tmp_path), library=FakeNvml(driver=None))
    assert seen.cpu.model == "unknown"
    assert (seen.accelerators, seen.numa, seen.cloud) == ((), (), None)


def test_visible_devices_come_from_the_host(tmp_path: Path) -> None:
    """`CUDA_VISIBLE_DEVICES` of the probed environment decides."""
    host = machines.host(tmp_path, environment={"CUDA_VISIBLE_DEVICES": "1"})
    seen = probe(host=host, library=FakeNvml(FakeBoard(name="A"), FakeBoard(name="B")))
    assert [device.name for device in seen.accelerators] == ["B"]


def test_flag_reaches_the_record(tmp_path: Path) -> None:
    """`--instance-type` is the user's word, refused when it is none."""
    host, library = machines.host(tmp_path), FakeNvml(driver=None)
    seen = probe(host=host, library=library, instance_type="azure:Standard_NC24ads_A100_v4")
    assert seen.cloud is not None
    assert seen.cloud.source == "flag"
    with pytest.raises(UsageError):
        probe(host=host, library=library, instance_type="; rm -rf /")


def test_no_identity_in_the_record(tmp_path: Path) -> None:
    """Host name, machine id, serials, MAC, UUIDs and secrets planted everywhere stay out."""
    recorded = machines.sapphire_rapids(tmp_path)
    machines.host(tmp_path, CANARY_FILES)
    slice_uuid, board_uuid = "MIG-ca9a4700-0001", "GPU-ca9a4700-0002"
    board = FakeBoard(uuid=board_uuid, mig=True, slices=(FakeSlice(uuid=slice_uuid),))
    environment = {
        "CUDA_VISIBLE_DEVICES": slice_uuid,
        "LD_PRELOAD": "/home/canary-user/libjemalloc.so.2",
        "HF_TOKEN": "canary-token",
        "HOSTNAME": "canary-hostname",
        "KUBERNETES_SERVICE_HOST": "10.96.44.1",
    }
    seen = probe(host=replace(recorded, environment=environment), library=FakeNvml(board))
    text = seen.model_dump_json().lower()
    assert len(seen.accelerators) == 1
    assert seen.software.environment["LD_PRELOAD"] == "libjemalloc.so.2"
    assert [word for word in ("canary", "ca9a4700", "02:ca", "10.96") if word in text] == []


def test_no_identity_of_this_machine() -> None:
    """The real host name, user, home and addresses are not in the real record."""
    text = probe(host=Host()).model_dump_json()
    addresses = {
        address.address
        for interface in psutil.net_if_addrs().values()
        for address in interface
        if address.address not in {"127.0.0.1", "::1", "00:00:00:00:00:00"}
    }
    words = {*addresses, socket.gethostname(), str(Path.home()), getpass.getuser()}
    assert [word for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)] == []


def test_no_network_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise: the probe of this machine opens no connection by itself."""

    def refuse(*_: object) -> None:
        pytest.fail("the probe opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert probe().cpu.threads > 0
