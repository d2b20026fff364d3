"""A record newer than the page still reaches the reader: by name, value and unit."""

from benchbench.derive import Figures
from benchbench.record import Model
from benchbench.report import extra
from benchbench.report.blocks import Table
from benchbench.report.evidence import Measured
from tests.report import sample


class Accuracy(Model):
    """A verdict of a later version."""

    metric: str
    value_fraction: float
    passed: bool


class Probe(Model):
    """One of several tries."""

    requests_per_s: float
    first_token_s: float | None
    keeps_up: bool


class Later(Figures):
    """Figures of a later version."""

    ttft_s: float | None = None
    accuracy: Accuracy | None = None
    peers: tuple[float, ...] = ()
    rates: tuple[Probe, ...] = ()


def table(**changes: object) -> Table | None:
    """What is said of a configuration with these new facts, and nothing else unshown."""
    record = sample.measured("resnet50-train", 4.02)
    known = sample.figure(record, 4.02, input_cost=None).model_dump()
    later = Later.model_validate({**known, **changes}, strict=False)
    found = extra.parts(Measured((record,), (later,)))
    if not found:
        return None
    (only,) = found[0].blocks
    assert isinstance(only, Table)
    return only


def rows(**changes: object) -> list[tuple[str, str]]:
    """Name and value of single facts."""
    found = table(**changes)
    return [] if found is None else [(row.cells[1].text, row.cells[2].text) for row in found.rows]


def test_nothing_new_is_no_part() -> None:
    """What other parts show is not told twice."""
    assert rows() == []


def test_a_number_takes_the_unit_in_its_name() -> None:
    """Seconds read as a duration."""
    assert rows(ttft_s=0.25) == [("TTFT", "250 ms")]


def test_a_verdict_is_told_leaf_by_leaf() -> None:
    """Words, shares, and yes or no."""
    passed = {"metric": "F1", "value_fraction": 0.91, "passed": True}
    assert rows(accuracy=passed) == [
        ("accuracy metric", "F1"),
        ("accuracy value", "91 %"),
        ("accuracy passed", "yes"),
    ]


def test_a_long_list_is_counted() -> None:
    """Its items are in the data."""
    assert rows(peers=tuple(float(at) for at in range(40))) == [("peers", "40 values")]


def test_a_list_of_things_is_a_table_of_its_own() -> None:
    """A row each, a column per field, with its unit; unknown is a dash."""
    probes = (
        {"requests_per_s": 2.0, "first_token_s": 0.25, "keeps_up": True},
        {"requests_per_s": 4.0, "first_token_s": None, "keeps_up": False},
    )
    found = table(rates=probes)
    assert found is not None
    assert found.caption == "Rates"
    heads = [column.label for column in found.columns]
    assert heads == ["Workload", "Requests per second", "First token", "Keeps up"]
    said = [[cell.text for cell in row.cells[1:]] for row in found.rows]
    assert said == [["2.00", "250 ms", "yes"], ["4.00", "—", "no"]]


def test_every_field_of_today_has_a_place() -> None:
    """A field that is neither listed as shown nor new reaches the table: the lists are current."""
    for shown, kind in (
        (extra._SHOWN_OF_FIGURES, Figures),
        (extra._SHOWN_OF_RECORDS, type(sample.measured("resnet50-train", 4.0))),
    ):
        assert shown <= set(kind.model_fields)
