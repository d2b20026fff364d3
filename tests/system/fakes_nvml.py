"""A stand-in for `pynvml`: boards as values, unsupported questions as its errors."""

from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any


class FakeNvmlError(Exception):
    """What `pynvml` raises."""


@dataclass(frozen=True)
class FakeSlice:
    """A MIG instance."""

    uuid: str
    name: str = "NVIDIA A100-SXM4-40GB MIG 1g.5gb"
    memory_bytes: int = 5_100_273_664
    multiprocessors: int = 14


@dataclass(frozen=True)
class FakeBoard:
    """One board; a counter that is None is not supported."""

    name: str = "NVIDIA H100 80GB HBM3"
    uuid: str = "GPU-11111111-aaaa-bbbb-cccc-000000000000"
    memory_bytes: int | None = 85_520_809_984
    pci: int | None = 0x233010DE
    capability: tuple[int, int] | None = (9, 0)
    cuda_cores: int | None = 16_896
    power_limit_mw: int | None = 700_000
    power_mw: int | None = 71_000
    sm_clock_mhz: int | None = 1980
    memory_clock_mhz: int | None = 2619
    ecc: bool | None = True
    mig: bool | None = False
    slices: tuple[FakeSlice, ...] = field(default=())


class FakeNvml(ModuleType):
    """`pynvml` with these boards; `driver=None`: no driver is installed."""

    NVMLError = FakeNvmlError
    NVML_CLOCK_SM = 1
    NVML_CLOCK_MEM = 2

    def __init__(
        self, *boards: FakeBoard, driver: str | None = "580.95.05", cuda: int = 13_000
    ) -> None:
        super().__init__("pynvml")
        self.boards, self.driver, self.cuda, self.sessions = boards, driver, cuda, 0

    def _known(self, value: Any) -> Any:
        if value is None:
            raise FakeNvmlError("not supported")
        return value

    def nvmlInit(self) -> None:  # noqa: N802 - pynvml's own name
        """Begin a session."""
        self._known(self.driver)
        self.sessions += 1

    def nvmlShutdown(self) -> None:  # noqa: N802 - pynvml's own name
        """End a session."""
        self.sessions -= 1

    def __getattr__(self, name: str) -> Any:
        """The remaining questions; each refuses outside a session, as the library does."""

        def answer(*arguments: Any) -> Any:
            self._known(self.sessions or None)
            return self._known(self._answers(name, *arguments))

        if not name.startswith("nvml"):
            raise AttributeError(name)
        return answer

    def _answers(self, name: str, device: Any = None, which: int = 0) -> Any:
        if name == "nvmlSystemGetDriverVersion":
            return self.driver
        if name == "nvmlSystemGetCudaDriverVersion_v2":
            return self.cuda
        if name == "nvmlDeviceGetCount":
            return len(self.boards)
        if name == "nvmlDeviceGetHandleByIndex":
            return self.boards[device]
        if name == "nvmlDeviceGetMigDeviceHandleByIndex":
            return device.slices[which] if which < len(device.slices) else None
        return _of_device(device, which).get(name)


def _of_device(device: Any, which: int) -> dict[str, Any]:
    common = {
        "nvmlDeviceGetName": device.name,
        "nvmlDeviceGetUUID": device.uuid,
        "nvmlDeviceGetMemoryInfo": _record(total=device.memory_bytes),
    }
    if isinstance(device, FakeSlice):
        attributes = _record(multiprocessorCount=device.multiprocessors)
        return common | {"nvmlDeviceGetAttributes_v2": attributes}
    clocks = {1: device.sm_clock_mhz, 2: device.memory_clock_mhz}
    return common | {
        "nvmlDeviceGetPciInfo": _record(pciDeviceId=device.pci),
        "nvmlDeviceGetCudaComputeCapability": device.capability,
        "nvmlDeviceGetNumGpuCores": device.cuda_cores,
        "nvmlDeviceGetEnforcedPowerLimit": device.power_limit_mw,
        "nvmlDeviceGetPowerUsage": device.power_mw,
        "nvmlDeviceGetMaxClockInfo": clocks.get(which),
        "nvmlDeviceGetEccMode": None if device.ecc is None else [int(device.ecc)] * 2,
        "nvmlDeviceGetMigMode": None if device.mig is None else [int(device.mig)] * 2,
        "nvmlDeviceGetMaxMigDeviceCount": 7,
    }


def _record(**fields: Any) -> SimpleNamespace | None:
    return None if None in fields.values() else SimpleNamespace(**fields)
