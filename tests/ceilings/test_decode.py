"""Photographs that cost what ImageNet's cost, and loaders that decode them."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from PIL import Image

from benchbench.ceilings import decode


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two photographs instead of 32."""
    monkeypatch.setattr(decode, "_PHOTOGRAPHS", 2)
    decode._album.cache_clear()
    yield
    decode._album.cache_clear()


def test_a_photograph_weighs_what_imagenets_do() -> None:
    """147,897,477,120 bytes over 1,281,167 training images are 115 kB; ours are within 10 %."""
    sizes = [len(decode.photograph(seed)) for seed in range(6)]
    assert np.mean(sizes) == pytest.approx(147_897_477_120 / 1_281_167, rel=0.10)


def test_a_photograph_has_a_natural_spectrum() -> None:
    """Power falls as the frequency squared (Field 1987): a slope of -2 within what grain adds."""
    pixels = np.asarray(Image.open(io.BytesIO(decode.photograph(1))).convert("L"), dtype=float)
    assert pixels.shape == (375, 500)
    rows = np.abs(np.fft.rfft(pixels - pixels.mean(), axis=1)) ** 2
    power = rows.mean(axis=0)[2:60]
    slope = np.polyfit(np.log(np.arange(2, 60)), np.log(power), 1)[0]
    assert -2.4 < slope < -1.0


def test_a_seed_repeats_itself_and_another_differs() -> None:
    """The same bytes on every machine; no photograph twice."""
    assert decode.photograph(3) == decode.photograph(3)
    assert decode.photograph(3) != decode.photograph(4)


@pytest.mark.usefixtures("few")
def test_an_image_arrives_as_a_model_wants_it() -> None:
    """(3, 224, 224), normalised, and augmented anew each time."""
    torch.manual_seed(0)
    photographs = decode.Photographs()
    first, again = photographs[0], photographs[0]
    assert first.shape == (3, 224, 224)
    assert first.dtype == torch.float32
    assert float(first.std()) > 0.3
    assert not torch.equal(first, again)


@pytest.mark.parametrize(("most", "counts"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6])])
def test_numbers_of_workers(most: int, counts: list[int]) -> None:
    """Powers of two, and as many as there are processors."""
    assert decode.worker_counts(most) == counts


def test_a_call_is_counted_in_images() -> None:
    """Two workers, four batches of 32 each: 256 images."""
    assert decode.loaders(2)[1].amount == 256
    assert decode.loaders(2)[0].path == "torch DataLoader, 1 worker"


def test_without_torchvision_there_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing library is a path that does not work here, not an error of the whole."""

    def missing() -> None:
        raise ModuleNotFoundError("no", name="torchvision")

    monkeypatch.setattr(decode, "Photographs", missing)
    with pytest.raises(RuntimeError, match="torchvision is not installed"):
        decode._batches(1)


def test_constant_images_are_noticed() -> None:
    """A loader that returns grey for every photograph would be fast and wrong."""
    grey = torch.zeros(32, 3, 224, 224)
    assert not decode._plausible(grey)
    assert decode._plausible(torch.randn(32, 3, 224, 224))
    assert not decode._plausible(torch.randn(31, 3, 224, 224))


@pytest.mark.usefixtures("few")
def test_the_album_is_walked_in_a_circle() -> None:
    """The numbers never end; the photographs repeat."""
    assert decode.Photographs()[10**9].shape == (3, 224, 224)
