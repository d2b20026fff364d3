"""What people call a ceiling, and how it was reached."""

import pytest

from benchbench.derive import ceiling as names
from benchbench.record import Ceiling
from tests import factories as make


@pytest.mark.parametrize(
    ("found", "name", "where"),
    [
        (make.ceiling(1e12, dtype="bf16", threads=2), "matmul bf16", "cpu, 2 threads"),
        (make.bandwidth_ceiling(1e10, device="cuda:0"), "memory triad", "cuda:0"),
        (
            make.bandwidth_ceiling(
                1e11, kind="cache_read", threads=1, setting={"level": "L2", "bytes": 4}
            ),
            "cache read L2",
            "cpu, 1 thread",
        ),
        (
            make.bandwidth_ceiling(
                1e-7, kind="load_latency", unit="s", setting={"level": "memory"}
            ),
            "memory latency",
            "cpu",
        ),
    ],
)
def test_kind_type_level_and_place_are_named(found: Ceiling, name: str, where: str) -> None:
    """Nothing that is not known appears as a dash or None."""
    assert (names.name(found), names.where(found)) == (name, where)


def test_the_fma_loop_says_its_clock() -> None:
    """Other paths are themselves."""
    setting = {"clock_hz": 3.24e9, "fma_ports": 1.998, "lanes": 8, "isa": "AVX2"}
    loop = make.ceiling(1e11, kind="fma", path="registers only, AVX2", setting=setting)
    assert names.reached_by(loop) == "registers only, AVX2, 3.24 GHz, 2.0 a cycle"
    assert names.reached_by(make.ceiling(1e11, setting=setting)) == "fake"
