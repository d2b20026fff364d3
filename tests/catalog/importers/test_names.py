"""What sellers call an accelerator."""

import pytest

from benchbench.catalog import silicon
from benchbench.catalog.importers import names


@pytest.mark.parametrize(
    ("label", "memory_gib", "name"),
    [
        ("H100", 80, "H100-SXM5-80GB"),
        ("H100-PCIe-NVLink", 80, "H100-PCIe-80GB"),
        ("H100_SXM", None, "H100-SXM5-80GB"),
        ("H100-NVL", 94, "H100-NVL-94GB"),
        ("A100", 40, "A100-SXM4-40GB"),
        ("A100", 80, "A100-SXM4-80GB"),
        ("A100", None, None),
        ("A100-80GB", None, "A100-SXM4-80GB"),
        ("A100-80GB-PCIe-NVLink", 80, "A100-PCIe-80GB"),
        ("A100_PCIE-80", None, "A100-PCIe-80GB"),
        ("V100", 16, "V100-SXM2-16GB"),
        ("V100-32GB", None, "V100-SXM2-32GB"),
        ("V100S", 32, "V100S-PCIe-32GB"),
        ("V100", None, None),
        ("RTXPRO6000", 96, "RTX-PRO-6000-BSE"),
        ("RTX 4090", None, "RTX-4090"),
        ("L40S (median n=20)", 48, "L40S"),
        ("B300", 262, "B300-SXM-270GB"),
        ("Abacus", 1, None),
        ("", None, None),
    ],
)
def test_labels(label: str, memory_gib: float | None, name: str | None) -> None:
    """Sellers' labels, with their memory where the label leaves it out."""
    assert names.canonical(label, memory_gib) == name


def test_every_name_exists() -> None:
    """No label leads to a chip without a datasheet entry."""
    assert set(names._BY_LABEL.values()) <= set(silicon.load().chips)
