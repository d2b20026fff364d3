"""How right the answers were: what examinations of accuracy gave, and which gates they passed."""

from collections.abc import Sequence

from benchbench import units
from benchbench.record import Accuracy, Gate, Record
from benchbench.report.blocks import Cell, Column, Part, Row, Table, words


def parts(records: Sequence[Record]) -> tuple[Part, ...]:
    """A table, where accuracy was examined."""
    rows = tuple(_row(record, record.accuracy) for record in records if record.accuracy is not None)
    if not rows:
        return ()
    columns = (
        Column("Workload"),
        Column("Accuracy", numeric=True),
        Column("Reference", numeric=True),
        Column("Verdict"),
        Column("Scored", numeric=True),
    )
    caption = "Accuracy over a whole data set, against the published reference"
    return (Part("accuracy", "How right it is", (Table(caption, columns, rows),)),)


def _row(record: Record, found: Accuracy) -> Row:
    batch = units.count(record.batch_size)
    reference = found.reference_percent
    return Row(
        (
            words(record.workload, f"{record.backend}, {record.precision}, batch {batch}"),
            Cell(_percent(found.percent), found.metric, found.percent, "measured"),
            Cell(_percent(reference), found.reference, reference, "assumed"),
            words("; ".join(map(verdict, found.gates))),
            Cell(units.count(found.scored), sort=float(found.scored)),
        )
    )


def verdict(gate: Gate) -> str:
    """`reaches 99 % of it (75.7 %)`, or `misses`: the reference's share that is asked for."""
    said = "reaches" if gate.passed else "misses"
    return f"{said} {units.percent(gate.fraction, 3)} of it ({_percent(gate.least_percent)})"


def _percent(value: float) -> str:
    return units.accuracy(value / 100)


def sentences(records: Sequence[Record]) -> list[str]:
    """For the first screen: one verdict per examination."""
    return [
        f"{record.workload}, {record.precision}: {record.accuracy.metric} "
        f"{_percent(record.accuracy.percent)}, {'; '.join(map(verdict, record.accuracy.gates))}."
        for record in records
        if record.accuracy is not None
    ]
