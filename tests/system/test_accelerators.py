"""What the driver tells about each device."""

import os

import pytest

from benchbench.record import Accelerator
from benchbench.system import accelerators, nvml
from tests.system.fakes_nvml import FakeBoard, FakeNvml, FakeSlice


def read(*boards: FakeBoard, visible: str | None = None) -> tuple[Accelerator, ...]:
    """The devices of a machine with these boards."""
    library = FakeNvml(*boards)
    with nvml.session(library):
        return accelerators.read(library, visible)


def test_h100_sxm() -> None:
    """NVML's milliwatts, megahertz and packed PCI id become watts, hertz and `10de:2330`."""
    assert read(FakeBoard()) == (
        Accelerator(
            device="cuda:0",
            name="NVIDIA H100 80GB HBM3",
            vendor="nvidia",
            memory_bytes=85_520_809_984,
            pci_id="10de:2330",
            multiprocessors=132,
            compute_capability="9.0",
            power_limit_w=700.0,
            clock_max_hz=1.98e9,
            memory_clock_max_hz=2.619e9,
            mig=False,
            ecc=True,
            driver="580.95.05",
        ),
    )


@pytest.mark.parametrize(
    ("capability", "cuda_cores", "multiprocessors"),
    [
        ((7, 0), 5120, 80),  # V100
        ((7, 5), 2560, 40),  # T4
        ((8, 0), 6912, 108),  # A100
        ((8, 6), 9216, 72),  # A10 (its whitepaper: 72 multiprocessors)
        ((8, 9), 7424, 58),  # L4
        ((9, 0), 14_592, 114),  # H100 PCIe
        ((99, 0), 1000, None),
        (None, 1000, None),
        ((9, 0), None, None),
    ],
)
def test_multiprocessors(
    capability: tuple[int, int] | None, cuda_cores: int | None, multiprocessors: int | None
) -> None:
    """Datasheet cores divided by the architecture's cores per multiprocessor."""
    (seen,) = read(FakeBoard(capability=capability, cuda_cores=cuda_cores))
    assert seen.multiprocessors == multiprocessors


def test_unsupported_counters_are_none() -> None:
    """A virtual GPU that answers nearly nothing is still a device."""
    bare = FakeBoard(
        memory_bytes=None,
        pci=None,
        capability=None,
        cuda_cores=None,
        power_limit_mw=None,
        sm_clock_mhz=None,
        memory_clock_mhz=None,
        ecc=None,
        mig=None,
    )
    expected = Accelerator(device="cuda:0", name=bare.name, vendor="nvidia", driver="580.95.05")
    assert read(bare) == (expected,)


def test_names_follow_cuda_visible_devices() -> None:
    """`cuda:0` is the first entry of the variable, not of the bus."""
    boards = (FakeBoard(name="A"), FakeBoard(name="B"))
    shown = [(seen.device, seen.name) for seen in read(*boards, visible="1,0")]
    assert shown == [("cuda:0", "B"), ("cuda:1", "A")]


def test_mig_slice() -> None:
    """A slice has its own memory and multiprocessors; the board's power limit is not its own."""
    part = FakeSlice(uuid="MIG-1")
    (seen,) = read(FakeBoard(mig=True, slices=(part,)))
    assert (seen.name, seen.memory_bytes, seen.multiprocessors) == (
        part.name,
        part.memory_bytes,
        14,
    )
    assert seen.mig is True
    assert seen.power_limit_w is None


def test_no_boards() -> None:
    """A driver without boards shows none."""
    assert read() == ()


@pytest.mark.gpu
def test_torch_sees_the_same() -> None:
    """Name, memory, multiprocessors and capability are what torch.cuda reports."""
    library = nvml.library()
    with nvml.session(library) as driver:
        if not driver:
            pytest.skip("no NVIDIA driver")
        seen = accelerators.read(library, os.environ.get("CUDA_VISIBLE_DEVICES"))
    torch = pytest.importorskip("torch")
    assert len(seen) == torch.cuda.device_count()
    for index, device in enumerate(seen):
        properties = torch.cuda.get_device_properties(index)
        assert device.name == properties.name
        assert device.compute_capability == f"{properties.major}.{properties.minor}"
        assert device.multiprocessors == properties.multi_processor_count
        assert device.memory_bytes == pytest.approx(properties.total_memory, rel=0.03)
