"""Folders of JPEGs for the tests of what computes on images."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_photographs(folder: Path) -> Path:
    """Three classes of two JPEGs, each another size and colour."""
    noise = np.random.default_rng(0)
    for index in range(6):
        inside = folder / f"class{index % 3}"
        inside.mkdir(parents=True, exist_ok=True)
        pixels = noise.integers(0, 256, (80 + index, 90, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(inside / f"{index}.jpeg")
    return folder
