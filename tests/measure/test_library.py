"""Queries put together from single units."""

from typing import Any

import pytest
import torch

from benchbench.errors import CannotMeasureError
from benchbench.measure.library import Library
from benchbench.workload import Job


def job(*batches: Any, units: float = 2.0) -> Job:
    """A job over these batches of two units."""
    return Job(iter(batches), lambda batch: batch, units_per_step=units, from_memory=True)


def test_any_units_make_a_batch() -> None:
    """Of four units in two batches, the last and the first."""
    library = Library(job(torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [3.0]])), 4)
    assert library.batch([3, 0]).tolist() == [[3.0], [0.0]]


def test_every_tensor_of_a_batch_is_picked_from_alike() -> None:
    """Tokens and mask stay together; what is None stays None."""
    batches = [
        {"ids": torch.tensor([i, i + 1]), "mask": (torch.tensor([[i], [-i]]), None)} for i in (0, 2)
    ]
    picked = Library(job(*batches), 4).batch([2, 1])
    assert picked["ids"].tolist() == [2, 1]
    assert picked["mask"][0].tolist() == [[2], [0]]
    assert picked["mask"][1] is None


def test_a_batch_that_cannot_be_taken_apart_is_refused() -> None:
    """With what it holds, and what to do instead."""
    with pytest.raises(CannotMeasureError, match="without --scenario"):
        Library(job(torch.zeros(5, 1)), 2)


def test_batches_of_one_size_take_turns_in_one_place() -> None:
    """Other units, other sizes and layouts come out right; memory is asked for once per size."""
    images = torch.arange(4 * 3 * 2 * 2.0).reshape(4, 3, 2, 2)
    batch = {"images": images.to(memory_format=torch.channels_last), "labels": (torch.arange(4),)}
    library = Library(job(batch, units=4.0), 4)
    first = library.batch([0, 1])
    place = first["images"].data_ptr()
    for picks in ([3, 2], [1, 1], [2, 0]):
        library.batch([0, 1, 2])
        picked = library.batch(picks)
        assert torch.equal(picked["images"], images[picks])
        assert picked["labels"][0].tolist() == picks
        assert picked["images"].is_contiguous(memory_format=torch.channels_last)
        assert picked["images"].data_ptr() == place
