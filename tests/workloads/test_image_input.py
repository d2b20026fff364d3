"""Decoding and augmenting alone: real files, no FLOPs, a different crop each time."""

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from benchbench.workload import Setting
from benchbench.workload.file import find, load_file
from tests.workloads.pictures import write_photographs

source: Any = load_file(find("image-input"))
SMALL = Setting(batch_size=2, parameters={"image_size": 64, "workers": 0})


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Six JPEGs of three classes."""
    return write_photographs(tmp_path / "photographs")


def test_nothing_is_multiplied() -> None:
    """No FLOP count, which is not a count of 0; the crop's own bytes."""
    work = source.work(Setting())
    assert work.flops_per_unit is None
    assert work.other_flops_per_unit is None
    assert work.convention is None
    assert work.bytes_per_unit == 3 * 224 * 224 * 4


def test_photographs_are_decoded_and_augmented(photographs: Path) -> None:
    """Batches go on over epochs; the same file is never cropped alike twice."""
    job = source.load(replace(SMALL, data=photographs, batch_size=6))
    batches = list(islice(job.batches, 5))
    assert {tuple(each.shape) for each in batches} == {(6, 3, 64, 64)}
    assert len({float(each.sum()) for each in batches}) == 5
    assert float(batches[0].min()) < -0.5, "normalised"
    assert not job.from_memory
    assert job.parameters["data"] == "ImageFolder"


def test_the_step_looks_at_every_pixel(photographs: Path) -> None:
    """What it returns are the images' means."""
    job = source.load(replace(SMALL, data=photographs))
    pictures = next(job.batches)
    expected = torch.stack([each.double().mean() for each in pictures])
    torch.testing.assert_close(job.step(pictures).double(), expected, rtol=1e-4, atol=1e-6)


def test_without_data_real_files_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """JPEGs of ImageNet's usual size, at least a batch of them, in a folder of their own."""
    places: list[Path] = []
    make = source.written

    def kept(count: int, seed: int) -> Path:
        places.append(make(count, seed))
        return places[0]

    monkeypatch.setattr(source, "_PHOTOGRAPHS", 2)
    monkeypatch.setattr(source, "written", kept)
    job = source.load(replace(SMALL, batch_size=3))
    files = sorted(places[0].glob("*/*.jpeg"))
    assert len(files) == 3
    for file in files:
        with Image.open(file) as picture:
            assert (picture.format, picture.size) == ("JPEG", (500, 375))
    assert len({file.read_bytes() for file in files}) == 3
    assert next(job.batches).shape == (3, 3, 64, 64)
    assert job.parameters["data"] == "synthetic"


def test_memory_is_what_lies_ready() -> None:
    """The batch at work, and two more for each process of the loader."""
    image = 3 * 64 * 64 * 4
    assert source.memory_bytes(SMALL) == 2 * image
    more = replace(SMALL, parameters={"image_size": 64, "workers": 3})
    assert source.memory_bytes(more) == 7 * 2 * image
    assert source.memory_bytes(replace(more, device="cuda:0")) == 2 * image
