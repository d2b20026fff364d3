"""What must match before results are merged or compared."""

from benchbench.derive import comparable
from benchbench.record import Cpu, Memory, Software
from tests import factories as make


def test_equal_settings_on_one_machine_differ_in_nothing() -> None:
    """Whatever was measured."""
    assert comparable.differences(make.record(10.0), make.record(99.0)) == ()


def test_an_environment_variable_that_changes_results_counts() -> None:
    """An exported BLAS kernel halves a matrix product."""
    slow = Software(
        os="Debian 12", kernel="6.1", python="3.12", environment={"OPENBLAS_CORETYPE": "Haswell"}
    )
    (found,) = comparable.differences(make.record(), make.record(system=make.system(software=slow)))
    assert found.name == "system.software.environment.OPENBLAS_CORETYPE"
    assert (found.a, found.b) == (None, "Haswell")


def test_free_memory_of_the_moment_does_not_count() -> None:
    """It never is the same twice."""
    memory = [Memory(total_bytes=16, available_bytes=free) for free in (1, 2)]
    records = [make.record(system=make.system(memory=one)) for one in memory]
    assert comparable.differences(*records) == ()


def test_another_processor_counts() -> None:
    """By its place in the record."""
    other: Cpu = make.cpu(model="Xeon")
    (found,) = comparable.differences(make.record(), make.record(system=make.system(cpu=other)))
    assert found.name == "system.cpu.model"
