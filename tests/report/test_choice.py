"""What a ranking says its throughputs assume."""

import pytest

from benchbench.recommend import Recommendation
from benchbench.record import Record
from benchbench.report import choice
from benchbench.report.blocks import Block, Prose, Table
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


def blocks(found: Recommendation) -> list[Block]:
    """Everything the section shows."""
    parts = choice.section([found], make.TODAY.isoformat()).parts
    return [block for part in parts for block in part.blocks]


def prose(found: Recommendation) -> str:
    """Its paragraphs."""
    return " ".join(line for b in blocks(found) if isinstance(b, Prose) for line in b.paragraphs)


def test_a_mixed_fleet_is_told_and_tabled() -> None:
    """Beside the best fleet of one kind."""
    offers = [make.gpu_offer(1, instance="small"), make.gpu_offer(2, instance="double")]
    limits = {"rate_per_s": 4500.0, "headroom": 1.0, "quotas": ({"instance": "small", "most": 3},)}
    found = answer([make.gpu_record(scenario="offline")], offers, **limits)
    assert "Or a mixed fleet: 3 \N{MULTIPLICATION SIGN} small" in prose(found)
    tables = [b for b in blocks(found) if isinstance(b, Table) and b.caption == "The mixed fleet"]
    assert [row.cells[0].text for row in tables[0].rows] == ["small", "double"]
    assert "within 1 quota" in prose(found)


def test_where_nothing_fits_every_way_out_is_named() -> None:
    """A dearer offer here, a cheaper one elsewhere."""
    offers = [
        make.gpu_offer(instance="dear", price_usd_per_hour=3.0),
        make.gpu_offer(instance="far", price_usd_per_hour=1.0, region="eu-west-1"),
    ]
    found = answer([make.gpu_record()], offers, budget_usd_per_hour=2.0, regions=("us-",))
    assert "instead of $2.00 per hour (+50 %) would admit dear" in prose(found)
    assert "Regions: any instead of us- would admit far" in prose(found)


def test_a_doubtful_record_is_named_beside_the_rank() -> None:
    """Wherever a figure rests on it."""
    found = answer([make.gpu_record(caveats=(make.caveat(),))], [make.gpu_offer()])
    ranking = next(b for b in blocks(found) if isinstance(b, Table) and b.filterable)
    assert "a measurement with warnings" in ranking.rows[0].cells[1].detail
