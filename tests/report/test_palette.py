"""Colours that people with the three kinds of colour blindness can tell apart."""

import re
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchbench.bundled import folder

_LEAST_DIFFERENCE = 12.0
"""CIE 1976 colour difference; about 2.3 is just noticeable side by side."""
_SEEN_BY = {
    "all cones": np.eye(3),
    "no long cones": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no medium cones": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "no short cones": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
"""Machado, Oliveira, Fernandes, IEEE TVCG 15(6), 2009: severity 1, on linear RGB."""
_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _TO_XYZ.sum(axis=1)


def _linear(colour: str) -> NDArray[np.float64]:
    """IEC 61966-2-1."""
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _lab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 1976."""
    ratio = _TO_XYZ @ np.clip(linear, 0, 1) / _WHITE
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", _SEEN_BY)
def test_no_two_alternatives_look_alike(mode: int, eyes: str) -> None:
    """Dashes and names tell them apart too; colour alone would do."""
    css = (folder("reports") / "assets" / "report.css").read_text(encoding="utf-8")
    block = re.findall(r":root \{(.*?)\n\s*\}", css, flags=re.DOTALL)[mode]
    colours = re.findall(r"--series-\d: (#[0-9a-f]{6})", block)
    assert len(colours) == 6
    seen = [_lab(_SEEN_BY[eyes] @ _linear(colour)) for colour in colours]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) >= _LEAST_DIFFERENCE


def test_the_measure_tells_what_is_known() -> None:
    """White and black are 100 apart; red and green of one lightness fade without long cones."""
    white, black = (_lab(_linear(colour)) for colour in ("#ffffff", "#000000"))
    assert np.linalg.norm(white - black) == pytest.approx(100.0)
    red, green = (_linear(colour) for colour in ("#b34700", "#6b6200"))
    without = _SEEN_BY["no long cones"]
    assert np.linalg.norm(_lab(red) - _lab(green)) > 30
    assert np.linalg.norm(_lab(without @ red) - _lab(without @ green)) < 5
