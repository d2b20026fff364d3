"""Weights from the user's own disk: tensors only. A pickle may run anything and is never executed.

A folder or a file; safetensors first, else a PyTorch checkpoint read with `weights_only`, which
refuses everything that is not a tensor or a plain container.
"""

import hashlib
import warnings
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from benchbench.errors import UsageError

if TYPE_CHECKING:
    import torch

_SAFE, _TORCH = ("*.safetensors",), ("*.pth", "*.pt", "*.bin")
_INSIDE = ("state_dict", "model")
"""Where training scripts put the weights among other things."""
_PARALLEL = "module."
_CHUNK = 1 << 20


def find(where: Path) -> Path:
    """The one file of weights. Raises UsageError if there is none, or several to choose from."""
    if where.is_file():
        return where
    for patterns in (_SAFE, _TORCH):
        found = sorted(file for pattern in patterns for file in where.glob(pattern))
        if len(found) == 1:
            return found[0]
        if found:
            message = f"{where} holds {len(found)} files of weights; name one of them: --weights"
            raise UsageError(f"{message} {found[0]}")
    message = f"{where} holds no weights: no model.safetensors and no PyTorch checkpoint"
    raise UsageError(f"{message}; save a state_dict there")


def load(where: Path) -> "dict[str, torch.Tensor]":
    """The tensors by name, as a model's own `state_dict` calls them.

    Raises UsageError if the file is damaged or holds anything but tensors.
    """
    file = find(where)
    found = _safetensors(file) if file.suffix == ".safetensors" else _checkpoint(file)
    return {name.removeprefix(_PARALLEL): tensor for name, tensor in found.items()}


def fill(model: "torch.nn.Module", where: Path) -> None:
    """Load them into the model. Raises UsageError if they are another model's."""
    try:
        model.load_state_dict(load(where))
    except RuntimeError as error:
        first = str(error).partition("\n")[2].strip().partition("\n")[0]
        message = f"{find(where)} does not fit {type(model).__name__}: {first or error}"
        raise UsageError(f"{message}; name the weights of this very model") from error


def sha256(where: Path) -> str:
    """Of the file's content: what a claim of accuracy is about."""
    digest = hashlib.sha256()
    with find(where).open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _safetensors(file: Path) -> "dict[str, torch.Tensor]":
    from safetensors import SafetensorError  # noqa: PLC0415 - only a measurement needs it
    from safetensors.torch import load_file  # noqa: PLC0415 - as above

    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        message = f"{file} cannot be read ({error}); copy it again"
        raise UsageError(message) from error


def _checkpoint(file: Path) -> "dict[str, torch.Tensor]":
    import torch  # noqa: PLC0415 - as above

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an odd pickle protocol: it is refused or read
            found = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        message = f"{file} is damaged, or holds more than tensors and is not opened for that"
        raise UsageError(f"{message}; save its state_dict as safetensors") from error
    return _tensors(found, file)


def _tensors(found: Any, file: Path) -> "dict[str, torch.Tensor]":  # noqa: ANN401 - anything saved
    import torch  # noqa: PLC0415 - as above

    for name in _INSIDE:
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
    if not isinstance(found, dict) or not found:
        raise UsageError(f"{file} holds no state_dict; save one there")
    if not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise UsageError(f"{file} holds more than a state_dict; save that alone")
    return dict(found)
