"""When LoadGen's server scenario means to issue each query, computed the way it computes it.

Its Python binding does not say. Latency counts from the scheduled time, and how late the client
issued is part of the answer, so the schedule is drawn again from the same generator and seed;
whoever uses it holds its end against the rate LoadGen's summary says it scheduled.
"""

import numpy as np
from numpy.typing import NDArray

_WORD = 2.0**32
_NANOSECONDS = 1e9


def scheduled_s(rate_per_s: float, queries: int, seed: int) -> NDArray[np.float64]:
    """(queries,) seconds since the start, the first 0, gaps exponential of mean 1 / rate.

    C++'s `mt19937` seeded with the low 32 bits, two words to a double in [0, 1), and the inverse of
    the exponential distribution, cut to whole nanoseconds (libstdc++, which its wheels are built
    with).
    """
    generator = np.random.RandomState(seed % 2**32)
    words = generator.randint(0, 2**32, size=(max(queries - 1, 0), 2), dtype=np.uint32)
    uniform = (words[:, 0] + words[:, 1] * _WORD) / _WORD**2
    gaps_ns = np.trunc(-np.log(1.0 - uniform) / rate_per_s * _NANOSECONDS)
    return np.concatenate(([0.0], np.cumsum(gaps_ns))) / _NANOSECONDS
