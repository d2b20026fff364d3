"""What a ranking says its throughputs assume."""

import pytest

from benchbench.recommend import Recommendation
from benchbench.record import Record
from benchbench.report import choice
from benchbench.report.blocks import Prose
from tests import factories as make
from tests.recommend.ask import answer


def assumption(found: Recommendation) -> str:
    """The sentence on backend, precision and batch."""
    parts = choice.section([found], make.TODAY.isoformat()).parts
    prose = [block for part in parts for block in part.blocks if isinstance(block, Prose)]
    lines = [line for one in prose for line in one.paragraphs]
    return next(line for line in lines if line.startswith("Throughputs assume"))


@pytest.mark.parametrize(
    ("record", "accelerator", "said"),
    [
        (
            make.record(3),
            "A100-SXM4-80GB",
            "in bf16 at a batch that fills the device, predicted from fp32 on EPYC-Milan",
        ),
        (make.gpu_record(), "A100-SXM4-80GB", "in bf16 at batch 256, measured on A100-SXM4-80GB"),
        (make.gpu_record(), "T4", "in fp16 at batch 256, predicted from bf16 on A100-SXM4-80GB"),
    ],
)
def test_only_what_was_measured_is_called_measured(
    record: Record, accelerator: str, said: str
) -> None:
    """Across kinds neither the batch nor the precision was; on a T4 fp16 was not."""
    found = answer([record], [make.gpu_offer(accelerator=accelerator)])
    assert f"torch-eager {said}." in assumption(found)
