"""Which devices CUDA shows, and in which order."""

import pytest

from benchbench.system import nvml
from benchbench.system.nvml import Visible
from tests.system.fakes_nvml import FakeBoard, FakeNvml, FakeSlice

BOARDS = tuple(FakeBoard(uuid=f"GPU-{n}a{n}b0000-0000-4000-8000-00000000000{n}") for n in range(4))
FIRST = FakeSlice(uuid="MIG-11111111-0000-4000-8000-000000000001")
SECOND = FakeSlice(uuid="MIG-22222222-0000-4000-8000-000000000002")
SLICED = FakeBoard(
    uuid="GPU-feed0000-0000-4000-8000-000000000009", mig=True, slices=(FIRST, SECOND)
)


def numbers(cuda_visible_devices: str | None) -> list[int]:
    """The boards' NVML indices in CUDA's order."""
    library = FakeNvml(*BOARDS)
    with nvml.session(library):
        shown = nvml.visible(library, cuda_visible_devices)
    return [BOARDS.index(entry.board) for entry in shown if isinstance(entry.board, FakeBoard)]


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (None, [0, 1, 2, 3]),
        ("2,0", [2, 0]),
        (" 1 , 3 ", [1, 3]),
        ("", []),
        ("-1", []),
        ("0,2,-1,1", [0, 2]),
        ("1,9,0", [1]),
        ("0,0", []),
        ("NoDevFiles", []),
        ("1gpu,2", [1, 2]),
        ("+1", [1]),
        ("GPU-2a2b,GPU-0", [2, 0]),
        ("GPU-", []),
        ("GPU-0a0b0000-0000-4000-8000-000000000000", [0]),
        ("GPU-1,GPU-9,GPU-0", [1]),
        ("GPU-1,GPU-1a1b", []),
    ],
)
def test_numbering(variable: str | None, expected: list[int]) -> None:
    """Entry N of `CUDA_VISIBLE_DEVICES` is `cuda:N`; the first invalid one ends the list."""
    assert numbers(variable) == expected


@pytest.mark.parametrize(
    "variable", ["", "0", "2,0", "3,-1,1", "-1", "1gpu2,2x", "0,0", "x", "+2,1", "1,,2", "0, 2"]
)
def test_numbering_agrees_with_torch(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's own reading of the variable is the same, for boards that exist."""
    parse = pytest.importorskip("torch").cuda._parse_visible_devices
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert numbers(variable) == parse()


def test_mig_shows_its_first_slice() -> None:
    """A process gets one MIG slice; boards without MIG stay."""
    library = FakeNvml(SLICED, SLICED, BOARDS[0])
    with nvml.session(library):
        shown = nvml.visible(library, None)
    assert shown == [Visible(SLICED, FIRST), Visible(BOARDS[0])]


@pytest.mark.parametrize("variable", [SECOND.uuid, "MIG-2222", f"{SECOND.uuid},{FIRST.uuid}"])
def test_mig_by_uuid(variable: str) -> None:
    """A slice named by its UUID is the only device."""
    library = FakeNvml(BOARDS[0], SLICED)
    with nvml.session(library):
        assert nvml.visible(library, variable) == [Visible(SLICED, SECOND)]


def test_mig_without_slices() -> None:
    """A board in MIG mode without an instance shows CUDA nothing."""
    library = FakeNvml(FakeBoard(mig=True))
    with nvml.session(library):
        assert nvml.visible(library, None) == []


def test_session_ends() -> None:
    """Every session that began is ended, also when its block fails."""
    library = FakeNvml(*BOARDS)

    def fail_inside() -> None:
        with nvml.session(library):
            raise ValueError(library.sessions)

    with pytest.raises(ValueError, match="1"):
        fail_inside()
    assert library.sessions == 0


def test_session_without_driver() -> None:
    """Without a driver there is a library but no session."""
    with nvml.session(FakeNvml(driver=None)) as driver:
        assert not driver


def test_real_library_answers_or_refuses() -> None:
    """The installed `pynvml` opens a session or says that there is no driver."""
    library = nvml.library()
    with nvml.session(library) as driver:
        count = nvml.ask(library, library.nvmlDeviceGetCount)
        assert (count is not None) == driver


def test_every_question_exists_in_pynvml() -> None:
    """What the probe asks by name, the real library has: a fake cannot prove that."""
    library = nvml.library()
    names = (
        *("NVMLError", "NVML_CLOCK_SM", "NVML_CLOCK_MEM", "nvmlInit", "nvmlShutdown"),
        *("nvmlSystemGetDriverVersion", "nvmlSystemGetCudaDriverVersion_v2"),
        *("nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetName"),
        *("nvmlDeviceGetUUID", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetPciInfo"),
        *("nvmlDeviceGetCudaComputeCapability", "nvmlDeviceGetNumGpuCores"),
        *("nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerUsage"),
        *("nvmlDeviceGetMaxClockInfo", "nvmlDeviceGetEccMode", "nvmlDeviceGetMigMode"),
        *("nvmlDeviceGetMaxMigDeviceCount", "nvmlDeviceGetMigDeviceHandleByIndex"),
        "nvmlDeviceGetAttributes_v2",
    )
    assert [name for name in names if not hasattr(library, name)] == []
