"""Energy where it was measured; elsewhere a dash and the reason."""

from typing import Any

from benchbench import derive
from benchbench.record import Energy, IdlePower, Virtualisation
from benchbench.report import energy
from benchbench.report.blocks import Prose, Table
from benchbench.report.evidence import Measured
from tests import factories


def said(*records: Any) -> list[list[str]] | str:
    """The table's rows, or the sentence in its place."""
    figures = tuple(derive.figures([one]) for one in records)
    (block,) = energy.part(Measured(records, figures)).blocks
    if isinstance(block, Prose):
        return block.paragraphs[0]
    assert isinstance(block, Table)
    return [[f"{cell.text} {cell.detail}".strip() for cell in row.cells] for row in block.rows]


def counted() -> Any:
    """2,000 J in 10 s on a board that idles at 60 W: 200 W, and 12.5 J for each of 160 images."""
    measurement = factories.measurement(
        16.0,
        energy=(Energy(scope="gpu_board", device="cuda:0", joules=2000.0, elapsed_s=10.0),),
        idle_power=(IdlePower(scope="gpu_board", device="cuda:0", watts=60.0, elapsed_s=2.0),),
    )
    return factories.gpu_record(measurement=measurement)


def test_energy_and_power_are_those_of_the_counter() -> None:
    """Per unit, mean and idle, with scope and method."""
    assert said(counted()) == [
        [
            "resnet50-train torch-eager, bf16, batch 256",
            "12.5 J n = 1",
            "200 W",
            "60.0 W",
            "gpu board counter",
        ]
    ]


def test_beside_a_measured_one_the_others_say_why_not() -> None:
    """A dash and a reason, not a row left out."""
    table = said(factories.record(batch_size=4), counted())
    assert isinstance(table, list)
    assert table[0][1:4] == ["—", "—", "—"]
    assert table[0][4].startswith("no energy counter is readable")


def test_a_guest_is_told_what_hides_its_counter() -> None:
    """The hypervisor by name."""
    system = factories.system(virtualisation=Virtualisation(hypervisor="kvm"))
    text = said(factories.record(system=system))
    assert text == (
        "Not measured: no energy counter is readable; a kvm guest is not shown its processor's."
    )


def test_a_record_s_own_reason_comes_first() -> None:
    """The counter was read and cannot be true."""
    doubt = factories.caveat(code="energy_implausible").model_copy(
        update={"message": "the counter ran backwards, so no energy is given"}
    )
    record = factories.gpu_record(caveats=(doubt,))
    assert said(record) == "Not measured: the counter ran backwards, so no energy is given."
