"""Is this number normal? Against ranges made up here, and the real one of a published device."""

from dataclasses import dataclass

import pytest

from benchbench import derive
from benchbench.derive import Figures, normal
from tests import factories as make


@dataclass(frozen=True)
class Range:
    """What others got."""

    low: float
    high: float
    quantity: str = "throughput"
    silicon: tuple[str, ...] = ("chip",)
    evidence: str = "two figures"
    source: str = "somebody"


def figures(rate: float, **changes: object) -> Figures:
    """One configuration on one device."""
    return derive.figures([make.record(rate, **changes)], datasheet_flops=1e12)


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [
        (100.0, "normal"),
        (95.5, "normal"),  # 95 % of the lowest passes
        (94.0, "low"),
        (200.0, "normal"),
        (212.0, "high"),
    ],
)
def test_the_range_decides_with_five_per_cent_of_grace(rate: float, verdict: str) -> None:
    """100 to 200 images/s are expected."""
    judged = normal.judge(figures(rate), Range(100.0, 200.0))
    assert judged is not None
    assert judged.name == verdict
    assert (judged.try_next is None) == (verdict == "normal")


def test_a_wide_interval_is_not_called_low() -> None:
    """80 images/s known to ±20 % may well be 88: only what is surely low is called so."""
    steps = (0.06, 0.06, 0.14, 0.14, 0.14, 0.06, 0.06, 0.14, 0.06, 0.14)
    measured = make.measurement(step_s=steps, elapsed_s=sum(steps), units_completed=80.0)
    judged = normal.judge(figures(1.0, measurement=measured), Range(88.0, 200.0))
    assert judged is not None
    assert judged.name == "normal"


def test_a_range_per_device_is_held_against_a_share_of_several() -> None:
    """Four devices at 400 images/s are 100 each."""
    record = make.gpu_record(400.0, count=4, used=4)
    judged = normal.judge(derive.figures([record]), Range(100.0, 120.0))
    assert judged is not None
    assert judged.name == "normal"
    assert judged.value == pytest.approx(100.0)


def test_a_share_of_the_peak_is_judged_where_the_peak_is_known() -> None:
    """24.3 GFLOP x 10/s are 24 % of 1 TFLOP/s."""
    shares = Range(0.20, 0.30, quantity="mfu")
    judged = normal.judge(figures(10.0), shares)
    assert judged is not None
    assert judged.name == "normal"
    unknown = normal.judge(derive.figures([make.record(10.0)]), shares)
    assert unknown is not None
    assert unknown.name == "unknown"


def test_what_nobody_published_is_unknown_and_not_normal() -> None:
    """With what to do about it."""
    judged = normal.judge(figures(10.0), None)
    assert judged is not None
    assert judged.name == "unknown"
    assert judged.try_next is not None


def test_an_invalid_result_is_not_judged() -> None:
    """There is no number to call normal."""
    invalid = figures(10.0, caveats=(make.caveat("invalid"),))
    assert normal.judge(invalid, Range(1.0, 2.0)) is None
