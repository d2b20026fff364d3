"""What the doctor knows beyond the record."""

from pathlib import Path

import pytest

from benchbench.system import facts
from tests.system import fakes_host as machines
from tests.system.fakes_nvml import FakeBoard, FakeNvml

PCI = "/sys/bus/pci/devices"
RAPL = "/sys/class/powercap/intel-rapl:0/energy_uj"


def test_empty_machine(tmp_path: Path) -> None:
    """Nothing to see: no boards, no driver, no counters, nothing known."""
    seen = facts.read(machines.host(tmp_path), FakeNvml(driver=None))
    assert (seen.nvidia_boards, seen.nvidia_driver, seen.gpu_power) == (0, False, False)
    assert (seen.rapl, seen.swap_used_bytes, seen.load) == ("absent", None, None)
    assert (seen.provider, seen.scaling_driver) == (None, None)


def test_boards_on_the_bus(tmp_path: Path) -> None:
    """Only NVIDIA's display and 3D controllers count; its NVSwitch and audio do not."""
    files = {
        f"{PCI}/0000:01:00.0/vendor": "0x10de\n",
        f"{PCI}/0000:01:00.0/class": "0x030200\n",
        f"{PCI}/0000:01:00.1/vendor": "0x10de\n",
        f"{PCI}/0000:01:00.1/class": "0x040300\n",
        f"{PCI}/0000:05:00.0/vendor": "0x10de\n",
        f"{PCI}/0000:05:00.0/class": "0x068000\n",
        f"{PCI}/0000:02:00.0/vendor": "0x1a03\n",
        f"{PCI}/0000:02:00.0/class": "0x030000\n",
    }
    assert facts.read(machines.host(tmp_path, files), FakeNvml(driver=None)).nvidia_boards == 1


@pytest.mark.parametrize(("power_mw", "told"), [(71_000, True), (None, False)])
def test_gpu_power(tmp_path: Path, power_mw: int | None, told: bool) -> None:  # noqa: FBT001 - a case's value
    """Power can be measured where the first visible device answers."""
    library = FakeNvml(FakeBoard(power_mw=power_mw))
    seen = facts.read(machines.host(tmp_path), library)
    assert (seen.nvidia_driver, seen.gpu_power) == (True, told)
    assert library.sessions == 0


def test_rapl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters are readable, or there but for root alone."""
    host = machines.host(tmp_path, {RAPL: "1234567\n"})
    assert facts.read(host, FakeNvml(driver=None)).rapl == "readable"
    monkeypatch.setattr("os.access", lambda *_: False)
    assert facts.read(host, FakeNvml(driver=None)).rapl == "forbidden"


def test_rapl_folder_without_a_counter(tmp_path: Path) -> None:
    """The control type's own folder is no counter."""
    host = machines.host(tmp_path, {"/sys/class/powercap/intel-rapl:0/name": "package-0"})
    assert facts.read(host, FakeNvml(driver=None)).rapl == "absent"


def test_load_and_swap(tmp_path: Path) -> None:
    """Load is the first figure of three; swap is total less free."""
    files = {
        "/proc/loadavg": "1.75 0.80 0.40 2/345 6789\n",
        "/proc/meminfo": "SwapTotal: 100 kB\nSwapFree: 60 kB\n",
    }
    seen = facts.read(machines.host(tmp_path, files), FakeNvml(driver=None))
    assert (seen.load, seen.swap_used_bytes) == (1.75, 40 * 1024)


def test_filesystem_is_the_longest_mount(tmp_path: Path) -> None:
    """`/fast` on its own tmpfs is not the root's ext4; `/faster` is not below `/fast`."""
    mounts = "/dev/vda1 / ext4 rw 0 0\ntmpfs /fast tmpfs rw 0 0\nshort line\n"
    host = machines.host(tmp_path, {"/proc/mounts": mounts})
    assert facts.filesystem(host, Path("/fast/run")) == "tmpfs"
    assert facts.filesystem(host, Path("/faster")) == "ext4"
    assert facts.filesystem(machines.host(tmp_path / "other"), Path("/x")) is None


@pytest.mark.parametrize(
    ("text", "built_for"),
    [
        ("cuda: Optional[str] = '13.2'\nhip: Optional[str] = None\n", "13.2"),
        ("cuda = '12.8'\n", "12.8"),
        ("cuda: Optional[str] = None\nhip = '6.4'\n", None),
        ("", None),
        (None, None),
    ],
)
def test_torchs_cuda_without_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, built_for: str | None
) -> None:
    """The build's CUDA version is read from torch's own file; None is a CPU or ROCm build."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").touch()
    if text is not None:
        (tmp_path / "torch" / "version.py").write_text(text)
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    monkeypatch.delitem(__import__("sys").modules, "torch", raising=False)
    assert facts._torch_cuda() == built_for


def test_installed_torchs_cuda() -> None:
    """What the file says is what torch says."""
    torch = pytest.importorskip("torch")
    assert facts._torch_cuda() == torch.version.cuda
