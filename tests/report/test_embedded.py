"""Records as a report carries them."""

import pytest

from benchbench.record import Record
from benchbench.report import embedded
from tests import factories as make


def records() -> list[Record]:
    """Two that share a ceiling, one of which has another besides."""
    compute, memory = make.ceiling(1.2e11), make.bandwidth_ceiling(2e10)
    return [
        make.record(4.0, ceilings=(compute,)),
        make.record(5.0, ceilings=(memory, compute)),
    ]


def test_a_shared_ceiling_stands_once() -> None:
    """Three mentions of two."""
    document = embedded.shared(records())
    assert len(document["ceilings"]) == 2
    assert [one["ceilings"] for one in document["records"]] == [[0], [1, 0]]


def test_records_come_back_whole() -> None:
    """As models, equal to those that went in."""
    back = embedded.whole(embedded.shared(records()))
    assert [Record.model_validate(one, strict=False) for one in back] == records()


def test_an_older_report_holds_them_inside() -> None:
    """What stands in the record is left there."""
    written = [one.model_dump(mode="json", by_alias=True) for one in records()]
    assert embedded.whole({"records": written}) == written


@pytest.mark.parametrize("ceilings", [[], None, {"0": {}}, 5])
def test_a_place_of_no_ceiling_is_refused(ceilings: object) -> None:
    """Whatever stands where the list should be."""
    with pytest.raises(ValueError, match="there is no ceiling 0"):
        embedded.whole({"records": [{"ceilings": [0]}], "ceilings": ceilings})
