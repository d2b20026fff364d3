"""Whether the decoders keep up with the step."""

from typing import Any

import pytest

from benchbench import derive
from tests import factories as make

DECODERS = make.ceiling(210.0, kind="image_decode", dtype=None, unit="image/s")


def caveats(throughput: float, **changes: Any) -> list[str]:
    """What is said of a training step at so many images/s on a machine that decodes 210."""
    record = make.record(throughput, **{"ceilings": (DECODERS,), **changes})
    return [caveat.message for caveat in derive.figures([record]).caveats]


def test_decoders_that_do_not_keep_up_are_said() -> None:
    """A step of 1,400 images/s on a machine that decodes 210."""
    assert caveats(1400.0) == [
        "this machine's decoders feed 210 images/s, the step needs 1,400 images/s"
    ]


def test_decoders_that_keep_up_are_silent() -> None:
    """200 of 210, and 212: inside the ceiling's own interval."""
    assert caveats(200.0) == []
    assert caveats(212.0) == []


def test_the_need_is_that_of_the_step_in_memory() -> None:
    """Fed by decoders it runs at their rate; from memory it would take ten times as much."""
    measurement = make.measurement(
        200.0, input_s=(0.03,) * 20, step_from_memory_s=(0.004, 0.004, 0.004)
    )
    (message,) = caveats(200.0, measurement=measurement)
    assert message.endswith("the step needs 2,000 images/s")


@pytest.mark.parametrize("changes", [{"scenario": "offline"}, {"ceilings": ()}])
def test_only_training_on_images_needs_them(changes: dict[str, Any]) -> None:
    """Inference is measured on prepared inputs; without a figure nothing is said."""
    assert caveats(1400.0, **changes) == []


def test_the_ceiling_of_all_devices_at_once_counts() -> None:
    """Two GPUs of 1 PFLOP/s alone and 0.8 together: two of them can do 1.6, one alone 1."""
    alone = make.ceiling(1e15, device="cuda:0", dtype="bf16")
    both = make.ceiling(0.8e15, device="all", dtype="bf16")
    for used, ceiling in ((2, both), (1, alone)):
        record = make.gpu_record(count=2, used=used, ceilings=(alone, both))
        assert derive.figures([record]).ceiling == ceiling
