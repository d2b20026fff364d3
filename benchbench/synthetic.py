"""Inputs that never repeat and cost nothing inside the timed window."""

import math
from collections.abc import Iterator

import torch


def windows(pool: torch.Tensor, size: int, align: int = 1) -> Iterator[torch.Tensor]:
    """Endless views of `size` neighbouring rows of `pool`, which is filled before the clock starts.

    A view copies nothing. Every start that is a multiple of `align` is visited once before any
    returns, so batches are unique for `(len(pool) - size) // align + 1` steps; with a pool of three
    windows or more, neighbours share no row, so that no cache serves the second from the first.
    Raises ValueError when the pool is smaller than one window.
    """
    starts = (len(pool) - size) // align + 1
    if starts < 1:
        message = f"a pool of {len(pool)} rows holds no window of {size}"
        raise ValueError(message)
    stride = _coprime(math.ceil(size / align), starts)
    index = 0
    while True:
        yield pool[index * align : index * align + size]
        index = (index + stride) % starts


def _coprime(at_least: int, modulus: int) -> int:
    """The smallest stride that visits every residue of `modulus`."""
    while math.gcd(at_least, modulus) != 1:
        at_least += 1
    return at_least
