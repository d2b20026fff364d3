"""NVIDIA's management library, and the devices CUDA will show, in CUDA's numbering.

The library is passed as the module `pynvml` is, or a fake one; it has no types.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import NamedTuple, ParamSpec, TypeVar

Handle = object
Nvml = ModuleType
_Answer = TypeVar("_Answer")
_Subject = ParamSpec("_Subject")


class Visible(NamedTuple):
    """A device CUDA will show. `board` is the whole card, `slice` the MIG instance on it."""

    board: Handle
    slice: Handle | None = None


def library() -> Nvml:
    """The real one; the module loads without a driver, `session` finds out whether there is one."""
    return importlib.import_module("pynvml")


@contextmanager
def session(nvml: Nvml) -> Iterator[bool]:
    """NVML initialised for the block, and ended with it; False where there is no driver."""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        yield False
        return
    try:
        yield True
    finally:
        ask(nvml, nvml.nvmlShutdown)


def ask(
    nvml: Nvml,
    question: Callable[_Subject, _Answer],
    *args: _Subject.args,
    **kwargs: _Subject.kwargs,
) -> _Answer | None:
    """The answer, None where this device or driver does not support the question."""
    try:
        return question(*args, **kwargs)
    except (nvml.NVMLError, ValueError):  # or a name that is no UTF-8
        return None


def visible(nvml: Nvml, cuda_visible_devices: str | None) -> list[Visible]:
    """The devices in the order CUDA numbers them: entry N is `cuda:N`.

    `CUDA_VISIBLE_DEVICES` holds indices, or UUIDs (`GPU-…`, `MIG-…`) that may be shortened; the
    first invalid entry ends the list and a repeated one empties it (CUDA C++ Programming Guide,
    environment variables). A process gets at most one MIG slice (NVIDIA MIG user guide).
    NVML numbers by PCI bus; CUDA does only under `CUDA_DEVICE_ORDER=PCI_BUS_ID`, or when all
    boards are alike.
    """
    boards = _boards(nvml)
    if cuda_visible_devices is None:
        return _one_slice([_as_cuda_sees(nvml, board) for board in boards])
    wanted = [entry.strip() for entry in cuda_visible_devices.split(",")]
    if wanted[0].startswith("MIG-"):
        slices = [Visible(board, part) for board in boards for part in _slices(nvml, board)]
        uuids = [_uuid(nvml, entry.slice) for entry in slices]
        return _one_slice([slices[index] for index in _by_uuid(wanted, uuids)])
    if wanted[0].startswith("GPU-"):
        order = _by_uuid(wanted, [_uuid(nvml, board) for board in boards])
    else:
        order = _by_index(wanted, len(boards))
    return _one_slice([_as_cuda_sees(nvml, boards[index]) for index in order])


def _boards(nvml: Nvml) -> list[Handle]:
    count = ask(nvml, nvml.nvmlDeviceGetCount) or 0
    found = [ask(nvml, nvml.nvmlDeviceGetHandleByIndex, index) for index in range(count)]
    return [board for board in found if board is not None]


def mig_enabled(nvml: Nvml, board: Handle) -> bool | None:
    """Whether the board is cut into slices; None where it cannot be."""
    mode = ask(nvml, nvml.nvmlDeviceGetMigMode, board)
    return None if mode is None else bool(mode[0])


def _slices(nvml: Nvml, board: Handle) -> list[Handle]:
    count = ask(nvml, nvml.nvmlDeviceGetMaxMigDeviceCount, board) or 0
    found = [
        ask(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex, board, index) for index in range(count)
    ]
    return [part for part in found if part is not None]


def _uuid(nvml: Nvml, device: Handle | None) -> str:
    return ask(nvml, nvml.nvmlDeviceGetUUID, device) or ""


def _as_cuda_sees(nvml: Nvml, board: Handle) -> Visible | None:
    """The board, or its first slice; None for a board in MIG mode without any."""
    if not mig_enabled(nvml, board):
        return Visible(board)
    return next((Visible(board, part) for part in _slices(nvml, board)), None)


def _one_slice(found: Sequence[Visible | None]) -> list[Visible]:
    usable = [entry for entry in found if entry]
    first = next((entry for entry in usable if entry.slice), None)
    return [entry for entry in usable if entry.slice is None or entry is first]


def _by_index(wanted: Sequence[str], count: int) -> list[int]:
    order: list[int] = []
    for entry in wanted:
        index = _leading_number(entry)
        if index is None or index >= count:
            break
        order.append(index)
    return order if len(set(order)) == len(order) else []


def _by_uuid(wanted: Sequence[str], uuids: Sequence[str]) -> list[int]:
    order: list[int] = []
    for entry in wanted:
        matches = [index for index, uuid in enumerate(uuids) if entry and uuid.startswith(entry)]
        if len(matches) != 1:
            break
        order.append(matches[0])
    return order if len(set(order)) == len(order) else []


def _leading_number(entry: str) -> int | None:
    """CUDA reads like C's `strtoul`: `1gpu` is 1. Negative or absent: None."""
    digits = entry.removeprefix("+")
    length = len(digits) - len(digits.lstrip("0123456789"))
    return int(digits[:length]) if length else None
