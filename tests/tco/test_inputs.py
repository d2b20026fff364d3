"""Every number of the model has a default somebody can check."""

import pytest

from benchbench.catalog.defaults import load
from benchbench.errors import DataError
from benchbench.tco import inputs, scenario
from benchbench.tco.answer import Assumption
from benchbench.tco.inputs import Input
from benchbench.tco.planning import PLANNING
from tests.tco.cases_tco import document


def resolve(
    *, accelerators: float = 8, servers: float = 4, **owned: object
) -> dict[str, Assumption]:
    """The inputs of the steady question."""
    parsed = scenario.parse(document(owned=owned))
    return inputs.resolve(parsed, load(), accelerators=accelerators, servers=servers)


def test_every_left_out_input_takes_a_default_with_source_and_date() -> None:
    """Anything else is the scenario's own zero, and says that it was left out."""
    for row in resolve().values():
        assert row.as_of is not None or (row.value, row.source) == (0, inputs.LEFT_OUT)
        assert row.source


def test_a_gpu_fleet_lives_four_years_and_a_cpu_fleet_five() -> None:
    """Their own defaults."""
    assert resolve()["owned.life_years"].value == 4
    assert resolve(accelerators=0)["owned.life_years"].value == 5


def test_what_gpus_taught_is_not_applied_to_cpus() -> None:
    """Neither the price cuts of GPU instances nor the load of GPU servers."""
    gpu, cpu = resolve(), resolve(accelerators=0)
    decline, load_factor = "cloud.price_decline_per_year", "owned.load_factor"
    assert (gpu[decline].value, gpu[load_factor].value) == (0.12, 0.75)
    assert (cpu[decline].low, cpu[decline].value, cpu[decline].high) == (-0.05, 0.0, 0.05)
    assert cpu[load_factor].source.startswith("planning value: a CPU server")
    assert "Epoch" not in cpu[load_factor].source


def test_the_network_depends_on_the_fleet() -> None:
    """A cluster's fabric, a single server's uplink, a CPU fleet's switches."""
    shares = [
        resolve()["owned.network_fraction"].value,
        resolve(servers=1)["owned.network_fraction"].value,
        resolve(accelerators=0)["owned.network_fraction"].value,
    ]
    assert shares == [0.19, 0.025, 0.08]


def test_the_scenario_goes_before_the_default() -> None:
    """And a range it brings is kept."""
    rows = resolve(pue=1.2, availability=[0.9, 0.95, 0.99])
    assert (rows["owned.pue"].value, rows["owned.pue"].low) == (1.2, None)
    assert (rows["owned.availability"].low, rows["owned.availability"].high) == (0.9, 0.99)


def test_known_staff_is_an_input_only_where_it_is_said() -> None:
    """Zero is knowledge, absence is not."""
    assert "owned.staff_usd_per_year" not in resolve()
    assert resolve(staff_usd_per_year=0)["owned.staff_usd_per_year"].value == 0


def test_what_has_no_default_must_be_said() -> None:
    """One sentence with the key."""
    parsed = scenario.parse(document())
    with pytest.raises(DataError, match="write it in the scenario"):
        inputs.resolve_one(parsed, load(), Input("owned.life_years", "years"))
    with pytest.raises(DataError, match="has no value"):
        inputs.cited("x.y", "", load()["anchor.dropbox"])


@pytest.mark.parametrize("row", PLANNING.values(), ids=lambda row: row.key)
def test_a_planning_value_lies_in_its_range_and_says_it_is_one(row: object) -> None:
    """Low confidence, a reason, and low ≤ value ≤ high."""
    found = PLANNING[getattr(row, "key", "")]
    assert found.low is not None
    assert found.value is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high
    assert found.confidence == "low"
    assert found.source.startswith("planning value: ")
