"""The silicon of a whole instance."""

import pytest

from benchbench.catalog import silicon
from tests import factories

SILICON = silicon.load()


def test_accelerators_multiply() -> None:
    """Eight H100: eight times peak, bandwidth and memory."""
    offer = factories.offer(accelerator="H100-SXM5-80GB", accelerator_count=8.0)
    found = SILICON.of_offer(offer)
    assert found is not None
    assert found.peak_flops("bf16") == pytest.approx(8 * 989.4e12)
    assert found.bandwidth_bytes_per_s == pytest.approx(8 * 3350e9)
    assert (found.memory_bytes, found.count, found.kind) == (8 * 80 * 2**30, 8, "accelerator")


@pytest.mark.parametrize("own", [3 * 2**30, None])
def test_a_slice(own: int | None) -> None:
    """An eighth of an L4 has an eighth of everything, whether or not its memory is written."""
    offer = factories.offer(accelerator="L4", accelerator_count=0.125, accelerator_memory_bytes=own)
    found = SILICON.of_offer(offer)
    assert found is not None
    assert found.memory_bytes == 3 * 2**30
    assert found.peak_flops("bf16") == pytest.approx(121e12 / 8)


def test_cpu_offer() -> None:
    """Two cores of Zen 3 at 3.3 GHz, and their share of the socket's 204.8 GB/s."""
    found = SILICON.of_offer(factories.offer())
    assert found is not None
    assert found.peak_flops("fp32") == pytest.approx(2 * 32 * 3.3e9)
    assert found.bandwidth_bytes_per_s == pytest.approx(204.8e9 / 32)
    assert (found.kind, found.memory_bytes) == ("cpu", 8 * 2**30)


@pytest.mark.parametrize(
    ("family", "cores"), [("EPYC-Milan", 2.0), ("Graviton4", 4.0), ("SapphireRapids-SP", 2.0)]
)
def test_vcpu_are_threads(family: str, cores: float) -> None:
    """Without a core count a vCPU is half a core where the silicon has SMT, else one."""
    found = SILICON.of_offer(factories.offer(cpu_model=family, vcpu=4.0, cores=None))
    assert found is not None
    assert found.count == cores


@pytest.mark.parametrize(
    "changes",
    [
        {"accelerator": "Abacus", "accelerator_count": 1.0},
        {"cpu_model": "Abacus"},
        {"cpu_model": None},
        {"vcpu": None, "cores": None},
    ],
)
def test_unknown_is_none(changes: dict[str, object]) -> None:
    """What the tables do not know has no silicon."""
    assert SILICON.of_offer(factories.offer(**changes)) is None
