"""Weights from the user's disk: tensors are read, code is not run."""

import hashlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from benchbench import weights
from benchbench.errors import UsageError


def model() -> torch.nn.Module:
    """Six numbers."""
    torch.manual_seed(3)
    return torch.nn.Linear(2, 2)


def same(where: Path) -> bool:
    """Whether what is loaded from there is the model's own."""
    other = torch.nn.Linear(2, 2)
    weights.fill(other, where)
    return all(
        torch.equal(a, b) for a, b in zip(other.parameters(), model().parameters(), strict=True)
    )


def test_safetensors_and_checkpoints_are_read(tmp_path: Path) -> None:
    """As a file or as the only one in a folder; torchvision's files are such checkpoints."""
    save_file(model().state_dict(), tmp_path / "model.safetensors")
    assert same(tmp_path)
    assert same(tmp_path / "model.safetensors")
    torch.save(OrderedDict(model().state_dict()), tmp_path / "resnet50-0676ba61.pth")
    assert same(tmp_path / "resnet50-0676ba61.pth")


@pytest.mark.parametrize("key", ["state_dict", "model"])
def test_what_training_scripts_wrap_is_found(tmp_path: Path, key: str) -> None:
    """The weights among other things, trained on several devices."""
    inner = {f"module.{name}": value for name, value in model().state_dict().items()}
    torch.save({key: inner, "epoch": 90}, tmp_path / "checkpoint.pt")
    assert same(tmp_path)


def bomb(sentinel: Path) -> Any:
    """An object whose unpickling leaves a file behind."""

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (sentinel,))

    return Bomb()


@pytest.mark.parametrize("name", ["model.pth", "model.pt", "pytorch_model.bin"])
@pytest.mark.parametrize("old", [True, False])
def test_code_in_a_checkpoint_does_not_run(tmp_path: Path, name: str, *, old: bool) -> None:
    """One sentence instead; the control shows that the bomb itself works."""
    sentinel = tmp_path / "sentinel"
    infected = {**model().state_dict(), "weight": bomb(sentinel)}
    torch.save(infected, tmp_path / name, _use_new_zipfile_serialization=not old)
    with pytest.raises(UsageError, match="more than tensors and is not opened") as raised:
        weights.load(tmp_path)
    assert "\n" not in str(raised.value)
    assert not sentinel.exists()
    torch.load(tmp_path / name, weights_only=False)
    assert sentinel.exists(), "the bomb itself must work, or this test proves nothing"


def test_a_whole_model_saved_as_a_pickle_is_refused(tmp_path: Path) -> None:
    """Its classes are code."""
    torch.save(model(), tmp_path / "whole.pt")
    with pytest.raises(UsageError, match="save its state_dict as safetensors"):
        weights.load(tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [([1, 2], "no state_dict"), ({}, "no state_dict"), ({"w": "text"}, "more than a state_dict")],
)
def test_other_content_is_named(tmp_path: Path, content: Any, says: str) -> None:
    """A list, nothing, text."""
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(UsageError, match=says):
        weights.load(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "model.pth"])
@pytest.mark.parametrize("content", [b"", b"no tensors", b"\x80\x04garbage", bytes(100)])
def test_damaged_files_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    """With what to do next, in one sentence."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=rf"{name} (cannot be read|is damaged)"):
        weights.load(tmp_path)


def test_nothing_and_too_much_are_named(tmp_path: Path) -> None:
    """An empty folder, a missing one, two files to choose from."""
    for where in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match="holds no weights: no model"):
            weights.find(where)
    for shard in "ab":
        (tmp_path / f"{shard}.safetensors").touch()
    with pytest.raises(UsageError, match="holds 2 files of weights; name one"):
        weights.find(tmp_path)


def test_another_models_weights_are_refused(tmp_path: Path) -> None:
    """The first difference is named, on one line."""
    save_file(torch.nn.Linear(3, 2).state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(UsageError, match="does not fit Linear: size mismatch") as raised:
        weights.fill(model(), tmp_path)
    assert "\n" not in str(raised.value)


def test_weights_are_known_by_their_content(tmp_path: Path) -> None:
    """Whatever the file is called and wherever it lies."""
    save_file(model().state_dict(), tmp_path / "model.safetensors")
    content = (tmp_path / "model.safetensors").read_bytes()
    assert weights.sha256(tmp_path) == hashlib.sha256(content).hexdigest()
